"""Opening one state of a store for reading."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kolena_store.database.session import Session, connect
from kolena_store.errors import DamagedStore, StoreError, StoreLocked, StoreNotFound
from kolena_store.schema import check_format
from kolena_store.statements import literal, statement

__all__ = [
    "CATALOGUE_FILE",
    "WAL_FILE",
    "attaching",
    "check_no_wal",
    "check_not_open_elsewhere",
    "check_there",
    "open_snapshot",
]

CATALOGUE_FILE = "store.duckdb"
WAL_FILE = "store.duckdb.wal"


def open_snapshot(root: Path) -> Session:
    """Return a read-only session on the store's present state; later commits don't change what it sees.

    Raises:
        StoreNotFound: there is no store at `root`.
        DamagedStore: the catalogue can't be opened, or a stray `.wal` lies beside it.
        StoreLocked: a client holds the catalogue open for writing.
        UnsupportedStore: a newer kolena_store wrote it.
    """
    catalogue = root / CATALOGUE_FILE
    check_there(root)
    check_no_wal(root)
    session = Session(connect(root), root)
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


def check_there(root: Path) -> None:
    """Stop when there is no store.

    Raises:
        StoreNotFound: there is none; the message says how to make one.
    """
    if not (root / CATALOGUE_FILE).exists():
        raise StoreNotFound(
            f"no store at {root}; make one with: kolena-store init {shlex.quote(str(root))} "
            "(in Python, the first upload makes it)"
        )


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
            f"{root / WAL_FILE} was left by a client that opened the store for writing; the store itself is intact. "
            "Move that file away, and open the store read-only from other clients"
        )


@contextmanager
def attaching(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors on attaching a catalogue into ours."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise _attach_error(path, str(error)) from error


def _attach_error(path: Path, message: str) -> StoreError:
    if "lock is held" in message or "Unique file handle conflict" in message or "already attached" in message:
        return StoreLocked(
            f"{path} is open for writing in another client (this process or another); close that connection, "
            "or open it with read_only=True"
        )
    return DamagedStore(
        f"{path} can't be opened as a DuckDB catalogue ({message.splitlines()[0]}); restore it from a copy"
    )
