"""Columns out of JSON objects: plain values and lists of numbers as they are, all else as JSON text."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JsonFields", "columns_of", "joined_tables", "json_fields", "plain_value", "with_json_marked"]

JsonFields: TypeAlias = "list[str]"
"""The names of columns whose cells are JSON text."""

JSON_MARK = (b"kolena_store.holds", b"json")
"""What the metadata of such a column's field say, where no document of a dataset keeps the names."""


def columns_of(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> "tuple[dict[str, pa.Array], JsonFields]":
    """Return a column for each name, NULL where an object lacks it, and which of them hold JSON text.

    A column is text in JSON when it holds objects, lists of other things than numbers, or values of several kinds.
    """
    columns, as_json = {}, []
    for name in names:
        values = [row.get(name) for row in rows]
        column = _plain_column(values)
        if column is None:
            as_json.append(name)
            column = _json_column(values)
        columns[name] = column
    return columns, as_json


def with_json_marked(table: "pa.Table", names: JsonFields) -> "pa.Table":
    """Return a table whose schema says which columns are JSON text."""
    import pyarrow as pa

    fields = [field.with_metadata(dict([JSON_MARK])) if field.name in names else field for field in table.schema]
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))


def json_fields(fields: "Iterable[pa.Field]") -> JsonFields:
    """Return which of some fields are marked as JSON text."""
    return [field.name for field in fields if JSON_MARK in (field.metadata or {}).items()]


def joined_tables(parts: "Sequence[pa.Table]") -> "pa.Table":
    """Return tables one below the other; a column that holds values of other kinds in another table is JSON text."""
    import pyarrow as pa

    marked = {name for part in parts for name in json_fields(part.schema)}
    parts = [_with_json(part, marked) for part in parts]
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException:
        kinds: dict[str, set[pa.DataType]] = {}
        for field in (field for part in parts for field in part.schema if not pa.types.is_null(field.type)):
            kinds.setdefault(field.name, set()).add(field.type)
        mixed = [name for name, types in kinds.items() if len(types) > 1]
        parts = [_with_json(part, {*marked, *mixed}) for part in parts]
        return pa.concat_tables(parts, promote_options="permissive")


def _with_json(table: "pa.Table", names: "Collection[str]") -> "pa.Table":
    """Return a table with some columns as marked JSON text."""
    done = json_fields(table.schema)
    for name in [name for name in table.column_names if name in names and name not in done]:
        column = _json_column(table.column(name).to_pylist())
        table = table.set_column(table.column_names.index(name), name, column)
    return with_json_marked(table, list(names))


def plain_value(value: object, name: str, as_json: Sequence[str]) -> object:
    """Return what a cell held before it became JSON text."""
    if name not in as_json or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):  # a later version of the results has a text there
        return value


def _plain_column(values: Sequence[object]) -> "pa.Array | None":
    import pyarrow as pa

    kinds = {type(value) for value in values} - {type(None)}
    is_number = kinds <= {int, float}
    is_list = kinds == {list} and all(
        type(one) in (int, float) for value in values if isinstance(value, list) for one in value
    )
    if not (is_number or is_list or kinds == {str} or kinds == {bool}):
        return None
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, OverflowError):
        return None


def _json_column(values: Sequence[object]) -> "pa.Array":
    import pyarrow as pa

    return pa.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in values], pa.string())
