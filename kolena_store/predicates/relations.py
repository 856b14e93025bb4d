"""The tables and views that a connection has, and a check that a query names no others.

A name that is not in the catalogue would be looked for as a file: DuckDB opens `FROM 'x.parquet'`, even `FROM a.csv`.
"""

from typing import TYPE_CHECKING

from kolena_store.errors import UnknownName
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node, Tree
from kolena_store.statements import statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["LISTING", "check_relations", "relation_names"]

LISTING = statement("queries/predicates", "views_to_read").fill()
"""What shows the views that people may read; SHOW ALL TABLES also lists the tables behind them."""

SEARCHED = frozenset({"main", "pg_catalog"})
"""The schemas in which DuckDB looks for a name without a schema."""

Relation = tuple[str, str, str]


def check_relations(connection: "duckdb.DuckDBPyConnection", tree: Tree) -> None:
    """Refuse a query that reads a relation which the connection's catalogues don't have.

    Raises:
        UnknownName: there is one.
    """
    named = [source for source in tree.sources if source["type"] == "BASE_TABLE"]
    ctes = {lowered(name) for name in tree.cte_names}
    known = _relations(connection) if named else []
    for source in named:
        is_cte = lowered(source["table_name"]) in ctes and not source["schema_name"]
        if not is_cte and not any(_is_meant(source, relation) for relation in known):
            parts = (source["catalog_name"], source["schema_name"], source["table_name"])
            name = ".".join(part for part in parts if part)
            raise UnknownName.of("table or view", name, relation_names(connection), LISTING)


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
