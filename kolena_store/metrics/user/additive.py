"""Queries whose aggregates are additive: split into what each sample adds, and an expression over the sums."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kolena_store.errors import RefusedStatement
from kolena_store.predicates.functions import AGGREGATES, ORDERED_WINDOWS, RANKING_WINDOWS
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node, arguments, children, parse_tree, query_text
from kolena_store.statements import Fragment

__all__ = ["CASE", "TERMS", "AdditiveQuery", "Aggregate", "additive_query"]

CASE = "_case"
"""The column that says which test case a row of sums is of."""

TERMS = "term_values"
"""The table of the sums, a row for each test case."""

VIEW = "results"
KINDS = MappingProxyType(
    {"count": "count", "count_star": "count", "count_if": "count_if", "countif": "count_if", "sum": "sum", "avg": "avg"}
)
NOT_ADDITIVE = frozenset((AGGREGATES - KINDS.keys()) | RANKING_WINDOWS | ORDERED_WINDOWS)
CLOSED = ("having", "qualify", "sample", "group_expressions", "modifiers")
WHOLE_CLASSES = frozenset({"SUBQUERY", "WINDOW", "STAR", "PARAMETER", "POSITIONAL_REFERENCE"})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate: `count` (of rows, or of values that are not NULL), `count_if`, `sum` or `avg` of an expression.

    `value` and `condition` are the positions of its expression and its FILTER among those of the query; None: none.
    """

    kind: str
    value: int | None
    condition: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditiveQuery:
    """A query in two steps: `inputs` gives a row for each sample, `outer` a row for each test case, over `TERMS`.

    In `inputs` the columns are `a0`, `a1` and so on: a condition on rows first if `has_condition`; the aggregates name
    them by position. In `TERMS` the sum of each aggregate is `t0`, `t1` and so on. `totals` asks for the aggregates
    alone, which tells their types.
    """

    inputs: Fragment
    totals: Fragment
    outer: Fragment
    aggregates: tuple[Aggregate, ...]
    has_condition: bool


def additive_query(query: str) -> AdditiveQuery | None:
    """Return a query in two steps, or None when it has another aggregate, or more than aggregates over `results`."""
    try:
        tree = parse_tree(query)
        if any(node["class"] in WHOLE_CLASSES for node in tree.expressions):
            return None
        return _Split().of(tree.root)
    except (RefusedStatement, RecursionError, KeyError):
        return None


@dataclass
class _Split:
    """The expressions and aggregates that were found so far."""

    expressions: list[Node] = field(default_factory=list)
    aggregates: list[Aggregate] = field(default_factory=list)
    found: list[Node] = field(default_factory=list)
    base: Node = field(default_factory=dict)

    def of(self, root: Node) -> AdditiveQuery | None:
        outer = self._level(root)
        if not self.aggregates or any(not _has_name(item) for item in root["select_list"]):
            return None
        where = self.base["where_clause"]
        conditions = [where] if where is not None else []
        plain = {**self.base, "where_clause": None}
        return AdditiveQuery(
            inputs=query_text({**plain, "select_list": _numbered([*conditions, *self.expressions])}),
            totals=query_text({**plain, "select_list": _numbered(self.found)}),
            outer=query_text(outer),
            aggregates=tuple(self.aggregates),
            has_condition=bool(conditions),
        )

    def _level(self, query: Node) -> dict[str, Any]:
        """Return a query with the aggregates of its innermost one replaced; `_case` is passed through all of them."""
        if query["type"] != "SELECT_NODE" or any(query.get(part) for part in CLOSED):
            raise _other()
        source = query["from_table"]
        if source.get("sample") or source.get("column_name_alias"):
            raise _other()
        own = {lowered(entry["key"]): entry for entry in query["cte_map"]["map"]}
        if source["type"] == "BASE_TABLE" and lowered(source["table_name"]) == VIEW and VIEW not in own:
            return self._innermost(query, has_common=bool(own))
        if query["where_clause"] is not None or query["aggregate_handling"] != "STANDARD_HANDLING":
            raise _other()
        if any(_is_aggregate(node) for item in query["select_list"] for node in _inside(item)):
            raise _other()
        listed = [*query["select_list"], _column(CASE)]
        if source["type"] == "SUBQUERY" and not own:
            inner = self._level(source["subquery"]["node"])
            subquery = {**source["subquery"], "node": inner}
            return {**query, "select_list": listed, "from_table": {**source, "subquery": subquery}}
        if source["type"] != "BASE_TABLE" or len(own) != 1 or lowered(source["table_name"]) not in own:
            raise _other()
        entry = own[lowered(source["table_name"])]
        return {**query, "select_list": listed, "cte_map": {"map": [self._common(entry)]}}

    def _common(self, entry: Node) -> dict[str, Any]:
        value = entry["value"]
        if value["aliases"]:
            raise _other()
        if "query_node" in value:
            return {**entry, "value": {**value, "query_node": self._level(value["query_node"])}}
        query = {**value["query"], "node": self._level(value["query"]["node"])}
        return {**entry, "value": {**value, "query": query}}

    def _innermost(self, query: Node, *, has_common: bool) -> dict[str, Any]:
        if has_common:
            raise _other()
        self.base = query
        first = 1 if query["where_clause"] is not None else 0
        if first and any(_is_aggregate(node) for node in _inside(query["where_clause"])):
            raise _other()
        listed = [self._replaced(item, first) for item in query["select_list"]]
        source = {**query["from_table"], "table_name": TERMS, "alias": ""}
        source.pop("qualified_name", None)
        return {**query, "select_list": [*listed, _column(CASE)], "from_table": source, "where_clause": None}

    def _replaced(self, value: Any, first: int) -> Any:
        """Return an expression with a column in the place of each aggregate; any other column has no business here."""
        if isinstance(value, list):
            return [self._replaced(one, first) for one in value]
        if not isinstance(value, dict):
            return value
        if _is_aggregate(value):
            return {**_column(f"t{self._enter(value, first)}"), "alias": value["alias"]}
        if value.get("class") == "COLUMN_REF":
            raise _other()
        return {key: self._replaced(one, first) for key, one in value.items()}

    def _enter(self, node: Node, first: int) -> int:
        kind, given = KINDS.get(node["function_name"]), arguments(node)
        if kind is None or node["distinct"] or node["order_bys"]["orders"] or len(given) > 1:
            raise _other()
        if any(_is_aggregate(inner) for one in [*given, node["filter"]] if one for inner in _inside(one)):
            raise _other()
        value = self._position(given[0], first) if given else None
        condition = self._position(node["filter"], first) if node["filter"] is not None else None
        self.aggregates.append(Aggregate(kind, value, condition))
        self.found.append(node)
        return len(self.aggregates) - 1

    def _position(self, node: Node, first: int) -> int:
        self.expressions.append(node)
        return first + len(self.expressions) - 1


def _other() -> RefusedStatement:
    return RefusedStatement("the query is more than additive aggregates over results; run it on each test case")


def _is_aggregate(node: Node) -> bool:
    return node.get("class") == "FUNCTION" and (node["function_name"] in KINDS or node["function_name"] in NOT_ADDITIVE)


def _inside(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _inside(child)


def _has_name(item: Node) -> bool:
    return bool(item["alias"]) or item["class"] == "COLUMN_REF"


def _column(name: str) -> dict[str, Any]:
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": [name]}


def _numbered(expressions: Sequence[Node]) -> list[Node]:
    return [{**node, "alias": f"a{position}"} for position, node in enumerate(expressions)] or [_column("_sample")]
