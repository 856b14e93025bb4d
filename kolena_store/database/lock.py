"""The lock that makes one process at a time the store's writer."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kolena_store.errors import ReadOnlyStore, StoreError, StoreLocked
from kolena_store.faults import reach

__all__ = ["LOCK_FILE", "is_no_room", "no_room", "writable", "writer_lock"]

LOCK_FILE = "lock"
LONGEST_HOLDER = 300
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@contextmanager
def writer_lock(root: Path, *, timeout: float) -> Iterator[None]:
    """Hold the store's lock, waiting for at most `timeout` seconds.

    The operating system frees the lock of a process that died; the file itself stays.

    Raises:
        StoreLocked: another process holds it; the message names its process id and host.
        ReadOnlyStore: the directory can't be written.
    """
    from filelock import FileLock, Timeout

    path = root / LOCK_FILE
    lock = FileLock(path, timeout=timeout)
    with writable(root):
        reach("lock: before")
        try:
            lock.acquire()
        except Timeout:
            raise StoreLocked(
                f"{root} is being written by {_holder(path)}; waited {timeout:g} s. "
                "Try again when it has finished (in Python, lock_timeout= says how long to wait)"
            ) from None
    try:
        with writable(root):
            reach("lock: held")
            _write_holder(path)
        reach("lock: named")
        yield
    finally:
        lock.release()


@contextmanager
def writable(root: Path) -> Iterator[None]:
    """Turn the system's refusal to write into ours.

    Raises:
        ReadOnlyStore: the system refused.
    """
    try:
        yield
    except StoreLocked:
        raise
    except OSError as error:
        raise no_room(root, error) from error


def is_no_room(error: BaseException) -> bool:
    """Return whether an error says that the disk is full, or has become read-only, in the midst of writing."""
    if isinstance(error, StoreError):
        return False
    of_system = isinstance(error, OSError) and error.errno in NO_ROOM
    return of_system or any(os.strerror(code) in str(error) for code in NO_ROOM)


def no_room(root: Path, error: BaseException) -> ReadOnlyStore:
    """Return the error for a store that the system refused to write."""
    cause = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
    return ReadOnlyStore(
        f"{root} can't be written ({cause}); make room or give yourself the right to write there, "
        "or copy the store to another place"
    )


def _write_holder(path: Path) -> None:
    path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")


def _holder(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.readline(LONGEST_HOLDER).strip()
    except OSError:
        text = ""
    return text or "another process"
