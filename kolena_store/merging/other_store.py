"""The other store of a merge: read-only, and every file checked before it is used."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kolena_store.database import CATALOGUE_FILE, Database, Session, Transaction
from kolena_store.datasets import files_of
from kolena_store.errors import DamagedStore, InvalidInput
from kolena_store.files import FileRecord
from kolena_store.merging.rows import Row, all_rows

__all__ = ["OtherStore", "check_digest", "opened_store", "sha256_of_file"]

BYTES_PER_READ = 1 << 20


class OtherStore:
    """A snapshot of the other store; its files are compared with their digests once each."""

    def __init__(self, session: Session) -> None:
        """Hold the snapshot."""
        self.session = session
        self._checked: set[int] = set()
        self._rows: dict[str, list[Row]] = {}
        self._advance: Callable[[int], None] = _count_nothing

    @property
    def root(self) -> Path:
        """Return where the store lies."""
        return self.session.root

    def watch(self, advance: Callable[[int], None]) -> None:
        """Tell a function of each file that is checked from now on."""
        self._advance = advance

    def rows(self, table: str) -> Sequence[Row]:
        """Return the rows of one table of its catalogue, read once."""
        if table not in self._rows:
            self._rows[table] = list(all_rows(self.session, table))
        return self._rows[table]

    def files(self, file_ids: Sequence[int]) -> list[FileRecord]:
        """Return some files, each once it has the digest that it is named after.

        Raises:
            DamagedStore: a file is missing, was cut or altered.
        """
        found = files_of(self.session, file_ids)
        self._check(found)
        return found

    def paths(self, file_ids: Sequence[int]) -> list[Path]:
        """Return where some files lie, each once it has the digest that it is named after."""
        return [file.path(self.root) for file in self.files(file_ids)]

    def _check(self, files: Iterable[FileRecord]) -> None:
        for file in files:
            if file.file_id not in self._checked:
                if not file.kind.isidentifier():
                    raise DamagedStore(f"{self.root} names the kind of a file {file.kind!r}; its catalogue was altered")
                check_digest(file.path(self.root), sha256_of_file(file.path(self.root)), file.sha256)
                self._checked.add(file.file_id)
                self._advance(1)


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


def sha256_of_file(path: Path) -> str:
    """Return the digest of a file's bytes.

    Raises:
        DamagedStore: it can't be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while content := file.read(BYTES_PER_READ):
                digest.update(content)
    except OSError as error:
        raise DamagedStore(f"{path} can't be read ({error.strerror}); restore it from a copy of the store") from error
    return digest.hexdigest()


def check_digest(path: Path, found: str, expected: str) -> None:
    """Stop when a file is not what it was when it was written.

    Raises:
        DamagedStore: it is not.
    """
    if found != expected:
        raise DamagedStore(f"{path} was altered or cut since it was written; restore it from a copy of that store")


def _count_nothing(count: int) -> None:
    """Do nothing: nobody is watching."""


def _publish_nothing(transaction: Transaction) -> None:
    """Do nothing: the other store is never written."""
