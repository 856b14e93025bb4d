"""What a value says, as a text that does not depend on the DuckDB that writes it: what content digests are made of."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["canonical_cell", "canonical_type"]

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("float", "double"), "float_text"),
        **dict.fromkeys(("timestamp", "timestamp_s", "timestamp_ms", "timestamp with time zone"), "moment_text"),
        "timestamp_ns": "nanosecond_text",
        "blob": "bytes_text",
        "date": "date_text",
        "time": "time_text",
    }
)
"""Type -> the statement that spells its values; all others are spelled as DuckDB spells them, which never changed."""

CONCATENATION = " || "


def canonical_cell(value: Fragment, kind: "duckdb.sqltypes.DuckDBPyType", depth: int = 0) -> Fragment:
    """Return the expression of a value's text behind its length in bytes; `-` stands for NULL.

    Args:
        value: the expression of the value.
        kind: its type.
        depth: how many lists the value lies in.
    """
    return _part("cell", text=_text(value, kind, depth))


def canonical_type(kind: "duckdb.sqltypes.DuckDBPyType") -> str:
    """Return the name of a type; the order of a struct's fields does not count, as that of columns does not."""
    if kind.id in ("list", "array"):
        return f"LIST({canonical_type(_children(kind)['child'])})"
    if kind.id in ("struct", "map"):
        fields = sorted((name, canonical_type(child)) for name, child in _children(kind).items())
        return f"{kind.id.upper()}({', '.join(f'{len(name)}:{name} {child}' for name, child in fields)})"
    return str(kind)


def _text(value: Fragment, kind: "duckdb.sqltypes.DuckDBPyType", depth: int) -> Fragment:
    if kind.id in ("list", "array"):
        return _list_text(value, lambda item: canonical_cell(item, _children(kind)["child"], depth + 1), depth)
    if kind.id == "struct":
        return _struct_text(value, kind, depth)
    if kind.id == "map":
        entries = _part("entries_of_map", value=value)
        return _list_text(entries, lambda entry: _part("cell", text=_struct_text(entry, kind, depth + 1)), depth)
    return _part(TEXTS.get(kind.id, "plain_text"), value=value)


def _list_text(value: Fragment, cell: Callable[[Fragment], Fragment], depth: int) -> Fragment:
    item = identifier(f"item {depth}")
    return _part("list_text", value=value, item=item, cell=cell(item))


def _struct_text(value: Fragment, kind: "duckdb.sqltypes.DuckDBPyType", depth: int) -> Fragment:
    cells = [
        canonical_cell(_part("field_of_struct", value=value, field=literal(name)), child, depth)
        for name, child in sorted(_children(kind).items())
    ]
    return _part("struct_text", value=value, cells=joined(cells, CONCATENATION))


def _children(kind: "duckdb.sqltypes.DuckDBPyType") -> "dict[str, duckdb.sqltypes.DuckDBPyType]":
    return {name: child for name, child in kind.children if isinstance(child, type(kind))}


def _part(name: str, **fragments: Fragment) -> Fragment:
    return statement("queries/content", name).fill(**fragments)
