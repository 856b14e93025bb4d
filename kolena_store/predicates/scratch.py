"""A database in memory with empty tables, in which definitions are tried before anything is stored."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kolena_store.database.forks import kept_in_forks
from kolena_store.database.session import CONNECTION_SETTINGS
from kolena_store.errors import InvalidInput, shown
from kolena_store.predicates.messages import plain_message
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.types import type_fragment
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["KEYS", "scratch_database", "with_keys"]

KEYS = ("_sample", "_object")
"""The columns that number samples and objects."""


@contextmanager
def scratch_database(tables: Mapping[str, Mapping[str, str]]) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Yield a locked connection in memory that has `tables`, empty: name -> field -> DuckDB type. It reads no file.

    Raises:
        InvalidInput: a field has a type that this DuckDB does not know.
    """
    import duckdb

    settings = {**dict(CONNECTION_SETTINGS), "threads": "1"}
    connection = kept_in_forks(duckdb.connect(":memory:", config=settings))
    try:
        for name, fields in tables.items():
            _create_table(connection, name, fields)
        for name in ("use_utc", "no_external_access"):
            connection.execute(statement("queries/store", name).fill())
        connection.execute(statement("queries/predicates", "lock_scratch").fill())
        yield connection
    finally:
        connection.close()


def _create_table(connection: "duckdb.DuckDBPyConnection", name: str, fields: Mapping[str, str]) -> None:
    import duckdb

    columns = joined(_column(field, kind) for field, kind in fields.items())
    try:
        connection.execute(statement("queries/predicates", "empty_table").fill(table=identifier(name), columns=columns))
    except duckdb.Error as error:
        raise InvalidInput(
            f"{name} can't be tried out: {plain_message(error)}. Its types are {shown(fields.values())}; "
            "give the fields types that DuckDB has"
        ) from None


def with_keys(table: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a table with its key columns, which come first: `_sample`, and `_object` of objects."""
    keys = KEYS if table == "ground_truths" else KEYS[:1]
    present = {lowered(name) for name in fields}
    return {key: "BIGINT" for key in keys if key not in present} | dict(fields)


def _column(name: str, kind: str) -> Fragment:
    return Fragment(f"{identifier(name)} {type_fragment(kind)}")
