"""The other store of a merge: read-only, and every file checked before it is used."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kolena_store.database import CATALOGUE_FILE, Database, Session, Transaction
from kolena_store.datasets import files_of
from kolena_store.errors import DamagedStore, InvalidInput
from kolena_store.files import FileRecord
from kolena_store.merging.rows import Row, all_rows

__all__ = ["OtherStore", "opened_store"]


class OtherStore:
    """A snapshot of the other store."""

    def __init__(self, session: Session) -> None:
        """Hold the snapshot."""
        self.session = session
        self._seen: set[int] = set()
        self._rows: dict[str, list[Row]] = {}
        self._advance: Callable[[int], None] = _count_nothing

    @property
    def root(self) -> Path:
        """Return where the store lies."""
        return self.session.root

    def watch(self, advance: Callable[[int], None]) -> None:
        """Tell a function how many files are asked for that were not before."""
        self._advance = advance

    def rows(self, table: str) -> Sequence[Row]:
        """Return the rows of one table of its catalogue, read once."""
        if table not in self._rows:
            self._rows[table] = list(all_rows(self.session, table))
        return self._rows[table]

    def row(self, table: str, **key: object) -> Row:
        """Return the one row of a table of its catalogue that has these values."""
        return next(row for row in self.rows(table) if all(row[name] == value for name, value in key.items()))

    def files(self, file_ids: Sequence[int]) -> list[FileRecord]:
        """Return some files, each once it is known to be as it was written.

        Raises:
            DamagedStore: a file is missing, was cut or altered.
        """
        found = files_of(self.session, file_ids)
        for file in found:
            if not file.kind.isidentifier():
                raise DamagedStore(f"{self.root} names the kind of a file {file.kind!r}; its catalogue was altered")
        new = {file.file_id for file in found} - self._seen
        self._seen |= new
        self._advance(len(new))
        return found

    def paths(self, file_ids: Sequence[int]) -> list[Path]:
        """Return where some files lie, each once it is known to be as it was written."""
        return [file.path(self.root) for file in self.files(file_ids)]


@contextmanager
def opened_store(path: Path, own_root: Path) -> Iterator[OtherStore]:
    """Open another store for reading; nothing is written there.

    Raises:
        InvalidInput: it is the store that is to take it in.
        StoreNotFound: there is no store.
        DamagedStore: it can't be opened.
        UnsupportedStore: a newer kolena_store wrote it.
    """
    root = path.absolute()
    catalogue, own = root / CATALOGUE_FILE, own_root / CATALOGUE_FILE
    if catalogue.exists() and own.exists() and catalogue.samefile(own):
        raise InvalidInput(f"{path} is this store itself; name another one to merge with")
    database = Database(root, before_commit=_publish_nothing)
    try:
        yield OtherStore(database.session())
    finally:
        database.refresh()


def _count_nothing(count: int) -> None:
    """Do nothing: nobody is watching."""


def _publish_nothing(transaction: Transaction) -> None:
    """Do nothing: the other store is never written."""
