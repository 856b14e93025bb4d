"""The columns that a scorer returns: which types they may have, and the one that fits several batches."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from kolena_store.errors import ChangedType

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["UNKNOWN", "arrow_type", "column_kind", "common_kinds", "stored_column"]

UNKNOWN = "NULL"
"""The kind of a column that has no value yet."""

WHOLE, NUMBER, FLAG, TEXT, LIST = "BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "[]"
ARROW = MappingProxyType({WHOLE: "int64", NUMBER: "float64", FLAG: "bool_", TEXT: "string", UNKNOWN: "float64"})


def arrow_type(kind: str) -> "pa.DataType":
    """Return the Arrow type in which a kind of column is stored."""
    import pyarrow as pa

    return pa.list_(arrow_type(kind.removesuffix(LIST))) if kind.endswith(LIST) else getattr(pa, ARROW[kind])()


def column_kind(where: str, found: "pa.DataType") -> str:
    """Return the kind of a column of an Arrow type: whole numbers, numbers, true or false, text, or lists of these.

    Raises:
        ChangedType: it is none of these.
    """
    import pyarrow.types as types

    if types.is_list(found) or types.is_large_list(found) or types.is_fixed_size_list(found):
        return column_kind(where, found.value_type) + LIST
    if types.is_dictionary(found):
        return column_kind(where, found.value_type)
    kinds = (
        (UNKNOWN, types.is_null),
        (FLAG, types.is_boolean),
        (WHOLE, types.is_integer),
        (NUMBER, types.is_floating),
        (NUMBER, types.is_decimal),
        (TEXT, types.is_string),
        (TEXT, types.is_large_string),
        (TEXT, types.is_string_view),
    )
    for kind, is_of_kind in kinds:
        if is_of_kind(found):
            return kind
    raise ChangedType(f"{where} holds {found}; return numbers, booleans, text, or lists of these")


def common_kinds(where: str, kinds_of_batches: "Iterable[Mapping[str, str]]") -> dict[str, str]:
    """Return the columns of all batches, each of the kind that fits them all.

    Raises:
        ChangedType: there is none, since one batch holds numbers and another one text.
    """
    found: dict[str, str] = {}
    for kinds in kinds_of_batches:
        for name, kind in kinds.items():
            found[name] = _common_kind(f"{where}: column {name!r}", found.get(name, UNKNOWN), kind)
    return found


def stored_column(column: "pa.ChunkedArray | None", kind: "pa.DataType", n_rows: int) -> "pa.ChunkedArray":
    """Return a column in its type; where a number is not finite, NULL; where there is no column, NULL throughout."""
    import pyarrow as pa

    if column is None:
        return pa.chunked_array([pa.nulls(n_rows, kind)])
    cast = column.cast(kind, safe=False)
    return pa.chunked_array([_finite(chunk) for chunk in cast.chunks], kind)


def _finite(values: "pa.Array") -> "pa.Array":
    """Return values with NULL for NaN and infinity, those inside of lists too."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_floating(values.type):
        return pc.if_else(pc.is_finite(values), values, pa.scalar(None, values.type))
    if not types.is_list(values.type):
        return values
    whole = values if values.offset == 0 else values.take(pa.array(range(len(values)), pa.int64()))
    return pa.ListArray.from_arrays(whole.offsets, _finite(whole.values), type=whole.type, mask=whole.is_null())


def _common_kind(where: str, one: str, other: str) -> str:
    if one == other or other == UNKNOWN:
        return one
    if one == UNKNOWN:
        return other
    if {one, other} == {WHOLE, NUMBER}:
        return NUMBER
    if one.endswith(LIST) and other.endswith(LIST):
        return _common_kind(where, one.removesuffix(LIST), other.removesuffix(LIST)) + LIST
    raise ChangedType(f"{where} holds {one} for some samples and {other} for others; return one type for all")
