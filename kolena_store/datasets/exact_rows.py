"""Stored rows whose times SQL does not see in full, with these times as counts of nanoseconds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.datasets.sql_types import is_exact
from kolena_store.datasets.staging import conform, numbered_schema
from kolena_store.files import read_batches
from kolena_store.formats.casts import cast_array
from kolena_store.formats.nesting import children_of, with_children

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["counted_columns", "exact_batches"]


def counted_columns(schema: "pa.Schema") -> "dict[str, pa.DataType]":
    """Return the columns that not every DuckDB sees in full, each with the type in which times are whole numbers."""
    import pyarrow as pa

    inexact = [field for field in schema if not (is_exact(field.type) or pa.types.is_null(field.type))]
    return {field.name: _counted(field.type) for field in inexact}


def exact_batches(
    paths: Sequence[Path], schema: "pa.Schema", counted: "dict[str, pa.DataType]"
) -> "pa.RecordBatchReader":
    """Return the rows of files one batch at a time, the columns `counted` as whole numbers."""
    import pyarrow as pa

    stored = numbered_schema(schema)
    exact = pa.schema([field.with_type(counted.get(field.name, field.type)) for field in stored])
    return pa.RecordBatchReader.from_batches(exact, _batches(paths, stored, exact))


def _batches(paths: Sequence[Path], stored: "pa.Schema", exact: "pa.Schema") -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    for batch in read_batches(paths):
        table = conform(pa.Table.from_batches([batch]), stored)
        columns = [
            pa.chunked_array([cast_array(chunk, field.type) for chunk in column.chunks], field.type)
            for column, field in zip(table.columns, exact, strict=True)
        ]
        yield from pa.Table.from_arrays(columns, schema=exact).to_batches()


def _counted(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        return pa.int64()
    return with_children(kind, [_counted(child.type) for child in children_of(kind)])
