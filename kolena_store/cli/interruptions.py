"""Ctrl-C that is heard at once: DuckDB and Arrow don't listen to signals while they compute."""

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kolena_store.cli.outcomes import INTERRUPTED, note_interruption

__all__ = ["prompt_interruptions"]

GRACE_SECONDS = 2.0


@contextmanager
def prompt_interruptions() -> Iterator[None]:
    """Let the program end soon after Ctrl-C, even while native code holds the main thread; at a second one, now.

    Python's own handling goes first and takes back what a command began. Where it does not get to act in time, the
    program just ends: a store withstands that at any point. Once the block ends, the exit code is settled.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_leave_after, args=(reading,), daemon=True, name="interruptions").start()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _leave_after(signals: int) -> None:
    while os.read(signals, 1) != bytes([signal.SIGINT]):
        pass
    select.select([signals], [], [], GRACE_SECONDS)
    note_interruption()
    os._exit(INTERRUPTED)
