"""Python programs that begin with everything imported: a process that has it all loaded forks one for each of them.

What runs is a process of its own, with its arguments, folder, environment, pipes and exit code; it is only spared the
imports, which take longer than most of what the tests start. The first process has used nothing of what it loaded, so
that no thread pool and no connection is inherited. What is about starting itself must start a real one.
"""

import atexit
import contextlib
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn, Self

ROOT = Path(__file__).parent.parent
SECONDS = 300
NOT_LOADED = ("kolena_store.__main__", "kolena_store.pytest_plugin")
"""What is run as a program itself, and what would load pytest."""

ALSO_LOADED = ("numpy.ma", "numpy.random", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "rich.console")
OF_OTHERS = ("duckdb", "polars", "click", "filelock", *ALSO_LOADED)
SIZE = 8
"""Bytes of a number on the line: the length of a request, a process id, an exit code."""


def run_warm(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run `python ARGUMENTS`, which are `-m MODULE ...`, `-c CODE ...` or `FILE ...`, to its end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with WarmProgram(arguments, folder=folder, environment=environment, stdout=out, stderr=err) as program:
            program.stdin.close()
            code = program.wait(SECONDS)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(arguments), code, out.read(), err.read())


class WarmProgram:
    """A program that runs, with as much of `subprocess.Popen` as is needed: its stdin is a pipe."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stdout: "IO[Any] | int",
        stderr: "IO[Any] | int",
    ) -> None:
        """Start it."""
        self.returncode: int | None = None
        self._interpreter = _IDLE.pop() if _IDLE else _WarmInterpreter()
        request = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as given:
            self.pid = self._interpreter.start(request, (given, stdout, stderr))
        self.stdin = os.fdopen(writing, "wb")

    def __enter__(self) -> Self:
        """Go on."""
        return self

    def __exit__(self, *details: object) -> None:
        """Close its stdin and wait for it."""
        self.stdin.close()
        self.wait()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, or less than 0 for a signal, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not.
        """
        if self.returncode is None:
            self.returncode = self._interpreter.ended(timeout)
            _IDLE.append(self._interpreter)
        return self.returncode

    def kill(self) -> None:
        """End it, if it runs."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class _WarmInterpreter:
    """The process that forks, one child at a time, and the line to it; it ends with this one."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        number = theirs.fileno()
        command = [sys.executable, str(Path(__file__).resolve()), str(number)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, pass_fds=[number], env=environment, stdin=subprocess.DEVNULL)
        theirs.close()
        atexit.register(self.close)

    def start(self, request: Mapping[str, Any], files: "Sequence[IO[Any] | int]") -> int:
        """Let it fork a child, and return the child's process id."""
        document = json.dumps(request).encode()
        numbers = [one if isinstance(one, int) else one.fileno() for one in files]
        socket.send_fds(self._line, [len(document).to_bytes(SIZE)], numbers)
        self._line.sendall(document)
        return self._number()

    def ended(self, timeout: float | None) -> int:
        """Return the child's exit code."""
        if not select.select([self._line], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("a warm program", timeout or 0)
        return self._number()

    def close(self) -> None:
        """End it."""
        self._line.shutdown(socket.SHUT_RDWR)
        self._process.wait(SECONDS)

    def _number(self) -> int:
        return int.from_bytes(self._line.recv(SIZE, socket.MSG_WAITALL), signed=True)


_IDLE: list[_WarmInterpreter] = []


def _load() -> None:
    import kolena_store

    for name in OF_OTHERS:
        import_module(name)
    for module in pkgutil.walk_packages(kolena_store.__path__, "kolena_store."):
        if module.name not in NOT_LOADED:
            import_module(module.name)
    gc.collect()
    gc.freeze()


def _serve(line: socket.socket) -> Callable[[], object]:
    """Fork for each request until the other end closes; in a child, return what it is to do."""
    while True:
        size, descriptors, _, _ = socket.recv_fds(line, SIZE, 3)
        if not size:
            os._exit(0)
        request = json.loads(line.recv(int.from_bytes(size), socket.MSG_WAITALL))
        child = os.fork()
        if child == 0:
            line.close()
            return _program(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        line.sendall(child.to_bytes(SIZE))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        line.sendall(code.to_bytes(SIZE, signed=True))


def _program(request: Mapping[str, Any], descriptors: Sequence[int]) -> Callable[[], object]:
    """Put this process into the place that it was asked to work in, and return its work."""
    os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    first, *others = request["arguments"]
    sys.path[0] = "" if first == "-c" else request["folder"] if first == "-m" else str(Path(first).parent.resolve())
    if first == "-c":
        code, *others = others
        sys.argv = ["-c", *others]
        return lambda: exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    if first == "-m":
        module, *others = others
        sys.argv = [module, *others]
        sys.modules.pop(module, None)
        return lambda: runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.argv = [first, *others]
    return lambda: runpy.run_path(first, run_name="__main__")


def _exit_code(work: Callable[[], object]) -> int:
    """Do the work and return the code that the interpreter would leave with."""
    try:
        work()
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        sys.stderr.write(f"{left.code}\n")
        return 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    """End the process as the interpreter does, but for taking every module apart, which takes longer than the rest."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _load()
    _leave(_exit_code(_serve(socket.socket(fileno=int(sys.argv[1])))))
