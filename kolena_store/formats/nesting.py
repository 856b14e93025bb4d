"""Nested Arrow types and values: their parts, how deep they go, and the same nest with other parts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MOST_LEVELS", "children_of", "is_deep_type", "is_deep_value", "plain_type", "with_children"]

MOST_LEVELS = 50
"""How deep lists and objects may be nested: DuckDB and Arrow exchange 62 levels, of which queries add a few."""

SINGLE = frozenset({type(None), bool, int, float, str, bytes})


def children_of(kind: "pa.DataType") -> "list[pa.Field]":
    """Return the fields of a struct, the values' field of a list, key and value of a map; none for single values."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return [kind.field(position) for position in range(kind.num_fields)]
    if pa.types.is_map(kind):
        return [kind.key_field, kind.item_field]
    return [kind.value_field] if hasattr(kind, "value_field") else []


def is_deep_type(kind: "pa.DataType") -> bool:
    """Return whether a type has more levels than can be stored; it does not recurse."""
    import pyarrow as pa

    waiting = [(kind, 0)]
    while waiting:
        found, level = waiting.pop()
        if level > MOST_LEVELS:
            return True
        if pa.types.is_dictionary(found):
            waiting.append((found.value_type, level))
        below = level + (2 if pa.types.is_map(found) else 1)
        waiting += [(child.type, below) for child in children_of(found)]
    return False


def is_deep_value(value: object) -> bool:
    """Return whether a Python value has more levels than can be stored, such as a list that holds itself."""
    waiting = [(value, 1)]
    while waiting:
        found, level = waiting.pop()
        if level > MOST_LEVELS:
            return True
        waiting += [(part, level + 1) for part in _parts_of(found) if type(part) not in SINGLE]
    return False


def _parts_of(value: Any) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    is_array_of_objects = getattr(getattr(value, "dtype", None), "kind", "") == "O" and getattr(value, "ndim", 0) > 0
    return value if is_array_of_objects or isinstance(value, (list, tuple, set, frozenset)) else ()


def plain_type(kind: "pa.DataType") -> "pa.DataType":
    """Return the type without dictionaries, at any depth: their values' type stands in their place.

    Text views inside of nested types become large text: Arrow can't write a list of structs with views to Parquet.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    return with_children(kind, [_without_view(plain_type(child.type)) for child in children_of(kind)])


def _without_view(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind


def with_children(kind: "pa.DataType", types: "Sequence[pa.DataType]") -> "pa.DataType":
    """Return the nested type with other types for its parts; a type of single values as it is."""
    import pyarrow as pa

    fields = [child.with_type(found) for child, found in zip(children_of(kind), types, strict=True)]
    if pa.types.is_struct(kind):
        return pa.struct(fields)
    if pa.types.is_map(kind):
        return pa.map_(*fields, keys_sorted=kind.keys_sorted)
    return _list_of(kind, fields[0]) if fields else kind


def _list_of(kind: "pa.DataType", field: "pa.Field") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_fixed_size_list(kind):
        return pa.list_(field, kind.list_size)
    layouts = (
        (pa.types.is_large_list, pa.large_list),
        (pa.types.is_list_view, pa.list_view),
        (pa.types.is_large_list_view, pa.large_list_view),
    )
    return next((make(field) for is_layout, make in layouts if is_layout(kind)), pa.list_(field))
