"""Types by their names: what DuckDB calls an Arrow type, what a declared name means, and which can be stored."""

import shlex
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from kolena_store.errors import InvalidInput, MissingColumns, did_you_mean
from kolena_store.formats.nesting import children_of, with_children
from kolena_store.statements import statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = [
    "arrow_type",
    "check_storable",
    "declared_types",
    "declaring",
    "duckdb_type",
    "parsed_types",
    "storable_type",
]

LARGEST_PRECISION = 38
EXAMPLES = ("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP")
SIMPLE_TYPES = (
    ("boolean", "bool_"),
    ("tinyint", "int8"),
    ("smallint", "int16"),
    ("integer", "int32"),
    ("bigint", "int64"),
    ("utinyint", "uint8"),
    ("usmallint", "uint16"),
    ("uinteger", "uint32"),
    ("ubigint", "uint64"),
    ("float", "float32"),
    ("double", "float64"),
    ("varchar", "string"),
    ("blob", "binary"),
    ("date", "date32"),
    ("uuid", "uuid"),
)
TIME_TYPES = (
    ("time", "time64", "us", None),
    ("time_ns", "time64", "ns", None),
    ("timestamp", "timestamp", "us", None),
    ("timestamp_s", "timestamp", "s", None),
    ("timestamp_ms", "timestamp", "ms", None),
    ("timestamp_ns", "timestamp", "ns", None),
    ("timestamp with time zone", "timestamp", "us", "UTC"),
    ("timestamptz_ns", "timestamp", "ns", "UTC"),
)


@cache
def duckdb_type(kind: "pa.DataType") -> str:
    """Return the name of the type that a Parquet column of this Arrow type has in DuckDB's SQL.

    Raises:
        InvalidInput: Parquet or DuckDB has no such type.
    """
    import tempfile
    from pathlib import Path

    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(prefix="kolena-store-") as folder:
        path = Path(folder) / "column.parquet"
        try:
            pq.ParquetWriter(path, pa.schema([("column", kind)])).close()
            with duckdb.connect(config={"python_enable_replacements": "false"}) as connection:
                described = connection.execute(
                    statement("queries/formats", "type_of_column").fill(), {"path": str(path)}
                )
                return str(described.fetchall()[0][1])
        except (pa.ArrowException, duckdb.Error, OSError) as error:
            raise InvalidInput(
                f"a column of type {kind} can't be stored: {error}; convert it to another type"
            ) from error


@cache
def arrow_type(name: str) -> "pa.DataType":
    """Return the Arrow type of a DuckDB type's name, such as BIGINT, DECIMAL(10,2), VARCHAR[] or STRUCT(x DOUBLE).

    Raises:
        InvalidInput: there is no such type, or it can't be stored.
    """
    import duckdb

    with duckdb.connect(config={"python_enable_replacements": "false"}) as connection:
        try:
            found = connection.sqltype(name)
        except duckdb.Error:
            near = did_you_mean(name.upper(), [simple.upper() for simple, _ in SIMPLE_TYPES])
            raise InvalidInput(
                f"no type named {name!r}{near}; use {', '.join(EXAMPLES)} or another type of DuckDB"
            ) from None
        return _arrow_of(found)


def declared_types(where: str, types: Mapping[str, str], columns: Iterable[str]) -> "dict[str, pa.DataType]":
    """Return the Arrow types that the user declared for columns of an input.

    Raises:
        MissingColumns: the input has no such column.
        InvalidInput: there is no such type.
    """
    available = list(columns)
    missing = [name for name in types if name not in available]
    if missing:
        raise MissingColumns.of(where, missing, available)
    return parsed_types(types)


def parsed_types(types: Mapping[str, str]) -> "dict[str, pa.DataType]":
    """Return the Arrow types of declared type names, by column.

    Raises:
        InvalidInput: there is no such type.
    """
    parsed = {}
    for column, name in types.items():
        try:
            parsed[column] = arrow_type(name)
        except InvalidInput as error:
            raise InvalidInput(f"type declared for column {column!r}: {error}") from error
    return parsed


def check_storable(where: str, schema: "pa.Schema") -> None:
    """Refuse columns whose type can't be kept in Parquet and read by DuckDB as it is.

    Raises:
        InvalidInput: there is one; the message names the type to declare for it.
    """
    for field in schema:
        wanted = storable_type(field.type)
        if wanted is None:
            raise InvalidInput(
                f"{where}: column {field.name!r} has type {field.type}, which can't be stored; "
                "convert it to another type, such as text, or leave it out"
            )
        if not wanted.equals(field.type):
            name = duckdb_type(wanted)
            raise InvalidInput(
                f"{where}: column {field.name!r} has type {field.type}, which can't be stored; "
                f"declare a type to convert it to, such as {declaring(field.name, name)}"
            )


def declaring(name: str, kind: str) -> str:
    """Return how to declare a column's type, on the command line and in Python."""
    return f"--type {shlex.quote(f'{name}={kind}')} (in Python types={{{name!r}: {kind!r}}})"


def storable_type(kind: "pa.DataType") -> "pa.DataType | None":
    """Return the type itself when it can be stored, else the nearest one that can, or None when there is none near."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return kind if storable_type(kind.storage_type) == kind.storage_type else None
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_decimal(kind):
        return kind if 0 <= kind.scale <= kind.precision <= LARGEST_PRECISION else pa.float64()
    if pa.types.is_run_end_encoded(kind):
        return storable_type(kind.value_type)
    if pa.types.is_union(kind) or pa.types.is_interval(kind):
        return None
    return _storable_nested(kind) if pa.types.is_nested(kind) else kind


def _storable_nested(kind: "pa.DataType") -> "pa.DataType | None":
    wanted = [storable_type(child.type) for child in children_of(kind)]
    found = [one for one in wanted if one is not None]
    return with_children(kind, found) if wanted and len(found) == len(wanted) else None


def _arrow_of(found: "duckdb.sqltypes.DuckDBPyType") -> "pa.DataType":
    import pyarrow as pa

    for name, constructor in SIMPLE_TYPES:
        if found.id == name and str(found) != "JSON":
            return getattr(pa, constructor)()
    for name, constructor, unit, zone in TIME_TYPES:
        if found.id == name:
            return (
                getattr(pa, constructor)(unit, zone) if constructor == "timestamp" else getattr(pa, constructor)(unit)
            )
    return _nested_arrow_of(found)


def _nested_arrow_of(found: "duckdb.sqltypes.DuckDBPyType") -> "pa.DataType":
    import pyarrow as pa

    is_made_of_parts = found.id in ("list", "array", "struct", "map", "decimal")
    children: dict[str, Any] = dict(found.children) if is_made_of_parts else {}
    if found.id == "decimal":
        return pa.decimal128(children["precision"], children["scale"])
    if found.id == "struct":
        return pa.struct([(name, _arrow_of(child)) for name, child in children.items()])
    if found.id == "map":
        return pa.map_(_arrow_of(children["key"]), _arrow_of(children["value"]))
    if found.id in ("list", "array"):
        return pa.list_(_arrow_of(children["child"]), children.get("size", -1))
    raise InvalidInput(f"type {found} can't be stored; use {', '.join(EXAMPLES)} or another type of single values")
