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
    """The idle connections of one thread to one store's folder; a process that was forked has none of its parent's."""

    def __init__(self, root: Path) -> None:
        """Begin with none."""
        self._root = root
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._process = os.getpid()

    def take(self) -> "duckdb.DuckDBPyConnection":
        """Return a connection with nothing attached."""
        if self._process != os.getpid():
            self._idle, self._process = [], os.getpid()
        return self._idle.pop() if self._idle else connect(self._root)

    def give_back(self, connection: "duckdb.DuckDBPyConnection", *, has_store: bool) -> None:
        """Take a connection that is not needed any more and did not fail; `has_store`: the store is still attached."""
        import duckdb

        try:
            for name in ("leave_store", "detach") if has_store else ():
                connection.execute(statement("queries/store", name).fill())
        except duckdb.Error:
            connection.close()
            return
        if len(self._idle) < MOST_IDLE and self._process == os.getpid():
            self._idle.append(connection)
        else:
            connection.close()
