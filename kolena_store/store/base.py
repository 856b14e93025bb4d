"""What every part of a store stands on: its directory, its transactions."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from kolena_store import datasets as dataset_room
from kolena_store.database import Database, Transaction
from kolena_store.published import publish

__all__ = ["StoreBase"]

Given = TypeVar("Given")
Report = TypeVar("Report")


class StoreBase:
    """A store directory: named, made, and changed in transactions."""

    def __init__(self, path: str | Path | None = None, *, lock_timeout: float = 60.0) -> None:
        """Name the directory; nothing is read or written yet."""
        root = Path(tempfile.mkdtemp(prefix="kolena-store-")) if path is None else Path(path)
        self._database = Database(root, lock_timeout=lock_timeout, before_commit=publish)
        if path is None:
            weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """Return the store's directory."""
        return self._database.root

    @property
    def exists(self) -> bool:
        """Whether the store was made already."""
        return self._database.exists

    def create(self) -> None:
        """Make an empty store; a store that is there stays as it is."""
        if not self.exists:
            with self._database.transaction():
                pass

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let several operations share one commit: all of them are kept, or none.

        Raises:
            StoreLocked: another process is writing.
        """
        with self._database.transaction():
            yield

    def refresh(self) -> None:
        """See what other processes have committed since this object first read the store."""
        self._database.refresh()

    def _dataset(self, name: str) -> dataset_room.DatasetRecord:
        return dataset_room.dataset_named(self._database.session(), name)

    def _change(self, change: Callable[[Transaction, Given], Report], given: Given) -> Report:
        """Make a change in a store that is there, in one commit, and return what it reports."""
        with self._database.transaction(makes_store=False) as transaction:
            return change(transaction, given)
