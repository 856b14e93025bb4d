"""What SQL a predicate and a test case may be made of; everything that is not listed here is refused."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from kolena_store.errors import RefusedStatement
from kolena_store.predicates.functions import (
    METRIC_FUNCTIONS,
    ORDERED_WINDOWS,
    PREDICATE_FUNCTIONS,
    SUITE_FUNCTIONS,
    reason_against,
)
from kolena_store.predicates.relations import relations_read
from kolena_store.predicates.tokens import Token, listed, lowered
from kolena_store.predicates.trees import PIVOT_REMEDY, Node, Tree, arguments
from kolena_store.predicates.types import CAST_TYPES, cast_schema, cast_type

__all__ = ["METRIC", "PREDICATE", "SUITE", "Rules", "check_tokens", "check_tree"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Which functions and which forms of SQL may be used."""

    functions: frozenset[str]
    queries: bool = False
    lambdas: bool = False


PREDICATE = Rules(functions=PREDICATE_FUNCTIONS)
SUITE = Rules(functions=SUITE_FUNCTIONS, queries=True)
METRIC = Rules(functions=METRIC_FUNCTIONS, queries=True, lambdas=True)

OPERATORS = listed(
    "OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL COMPARE_IN COMPARE_NOT_IN OPERATOR_COALESCE OPERATOR_TRY "
    "ARRAY_EXTRACT ARRAY_SLICE ARRAY_CONSTRUCTOR"
)
PLAIN_CLASSES = listed("COLUMN_REF CONSTANT COMPARISON CONJUNCTION BETWEEN CASE TYPE")
QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"})
SOURCES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY"})
JOINS = frozenset({"REGULAR", "CROSS", "DEPENDENT"})
COLLATIONS = frozenset({"nocase", "noaccent", "nfc", "binary"})
KEYS = frozenset({"_sample", "_object"})
MATCHES = frozenset({"~", "!~", "~*", "!~*"})
SOURCE_REASONS = MappingProxyType(
    {
        "PIVOT": f"turns rows into columns (PIVOT, UNPIVOT); write {PIVOT_REMEDY}",
        "SHOW_REF": "uses DESCRIBE, SHOW or SUMMARIZE; select from a table",
    }
)
JOIN_REASONS = MappingProxyType(
    {
        "NATURAL": "joins by whatever names agree (NATURAL); write USING (_sample)",
        "POSITIONAL": "joins by the order of rows (POSITIONAL), which nothing fixes; write USING (_sample)",
        "ASOF": "joins the nearest row (ASOF), which ties leave open; write a condition with min or max",
    }
)
CLASS_REASONS = MappingProxyType(
    {
        "SUBQUERY": "holds a query in brackets; write that as a test case of a suite file",
        "WINDOW": "compares several rows (OVER); write that as a test case of a suite file",
        "STAR": "uses *; name the columns",
        "PARAMETER": "has a parameter (? or $name), which nothing fills in; write the value",
        "POSITIONAL_REFERENCE": "names a column by its position (#1); write the column's name",
        "DEFAULT": "uses DEFAULT; write the value",
        "LAMBDA": "holds a lambda; compare the list with list_contains, list_min or list_max",
    }
)


def check_tokens(tokens: tuple[Token, ...], *, where: str) -> None:
    """Refuse spellings that mean one thing in one DuckDB version and another in the next.

    Raises:
        RefusedStatement: there is one.
    """
    for token in tokens:
        if token.kind == "operator" and token.text in MATCHES:
            _refuse(
                where,
                f"uses {token.text}, which DuckDB's versions read differently; write regexp_matches(text, pattern)",
            )
        if token.kind == "string" and token.text[0] in "bBnNxX":
            _refuse(
                where,
                f"writes {token.text[:20]}, which DuckDB's versions read differently; write the text in plain quotes",
            )


def check_tree(tree: Tree, rules: Rules, *, where: str) -> None:
    """Refuse a parsed query that uses anything but what the rules list.

    Raises:
        RefusedStatement: it does; the message says what, why, and what to write instead.
    """
    for problem in _problems(tree, rules):
        _refuse(where, problem)


def _problems(tree: Tree, rules: Rules) -> Iterator[str]:
    in_expressions = (problem for node in tree.expressions for problem in _expression_problems(node, rules))
    if not rules.queries:
        yield from in_expressions
    for find, nodes in (
        (_source_problems, tree.sources),
        (_query_problems, tree.queries),
        (_modifier_problems, tree.modifiers),
    ):
        yield from (problem for node in nodes for problem in find(node))
    yield from in_expressions
    yield from _scope_problems(tree)
    yield from _key_problems(tree)
    if tree.strangers:
        yield f"uses a form of SQL ({tree.strangers[0]}) that is not known to be stable; write it as a plain SELECT"


def _refuse(where: str, problem: str) -> None:
    raise RefusedStatement(f"{where} {problem}")


def _expression_problems(node: Node, rules: Rules) -> Iterator[str]:
    kind = node["class"]
    check = CHECKS.get(kind)
    if check is not None:
        yield from check(node, rules)
    elif kind not in PLAIN_CLASSES:
        yield CLASS_REASONS.get(
            kind, f"uses a form of SQL ({kind}) that is not known to be stable; write it another way"
        )


def _function_problems(node: Node, rules: Rules) -> Iterator[str]:
    name = node["function_name"]
    if node.get("catalog") or node.get("schema") not in ("", "main", None):
        yield f"calls {node['schema']}.{name}; write {name}(...), with what stands before the dot in the brackets"
    if name not in rules.functions:
        yield f"uses {name}, which {reason_against(name, rules.functions)}"
    if any(argument["class"] == "STAR" for argument in arguments(node)):
        yield f"gives * to {name}; name the columns"


def _window_problems(node: Node, rules: Rules) -> Iterator[str]:
    if not rules.queries:
        yield CLASS_REASONS["WINDOW"]
    yield from _function_problems(node, rules)
    name = node["function_name"]
    if not node["orders"]:
        yield f"has {name}() OVER without ORDER BY; add one, or join with a query that uses GROUP BY"
    if _is_by_position(node) and not _ends_ties(node["orders"]):
        yield f"has {name}() OVER an order that ties leave open; add _sample to its ORDER BY, or use rank()"


def _is_by_position(window: Node) -> bool:
    return window["function_name"] in ORDERED_WINDOWS or "ROWS" in window["start"] or "ROWS" in window["end"]


def _ends_ties(orders: list[Node]) -> bool:
    keys = [order["expression"] for order in orders]
    return any(key["class"] == "COLUMN_REF" and lowered(key["column_names"][-1]) == "_sample" for key in keys)


def _operator_problems(node: Node, rules: Rules) -> Iterator[str]:
    if node["type"] not in OPERATORS:
        yield f"uses {node['type'].lower()}, which is not on the reviewed list; write it another way"


def _cast_problems(node: Node, rules: Rules) -> Iterator[str]:
    name = cast_type(node)
    if lowered(name) not in CAST_TYPES or cast_schema(node):
        yield f"casts to {name}; cast to a plain type such as DOUBLE, VARCHAR or DATE"


def _collation_problems(node: Node, rules: Rules) -> Iterator[str]:
    if not COLLATIONS.issuperset(lowered(node["collation"]).split(".")):
        yield f"uses the collation {node['collation']}, whose rules change with time; use NOCASE, NOACCENT or lower()"


def _star_problems(node: Node, rules: Rules) -> Iterator[str]:
    if not rules.queries or node["columns"] or node["expr"]:
        yield "uses * or COLUMNS(...) as a value; name the columns"


def _subquery_problems(node: Node, rules: Rules) -> Iterator[str]:
    if not rules.queries:
        yield CLASS_REASONS["SUBQUERY"]


def _lambda_problems(node: Node, rules: Rules) -> Iterator[str]:
    # an arrow outside the functions that take lambdas is JSON's `->`: both have this class
    if not rules.lambdas and node.get("syntax_type") == "LAMBDA_KEYWORD":
        yield CLASS_REASONS["LAMBDA"]


CHECKS: MappingProxyType[str, Callable[[Node, Rules], Iterator[str]]] = MappingProxyType(
    {
        "FUNCTION": _function_problems,
        "WINDOW": _window_problems,
        "OPERATOR": _operator_problems,
        "CAST": _cast_problems,
        "COLLATE": _collation_problems,
        "STAR": _star_problems,
        "SUBQUERY": _subquery_problems,
        "LAMBDA": _lambda_problems,
    }
)


def _scope_problems(tree: Tree) -> Iterator[str]:
    """Find names of a WITH that are read where it does not reach: there DuckDB would look for a table of that name."""
    common = {lowered(name) for name in tree.cte_names}
    for source in relations_read(tree):
        name = source["table_name"]
        if lowered(name) in common:
            yield f"reads {name!r} where the WITH that defines it does not reach; move that WITH to the very start"


def _key_problems(tree: Tree) -> Iterator[str]:
    """Find values that only look like the keys which end the ties of a window by position."""
    windows = [node for node in tree.of_class("WINDOW") if _is_by_position(node)]
    if not windows:
        return
    for name in sorted(KEYS & _given_names(tree)):
        function = windows[0]["function_name"]
        yield f"gives the name {name} to a value of its own, and has {function}() OVER an order; rename the value"
    tables = {lowered(source["alias"] or source.get("table_name", "")) for source in tree.sources}
    for order in (order for window in windows for order in window["orders"]):
        parts = [lowered(part) for part in order["expression"].get("column_names", ())]
        if len(parts) > 1 and parts[-1] in KEYS and parts[-2] not in tables:
            yield f"has an order by {'.'.join(parts)}, which is a field of a struct; order by {parts[-1]} of a table"


def _given_names(tree: Tree) -> frozenset[str]:
    """Return the names that a query gives to values, but for a column that keeps its own name."""
    names = {node["alias"] for node in tree.expressions if node.get("alias") and not _keeps_name(node)}
    names |= {name for source in tree.sources for name in source.get("column_name_alias", ())}
    names |= {name for query in tree.queries for entry in query["cte_map"]["map"] for name in entry["value"]["aliases"]}
    for star in tree.of_class("STAR"):
        names |= {entry["value"] for entry in star["rename_list"]} | {entry["key"] for entry in star["replace_list"]}
    return frozenset(lowered(name) for name in names)


def _keeps_name(node: Node) -> bool:
    return node["class"] == "COLUMN_REF" and lowered(node["column_names"][-1]) == lowered(node["alias"])


def _query_problems(node: Node) -> Iterator[str]:
    if node["type"] == "RECURSIVE_CTE_NODE":
        yield "is recursive, and may never end; write it without RECURSIVE"
    elif node["type"] not in QUERY_NODES:
        yield "changes data inside WITH; only SELECT can stand there"
    if node.get("sample"):
        yield "draws a sample, another one each time; write a condition on the columns"
    if len(node.get("group_sets", ())) > 1:
        yield "groups in several ways at once (ROLLUP, CUBE, GROUPING SETS); write one GROUP BY"


def _source_problems(node: Node) -> Iterator[str]:
    kind = node["type"]
    if kind == "TABLE_FUNCTION":
        name = node["function"]["function_name"]
        yield f"reads the table function {name}; name a table or an earlier view after FROM"
    elif kind not in SOURCES:
        yield SOURCE_REASONS.get(kind, f"reads {kind.lower()}; name a table or an earlier view after FROM")
    if node["sample"]:
        yield "draws a sample, another one each time; write a condition on the columns"
    if kind == "JOIN" and node["ref_type"] not in JOINS:
        yield JOIN_REASONS.get(node["ref_type"], f"joins by {node['ref_type']}; write JOIN ... USING (_sample)")
    if kind == "BASE_TABLE" and (node["schema_name"] or node["catalog_name"]):
        qualified = ".".join(part for part in (node["catalog_name"], node["schema_name"], node["table_name"]) if part)
        yield f"reads {qualified} with a schema's name; write {node['table_name']} alone"
    if node.get("at_clause"):
        yield "reads a table as of another time (AT); leave that out"


def _modifier_problems(node: Node) -> Iterator[str]:
    if node["type"].startswith("LIMIT"):
        yield "has LIMIT, OFFSET or FETCH, whose rows depend on the order; write a condition on the columns"
    if node.get("distinct_on_targets"):
        yield "has DISTINCT ON, which keeps any one row of several; use GROUP BY with min or max"
