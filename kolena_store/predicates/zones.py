"""Parts of a timestamp with time zone, which would follow the session's zone: asked for only AT TIME ZONE."""

from collections.abc import Mapping

from kolena_store.errors import RefusedStatement
from kolena_store.predicates.functions import DATE_PARTS
from kolena_store.predicates.tokens import listed, lowered
from kolena_store.predicates.trees import Node, Tree, arguments, limited_depth
from kolena_store.predicates.types import cast_type

__all__ = ["check_zones", "zoned_fields"]

ZONED_TYPES = frozenset({"timestamp with time zone", "timestamptz", "timestamptz_ns"})
LOCAL_TYPES = listed(
    "date time timestamp timestamp_s timestamp_ms timestamp_us timestamp_ns datetime varchar text string char bpchar"
)
ZONED_RESULTS = frozenset({"to_timestamp", "make_timestamptz"})
UNZONED_RESULTS = DATE_PARTS | listed(
    "epoch epoch_ms epoch_us epoch_ns count count_star count_if countif isfinite isinf isnan len length list_contains "
    "contains list_position list_count array_length rank dense_rank row_number"
)
PASSING_OPERATORS = listed("OPERATOR_COALESCE OPERATOR_TRY ARRAY_EXTRACT ARRAY_SLICE ARRAY_CONSTRUCTOR")


def zoned_fields(fields: Mapping[str, str]) -> frozenset[str]:
    """Return the names, in lower case, of the fields whose DuckDB type is or holds a timestamp with time zone."""
    return frozenset(
        lowered(name) for name, kind in fields.items() if any(zoned in lowered(kind) for zoned in ZONED_TYPES)
    )


def check_zones(tree: Tree, zoned: frozenset[str], *, where: str) -> None:
    """Refuse calls and casts that take the year, hour, date or text of a timestamp with time zone as it is.

    Raises:
        RefusedStatement: there is one.
    """
    with limited_depth(where):
        names = _with_aliases(tree, zoned)
        parts = [part for node in tree.expressions for part in [_part_taken(node, names)] if part]
    if parts:
        raise RefusedStatement(
            f"{where} takes {parts[0]} of a timestamp with time zone, which depends on the reader's zone; "
            "write (the_column AT TIME ZONE 'UTC') in its place, under a name of its own if it gets one"
        )


def _part_taken(node: Node, zoned: frozenset[str]) -> str:
    if node["class"] == "CAST" and lowered(cast_type(node)) in LOCAL_TYPES and _is_zoned(node["child"], zoned):
        return f"the {cast_type(node)}"
    if node["class"] != "FUNCTION":
        return ""
    given = arguments(node)
    takes_part = node["function_name"] in DATE_PARTS or (node["function_name"] == "timezone" and len(given) == 1)
    return f"{node['function_name']}()" if takes_part and any(_is_zoned(one, zoned) for one in given) else ""


def _is_zoned(node: Node, zoned: frozenset[str]) -> bool:
    """Return whether an expression may yield a timestamp with time zone; in doubt it does."""
    kind = node["class"]
    if kind == "COLUMN_REF":
        return any(lowered(part) in zoned for part in node["column_names"])
    if kind == "CAST":
        return lowered(cast_type(node)) in ZONED_TYPES
    if kind in ("FUNCTION", "WINDOW"):
        return _is_zoned_call(node["function_name"], [_is_zoned(one, zoned) for one in arguments(node)])
    if kind == "CASE":
        return any(_is_zoned(one, zoned) for one in [*(c["then_expr"] for c in node["case_checks"]), node["else_expr"]])
    if kind == "SUBQUERY" and node["subquery_type"] == "SCALAR":
        return any(_is_zoned(item, zoned) for item in node["subquery"]["node"].get("select_list", ()))
    passes = kind == "OPERATOR" and node["type"] in PASSING_OPERATORS
    return passes and any(_is_zoned(one, zoned) for one in node["children"])


def _is_zoned_call(name: str, given: list[bool]) -> bool:
    if name == "timezone" and len(given) == 2:
        return not given[1]
    if name == "-" and given == [True, True]:
        return False
    return name in ZONED_RESULTS or (name not in UNZONED_RESULTS and any(given))


def _with_aliases(tree: Tree, zoned: frozenset[str]) -> frozenset[str]:
    """Return the zoned names and all names that the query gives to zoned expressions."""
    found = zoned | (_listed_aliases(tree) if zoned else frozenset())
    while True:
        more = found | {alias for item in _named_items(tree) for alias in _zoned_aliases(item, found)}
        if more == found:
            return found
        found = more


def _named_items(tree: Tree) -> list[Node]:
    return [item for query in tree.queries for item in query.get("select_list", ())]


def _zoned_aliases(item: Node, zoned: frozenset[str]) -> list[str]:
    if item["class"] == "STAR":
        renamed = [(entry["key"]["column"], entry["value"]) for entry in item["rename_list"]]
        replaced = [entry["key"] for entry in item["replace_list"] if _is_zoned(entry["value"], zoned)]
        return [lowered(new) for old, new in renamed if lowered(old) in zoned] + [lowered(name) for name in replaced]
    return [lowered(item["alias"])] if item["alias"] and _is_zoned(item, zoned) else []


def _listed_aliases(tree: Tree) -> frozenset[str]:
    """Return the names of alias lists such as `AS t (a, b)`: they may rename any column."""
    lists = [source.get("column_name_alias", ()) for source in tree.sources]
    lists += [entry["value"]["aliases"] for query in tree.queries for entry in query["cte_map"]["map"]]
    return frozenset(lowered(name) for names in lists for name in names)
