"""DuckDB's connections in a process that was forked: they are kept, as letting go of one ends the process.

A connection waits for its database's threads, and those did not come along. Without a reference of ours Python would
let go of them in the child: of what other threads held on the fork itself, of cycles when they are collected.
"""

import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    import duckdb

__all__ = ["kept_in_forks"]


class _OpenConnections:
    """All connections of the process that are alive, without keeping them, and those that its parent had."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.RLock()
        self._alive: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()
        self._held: list[duckdb.DuckDBPyConnection] = []
        self._inherited: list[duckdb.DuckDBPyConnection] = []

    def add(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Know of one more."""
        with self._lock:
            self._alive.add(connection)

    def before_fork(self) -> None:
        """Hold all of them, with no other thread adding one."""
        self._lock.acquire()
        self._held = list(self._alive)

    def after_fork_in_parent(self) -> None:
        """Hold none any more."""
        self._held = []
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Keep those that were held for good."""
        self._inherited += self._held
        self.after_fork_in_parent()


_connections = _OpenConnections()


def kept_in_forks(connection: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyConnection":
    """Return the connection, which no process forked from this one lets go of."""
    _connections.add(connection)
    return connection


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(
        before=_connections.before_fork,
        after_in_parent=_connections.after_fork_in_parent,
        after_in_child=_connections.after_fork_in_child,
    )
