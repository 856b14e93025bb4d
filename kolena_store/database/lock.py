"""The lock that makes one process at a time the store's writer."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kolena_store.errors import ReadOnlyStore, StoreLocked

__all__ = ["LOCK_FILE", "writable", "writer_lock"]

LOCK_FILE = "lock"


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
        try:
            lock.acquire()
        except Timeout:
            raise StoreLocked(
                f"{root} is being written by {_holder(path)}; waited {timeout:g} s. "
                "Try again when it has finished (in Python, lock_timeout= says how long to wait)"
            ) from None
    try:
        with writable(root):
            _write_holder(path)
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
        raise ReadOnlyStore(
            f"{root} can't be written ({error.strerror}); make room or give yourself the right to write there, "
            "or copy the store to another place"
        ) from error


def _write_holder(path: Path) -> None:
    path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"
