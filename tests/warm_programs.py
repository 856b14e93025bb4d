"""Python programs that begin with everything imported: a process that has it all loaded forks one for each of them.

What runs is a process of its own, with its arguments, folder, environment, output and exit code; it is only spared the
imports, which take longer than most of what the tests start. The first process has used nothing of what it loaded, so
that no thread pool and no connection is inherited. What is about starting itself must start a real one.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SECONDS = 300
NOT_LOADED = ("kolena_store.__main__", "kolena_store.pytest_plugin")
"""What is run as a program itself, and what would load pytest."""

ALSO_LOADED = (
    "numpy.ma",
    "numpy.random",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "rich.console",
    "rich.table",
)
OF_OTHERS = ("duckdb", "polars", "click", "filelock", *ALSO_LOADED)


def run_warm(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS`, which are `-m MODULE ...`, `-c CODE ...` or `FILE ...`, to its end."""
    return _warm_interpreter()(arguments, folder, environment)


@cache
def _warm_interpreter() -> "_WarmInterpreter":
    interpreter = _WarmInterpreter()
    atexit.register(interpreter.close)
    return interpreter


class _WarmInterpreter:
    """The process that forks, and the line to it; it ends with this one."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        self._line.settimeout(SECONDS)
        number = theirs.fileno()
        command = [sys.executable, str(Path(__file__).resolve()), str(number)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, pass_fds=[number], env=environment, stdin=subprocess.DEVNULL)
        theirs.close()
        self._answers = self._line.makefile("r", encoding="utf-8")

    def close(self) -> None:
        self._line.shutdown(socket.SHUT_RDWR)
        self._process.wait(timeout=SECONDS)

    def __call__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        request = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            socket.send_fds(self._line, [b"x"], [out.fileno(), err.fileno()])
            self._line.sendall(json.dumps(request).encode() + b"\n")
            code = int(self._answers.readline())
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(list(arguments), code, out.read(), err.read())


def _load() -> None:
    import kolena_store

    for name in OF_OTHERS:
        import_module(name)
    for module in pkgutil.walk_packages(kolena_store.__path__, "kolena_store."):
        if module.name not in NOT_LOADED:
            import_module(module.name)
    gc.collect()
    gc.freeze()


def _serve(line: socket.socket) -> Callable[[], None]:
    """Fork for each request until the other end closes; in a child, return what it is to do."""
    requests = line.makefile("rb")
    while True:
        _, descriptors, _, _ = socket.recv_fds(line, 1, 2)
        if not descriptors:
            os._exit(0)
        request = json.loads(requests.readline())
        child = os.fork()
        if child == 0:
            requests.close()
            line.close()
            return _program(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        line.sendall(f"{code}\n".encode())


def _program(request: Mapping[str, Any], descriptors: Sequence[int]) -> Callable[[], None]:
    """Put this process into the place that it was asked to work in, and return its work."""
    for number, descriptor in enumerate(descriptors, 1):
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
        return lambda: runpy.run_module(module, run_name="__main__", alter_sys=True) and None
    sys.argv = [first, *others]
    return lambda: runpy.run_path(first, run_name="__main__") and None


if __name__ == "__main__":
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))()
