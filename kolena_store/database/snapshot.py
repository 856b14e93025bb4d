"""Opening one state of a store for reading."""

import contextlib
import errno
import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database.lock import is_no_room, no_room
from kolena_store.database.seals import Seals
from kolena_store.database.session import Session, connect
from kolena_store.errors import (
    DamagedStore,
    OutdatedSession,
    StoreError,
    StoreLocked,
    StoreNotFound,
    UnreadableFile,
)
from kolena_store.files import FileRecord
from kolena_store.schema import check_format
from kolena_store.statements import literal, statement

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "CATALOGUE_FILE",
    "WAL_FILE",
    "attaching",
    "check_files",
    "check_no_wal",
    "check_not_open_elsewhere",
    "check_there",
    "has_gone_on",
    "is_there",
    "open_snapshot",
]

CATALOGUE_FILE = "store.duckdb"
WAL_FILE = "store.duckdb.wal"


def open_snapshot(
    root: Path, seals: Seals | None = None, connection: "duckdb.DuckDBPyConnection | None" = None
) -> Session:
    """Return a read-only session on the store's present state; later commits don't change what it sees.

    Args:
        seals: what is known of the store's files already.
        connection: one with nothing attached; None: a new one.

    Raises:
        StoreNotFound: there is no store at `root`.
        DamagedStore: the catalogue can't be opened, or a stray `.wal` lies beside it.
        StoreLocked: a client holds the catalogue open for writing.
        UnsupportedStore: a newer kolena_store wrote it.
    """
    catalogue = root / CATALOGUE_FILE
    check_there(root)
    check_no_wal(root)
    session = Session(connection or connect(root), root, seals)
    try:
        with attaching(catalogue):
            session.connection.execute(statement("queries/store", "attach_snapshot").fill(path=literal(str(catalogue))))
            session.run("store.use_store")
            found = session.value("store.format_version")
        check_format(found, root)
    except BaseException:
        session.connection.close()
        raise
    return session


def check_files(session: Session, files: Sequence[FileRecord]) -> None:
    """Stop unless files that are about to be read are as they were written.

    Raises:
        DamagedStore: one is missing, was cut or altered.
        OutdatedSession: one was cleaned up since the session began.
        UnreadableFile: one may not be read.
    """
    try:
        session.seals.check(files)
    except DamagedStore as error:
        if has_gone_on(session) and not all(file.path(session.root).exists() for file in files):
            raise OutdatedSession(
                f"{session.root} was cleaned up (kolena-store gc) since this object first read it, and files that it "
                "needs are gone; call refresh(), or open the store again, to see its present state"
            ) from error
        raise


def has_gone_on(session: Session) -> bool:
    """Return whether the store has had commits that a session does not see."""
    try:
        newest = open_snapshot(session.root)
    except StoreError:
        return False
    with contextlib.closing(newest.connection):
        return bool(newest.value("store.generation") > session.value("store.generation"))


def check_there(root: Path) -> None:
    """Stop when there is no store.

    Raises:
        StoreNotFound: there is none; the message says how to make one.
    """
    catalogue, mode = root / CATALOGUE_FILE, _mode_of_catalogue(root)
    if mode is not None and not stat.S_ISREG(mode):
        raise DamagedStore(f"{catalogue} is no file, so it can't be the catalogue of a store; restore it from a copy")
    if mode is None:
        raise StoreNotFound(
            f"no store at {root}; make one with: kolena-store init {shlex.quote(str(root))} "
            "(in Python, the first upload makes it)"
        )


def is_there(root: Path) -> bool:
    """Return whether a store was made here.

    Raises:
        UnreadableFile: the folder may not be entered.
    """
    return _mode_of_catalogue(root) is not None


def _mode_of_catalogue(root: Path) -> int | None:
    catalogue = root / CATALOGUE_FILE
    try:
        return catalogue.stat().st_mode
    except PermissionError as error:
        raise UnreadableFile(f"{catalogue} can't be read ({error.strerror}); ask its owner for the right") from error
    except OSError:
        return None


def check_not_open_elsewhere(session: Session) -> None:
    """Stop when a client has the catalogue open for writing: replacing it then would cost what that client writes.

    Args:
        session: of the store, with nothing attached yet.

    Raises:
        StoreLocked: a client has.
        DamagedStore: the catalogue can't be opened.
    """
    catalogue = session.root / CATALOGUE_FILE
    with attaching(catalogue):
        session.connection.execute(statement("queries/store", "attach_snapshot").fill(path=literal(str(catalogue))))
        session.run("store.detach")


def check_no_wal(root: Path) -> None:
    """Stop when a write-ahead log lies beside the catalogue: DuckDB would replay it into the store.

    Raises:
        DamagedStore: there is one.
    """
    if (root / WAL_FILE).exists():
        raise DamagedStore(
            f"{root / WAL_FILE} was left by a client that opened the store for writing. Move that file away "
            "(kolena-store verify --repair does), and open the store read-only from other clients"
        )


@contextmanager
def attaching(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors on attaching a catalogue into ours."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise no_room(path.parent, error) if is_no_room(error) else _attach_error(path, str(error)) from error


def _attach_error(path: Path, message: str) -> StoreError:
    if os.strerror(errno.EACCES) in message:
        return UnreadableFile(f"{path} can't be read (permission denied); ask its owner for the right to read it")
    if "lock is held" in message or "Unique file handle conflict" in message or "already attached" in message:
        return StoreLocked(
            f"{path} is open for writing in another client (this process or another); close that connection, "
            "or open it with read_only=True"
        )
    return DamagedStore(
        f"{path} can't be opened as a DuckDB catalogue ({message.splitlines()[0]}); restore it from a copy"
    )
