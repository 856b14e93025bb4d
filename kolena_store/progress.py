"""Progress of long work, on stderr alone: a bar on a terminal, lines of text when asked, otherwise nothing."""

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["SETTING", "track"]

SETTING = "KOLENA_PROGRESS"
SECONDS_BEFORE_BAR = 1.0
SECONDS_BETWEEN_LINES = 10.0

_is_tracking = ContextVar("_is_tracking", default=False)


class _Display(Protocol):
    """How progress shows."""

    def advance(self, count: int) -> None:
        """Show that `count` more pieces are done."""

    def close(self, is_finished: bool) -> None:
        """Take away what was shown while the work went on."""


@contextmanager
def track(total: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """Give a function that is called with how many more pieces are done.

    A bar shows on a terminal once the work has taken a second, at the first call after that. `KOLENA_PROGRESS=plain`
    writes a line every ten seconds instead, to a terminal or not; `off` writes nothing. Within tracked work only the
    outermost shows.

    Args:
        total: how many pieces there are; None when unknown.
        what: the work in a few words, as `training v1`.
    """
    display = None if _is_tracking.get() else _display(total, what)
    if display is None:
        yield _ignore
        return
    token = _is_tracking.set(True)
    is_finished = False
    try:
        yield display.advance
        is_finished = True
    finally:
        _is_tracking.reset(token)
        display.close(is_finished)


class _Bar:
    """A rich bar that starts late and leaves nothing behind."""

    def __init__(self, total: int | None, what: str, stream: TextIO) -> None:
        self.total, self.what, self.stream = total, what, stream
        self.done = 0
        self.start = monotonic()
        self.progress: Progress | None = None

    def advance(self, count: int) -> None:
        self.done += count
        if self.progress is not None:
            self.progress.update(self.progress.task_ids[0], completed=self.done)
        elif monotonic() - self.start >= SECONDS_BEFORE_BAR:
            self.start = math.inf  # one attempt: without rich there is no bar
            self.progress = self._started()

    def close(self, is_finished: bool) -> None:
        if self.progress is not None:
            self.progress.stop()

    def _started(self) -> "Progress | None":
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
        except ImportError:
            return None
        columns = (
            SpinnerColumn("line"),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        )
        console = Console(file=self.stream)
        progress = Progress(*columns, console=console, transient=True, redirect_stdout=False)
        progress.add_task(self.what, total=self.total, completed=self.done)
        progress.start()
        return progress


class _Lines:
    """A line of text every ten seconds, and one at the end when there was any."""

    def __init__(self, total: int | None, what: str, stream: TextIO) -> None:
        self.total, self.what, self.stream = total, what, stream
        self.done = 0
        self.start = self.last = monotonic()

    def advance(self, count: int) -> None:
        self.done += count
        if monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = monotonic()
            self._write("")

    def close(self, is_finished: bool) -> None:
        if self.last > self.start:
            self._write(", finished" if is_finished else ", broken off")

    def _write(self, ending: str) -> None:
        share = f" of {self.total:,} ({self.done / self.total:.0%})" if self.total else ""
        self.stream.write(f"{self.what}: {self.done:,}{share} in {monotonic() - self.start:.0f} s{ending}\n")
        self.stream.flush()


def _display(total: int | None, what: str) -> _Display | None:
    setting, stream = os.environ.get(SETTING, ""), sys.stderr
    if stream is None or setting == "off":
        return None
    shown = "".join(character if character.isprintable() else "?" for character in what)
    if setting == "plain":
        return _Lines(total, shown, stream)
    return _Bar(total, shown, stream) if stream.isatty() else None


def _ignore(count: int) -> None:
    """Count nothing: nobody is watching."""
