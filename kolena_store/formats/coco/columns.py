"""Columns out of JSON objects: plain values and lists of numbers as they are, all else as JSON text."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JsonFields", "columns_of", "joined_tables", "plain_value"]

JsonFields: TypeAlias = "list[str]"
"""The names of columns whose cells are JSON text."""


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


def joined_tables(parts: "Sequence[pa.Table]") -> "pa.Table":
    """Return tables one below the other; a column that holds values of other kinds in another table is JSON text."""
    import pyarrow as pa

    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException:
        kinds: dict[str, set[pa.DataType]] = {}
        for field in (field for part in parts for field in part.schema if not pa.types.is_null(field.type)):
            kinds.setdefault(field.name, set()).add(field.type)
        mixed = [name for name, types in kinds.items() if len(types) > 1]
        return pa.concat_tables([_with_json(part, mixed) for part in parts], promote_options="permissive")


def _with_json(table: "pa.Table", names: Sequence[str]) -> "pa.Table":
    for name in set(names) & set(table.column_names):
        column = _json_column(table.column(name).to_pylist())
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def plain_value(value: object, name: str, as_json: Sequence[str]) -> object:
    """Return what a cell held before it became JSON text."""
    return json.loads(value) if name in as_json and isinstance(value, str) else value


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
