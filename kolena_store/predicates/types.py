"""DuckDB's types as text: what a cast may name, and what may stand in a table definition."""

from typing import Any

from kolena_store.errors import InvalidInput
from kolena_store.predicates.tokens import listed, tokenize
from kolena_store.predicates.trees import Node
from kolena_store.statements import Fragment

__all__ = ["CAST_TYPES", "cast_schema", "cast_type", "type_fragment"]

CAST_TYPES = listed(
    "boolean bool logical tinyint int1 smallint int2 short integer int int4 signed bigint int8 long hugeint int128 "
    "utinyint uint8 usmallint uint16 uinteger uint32 ubigint uint64 uhugeint uint128 float float4 real double float8 "
    "decimal numeric dec varchar text string char bpchar nvarchar date time interval uuid guid json blob bytea "
    "timestamp datetime timestamp_us timestamp_s timestamp_ms timestamp_ns timestamptz"
) | {"timestamp with time zone", "time with time zone"}
"""Plain types: nested ones of a fixed size could ask for any amount of memory, and enums are named by a schema."""

TYPE_PUNCTUATION = frozenset("(),[]")


def cast_type(cast: Node) -> str:
    """Return the name of the type that a CAST node casts to; of a list, that of its elements."""
    return str(_innermost(cast)[0])


def cast_schema(cast: Node) -> str:
    """Return the schema that the type of a CAST node is qualified with, or nothing."""
    return str(_innermost(cast)[1])


def type_fragment(type_text: str) -> Fragment:
    """Return a DuckDB type, as our catalogue spells it, as a fragment for a table definition.

    Raises:
        InvalidInput: the text is no type.
    """
    depth = 0
    tokens = tokenize(type_text, where="a type")
    for token in tokens:
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        known = token.kind in ("word", "name", "string", "number") or token.text in TYPE_PUNCTUATION
        if not known or depth < 0:
            break
    else:
        if tokens and depth == 0:
            return Fragment(type_text)
    raise InvalidInput(f"{type_text!r} is no DuckDB type; name one such as DOUBLE, VARCHAR or STRUCT(x DOUBLE)")


def _innermost(cast: Node) -> tuple[Any, Any]:
    if "type_expr" in cast:
        kind = cast["type_expr"]
        while kind["type_name"].lower() == "list" and kind["children"]:
            kind = kind["children"][0]
        return kind["type_name"], kind["schema"]
    kind = cast["cast_type"]
    while kind["id"] == "LIST":
        kind = kind["type_info"]["child_type"]
    if kind["id"] == "UNBOUND":
        return kind["type_info"]["name"], kind["type_info"]["schema"]
    return kind["id"], ""
