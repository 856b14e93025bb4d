"""Masks of a scoring batch: polygons or run-length encodings of each object, by the kernels of pycocotools."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from kolena_store.errors import MissingExtra
from kolena_store.workflows.base import WrongObject
from kolena_store.workflows.object_columns import ObjectLists

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np

__all__ = ["EMPTY_MASK", "Masks", "Rle", "image_sizes", "mask_areas", "mask_overlaps", "masks_of", "wrong_mask"]

Rle: TypeAlias = dict[str, Any]
"""A compressed run-length encoding: size and counts."""

Size: TypeAlias = tuple[int, int]
"""Height and width of an image in pixels."""


EMPTY_MASK: Mapping[str, Any] = MappingProxyType({"size": (1, 1), "counts": b"1"})
"""In place of a mask that can't be read."""


SURELY_SHORT, LONGEST_OUTLINE = 1e6, 1e7
"""Pixels around a polygon: below the first sum of coordinates it is not measured."""

MOST_PIXELS = 2**31 - 1

AT_ONCE = 200
"""Masks whose areas are asked for together: pycocotools fails on more than 255 with numpy 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """The field with an object's mask, and the fields of the sample with the size of the image."""

    field: str
    height: str
    width: str


def masks_of(lists: ObjectLists, masks: Masks, sizes: "Sequence[Size | None]") -> "list[Rle | None]":
    """Return the mask of each object; None where there is none, or one that can't be read.

    Args:
        lists: the objects.
        masks: their field.
        sizes: of each image, for polygons; None makes them such that can't be read.
    """
    kernels = _kernels()
    if not lists.has(masks.field):
        return [None] * len(lists.rows)
    values = lists.field(masks.field).to_pylist()
    return [_mask(kernels, one, sizes[row]) for one, row in zip(values, lists.rows.tolist(), strict=True)]


def image_sizes(heights: "np.ndarray", widths: "np.ndarray") -> "list[Size | None]":
    """Return the size of each image; None where it is not known, negative, or of more pixels than can be counted."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        is_size = (heights >= 0) & (widths >= 0) & (heights * widths <= MOST_PIXELS)
        is_size &= np.maximum(heights, widths) <= MOST_PIXELS
    both = zip(is_size.tolist(), heights.tolist(), widths.tolist(), strict=True)
    return [(int(height), int(width)) if is_known else None for is_known, height, width in both]


def mask_areas(masks: "Sequence[Rle]") -> "np.ndarray":
    """Return how many pixels each mask has."""
    import numpy as np

    kernels = _kernels()
    parts = [kernels.area(list(masks[start : start + AT_ONCE])) for start in range(0, len(masks), AT_ONCE)]
    return np.concatenate([np.zeros(0), *parts])


def mask_overlaps(
    found: "Sequence[Mapping[str, Any]]",
    true: "Sequence[Mapping[str, Any]]",
    images: "tuple[np.ndarray, np.ndarray]",
    pairs: "tuple[np.ndarray, np.ndarray]",
    *,
    is_crowd: "np.ndarray",
) -> "np.ndarray":
    """Return the intersection over union of some pairs of masks; of a crowd it is that over the detection.

    Args:
        found: the masks of the detections.
        true: the masks of the objects.
        images: the image of each detection, and of each object, ascending.
        pairs: the positions of the detection and of the object of each pair, by detection.
        is_crowd: which objects are crowds.
    """
    import numpy as np

    kernels, overlaps = _kernels(), np.zeros(len(pairs[0]))
    of_pairs = images[0][pairs[0]]
    for image in np.unique(of_pairs).tolist():
        part = slice(*np.searchsorted(of_pairs, [image, image + 1]).tolist())
        first, last = pairs[0][part][0], pairs[0][part][-1]
        begin, end = np.searchsorted(images[1], [image, image + 1]).tolist()
        crowds = is_crowd[begin:end].astype(np.uint8).tolist()
        matrix = kernels.iou([*map(dict, found[first : last + 1])], [*map(dict, true[begin:end])], crowds)
        overlaps[part] = matrix[pairs[0][part] - first, pairs[1][part] - begin]
    return overlaps


def wrong_mask(lists: ObjectLists, masks: Masks, samples: "np.ndarray") -> WrongObject | None:
    """Return the first object whose mask can't be read; polygons are tried on an image of one pixel."""
    found = masks_of(lists, masks, [(1, 1)] * (int(lists.rows[-1]) + 1 if len(lists.rows) else 0))
    bad = next((number for number, one in enumerate(found) if one is None), None)
    if bad is None:
        return None
    what = f"has no mask: {masks.field!r} must hold polygons or an RLE with size and counts, as COCO has them"
    return lists.wrong(bad, what, samples)


def _mask(kernels: "ModuleType", value: object, size: "Size | None") -> Rle | None:
    try:
        given = json.loads(value) if isinstance(value, str) else value
        if isinstance(given, list) and given:
            polygons = given if isinstance(given[0], list) else [given]
            if size is None or not all(map(_can_be_drawn, polygons)):
                return None
            return dict(kernels.merge(kernels.frPyObjects(polygons, *size)))
        if not isinstance(given, dict):
            return None
        if not _is_size(given["size"]):
            return None
        if isinstance(given["counts"], list):
            return dict(kernels.frPyObjects(given, *given["size"]))
        counts = given["counts"]
        found = {"size": list(given["size"]), "counts": counts.encode() if isinstance(counts, str) else counts}
        kernels.area(found)
    except (ValueError, TypeError, KeyError, IndexError, UnicodeError, OverflowError):
        return None
    return found


def _can_be_drawn(polygon: Sequence[float]) -> bool:
    """Return whether pycocotools can take a polygon: of an outline of too many pixels it brings the process down."""
    far = sum(map(abs, polygon))
    if far <= SURELY_SHORT:
        return True
    if not far < math.inf or max(map(abs, polygon)) > LONGEST_OUTLINE:
        return False
    xs, ys = ([*polygon[start::2], polygon[start]] for start in (0, 1))
    steps = zip(pairwise(xs), pairwise(ys), strict=True)
    return sum(max(abs(x[1] - x[0]), abs(y[1] - y[0])) for x, y in steps) <= LONGEST_OUTLINE


def _is_size(size: object) -> bool:
    """Return whether a size of an image is two whole numbers of which pycocotools can count the pixels."""
    if not isinstance(size, list) or len(size) != 2 or not all(type(one) is int and one >= 0 for one in size):
        return False
    return bool(size[0] * size[1] <= MOST_PIXELS)


def _kernels() -> "ModuleType":
    """Return pycocotools' functions on masks.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        from pycocotools import mask
    except ImportError as error:
        raise MissingExtra.of("instance segmentation", "masks") from error
    found: ModuleType = mask
    return found
