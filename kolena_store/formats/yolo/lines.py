"""One line of a YOLO text file: a class, and a box, a polygon or keypoints in shares of the image."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from kolena_store.errors import MalformedFile
from kolena_store.formats.image_sets import SIDES, box_around
from kolena_store.formats.yolo.names import NUMBER_OF_CLASS, Settings

__all__ = ["parsed_line"]

REMEDY = "A line holds a class and the box's middle, width and height as shares of the image; correct it"
FAR_OUTSIDE = 100.0
"""A share of the image beyond which a number is no share: pixels were written in its place."""

LONGEST_SHOWN = 40
"""Signs of a word that a message repeats."""


def parsed_line(
    file: Path, number: int, line: str, *, settings: Settings, size: tuple[float, float], scored: bool
) -> dict[str, Any] | None:
    """Return the object of a line: label, box in pixels, score, and the polygon or keypoints; None for an empty line.

    Args:
        file: for messages.
        number: of the line, from 1.
        line: its text.
        settings: the names of the classes.
        size: width and height of the image in pixels.
        scored: whether the last number is a score.

    Raises:
        MalformedFile: it can't be read, or a number is out of range.
    """
    parts = line.split()
    if not parts:
        return None
    place = _Place(file, number)
    label = _label(place, parts[0], settings.names)
    numbers = _numbers(place, parts[1:])
    score: dict[str, Any] = {}
    if scored:
        score = {"score": numbers[-1]} if numbers else {}
        numbers = numbers[:-1]
    return {"label": label, **_shape(place, numbers, settings.keypoints, size, scored=scored), **score}


@dataclass(frozen=True, slots=True)
class _Place:
    """A line of a file, as messages name it."""

    file: Path
    number: int

    def refuse(self, problem: str) -> NoReturn:
        raise MalformedFile.of(self.file, self.number, problem, REMEDY)


def _label(place: _Place, text: str, names: Sequence[str]) -> str:
    code = int(text) if NUMBER_OF_CLASS.fullmatch(text) else -1
    if not 0 <= code < len(names):
        place.refuse(f"its class {text[:LONGEST_SHOWN]!r} is none of 0 to {len(names) - 1}")
    return names[code]


def _numbers(place: _Place, parts: Sequence[str]) -> list[float]:
    try:
        found = [float(one) for one in parts]
    except ValueError:
        place.refuse(f"{' '.join(parts)!r} holds something else than numbers")
    if not all(math.isfinite(one) and abs(one) <= FAR_OUTSIDE for one in found):
        place.refuse(f"{' '.join(parts)!r} holds a number that is no share of the image")
    return found


def _shape(
    place: _Place,
    numbers: Sequence[float],
    keypoints: tuple[int, int] | None,
    size: tuple[float, float],
    *,
    scored: bool,
) -> dict[str, Any]:
    wanted = 4 if keypoints is None else 4 + keypoints[0] * keypoints[1]
    if len(numbers) == wanted:
        found = _box(place, numbers[:4], size)
        return found if keypoints is None else {**found, "keypoints": _keypoints(numbers[4:], keypoints[1], size)}
    is_polygon = keypoints is None and len(numbers) >= 6 and len(numbers) % 2 == 0
    if not is_polygon:
        what = "a box" if keypoints is None else f"a box and {keypoints[0]} keypoints of {keypoints[1]} numbers"
        place.refuse(f"it has {len(numbers)} numbers beside class{' and score' if scored else ''}, not {what}")
    xs, ys = [one * size[0] for one in numbers[::2]], [one * size[1] for one in numbers[1::2]]
    polygon = [value for pair in zip(xs, ys, strict=True) for value in pair]
    return {**box_around(xs, ys), "segmentation": json.dumps([polygon])}


def _box(place: _Place, numbers: Sequence[float], size: tuple[float, float]) -> dict[str, Any]:
    x, y, width, height = numbers
    if width < 0 or height < 0:
        place.refuse(f"its box has a negative width or height: {width:g}, {height:g}")
    box = ((x - width / 2) * size[0], (y - height / 2) * size[1], width * size[0], height * size[1])
    return dict(zip(SIDES, box, strict=True))


def _keypoints(numbers: Sequence[float], each: int, size: tuple[float, float]) -> list[float]:
    """Return x, y and visibility of each keypoint; without a third number one at (0, 0) is not labelled."""
    found: list[float] = []
    for at in range(0, len(numbers), each):
        x, y = numbers[at] * size[0], numbers[at + 1] * size[1]
        found += [x, y, numbers[at + 2] if each > 2 else 2.0 if x or y else 0.0]
    return found
