"""Whether all entries of a file are sound, seen column by column: then none needs to be looked at by itself."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Any

from kolena_store.formats.coco.checks import LARGEST
from kolena_store.formats.entries import is_key
from kolena_store.formats.image_sets import IMAGE_ID, SIDES

__all__ = ["are_sound_annotations", "are_sound_images"]

KEYS = frozenset((int, str))
NUMBERS = frozenset((int, float))


def are_sound_images(rows: Sequence[Any]) -> bool:
    """Return whether these are objects with ids of their own, and without the field that the id becomes."""
    if not _are_objects(rows) or any(IMAGE_ID in row for row in rows):
        return False
    ids = [row.get("id") for row in rows]
    return len({*map(type, ids)}) <= 1 and all(map(is_key, ids)) and _are_distinct(ids)


def are_sound_annotations(rows: Sequence[Any], images: Collection[object], categories: Collection[object]) -> bool:
    """Return whether these are annotations with boxes of known images and categories; masks are not looked at.

    What is not sound, or not as it mostly is, is for the checks of each entry to name.

    Args:
        rows: the annotations.
        images: the ids of the images.
        categories: those of the categories.
    """
    if not _are_objects(rows):
        return False
    ids = [row["id"] for row in rows if "id" in row]
    known = ((IMAGE_ID, images), ("category_id", categories))
    try:
        are_known = all(_are_keys([row.get(name) for row in rows], among) for name, among in known)
        is_sound = are_known and _are_distinct(ids) and {row.get("iscrowd") for row in rows} <= {0, 1, None}
    except TypeError:
        return False
    areas = [area for row in rows if (area := row.get("area")) is not None]
    return is_sound and _are_boxes([row.get("bbox") for row in rows]) and _are_lengths(areas)


def _are_objects(rows: Iterable[object]) -> bool:
    return {*map(type, rows)} <= {dict}


def _are_keys(values: Sequence[Any], known: Collection[object]) -> bool:
    return {*map(type, values)} <= KEYS and {*values} <= {*known}


def _are_distinct(values: Sequence[Any]) -> bool:
    return {*map(type, values)} <= KEYS and len({*values}) == len(values)


def _are_boxes(boxes: Sequence[Any]) -> bool:
    import numpy as np

    if not {*map(type, boxes)} <= {list} or not {*map(len, boxes)} <= {len(SIDES)}:
        return False
    flat = [*chain.from_iterable(boxes)]
    if not {*map(type, flat)} <= NUMBERS:
        return False
    try:
        sides = np.array(flat, dtype=np.float64).reshape(-1, len(SIDES))
    except OverflowError:
        return False
    return bool((np.abs(sides) <= LARGEST).all() and (sides[:, 2:] >= 0).all())


def _are_lengths(values: Sequence[Any]) -> bool:
    import numpy as np

    if not {*map(type, values)} <= NUMBERS:
        return False
    try:
        found = np.array(values, dtype=np.float64)
    except OverflowError:
        return False
    return bool(((found >= 0) & (found <= LARGEST)).all())
