"""What a query is made of, read from the tree that DuckDB itself parses it into (`json_serialize_sql`)."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from kolena_store.database.forks import kept_in_forks
from kolena_store.errors import RefusedStatement
from kolena_store.predicates.tokens import tokenize
from kolena_store.statements import Fragment, statement

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "PIVOT_REMEDY",
    "Node",
    "Tree",
    "arguments",
    "children",
    "limited_depth",
    "parse_tree",
    "parsing_connection",
    "query_text",
]

Node: TypeAlias = Mapping[str, Any]

CLOSED_KEYS = frozenset({"cast_type", "expected_types", "qualified_name", "sample"})
"""Parts without expressions: resolved types, names once more, and sampling, which the rules see from outside."""


TOO_DEEP = "is nested too deeply; write it with fewer brackets, or as several views"
PIVOT_REMEDY = "sum(x) FILTER (WHERE name = 'a') AS a for each column that it would make"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A parsed query, and its parts by kind."""

    root: Node
    expressions: tuple[Node, ...]
    queries: tuple[Node, ...]
    sources: tuple[Node, ...]
    modifiers: tuple[Node, ...]
    strangers: tuple[str, ...]

    @property
    def table_names(self) -> tuple[str, ...]:
        """Return the names after FROM and JOIN that stand for tables, views or common table expressions."""
        return tuple(source["table_name"] for source in self.sources if source["type"] == "BASE_TABLE")

    @property
    def cte_names(self) -> tuple[str, ...]:
        """Return the names that WITH gives to queries."""
        return tuple(entry["key"] for query in self.queries for entry in query["cte_map"]["map"])

    def of_class(self, name: str) -> tuple[Node, ...]:
        """Return the expressions of one class, such as FUNCTION or COLUMN_REF."""
        return tuple(node for node in self.expressions if node["class"] == name)


def parse_tree(sql: str, *, where: str = "the SQL") -> Tree:
    """Return the tree of one SELECT.

    Raises:
        RefusedStatement: DuckDB can't parse it, it is not one SELECT, or it is nested deeper than Python can follow.
    """
    text = parsing_connection().execute(statement("queries/predicates", "tree").fill(), {"text": sql}).fetchall()[0][0]
    with limited_depth(where):
        document = json.loads(text)
    if document["error"]:
        raise _parse_error(document, sql, where)
    if len(document["statements"]) != 1:
        raise RefusedStatement(f"{where} holds {len(document['statements'])} statements; write one SELECT")
    return _sorted_parts(document["statements"][0]["node"])


def query_text(root: Node) -> Fragment:
    """Return the text of a query whose tree was made of parts of checked queries."""
    document = {"error": False, "statements": [{"node": root, "named_param_map": []}]}
    query = statement("queries/predicates", "text_of_tree").fill()
    return Fragment(parsing_connection().execute(query, {"tree": json.dumps(document)}).fetchall()[0][0])


@contextmanager
def limited_depth(where: str) -> Iterator[None]:
    """Refuse SQL that is nested deeper than Python can follow while the block looks at it.

    Raises:
        RefusedStatement: it is.
    """
    try:
        yield
    except RecursionError:
        raise RefusedStatement(f"{where} {TOO_DEEP}") from None


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly inside a node, whatever the lists and mappings between."""
    if node.get("class") == "CONSTANT":
        return
    waiting = [value for key, value in node.items() if key not in CLOSED_KEYS]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if _kind(value):
                yield value
            else:
                waiting += [inner for key, inner in value.items() if key not in CLOSED_KEYS]


def arguments(call: Node) -> list[Node]:
    """Return the arguments of a function call, in the form of either DuckDB version."""
    if "arguments" in call:
        return [argument["expression"] for argument in call["arguments"]]
    return list(call.get("children", ()))


def parsing_connection() -> "duckdb.DuckDBPyConnection":
    """Return a connection that parses only: a database that someone else wrote can't stand in for its functions."""
    return kept_in_forks(_parser().cursor())


@cache
def _parser() -> "duckdb.DuckDBPyConnection":
    import duckdb

    connection = duckdb.connect(":memory:", config={"python_enable_replacements": "false", "threads": "1"})
    return kept_in_forks(connection)


def _parse_error(document: Node, sql: str, where: str) -> RefusedStatement:
    message = str(document["error_message"])
    if "Max expression depth" in message:
        return RefusedStatement(f"{where} {TOO_DEEP}")
    if document["error_type"] == "parser":
        line = sql.count("\n", 0, int(document.get("position", 0))) + 1
        return RefusedStatement(f"{where}, line {line}: {message}; check the spelling there")
    words = [token.text.upper() for token in tokenize(sql, where=where) if token.kind == "word"]
    if "PIVOT" in words:
        return RefusedStatement(f"{where} uses PIVOT, which makes a type of its own; write {PIVOT_REMEDY}")
    return RefusedStatement(f"{where} is no SELECT ({' '.join(words[:2])}); only one SELECT that reads can stand here")


def _sorted_parts(root: Node) -> Tree:
    parts: dict[str, list[Any]] = {"expressions": [], "queries": [], "sources": [], "modifiers": [], "strangers": []}
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        kind = _kind(node)
        parts[kind].append(node["type"] if kind == "strangers" else node)
        waiting += children(node)
    return Tree(root=root, **{kind: tuple(found) for kind, found in parts.items()})


def _kind(node: Node) -> str:
    """Return which kind of part a node is; nothing for a wrapper without a type of its own."""
    if "class" in node:
        return "expressions"
    kind = node.get("type")
    if not isinstance(kind, str) or "null_order" in node:
        return ""
    if "cte_map" in node:
        return "queries"
    if kind.endswith("_MODIFIER"):
        return "modifiers"
    return "sources" if "alias" in node and "sample" in node else "strangers"
