"""COCO's results of the commonest form, read by DuckDB: only image, category, box and score, all of them numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.formats.coco.checks import LARGEST
from kolena_store.formats.image_sets import IMAGE_ID, SIDES
from kolena_store.formats.paths import compression_of, opened, path_for_duckdb
from kolena_store.formats.scans import query, stream

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["plain_results"]

CHUNK_BYTES = 1 << 20
QUOTES_PER_ENTRY = 8
"""Around four names; an entry with a further field, or with a text, has more."""

LARGEST_EXACT = float(2**53)


def plain_results(path: Path, categories: Mapping[object, str]) -> "pa.Table | None":
    """Return the detections of a file; None when it is of another form, or something in it is wrong.

    Args:
        path: the file, which can be read.
        categories: the name of each category by its id.
    """
    import duckdb
    import pyarrow as pa

    parameters = {"path": path_for_duckdb(path), "compression": _compression(path)}
    try:
        batches = list(stream(path, query("coco_results").fill(), parameters, QUOTES_PER_ENTRY // 2))
    except duckdb.Error:
        return None
    if not batches:
        return None
    table = pa.Table.from_batches(batches).combine_chunks()
    if any(column.null_count for column in table.columns) or _n_quotes(path) != QUOTES_PER_ENTRY * table.num_rows:
        return None
    return _checked(table, categories)


def _checked(table: "pa.Table", categories: Mapping[object, str]) -> "pa.Table | None":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    boxes = table.column("bbox").combine_chunks()
    if isinstance(boxes, pa.ChunkedArray):
        boxes = pa.concat_arrays(boxes.chunks)
    if not pc.all(pc.equal(pc.list_value_length(boxes), len(SIDES))).as_py() or boxes.flatten().null_count:
        return None
    sides = boxes.flatten().to_numpy().reshape(-1, len(SIDES))
    images, kinds, scores = (table.column(name).to_numpy() for name in (IMAGE_ID, "category_id", "score"))
    is_box = (np.abs(sides) <= LARGEST).all() and (sides[:, 2:] >= 0).all()
    if not (is_box and _are_whole(images) and _are_whole(kinds) and (np.abs(scores) <= LARGEST).all()):
        return None
    encoded = pa.array(kinds.astype(np.int64)).dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    if any(one not in categories for one in distinct):
        return None
    labels = pa.array([categories[one] for one in distinct], pa.string()).take(encoded.indices)
    columns = {name: np.ascontiguousarray(sides[:, place]) for place, name in enumerate(SIDES)}
    return pa.table({IMAGE_ID: images.astype(np.int64), "label": labels, **columns, "score": scores})


def _are_whole(values: "np.ndarray") -> bool:
    import numpy as np

    return bool(((np.abs(values) < LARGEST_EXACT) & (np.floor(values) == values)).all())


def _compression(path: Path) -> str:
    return "gzip" if compression_of(path) == "gzip" else "none"


def _n_quotes(path: Path) -> int:
    total = 0
    with opened(path) as handle:
        while chunk := handle.read(CHUNK_BYTES):
            total += chunk.count(b'"')
    return total
