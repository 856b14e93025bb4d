"""What an entry of a COCO file must hold, and the errors that name file and entry where it does not."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kolena_store.formats.entries import Entries
from kolena_store.formats.image_sets import box_around

__all__ = ["LARGEST", "check_box", "check_score", "check_segmentation", "with_box"]

LARGEST = 1e12


def with_box(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with the box around its mask or keypoints, where it has none of its own."""
    if entry.get("bbox"):
        return entry
    mask, points = entry.get("segmentation"), entry.get("keypoints")
    if isinstance(mask, dict) and _is_size(mask.get("size")):
        runs = _runs(mask["counts"]) if isinstance(mask.get("counts"), str) else mask.get("counts")
        return {**entry, "bbox": _box_of_runs(runs, mask["size"][0])} if isinstance(runs, list) else entry
    if isinstance(mask, list) and mask and all(isinstance(one, list) and one for one in mask):
        return {
            **entry,
            "bbox": _box_around([x for one in mask for x in one[::2]], [y for one in mask for y in one[1::2]]),
        }
    if isinstance(points, list) and len(points) >= 3:
        return {**entry, "bbox": _box_around(points[::3], points[1::3])}
    return entry


def check_box(entries: Entries, number: int, entry: Mapping[str, Any]) -> None:
    """Refuse a box that is no list of left, top, width and height."""
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(one) for one in box):
        entries.refuse(number, entry, f"its bbox {box!r} is no list of four finite numbers")
    if box[2] < 0 or box[3] < 0:
        entries.refuse(number, entry, f"its bbox {box!r} has a negative width or height")
    area = entry.get("area")
    if area is not None and not (_is_number(area) and area >= 0):
        entries.refuse(number, entry, f"its area {area!r} is no finite number from 0 on")


def check_score(entries: Entries, number: int, entry: Mapping[str, Any]) -> None:
    """Refuse a result without a score."""
    if not _is_number(entry.get("score")):
        entries.refuse(number, entry, f"its score {entry.get('score')!r} is no finite number")


def check_segmentation(entries: Entries, number: int, entry: Mapping[str, Any]) -> None:
    """Refuse a segmentation that is neither a list of polygons nor a run-length encoding."""
    found = entry.get("segmentation")
    if found is None:
        return
    if isinstance(found, list):
        for polygon in found:
            is_polygon = isinstance(polygon, list) and len(polygon) >= 6 and len(polygon) % 2 == 0
            if not is_polygon or not all(_is_number(one) for one in polygon):
                entries.refuse(number, entry, "a polygon of its segmentation is no even list of six or more numbers")
        return
    if not isinstance(found, dict) or not _is_size(found.get("size")):
        entries.refuse(number, entry, "its segmentation is neither polygons nor an RLE with size [height, width]")
    _check_counts(entries, number, entry, found)


def _check_counts(entries: Entries, number: int, entry: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    counts, size = found.get("counts"), found["size"]
    runs = _runs(counts) if isinstance(counts, str) else counts
    is_runs = isinstance(runs, list) and all(type(one) is int and one >= 0 for one in runs)
    if not is_runs:
        entries.refuse(number, entry, "the counts of its RLE can't be read")
    if runs and sum(runs) != size[0] * size[1]:
        entries.refuse(
            number, entry, f"the counts of its RLE add up to {sum(runs):,}, and {size[0]} x {size[1]} pixels are asked"
        )


def _box_around(xs: Sequence[Any], ys: Sequence[Any]) -> list[float] | None:
    if not all(map(_is_number, (*xs, *ys))):
        return None
    return list(box_around(xs, ys).values())


def _box_of_runs(runs: Sequence[int], height: int) -> list[int]:
    """Return the box around the pixels of runs, which follow the columns of the image: every second run is the mask."""
    left, top, right, bottom, at = [math.inf, math.inf, -1, -1, 0]
    for place, length in enumerate(runs):
        if place % 2 and length:
            first, last = divmod(at, height), divmod(at + length - 1, height)
            left, right = min(left, first[0]), max(right, last[0])
            is_long = first[0] != last[0]
            top, bottom = min(top, 0 if is_long else first[1]), max(bottom, height - 1 if is_long else last[1])
        at += length
    return [0, 0, 0, 0] if right < 0 else [int(left), int(top), int(right - left) + 1, int(bottom - top) + 1]


def _runs(text: str) -> list[int] | None:
    """Return the runs of a compressed encoding: five bits a character, from the third on less the last but one."""
    runs: list[int] = []
    at = 0
    while at < len(text):
        value, shift, is_more = 0, 0, True
        while is_more:
            if at >= len(text) or not 48 <= ord(text[at]) < 112:
                return None
            six = ord(text[at]) - 48
            value |= (six & 0x1F) << shift
            is_more = bool(six & 0x20)
            at, shift = at + 1, shift + 5
            if not is_more and six & 0x10:
                value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    return runs


def _is_size(size: object) -> bool:
    return isinstance(size, Sequence) and len(size) == 2 and all(type(one) is int and one > 0 for one in size)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= LARGEST  # type: ignore[arg-type]
