"""COCO's JSON out of tables: what was read comes back."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from kolena_store.formats.coco.columns import json_fields, plain_value
from kolena_store.formats.image_sets import IMAGE_ID, SIDES
from kolena_store.formats.json_writing import writing_json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_instances", "write_results"]

OBJECTS = "objects"


def write_instances(path: str | Path, samples: "pa.Table", document: Mapping[str, Any]) -> int:
    """Write the samples of a dataset with their objects as COCO's instances, and return how many objects there are.

    Args:
        path: the file; one that ends in .gz is compressed.
        samples: `image_id`, further fields, and `objects`.
        document: what `read_instances` said beside the tables; categories may be missing.
    """
    labels = [one["label"] for row in samples.column(OBJECTS).to_pylist() for one in row or ()]
    categories = _categories(document.get("categories", []), labels)
    ids = {str(one.get("name", one["id"])): one["id"] for one in categories}
    as_json = document.get("json", {})
    with writing_json(path) as file:
        file.write("{")
        for name, value in document.get("others", {}).items():
            file.write(f"{json.dumps(name)}: {json.dumps(value)},\n")
        _write_array(file, "images", _images(samples, as_json.get("images", ())))
        file.write(",\n")
        _write_array(file, "annotations", _annotations(samples, ids, as_json.get("annotations", ())))
        file.write(",\n")
        _write_array(file, "categories", categories)
        file.write("}\n")
    return len(labels)


def write_results(path: str | Path, results: "pa.Table", document: Mapping[str, Any]) -> int:
    """Write what a model found as COCO's results, and return how many detections there are."""
    labels = [one["label"] for row in results.column(OBJECTS).to_pylist() for one in row or ()]
    ids = {str(one.get("name", one["id"])): one["id"] for one in _categories(document.get("categories", []), labels)}
    as_json = ["segmentation", *json_fields(results.schema.field(OBJECTS).type.value_type)]
    with writing_json(path) as file:
        file.write("[")
        _write_rows(file, _annotations(results, ids, as_json))
        file.write("]\n")
    return len(labels)


def _categories(known: Sequence[Mapping[str, Any]], labels: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return the categories, and further ones for labels that have none."""
    names = {str(one.get("name", one["id"])) for one in known}
    new = sorted(set(labels) - names)
    first = max((one["id"] for one in known if isinstance(one["id"], int)), default=0) + 1
    return [*known, *({"id": first + place, "name": name} for place, name in enumerate(new))]


def _images(samples: "pa.Table", as_json: Sequence[str]) -> Iterator[dict[str, Any]]:
    for row in samples.drop_columns([OBJECTS]).to_pylist():
        further = {name: plain_value(value, name, as_json) for name, value in row.items() if name != IMAGE_ID}
        yield {"id": row[IMAGE_ID], **{name: value for name, value in further.items() if _is_json(value)}}


def _annotations(samples: "pa.Table", ids: Mapping[str, Any], as_json: Sequence[str]) -> Iterator[dict[str, Any]]:
    for row in samples.select([IMAGE_ID, OBJECTS]).to_pylist():
        for one in row[OBJECTS] or ():
            further = {
                name: plain_value(value, name, as_json)
                for name, value in one.items()
                if name not in (*SIDES, "label", "is_crowd") and _is_json(value)
            }
            crowd = {} if one.get("is_crowd") is None else {"iscrowd": int(one["is_crowd"])}
            box = [one[name] for name in SIDES]
            yield {IMAGE_ID: row[IMAGE_ID], "category_id": ids[one["label"]], "bbox": box, **crowd, **further}


def _is_json(value: object) -> bool:
    """Return whether a value is to be written: JSON has no numbers that are none, or infinite."""
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _write_array(file: TextIO, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    file.write(f"{json.dumps(name)}: [")
    _write_rows(file, rows)
    file.write("]")


def _write_rows(file: TextIO, rows: Iterable[Mapping[str, Any]]) -> None:
    for number, row in enumerate(rows):
        file.write(",\n" if number else "\n")
        json.dump(row, file, default=str)
