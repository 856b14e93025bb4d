"""Queries that look at one row of `test_samples` at a time, read as the condition that each row must meet."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from kolena_store.errors import RefusedStatement
from kolena_store.predicates.functions import PREDICATE_FUNCTIONS
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node, parse_tree, parsing_connection, query_text
from kolena_store.statements import Fragment, statement

__all__ = ["Condition", "column_names", "conjunction", "row_conditions", "selecting", "negated"]

TABLE = "test_samples"
PLAIN_CLASSES = frozenset(
    {"COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "BETWEEN", "CASE", "OPERATOR", "CAST", "COLLATE", "TYPE"}
)
POSITIONS = frozenset({"query_location", "query_location_length"})
NOTHING = ("having", "qualify", "sample", "group_expressions", "modifiers")
STAR_PARTS = ("relation_name", "exclude_list", "replace_list", "columns", "expr", "qualified_exclude_list")

Scope: TypeAlias = Mapping[str, "tuple[Node, Scope]"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a query asks of each row by itself: every one of these expressions must be true.

    The expressions are parts of DuckDB's trees, without positions; each column stands in them by its name alone.
    """

    expressions: tuple[Node, ...]


def row_conditions(queries: Sequence[str]) -> list[Condition | None]:
    """Return for each query its condition, or None for one that looks at more than one row or makes other rows."""
    return [_condition(document) for document in _documents(queries)]


def column_names(node: Node) -> frozenset[str]:
    """Return the columns that an expression names, in lower case."""
    if node.get("class") == "COLUMN_REF":
        return frozenset({lowered(node["column_names"][-1])})
    return frozenset[str]().union(*(column_names(part) for part in _parts(node)))


def conjunction(kind: str, nodes: Sequence[Node]) -> Node:
    """Return several conditions joined by CONJUNCTION_AND or CONJUNCTION_OR, a single one as it is."""
    if len(nodes) == 1:
        return nodes[0]
    return {"class": "CONJUNCTION", "type": kind, "alias": "", "children": list(nodes)}


def negated(node: Node) -> Node | None:
    """Return what stands after NOT, or None when the expression is something else."""
    return node["children"][0] if node.get("type") == "OPERATOR_NOT" else None


def selecting(expressions: Sequence[Node]) -> Fragment:
    """Return the query of some expressions over every row of `test_samples`; they are named a0, a1, and so on."""
    chosen = [{**node, "alias": f"a{position}"} for position, node in enumerate(expressions)]
    return query_text({**_template(), "select_list": chosen})


def _further() -> RefusedStatement:
    return RefusedStatement("the query looks at more than one row of test_samples; evaluate it as a whole")


def _documents(queries: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    text = statement("queries/predicates", "trees").fill()
    rows = parsing_connection().execute(text, {"texts": list(queries)}).fetchall() if queries else []
    for (document,) in rows:
        try:
            yield json.loads(document)
        except RecursionError:
            yield {"error": True}


@cache
def _template() -> Node:
    return parse_tree(statement("queries/predicates", "every_row").fill()).root


def _condition(document: Mapping[str, Any]) -> Condition | None:
    if document["error"] or len(document["statements"]) != 1:
        return None
    try:
        return Condition(tuple(_expressions(document["statements"][0]["node"], {}, is_outermost=True)))
    except (RefusedStatement, RecursionError):
        return None


def _expressions(query: Node, scope: Scope, *, is_outermost: bool) -> Iterator[Node]:
    """Yield the conditions of a query and of the queries that it reads."""
    if query["type"] != "SELECT_NODE" or any(query.get(part) for part in NOTHING):
        raise _further()
    if query["aggregate_handling"] != "STANDARD_HANDLING":
        raise _further()
    if not all(_is_every_column(item) or (is_outermost and _is_column(item)) for item in query["select_list"]):
        raise _further()
    for entry in query["cte_map"]["map"]:
        scope = {**scope, lowered(entry["key"]): (_query_of(entry["value"]), scope)}
    source = query["from_table"]
    yield from _of_source(source, scope)
    if query["where_clause"] is not None:
        yield _plain(query["where_clause"], lowered(source["alias"] or source.get("table_name", "")))


def _of_source(source: Node, scope: Scope) -> Iterator[Node]:
    if source.get("sample") or source.get("column_name_alias") or source.get("at_clause"):
        raise _further()
    if source["type"] == "SUBQUERY":
        yield from _expressions(source["subquery"]["node"], scope, is_outermost=False)
        return
    if source["type"] != "BASE_TABLE" or source["schema_name"] or source["catalog_name"]:
        raise _further()
    name = lowered(source["table_name"])
    if name in scope:
        query, outer = scope[name]
        yield from _expressions(query, outer, is_outermost=False)
    elif name != TABLE:
        raise _further()


def _query_of(common: Node) -> Node:
    """Return the query of a common table expression, in the form of either DuckDB version."""
    if common["aliases"]:
        raise _further()
    found: Node = common["query_node"] if "query_node" in common else common["query"]["node"]
    return found


def _is_every_column(item: Node) -> bool:
    return item["class"] == "STAR" and not any(item.get(part) for part in (*STAR_PARTS, "rename_list"))


def _is_column(item: Node) -> bool:
    return bool(item["class"] == "COLUMN_REF")


def _plain(value: Any, table: str) -> Any:
    """Return a copy of an expression without positions, its columns without the table's name."""
    if isinstance(value, list):
        return [_plain(one, table) for one in value]
    if not isinstance(value, dict):
        return value
    if "class" in value:
        _require_row_alone(value)
    if value.get("class") == "COLUMN_REF":
        return {**_without_positions(value), "column_names": [_column(value["column_names"], table)]}
    if value.get("class") == "CONSTANT":
        return _without_positions(value)
    return {key: _plain(one, table) for key, one in value.items() if key not in POSITIONS}


def _without_positions(node: Node) -> dict[str, Any]:
    return {key: one for key, one in node.items() if key not in POSITIONS}


def _require_row_alone(node: Node) -> None:
    kind = node["class"]
    is_function = kind == "FUNCTION" and node["function_name"] in PREDICATE_FUNCTIONS
    if not is_function and kind not in PLAIN_CLASSES:
        raise _further()


def _column(parts: Sequence[str], table: str) -> str:
    """Return the name of a column; a field of a struct is not one."""
    if len(parts) == 2 and lowered(parts[0]) == table:
        return parts[1]
    if len(parts) != 1 or lowered(parts[0]) == table:
        raise _further()
    return parts[0]


def _parts(value: Any) -> Iterator[Node]:
    """Yield the expressions directly inside one."""
    waiting = list(value.values()) if isinstance(value, dict) else list(value)
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, list):
            waiting += inner
        elif isinstance(inner, dict):
            if "class" in inner:
                yield inner
            else:
                waiting += list(inner.values())
