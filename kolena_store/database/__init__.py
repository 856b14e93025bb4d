"""A store directory as a database: snapshots to read, transactions to write."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kolena_store.database.caches import cache_folder, keep_in_cache
from kolena_store.database.commit import Transaction, writing
from kolena_store.database.connections import Connections
from kolena_store.database.engine import closed_connection
from kolena_store.database.seals import DERIVED_KINDS, Seals, check_file, remedy
from kolena_store.database.session import Session, connect, reading_files
from kolena_store.database.snapshot import (
    CATALOGUE_FILE,
    check_files,
    check_there,
    has_gone_on,
    is_there,
    open_snapshot,
)
from kolena_store.database.stray import move_log_aside, stray_log
from kolena_store.errors import InvalidInput, StoreNotFound

__all__ = [
    "CATALOGUE_FILE",
    "DERIVED_KINDS",
    "Database",
    "Seals",
    "Session",
    "Transaction",
    "cache_folder",
    "check_file",
    "check_files",
    "closed_connection",
    "connect",
    "keep_in_cache",
    "open_snapshot",
    "reading_files",
    "remedy",
    "stray_log",
]

PATTERN_SIGNS = frozenset("*?")


class _OfThread(threading.local):
    """What one thread has open: connections to DuckDB are not for several threads at once."""

    transaction: Transaction | None = None
    snapshot: Session | None = None
    era: int = 0


class Database:
    """One store directory, as one process uses it: a snapshot that stays until `refresh`, or an open transaction.

    Threads may share it. Each has a snapshot and a transaction of its own; a second writer waits for the first one, as
    another process does.
    """

    def __init__(self, root: Path, *, lock_timeout: float = 60.0, before_commit: Callable[[Transaction], None]) -> None:
        """Name the directory; nothing is read or written yet.

        Args:
            lock_timeout: seconds to wait for another writer.
            before_commit: what brings the store's views up to date at the end of a transaction.

        Raises:
            InvalidInput: the path holds `*` or `?`, which DuckDB takes for a pattern of several files.
        """
        if PATTERN_SIGNS & set(str(root.absolute())):
            raise InvalidInput(
                f"{root} can't hold a store: SQL takes * and ? for patterns of paths; use another folder"
            )
        self._before_commit = before_commit
        self.root = root.absolute()
        self.lock_timeout = lock_timeout
        self.seals = Seals(self.root)
        self._own = _OfThread()
        self._connections = Connections(self.root)
        self._era = 0
        self._was_there = False

    @property
    def exists(self) -> bool:
        """Whether a store was made here."""
        return is_there(self.root)

    def session(self) -> Session:
        """Return the open transaction, else the snapshot, which is taken at the first call."""
        own = self._own
        if own.transaction is not None:
            return own.transaction
        if own.snapshot is None or own.era != self._era:
            self._close_snapshot()
            own.era = self._era
            own.snapshot = self._opened()
            self._was_there = True
        return own.snapshot

    def refresh(self) -> None:
        """Let the next call of `session`, in any thread, see the newest commit."""
        self._era += 1
        self._close_snapshot()

    def has_gone_on(self) -> bool:
        """Return whether the store has had commits that the present session does not see."""
        return has_gone_on(self.session())

    def move_log_aside(self) -> Path:
        """Move the stray write-ahead log out of DuckDB's sight and return where it is now."""
        return move_log_aside(self.root, timeout=self.lock_timeout)

    @contextmanager
    def transaction(self, *, makes_store: bool = True) -> Iterator[Transaction]:
        """Yield the open transaction, or open one that is committed when the block ends.

        Args:
            makes_store: make the store when there is none; else nothing is made, not even its folder.

        Raises:
            StoreNotFound: there is no store, and it is not to be made; or the one that was there is gone.
        """
        if self._own.transaction is not None:
            yield from self._joined(self._own.transaction)
            return
        self._check_place(makes_store)
        with writing(
            self.root,
            timeout=self.lock_timeout,
            before_commit=self._before_commit,
            seals=self.seals,
            connections=self._connections,
        ) as transaction:
            self._own.transaction = transaction
            try:
                yield transaction
            finally:
                self._own.transaction = None
        self._was_there = True
        self.refresh()

    def _check_place(self, makes_store: bool) -> None:
        if self._was_there and not self.exists:
            raise StoreNotFound(
                f"the store at {self.root} is gone: it was there when this object first used it; when it was moved, "
                "open it at its new place"
            )
        if self.exists or not makes_store:
            check_there(self.root)

    def _opened(self) -> Session:
        connection = self._connections.take()
        try:
            return open_snapshot(self.root, self.seals, connection)
        except BaseException:
            self._connections.close(connection)
            raise

    def _close_snapshot(self) -> None:
        if self._own.snapshot is not None:
            self._connections.give_back(self._own.snapshot.connection, has_store=True)
            self._own.snapshot = None

    def _joined(self, transaction: Transaction) -> Iterator[Transaction]:
        try:
            yield transaction
        except BaseException:
            transaction.failed = True
            raise
