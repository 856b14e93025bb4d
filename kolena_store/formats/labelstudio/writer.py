"""Label Studio's tasks out of tables: they can be imported there, to look at or to correct."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import MissingColumns
from kolena_store.formats.image_sets import IMAGE_ID, SIDES
from kolena_store.formats.json_writing import writing_json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_tasks"]

OBJECTS = "objects"
PERCENT = 100.0
FROM_NAME, TO_NAME = "label", "image"
"""What the control and the image are called in Label Studio's own templates."""


def write_tasks(
    path: str | Path, samples: "pa.Table", *, model: str | None, found: "Mapping[object, Sequence[Any]] | None" = None
) -> int:
    """Write the samples as tasks, and return how many objects there are.

    Args:
        path: the file; one that ends in .gz is compressed.
        samples: `image_id`, `width`, `height`, further fields, and `objects`.
        model: whose predictions they are; None: they are annotations.
        found: id of an image -> what the model found there.

    Raises:
        MissingColumns: the size of an image with objects is not known.
    """
    n_objects = 0
    with writing_json(path) as file:
        file.write("[")
        for number, row in enumerate(samples.to_pylist()):
            objects = (row[OBJECTS] if found is None else found.get(row[IMAGE_ID])) or ()
            n_objects += len(objects)
            file.write(",\n" if number else "\n")
            json.dump(_task(row, objects, model), file, default=str)
        file.write("]\n")
    return n_objects


def _task(row: Mapping[str, Any], objects: Sequence[Mapping[str, Any]], model: str | None) -> dict[str, Any]:
    data = {
        name: value
        for name, value in row.items()
        if name not in (IMAGE_ID, OBJECTS, "width", "height") and value is not None
    }
    if TO_NAME not in data and "file_name" in data:
        data = {TO_NAME: data["file_name"], **data}
    regions = list(_regions(row, objects))
    if model is None:
        said: dict[str, Any] = {"annotations": [{"result": regions, "ground_truth": True}]}
    else:
        said = {"predictions": [{"model_version": model, "result": regions}]}
    return {"id": row[IMAGE_ID], "data": data, **said}


def _regions(row: Mapping[str, Any], objects: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    width, height = row.get("width"), row.get("height")
    if objects and not (width and height):
        raise MissingColumns(
            f"width and height of the image {row[IMAGE_ID]!r} are not known, and Label Studio's regions are shares of "
            "them; upload the dataset with these fields, or export it as COCO"
        )
    for one in objects:
        region = _shape(one, (float(width), float(height)))  # type: ignore[arg-type]
        score = {} if one.get("score") is None else {"score": one["score"]}
        yield {
            "id": one.get("region_id") or uuid.uuid4().hex[:10],
            "from_name": one.get("from_name") or FROM_NAME,
            "to_name": TO_NAME,
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            **region,
            **score,
        }


def _shape(one: Mapping[str, Any], size: tuple[float, float]) -> dict[str, Any]:
    if one.get("region"):
        kept: dict[str, Any] = json.loads(one["region"])
        return {**kept, "value": {**kept["value"], kept["type"]: [one["label"]]}}
    place = {name: one[name] * PERCENT / size[axis % 2] for axis, name in enumerate(SIDES)}
    return {"type": "rectanglelabels", "value": {**place, "rotation": 0, "rectanglelabels": [one["label"]]}}
