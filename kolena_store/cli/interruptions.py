"""Ctrl-C that is heard at once: DuckDB and Arrow don't listen to signals while they compute."""

import os
import select
import signal
import threading

from kolena_store.cli.outcomes import INTERRUPTED, note

__all__ = ["listen_for_interruptions"]

GRACE_SECONDS = 2.0


def listen_for_interruptions() -> None:
    """End the program soon after Ctrl-C, even when native code holds the main thread; at a second one, now.

    Python's own handling goes first and takes back what a command began. Where it does not get to act in time, the
    program just ends: a store withstands that at any point.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_leave_after, args=(reading,), daemon=True, name="interruptions").start()


def _leave_after(signals: int) -> None:
    while os.read(signals, 1) != bytes([signal.SIGINT]):
        pass
    select.select([signals], [], [], GRACE_SECONDS)
    note("interrupted")
    os._exit(INTERRUPTED)
