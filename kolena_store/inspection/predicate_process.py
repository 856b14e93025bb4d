"""Evaluating what people type in processes that are killed when they take too long: no predicate stops a server."""

import contextlib
import json
import os
import queue
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from kolena_store.errors import InvalidInput, LimitExceeded, StoreError

if TYPE_CHECKING:
    from kolena_store.membership.bitmaps import Words

__all__ = ["Answer", "PredicateProcesses", "Question"]

MODULE = "kolena_store.inspection.predicate_child"
SECONDS = 2.0
SECONDS_TO_START = 30.0
SECONDS_TO_WAIT = 10.0
N_PROCESSES = 2
PIECE = 1 << 16
SIMPLER = "write a simpler condition, or make a test case of it (kolena-store suite apply)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A checked predicate over the columns of some files; `columns` is their SQL, `size` how many samples there are."""

    predicate: str
    columns: str
    files: Sequence[str]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The samples that a predicate selects, as a bitmap, and how many they are."""

    words: "Words"
    n: int


class PredicateProcesses:
    """A few processes that answer one question each at a time, started when they are needed."""

    def __init__(self, root: Path, *, seconds: float = SECONDS) -> None:
        """Name the store; `seconds` is what one question may take."""
        self._root, self._seconds = root, seconds
        self._free: queue.LifoQueue[_Process] = queue.LifoQueue()
        for _ in range(N_PROCESSES):
            self._free.put(_Process(root))

    def ask(self, question: Question) -> Answer:
        """Return the samples that a predicate selects.

        Raises:
            LimitExceeded: it took too long, or too much memory; the process was killed.
            InvalidInput: it fails on a value.
        """
        try:
            process = self._free.get(timeout=SECONDS_TO_WAIT)
        except queue.Empty:
            raise LimitExceeded("other conditions are being evaluated still; try again in a moment") from None
        try:
            return process.ask(question, self._seconds)
        finally:
            self._free.put(process)

    def close(self) -> None:
        """Kill the processes."""
        for _ in range(N_PROCESSES):
            with contextlib.suppress(queue.Empty):
                self._free.get(timeout=self._seconds + 1).kill()


class _Process:
    """One process, or none yet."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._running: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def ask(self, question: Question, seconds: float) -> Answer:
        running = self._started()
        assert running.stdin is not None
        try:
            running.stdin.write(json.dumps(_document(question)).encode("utf-8") + b"\n")
            running.stdin.flush()
            until = monotonic() + seconds
            found = json.loads(self._line(until))
            bits = self._bytes(int(found.get("n_bytes", 0)), until)
        except TimeoutError:
            self.kill()
            raise LimitExceeded(f"the condition took longer than {seconds:g} s and was stopped; {SIMPLER}") from None
        except (OSError, EOFError, ValueError):
            self.kill()
            raise LimitExceeded(f"the condition needs more memory than it is allowed; {SIMPLER}") from None
        except BaseException:
            self.kill()
            raise
        return _answer(found, bits)

    def kill(self) -> None:
        """End the process at once."""
        running, self._running, self._pending = self._running, None, b""
        if running is None:
            return
        running.kill()
        running.wait()
        for pipe in (running.stdin, running.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._running is not None and self._running.poll() is None:
            return self._running
        self.kill()
        paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        self._running = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE, str(self._root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths, "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )
        try:
            self._line(monotonic() + SECONDS_TO_START)
        except (TimeoutError, EOFError):
            self.kill()
            raise StoreError("the process that evaluates conditions does not start; try again") from None
        return self._running

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._pending:
            self._pending += self._piece(until)
        line, self._pending = self._pending.split(b"\n", 1)
        return line

    def _bytes(self, n_bytes: int, until: float) -> bytes:
        pieces, n_read = [self._pending], len(self._pending)
        while n_read < n_bytes:
            pieces.append(self._piece(until))
            n_read += len(pieces[-1])
        whole = b"".join(pieces)
        self._pending = whole[n_bytes:]
        return whole[:n_bytes]

    def _piece(self, until: float) -> bytes:
        """Return what the process wrote next.

        Raises:
            TimeoutError: it wrote nothing in time.
            EOFError: it ended.
        """
        assert self._running is not None
        assert self._running.stdout is not None
        source = self._running.stdout.fileno()
        ready, _, _ = select.select([source], [], [], max(0.0, until - monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(source, PIECE)
        if not piece:
            raise EOFError
        return piece


def _document(question: Question) -> Mapping[str, Any]:
    return {
        "predicate": question.predicate,
        "columns": question.columns,
        "files": list(question.files),
        "size": question.size,
    }


def _answer(found: Mapping[str, Any], bits: bytes) -> Answer:
    import numpy as np

    if found.get("memory"):
        raise LimitExceeded(f"the condition needs more memory than it is allowed; {SIMPLER}")
    if "problem" in found:
        raise InvalidInput(
            f"the condition fails on a value: {found['problem']}. Guard it with nullif, TRY_CAST or CASE"
        )
    return Answer(words=np.frombuffer(bits, dtype="<u8").astype(np.uint64), n=int(found["n"]))
