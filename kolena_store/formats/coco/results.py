"""COCO's results: what a model found, one JSON object for each detection."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import MalformedFile
from kolena_store.formats.coco.checks import check_box, check_score, check_segmentation, with_box
from kolena_store.formats.coco.columns import columns_of, joined_tables, with_json_marked
from kolena_store.formats.coco.instances import boxes_apart
from kolena_store.formats.coco.plain_results import plain_results
from kolena_store.formats.collector import collector_off
from kolena_store.formats.entries import Entries, is_key
from kolena_store.formats.image_sets import IMAGE_ID, SIDES
from kolena_store.formats.json_stream import JsonStream
from kolena_store.formats.paths import readable_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_results"]

ROWS_AT_ONCE = 100_000
OWN = (IMAGE_ID, "category_id", "bbox", "score", "label", *SIDES)


def read_results(path: str | Path, categories: Mapping[object, str], ids: "pa.DataType") -> "pa.Table":
    """Return the detections of a file, which may be compressed with gzip: a row each, boxes apart, labels by name.

    Args:
        path: the file.
        categories: the name of each category by its id.
        ids: the type of the dataset's ids of images.

    Raises:
        MalformedFile: it is no such file; the message names the entry that breaks it.
        UnreadableFile: it can't be read.
    """
    file = Path(path).expanduser()
    readable_file(file)
    plain = plain_results(file, categories)
    if plain is not None:
        return plain
    with collector_off():
        return _read(file, categories, ids)


def _read(file: Path, categories: Mapping[object, str], ids: "pa.DataType") -> "pa.Table":
    import pyarrow as pa

    entries = Entries(file, "result")
    parts, rows, begun = [], [], 0
    stream = JsonStream(file)
    for key, number, entry in stream.elements():
        if key is not None:
            break
        rows.append(entry)
        if len(rows) == ROWS_AT_ONCE:
            parts.append(_table(entries, rows, begun, categories, ids=ids))
            rows, begun = [], number + 1
    if not stream.is_array:
        raise MalformedFile.of(file, None, "it is a JSON object", "Give COCO results: an array of detections")
    parts.append(_table(entries, rows, begun, categories, ids=ids))
    table = joined_tables(parts)
    if table.num_rows:
        return table
    return table.set_column(0, IMAGE_ID, pa.array([], ids))


def _table(
    entries: Entries, rows: Sequence[Any], begun: int, categories: Mapping[object, str], *, ids: "pa.DataType"
) -> "pa.Table":
    import pyarrow as pa

    kind, called = (str, "text") if pa.types.is_string(ids) else (int, "whole number")
    found = []
    for number, row in enumerate(rows, begun):
        entry = entries.checked(number, row)
        if "category_id" in entry or "label" not in entry:
            entries.check_known(number, entry, "category_id", categories)
        if type(entry.get(IMAGE_ID)) is not kind or not is_key(entry[IMAGE_ID]):
            entries.refuse(number, entry, f"its image_id {entry.get(IMAGE_ID)!r} is no {called}, as the dataset's are")
        check_score(entries, number, entry)
        check_segmentation(entries, number, entry)
        found.append(with_box(entry))
        check_box(entries, number, found[-1])
    names = list(dict.fromkeys(name for row in found for name in row if name not in OWN))
    columns, as_json = columns_of(found, names)
    labels = [categories[row["category_id"]] if "category_id" in row else str(row["label"]) for row in found]
    fixed = {
        IMAGE_ID: pa.array([row[IMAGE_ID] for row in found]),
        "label": pa.array(labels, pa.string()),
        **boxes_apart(found),
        "score": pa.array([float(row["score"]) for row in found], pa.float64()),
    }
    return with_json_marked(pa.table({**fixed, **columns}), as_json)
