"""What looking at a store needs between questions: the newest snapshot, what is kept, and the process of predicates."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from kolena_store.database import CATALOGUE_FILE, Database, Session
from kolena_store.errors import ReadOnlyStore
from kolena_store.inspection.keeping import DEFAULT_BYTES, Kept
from kolena_store.inspection.predicate_process import PredicateProcesses

__all__ = ["Look", "Workbench"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a store: a session on one state of it, what is kept in memory, and what evaluates predicates.

    `state` tells the commit that was the newest one from those before it.
    """

    session: Session
    kept: Kept
    predicates: PredicateProcesses
    state: Hashable

    def of_state(self, key: tuple[Hashable, ...], make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return what the catalogue says in this state of the store, asked now unless it is kept."""
        return self.kept.get((self.state, *key), make, size)


class Workbench:
    """A store as it is looked at: read only, by several threads, always in its newest state."""

    def __init__(self, root: Path, *, most_bytes: int = DEFAULT_BYTES) -> None:
        """Name the store's directory; nothing is read yet.

        Args:
            root: the store.
            most_bytes: how much of what was read may stay in memory.
        """
        self._database = Database(root, before_commit=_refuse)
        self.kept = Kept(most_bytes)
        self.predicates = PredicateProcesses(root.absolute())
        self._seen: tuple[int, ...] | None = None
        self._lock = threading.Lock()

    @property
    def root(self) -> Path:
        """The store's directory."""
        return self._database.root

    def look(self) -> Look:
        """Return a look at the newest commit, for the thread that asks.

        Raises:
            StoreNotFound: there is no store.
            DamagedStore: it can't be opened.
        """
        stamp = _stamp(self._database.root / CATALOGUE_FILE)
        with self._lock:
            if stamp != self._seen:
                self._seen = stamp
                self._database.refresh()
        return Look(session=self._database.session(), kept=self.kept, predicates=self.predicates, state=stamp)

    def close(self) -> None:
        """End the processes that were started."""
        self.predicates.close()


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _refuse(_: object) -> NoReturn:
    raise ReadOnlyStore("whoever looks at a store does not write to it; open it as kolena_store.Store")
