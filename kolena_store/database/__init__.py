"""A store directory as a database: snapshots to read, transactions to write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kolena_store.database.commit import Transaction, writing
from kolena_store.database.session import Session, connect, reading_files
from kolena_store.database.snapshot import CATALOGUE_FILE, check_there, open_snapshot
from kolena_store.errors import InvalidInput

__all__ = ["CATALOGUE_FILE", "Database", "Session", "Transaction", "connect", "open_snapshot", "reading_files"]

PATTERN_SIGNS = frozenset("*?")


class Database:
    """One store directory, as one process uses it: a snapshot that stays until `refresh`, or an open transaction."""

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
        self._snapshot: Session | None = None
        self._transaction: Transaction | None = None

    @property
    def exists(self) -> bool:
        """Whether a store was made here."""
        return (self.root / CATALOGUE_FILE).exists()

    def session(self) -> Session:
        """Return the open transaction, else the snapshot, which is taken at the first call."""
        if self._transaction is not None:
            return self._transaction
        if self._snapshot is None:
            self._snapshot = open_snapshot(self.root)
        return self._snapshot

    def refresh(self) -> None:
        """Let the next call of `session` see the newest commit."""
        if self._snapshot is not None:
            self._snapshot.connection.close()
            self._snapshot = None

    @contextmanager
    def transaction(self, *, makes_store: bool = True) -> Iterator[Transaction]:
        """Yield the open transaction, or open one that is committed when the block ends.

        Args:
            makes_store: make the store when there is none; else nothing is made, not even its folder.

        Raises:
            StoreNotFound: there is no store, and it is not to be made.
        """
        if self._transaction is not None:
            yield from self._joined(self._transaction)
            return
        if not makes_store:
            check_there(self.root)
        with writing(self.root, timeout=self.lock_timeout, before_commit=self._before_commit) as transaction:
            self._transaction = transaction
            try:
                yield transaction
            finally:
                self._transaction = None
        self.refresh()

    def _joined(self, transaction: Transaction) -> Iterator[Transaction]:
        try:
            yield transaction
        except BaseException:
            transaction.failed = True
            raise
