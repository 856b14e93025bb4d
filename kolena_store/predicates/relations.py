"""The tables and views that a connection has, those that a query reads, and a check that it reads no others.

A name that is not in the catalogue would be looked for as a file: DuckDB opens `FROM 'x.parquet'`, even `FROM a.csv`.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from kolena_store.errors import UnknownName
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node, Tree, children, parse_tree
from kolena_store.statements import statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["LISTING", "check_relations", "relation_names", "relations_read", "tables_read"]

LISTING = statement("queries/predicates", "views_to_read").fill()
"""What shows the views that people may read; SHOW ALL TABLES also lists the tables behind them."""

SEARCHED = frozenset({"main", "pg_catalog"})
"""The schemas in which DuckDB looks for a name without a schema."""

MOST_QUERIES = 4096

Relation = tuple[str, str, str]
Scope: TypeAlias = frozenset[str]


def check_relations(connection: "duckdb.DuckDBPyConnection", tree: Tree) -> None:
    """Refuse a query that reads a relation which the connection's catalogues don't have.

    Raises:
        UnknownName: there is one.
    """
    named = relations_read(tree)
    known = _relations(connection) if named else []
    for source in named:
        if not any(_is_meant(source, relation) for relation in known):
            parts = (source["catalog_name"], source["schema_name"], source["table_name"])
            name = ".".join(part for part in parts if part)
            raise UnknownName.of("table or view", name, relation_names(connection), LISTING)


def relations_read(tree: Tree) -> list[Node]:
    """Return the sources that name a table or a view, and no query of a WITH that stands around them."""
    found = []
    waiting: list[tuple[Node, Scope]] = [(tree.root, frozenset())]
    while waiting:
        node, scope = waiting.pop()
        if node.get("type") == "BASE_TABLE" and "table_name" in node and not _is_common(node, scope):
            found.append(node)
        waiting += _scoped_children(node, scope)
    return found


def _is_common(source: Node, scope: Scope) -> bool:
    return not source["schema_name"] and not source["catalog_name"] and lowered(source["table_name"]) in scope


def _scoped_children(node: Node, scope: Scope) -> Iterator[tuple[Node, Scope]]:
    """Yield the nodes inside a node, each with the names of the common table expressions that it may read.

    A query of a WITH sees the earlier ones, itself only in the second half of a recursion; DuckDB looks for any other
    name in the catalogue.
    """
    apart = {"cte_map"}
    for entry in node.get("cte_map", {}).get("map", ()):
        yield from ((child, scope) for child in children(entry))
        scope |= {lowered(entry["key"])}
    own = {"RECURSIVE_CTE_NODE": "right", "CTE_NODE": "child"}.get(node.get("type", ""), "")
    if own:
        apart.add(own)
        yield node[own], scope | {lowered(node["cte_name"])}
    yield from ((child, scope) for child in children({key: part for key, part in node.items() if key not in apart}))


@lru_cache(maxsize=MOST_QUERIES)
def tables_read(query: str) -> frozenset[str]:
    """Return the names, in lower case, of the tables and views that a query reads."""
    return frozenset(lowered(node["table_name"]) for node in relations_read(parse_tree(query)))


def relation_names(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Return the tables and views that people made, each as `schema.name`; those of the schema main by name alone."""
    found = [(schema, name) for database, schema, name in _relations(connection) if database not in ("system", "temp")]
    return sorted({name if schema == "main" else f"{schema}.{name}" for schema, name in found})


def _relations(connection: "duckdb.DuckDBPyConnection") -> list[Relation]:
    query = statement("queries/predicates", "relations").fill()
    return [(str(database), str(schema), str(name)) for database, schema, name in connection.execute(query).fetchall()]


def _is_meant(source: Node, relation: Relation) -> bool:
    database, schema, name = (lowered(part) for part in relation)
    wanted, catalogue = lowered(source["schema_name"]), lowered(source["catalog_name"])
    if lowered(source["table_name"]) != name:
        return False
    if catalogue:
        return (catalogue, wanted) == (database, schema)
    if wanted:
        return wanted == schema or (wanted == database and schema == "main")
    return schema in SEARCHED
