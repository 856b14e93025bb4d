"""Connections that are used again: starting DuckDB takes longer than most of what is asked of it."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database.session import connect
from kolena_store.statements import statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["Connections"]

MOST_IDLE = 2
"""One that read and one that wrote."""


class Connections(threading.local):
    """The idle connections of one thread to one store's folder.

    A process that was forked has none of its parent's, and never touches them (see forks.py).
    """

    def __init__(self, root: Path) -> None:
        """Begin with none."""
        self._root = root
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._taken: list[duckdb.DuckDBPyConnection] = []
        self._process = os.getpid()

    def take(self) -> "duckdb.DuckDBPyConnection":
        """Return a connection with nothing attached."""
        self._leave_parent()
        connection = self._idle.pop() if self._idle else connect(self._root)
        self._taken.append(connection)
        return connection

    def give_back(self, connection: "duckdb.DuckDBPyConnection", *, has_store: bool) -> None:
        """Take a connection that is not needed any more and did not fail; `has_store`: the store is still attached."""
        self._leave_parent()
        if not (self._forgets(connection) and _is_left(connection, has_store)):
            return
        if len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Close a connection after something failed."""
        self._leave_parent()
        if self._forgets(connection):
            connection.close()

    def _forgets(self, connection: "duckdb.DuckDBPyConnection") -> bool:
        """Take a connection off those that were handed out; False when it is none of this process."""
        kept = [one for one in self._taken if one is not connection]
        is_own, self._taken = len(kept) < len(self._taken), kept
        return is_own

    def _leave_parent(self) -> None:
        if self._process != os.getpid():
            self._idle, self._taken, self._process = [], [], os.getpid()


def _is_left(connection: "duckdb.DuckDBPyConnection", has_store: bool) -> bool:
    """Detach the store, if it is attached, and return whether that went well; else the connection is closed."""
    import duckdb

    try:
        for name in ("leave_store", "detach") if has_store else ():
            connection.execute(statement("queries/store", name).fill())
    except duckdb.Error:
        connection.close()
        return False
    return True
