"""A database in memory that holds nothing and reads no file, for questions about values that are at hand."""

import os
from functools import cache
from typing import TYPE_CHECKING

from kolena_store.database.forks import kept_in_forks
from kolena_store.database.session import CONNECTION_SETTINGS
from kolena_store.statements import statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["closed_connection"]


def closed_connection() -> "duckdb.DuckDBPyConnection":
    """Return a connection of one's own to an empty database that reads no file; one thread, so that sums repeat.

    Those of a process share an engine, which takes longer to start than most questions to answer: keep to temporary
    tables and registered ones, which the others don't see.
    """
    connection = kept_in_forks(_engine(os.getpid()).cursor())
    connection.execute(statement("queries/store", "use_utc").fill())
    return connection


@cache
def _engine(_: int) -> "duckdb.DuckDBPyConnection":
    """Return the engine of a process: one that was forked needs its own, and must not let go of its parent's.

    The threads of the parent's did not come along, and closing it would wait for them.
    """
    import duckdb

    connection = kept_in_forks(duckdb.connect(":memory:", config={**dict(CONNECTION_SETTINGS), "threads": "1"}))
    connection.execute(statement("queries/store", "no_external_access").fill())
    return connection
