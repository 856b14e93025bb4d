"""What dead writers and careless clients leave in a store's directory."""

from pathlib import Path

from kolena_store.database.lock import writable, writer_lock
from kolena_store.database.session import Session, connect
from kolena_store.database.snapshot import WAL_FILE, check_not_open_elsewhere, check_there

__all__ = ["move_log_aside", "stray_log"]


def stray_log(root: Path) -> Path | None:
    """Return the write-ahead log beside the catalogue, which no commit leaves there, or None.

    Raises:
        StoreNotFound: there is no store at `root`.
    """
    check_there(root)
    path = root / WAL_FILE
    return path if path.exists() else None


def move_log_aside(root: Path, *, timeout: float) -> Path:
    """Give the stray write-ahead log a name that DuckDB does not look for, and return where it is now.

    Raises:
        StoreLocked: another process is writing, or the client that writes the log is still there.
        DamagedStore: the catalogue can't be opened.
        ReadOnlyStore: the directory can't be written.
    """
    with writer_lock(root, timeout=timeout):
        log = root / WAL_FILE
        aside = _free_name(root)
        with writable(root):
            log.rename(aside)
        session = Session(connect(root), root)
        try:
            check_not_open_elsewhere(session)
        except BaseException:
            aside.rename(log)
            raise
        finally:
            session.connection.close()
    return aside


def _free_name(root: Path) -> Path:
    number = 1
    while (path := root / f"aside-{number}-{WAL_FILE}").exists():
        number += 1
    return path
