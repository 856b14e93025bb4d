"""How a call ends: with an exit code, and when something went wrong with one line on stderr that says what."""

import os
import sys
import threading
import traceback
from types import TracebackType
from typing import NoReturn

import click

from kolena_store.cli.invocation import Invocation
from kolena_store.errors import DamagedStore, StoreError

__all__ = ["BUG", "DAMAGED", "FAILED_GATE", "INTERRUPTED", "UNUSABLE", "Outcome", "note", "note_interruption"]

FAILED_GATE = 1
UNUSABLE = 2
DAMAGED = 3
BUG = 70
INTERRUPTED = 130
DUCKDB_INTERRUPTED = "Query interrupted"

_saying_ = threading.Lock()
_said_ = threading.Event()


class Outcome:
    """A context that leaves the program with the right code, whatever happens in it; it catches everything."""

    def __init__(self, invocation: Invocation) -> None:
        """Take the options of the call, which may still change."""
        self.invocation = invocation

    def __enter__(self) -> "Outcome":
        """Go on; nothing was interrupted yet."""
        _said_.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say what happened, unless all went well or the exit code is settled."""
        if error is not None and not isinstance(error, (SystemExit, click.exceptions.Exit)):
            self._leave(error)

    def _leave(self, error: BaseException) -> NoReturn:
        if isinstance(error, BrokenPipeError):
            _abandon_output()
            raise SystemExit(0) from None
        if self.invocation.debug:
            note("".join(traceback.format_exception(error)).rstrip())
        if _is_interruption(error):
            note_interruption()
            raise SystemExit(INTERRUPTED) from None
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            note(error.format_message())
            raise SystemExit(UNUSABLE) from None
        message, code = _explained(error)
        note(f"error: {message}")
        raise SystemExit(code) from None


def note(text: str) -> None:
    """Write a line to stderr; what could steer the terminal is shown, not sent."""
    from kolena_store.display import visible

    click.echo("\n".join(visible(line) for line in text.split("\n")), err=True)


def note_interruption() -> None:
    """Say once that the call was interrupted: its own thread may do so, and the one that waits for it to end."""
    with _saying_:
        if not _said_.is_set():
            note("interrupted")
            _said_.set()


def _explained(error: BaseException) -> tuple[str, int]:
    """Return what to tell the user, and the exit code."""
    if isinstance(error, DamagedStore):
        return str(error), DAMAGED
    if isinstance(error, StoreError):
        return str(error), UNUSABLE
    if isinstance(error, click.ClickException):
        return _usage_message(error), UNUSABLE
    if isinstance(error, OSError):
        if error.filename is None:
            _abandon_output()
        where = f": {error.filename}" if error.filename else ""
        return f"the system refused{where} ({error.strerror or error}); see to that and try again", UNUSABLE
    first = traceback.format_exception_only(error)[-1].strip().split("\n")[0]
    return f"this is a bug in kolena_store: {first} (--debug shows where; please report it)", BUG


def _usage_message(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    return f"{message} (see: {context.command_path} --help)" if context is not None else message


def _is_interruption(error: BaseException) -> bool:
    """Whether the user pressed Ctrl-C; click and DuckDB turn that into exceptions of their own."""
    is_of_duckdb = type(error).__name__ == "InterruptException" or str(error) == DUCKDB_INTERRUPTED
    return isinstance(error, (KeyboardInterrupt, click.exceptions.Abort)) or is_of_duckdb


def _abandon_output() -> None:
    """Give up stdout, whose reader has gone (`| head`) or whose disk is full: nothing is flushed to it later."""
    if sys.__stdout__ is not None and sys.stdout is sys.__stdout__:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
