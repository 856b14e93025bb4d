"""The SQL types of stored columns, as every DuckDB that may read the store knows them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session, reading_files
from kolena_store.formats import duckdb_type
from kolena_store.formats.nesting import children_of, with_children
from kolena_store.statements import statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_types", "is_exact", "sql_columns"]


def column_types(session: Session, paths: Sequence[Path], schema: "pa.Schema") -> dict[str, str]:
    """Return column -> type in SQL for the columns of a schema, which lie in these files.

    A column of NULL alone is an INTEGER. SQL does not see the nanoseconds of a time of day, or of a timestamp with
    zone: DuckDB 1 has no type for them.
    """
    found = sql_columns(session, paths)
    return {field.name: found[field.name] if is_exact(field.type) else _portable_name(field.type) for field in schema}


def sql_columns(session: Session, paths: Sequence[Path]) -> dict[str, str]:
    """Return column -> type in SQL for all columns of some Parquet files, as this DuckDB reads them."""
    query = statement("queries/datasets", "column_types").fill()
    with reading_files():
        relation = session.connection.sql(query, params={"files": [str(path) for path in paths]})
    return dict(zip(relation.columns, map(str, relation.types), strict=True))


def is_exact(kind: "pa.DataType") -> bool:
    """Return whether every DuckDB sees all of a value of this Arrow type."""
    return bool(_portable(kind).equals(kind))


def _portable_name(kind: "pa.DataType") -> str:
    return duckdb_type(_portable(kind))


def _portable(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_null(kind):
        return pa.int32()
    if pa.types.is_timestamp(kind) and kind.unit == "ns" and kind.tz is not None:
        return pa.timestamp("us", kind.tz)
    if pa.types.is_time64(kind) and kind.unit == "ns":
        return pa.time64("us")
    return with_children(kind, [_portable(child.type) for child in children_of(kind)])
