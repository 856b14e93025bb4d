"""YOLO's text files out of tables."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import InvalidInput, MissingColumns
from kolena_store.formats.folders import new_folder
from kolena_store.formats.image_sets import IMAGE_ID, sides_of
from kolena_store.formats.yolo.names import yaml_text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_yolo"]

OBJECTS = "objects"


def write_yolo(path: str | Path, samples: "pa.Table", sizes: Mapping[str, tuple[float, float]], document: Any) -> int:
    """Write a folder with a text file for each sample and data.yaml, and return how many objects there are.

    Args:
        path: the folder, which is made.
        samples: `image_id` and `objects`; a score of theirs stands at the end of a line.
        sizes: id of an image -> width and height in pixels.
        document: what `read_yolo` said beside the tables: the names of the classes in order.

    Raises:
        MissingColumns: the size of an image with objects is not known.
        InvalidInput: the folder is there already, an id can't name a file, or objects differ in their keypoints.
    """
    rows = samples.select([IMAGE_ID, OBJECTS]).to_pylist()
    known: Sequence[str] = document.get("names", ())
    labels = {str(one["label"]) for row in rows for one in row[OBJECTS] or ()}
    names = [*known, *sorted(labels - set(known))]
    codes = {name: number for number, name in enumerate(names)}
    n_objects, shape = 0, _keypoint_shape(rows, document.get("keypoints"))
    with new_folder(path) as folder:
        for row in rows:
            file = folder / "labels" / f"{_checked(str(row[IMAGE_ID]))}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            objects = row[OBJECTS] or ()
            if objects and str(row[IMAGE_ID]) not in sizes:
                raise MissingColumns(
                    f"width and height of the image {row[IMAGE_ID]!r} are not known, and YOLO's boxes are shares of "
                    "them; upload the dataset with these fields, or export it as COCO"
                )
            size = sizes.get(str(row[IMAGE_ID]), (1.0, 1.0))
            file.write_text("".join(_line(one, codes, size) for one in objects), encoding="utf-8")
            n_objects += len(objects)
        text = yaml_text(names, shape)
        (folder / "data.yaml").write_text(text, encoding="utf-8")
    return n_objects


def _line(one: Mapping[str, Any], codes: Mapping[str, int], size: tuple[float, float]) -> str:
    numbers = _polygon(one, size) or _box(one, size)
    points = one.get("keypoints") or ()
    for at in range(0, len(points), 3):
        numbers += [points[at] / size[0], points[at + 1] / size[1], points[at + 2]]
    if one.get("score") is not None:
        numbers.append(one["score"])
    return " ".join([str(codes[str(one["label"])]), *(f"{number:.17g}" for number in numbers)]) + "\n"


def _box(one: Mapping[str, Any], size: tuple[float, float]) -> list[float]:
    x, y, width, height = sides_of(one)
    return [(x + width / 2) / size[0], (y + height / 2) / size[1], width / size[0], height / size[1]]


def _polygon(one: Mapping[str, Any], size: tuple[float, float]) -> list[float]:
    """Return the only polygon of an object's mask, or nothing: a line holds no other masks."""
    found = one.get("segmentation")
    try:
        parts = json.loads(found) if isinstance(found, str) else found
    except (ValueError, RecursionError):
        return []
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], list) or one.get("keypoints"):
        return []
    if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in parts[0]):
        return []
    return [value / size[at % 2] for at, value in enumerate(parts[0])]


def _keypoint_shape(rows: Sequence[Mapping[str, Any]], known: Sequence[int] | None) -> tuple[int, int] | None:
    """Return how many keypoints each object has, with three numbers each; without objects, as many as are known."""
    lengths: dict[int, object] = {}
    for row in rows:
        for place, one in enumerate(row[OBJECTS] or ()):
            points = one.get("keypoints") or ()
            if not _is_points(points):
                raise InvalidInput(
                    f"the keypoints of object {place} of the image {row[IMAGE_ID]!r} are no numbers, x, y and "
                    "visibility of each; correct them, or export the dataset as COCO"
                )
            lengths.setdefault(len(points), row[IMAGE_ID])
    if len(lengths) > 1:
        said = ", ".join(f"{length // 3} in the image {image!r}" for length, image in lengths.items())
        raise InvalidInput(
            f"objects differ in how many keypoints they have ({said}), and YOLO has as many for all; export as COCO"
        )
    length = next(iter(lengths), None)
    if length is None:
        return None if known is None else (known[0], 3)
    return (length // 3, 3) if length else None


def _is_points(points: object) -> bool:
    return (
        isinstance(points, Sequence)
        and not len(points) % 3
        and all(isinstance(one, (int, float)) and math.isfinite(one) for one in points)
    )


def _checked(name: str) -> str:
    parts = name.split("/")
    if not all(part and not part.startswith(".") and not set(part) & set("\\\0:") for part in parts):
        raise InvalidInput(f"the image {name!r} can't be written: its id can't name a file; export it as COCO")
    return name
