"""One region of a Label Studio task: in percent of the image there, a box in pixels with its label here."""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from kolena_store.formats.entries import Entries
from kolena_store.formats.image_sets import SIDES, box_around

__all__ = ["Task", "is_number", "of_image", "region_object"]

LABELS = ("rectanglelabels", "polygonlabels", "ellipselabels")
"""Kinds of regions that have a box; each keeps its labels under its own name."""

OF_IMAGE = ("choices", "rating", "number", "textarea", "taxonomy", "datetime")
"""Kinds of results that are about the whole image."""

PERCENT = 100.0
FAR_OUTSIDE = 1e6


class Task:
    """A task, as messages name it: its entry of the file, and the region that is looked at."""

    def __init__(self, entries: Entries, number: int, entry: Mapping[str, Any]) -> None:
        """Name the task."""
        self.entries, self.number, self.entry = entries, number, entry

    def refuse(self, place: int, problem: str) -> NoReturn:
        """Raise the error for one of its regions.

        Raises:
            MalformedFile: always.
        """
        self.entries.refuse(self.number, self.entry, f"region {place}: {problem}")


def of_image(task: Task, place: int, region: object) -> tuple[str, object] | None:
    """Return the name and value of a result that is about the whole image, or None for a region of it.

    Raises:
        MalformedFile: its value is no JSON object.
    """
    kind = region.get("type") if isinstance(region, Mapping) else None
    if not isinstance(region, Mapping) or kind not in OF_IMAGE:
        return None
    given = {} if region.get("value") is None else region["value"]
    if not isinstance(given, Mapping):
        task.refuse(place, f"its value {given!r} is no JSON object")
    value = given.get("text" if kind == "textarea" else kind)
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], (list, dict)):
        value = value[0]
    return str(region.get("from_name", kind)), value


def region_object(task: Task, place: int, region: object) -> dict[str, Any]:
    """Return a region as an object: label, box in pixels, rotation, polygon, and the fields that the export needs.

    Raises:
        MalformedFile: it is of another kind, or its numbers are none.
    """
    if not isinstance(region, Mapping) or not isinstance(region.get("value"), Mapping):
        task.refuse(place, "it is no JSON object with a value")
    kind, value = region.get("type"), region["value"]
    if kind not in LABELS:
        task.refuse(place, f"its type {kind!r} has no box; boxes come from {', '.join(LABELS)}")
    labels = value.get(kind)
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
        task.refuse(place, f"it has the labels {labels!r}, and an object has one")
    width, height = (_number(task, place, region, name) for name in ("original_width", "original_height"))
    further = {"region_id": str(region["id"])} if "id" in region else {}
    if region.get("from_name") is not None:
        further["from_name"] = str(region["from_name"])
    shape = {"rectanglelabels": _rectangle, "polygonlabels": _polygon, "ellipselabels": _ellipse}[str(kind)]
    found = shape(task, place, value, (width, height))
    return {"label": labels[0], **found, **further}


def _rectangle(task: Task, place: int, value: Mapping[str, Any], size: tuple[float, float]) -> dict[str, Any]:
    """Return the box of a rectangle; of one that is turned about its corner, the box around it."""
    x, y, width, height = (_number(task, place, value, name) for name in SIDES)
    if width < 0 or height < 0:
        task.refuse(place, f"its width or height is negative: {width:g}, {height:g}")
    rotation = _rotation(task, place, value)
    box = [x * size[0] / PERCENT, y * size[1] / PERCENT, width * size[0] / PERCENT, height * size[1] / PERCENT]
    if not rotation:
        return dict(zip(SIDES, box, strict=True))
    angle = math.radians(rotation)
    across = [(0.0, 0.0), (box[2], 0.0), (0.0, box[3]), (box[2], box[3])]
    xs = [box[0] + a * math.cos(angle) - b * math.sin(angle) for a, b in across]
    ys = [box[1] + a * math.sin(angle) + b * math.cos(angle) for a, b in across]
    return {**box_around(xs, ys), "rotation": rotation, "region": _as_it_was("rectanglelabels", value)}


def _polygon(task: Task, place: int, value: Mapping[str, Any], size: tuple[float, float]) -> dict[str, Any]:
    given = value.get("points")
    points: list[Any] = given if isinstance(given, list) else []
    is_pairs = all(isinstance(one, list) and len(one) == 2 and all(map(is_number, one)) for one in points)
    if len(points) < 3 or not is_pairs:
        task.refuse(place, "its points are no list of three or more pairs of numbers")
    xs, ys = ([one[axis] * size[axis] / PERCENT for one in points] for axis in (0, 1))
    outline = [coordinate for pair in zip(xs, ys, strict=True) for coordinate in pair]
    return {**box_around(xs, ys), "segmentation": json.dumps([outline]), "region": _as_it_was("polygonlabels", value)}


def _ellipse(task: Task, place: int, value: Mapping[str, Any], size: tuple[float, float]) -> dict[str, Any]:
    """Return the box around an ellipse, which has a middle, two radii and a rotation in degrees."""
    x, y, across, along = (_number(task, place, value, name) for name in ("x", "y", "radiusX", "radiusY"))
    a, b = across * size[0] / PERCENT, along * size[1] / PERCENT
    angle = math.radians(_rotation(task, place, value))
    half_width = math.hypot(a * math.cos(angle), b * math.sin(angle))
    half_height = math.hypot(a * math.sin(angle), b * math.cos(angle))
    middle = (x * size[0] / PERCENT, y * size[1] / PERCENT)
    box = box_around(
        [middle[0] - half_width, middle[0] + half_width], [middle[1] - half_height, middle[1] + half_height]
    )
    return {**box, "region": _as_it_was("ellipselabels", value)}


def _rotation(task: Task, place: int, value: Mapping[str, Any]) -> float:
    return _number(task, place, value, "rotation") if value.get("rotation") not in (None, False, "") else 0.0


def _as_it_was(kind: str, value: Mapping[str, Any]) -> str:
    return json.dumps({"type": kind, "value": value}, ensure_ascii=False, sort_keys=True)


def _number(task: Task, place: int, entry: Mapping[str, Any], name: str) -> float:
    value = entry.get(name)
    if not is_number(value):
        task.refuse(place, f"its {name} {value!r} is no finite number")
    return float(value)  # type: ignore[arg-type]


def is_number(value: object, most: float = FAR_OUTSIDE) -> bool:
    """Return whether a value is a number that is not larger than another, whatever its sign."""
    return type(value) in (int, float) and abs(value) <= most  # type: ignore[arg-type]
