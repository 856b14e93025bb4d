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
    root: Path, staged: Staged, samples: "np.ndarray", current: Sequence[FileRecord], *, repeat: str | None = None
) -> "np.ndarray":
    """Return for each staged row whether a value that SQL does not see in full differs from the stored one.

    Args:
        samples: the number of each staged row; rows that `current` does not have are never different.
        repeat: the column that tells the rows of one sample apart, where a sample has several.
    """
    import numpy as np
    import pyarrow as pa

    is_different = np.zeros(len(samples), dtype=bool)
    names = [field.name for field in staged.schema if not (is_exact(field.type) or pa.types.is_null(field.type))]
    if not names:
        return is_different
    read = list(dict.fromkeys((SAMPLE, *names, *([repeat] if repeat else []))))
    schema = pa.schema([numbered_schema(staged.schema).field(name) for name in read])
    stored = _stored_rows(root, current, schema)
    given = pa.concat_tables(staged.rows(np.ones(len(samples), dtype=bool), columns=schema.names))
    numbers, keys = stored.column(SAMPLE).to_numpy(), samples
    if repeat is not None:
        keys, numbers = _keys_of_repeats((samples, given.column(repeat)), (numbers, stored.column(repeat)))
    order = np.argsort(numbers)
    is_present = np.isin(keys, numbers)
    places = order[np.searchsorted(numbers, keys[is_present], sorter=order)]
    for name in names:
        left = _counts(given.column(name).filter(pa.array(is_present)))
        right = _counts(stored.column(name).take(pa.array(places)))
        is_different[is_present] |= np.array([one != other for one, other in zip(left, right, strict=True)], dtype=bool)
    return is_different


def _keys_of_repeats(
    *sides: "tuple[np.ndarray, pa.ChunkedArray]",
) -> "tuple[np.ndarray, ...]":
    """Return on each side a number for each row, equal where the sample and the repeat are."""
    import numpy as np
    import pyarrow as pa

    values = pa.chunked_array([chunk for _, column in sides for chunk in column.chunks]).combine_chunks()
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int64) + 1
    starts = np.cumsum([0, *(len(samples) for samples, _ in sides)])
    n_codes = len(encoded.dictionary) + 1
    return tuple(
        samples * n_codes + codes[start : start + len(samples)]
        for (samples, _), start in zip(sides, starts[:-1], strict=True)
    )


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
