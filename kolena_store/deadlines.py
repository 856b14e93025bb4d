"""Blocks that may take so long and no longer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["called_after"]


@contextmanager
def called_after(seconds: float | None, act: Callable[[], object]) -> Iterator[None]:
    """Do something when a block takes longer than so many seconds (None: it may), but never once it has ended."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
