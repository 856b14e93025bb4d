"""Values that DuckDB 1 reads without their nanoseconds: compared here, outside SQL."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.datasets.sql_types import is_exact
from kolena_store.datasets.staging import Staged, conform, numbered_schema
from kolena_store.files import SAMPLE, FileRecord, read_batches
from kolena_store.formats.casts import cast_array
from kolena_store.formats.nesting import children_of, with_children

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["inexact_differences"]


def inexact_differences(
    root: Path, staged: Staged, samples: "np.ndarray", current: Sequence[FileRecord]
) -> "np.ndarray":
    """Return for each staged row whether a value that SQL does not see in full differs from the stored one.

    Args:
        samples: the number of each staged row; rows that `current` does not have are never different.
    """
    import numpy as np
    import pyarrow as pa

    is_different = np.zeros(len(samples), dtype=bool)
    names = [field.name for field in staged.schema if not (is_exact(field.type) or pa.types.is_null(field.type))]
    if not names:
        return is_different
    schema = pa.schema([numbered_schema(staged.schema).field(name) for name in (SAMPLE, *names)])
    stored = _stored_rows(root, current, schema)
    given = pa.concat_tables(staged.rows(np.ones(len(samples), dtype=bool), columns=schema.names))
    numbers = stored.column(SAMPLE).to_numpy()
    order = np.argsort(numbers)
    is_present = np.isin(samples, numbers)
    places = order[np.searchsorted(numbers, samples[is_present], sorter=order)]
    for name in names:
        left = _counts(given.column(name).filter(pa.array(is_present)))
        right = _counts(stored.column(name).take(pa.array(places)))
        is_different[is_present] |= np.array([one != other for one, other in zip(left, right, strict=True)], dtype=bool)
    return is_different


def _stored_rows(root: Path, files: Sequence[FileRecord], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    batches = read_batches([file.path(root) for file in files], schema.names)
    return pa.concat_tables([schema.empty_table(), *(conform(pa.Table.from_batches([one]), schema) for one in batches)])


def _counts(column: "pa.ChunkedArray") -> list[str]:
    """Return the values with their times as counts of nanoseconds, spelled out, so that NaN equals itself."""
    kind = _counted(column.type)
    return [repr(value) for chunk in column.chunks for value in cast_array(chunk, kind).to_pylist()]


def _counted(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        return pa.int64()
    return with_children(kind, [_counted(child.type) for child in children_of(kind)])
