"""Processes that change a store and may be killed on the way; and what a store shows, to compare before and after.

Run as a program it loads everything once, and forks a process for each line that it reads: starting Python afresh for
hundreds of crashes would take minutes.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

import kolena_store as ks

# Loaded before any fork, for each child would load them again.
import kolena_store.membership.stored
import kolena_store.test_runs.user_rows
from kolena_store.faults import SETTING

SUITE = """\
CREATE VIEW "English" AS SELECT * FROM test_samples WHERE language = 'en';
CREATE VIEW "Long" AS SELECT * FROM test_samples WHERE length >= 50;
"""
LONGER_SUITE = SUITE + """CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < 20;\n"""
DONE = "done"
TIMES = ("seconds",)


def more_tickets(store: ks.Store) -> pa.Table:
    """Return the tickets with one gone, one changed and two new ones."""
    rows = store.download_dataset("tickets").to_pylist()[1:]
    rows[0]["length"] = 1000.0
    return pa.Table.from_pylist([*rows, {**rows[1], "id": 900}, {**rows[2], "id": 901}])


def upload_dataset(store: ks.Store) -> None:
    """Make a version of the dataset in which samples came, changed and went."""
    store.upload_dataset("tickets", more_tickets(store))


def upload_results(store: ks.Store) -> None:
    """Change the answers of one model and bring those of another one."""
    with store.transaction():
        store.upload_results("tickets", "v1", [{"id": number, "prediction": "outage"} for number in range(9)])
        store.upload_results("tickets", "v3", [{"id": number, "prediction": "billing"} for number in range(60)])


def apply_suite(store: ks.Store) -> None:
    """Apply the next version of a suite."""
    store.apply_suite("tickets", LONGER_SUITE, name="everyday")


def run_test(store: ks.Store) -> None:
    """Test both models on a suite."""
    store.test("tickets", ["v1", "v2"], "everyday")


def collect(store: ks.Store) -> None:
    """Drop old versions and remove files."""
    store.gc(keep=1, grace=0)


def create(store: ks.Store) -> None:
    """Make a store with its first dataset."""
    store.upload_dataset("first", [{"id": 1, "label": "a"}])


OPERATIONS: Mapping[str, Callable[[ks.Store], None]] = MappingProxyType(
    {one.__name__: one for one in (upload_dataset, upload_results, apply_suite, run_test, collect, create)}
)


def prepared(store: ks.Store) -> None:
    """Bring a store of tickets to where every operation has something to do."""
    store.apply_suite("tickets", SUITE, name="everyday")
    store.test("tickets", ["v1"], by=["language"])
    store.upload_dataset("tickets", [{**row, "length": 1.0} for row in store.download_dataset("tickets").to_pylist()])
    store.upload_results("tickets", "v2", [{"id": 3, "prediction": "billing"}])


def visible(root: Path) -> dict[str, Any] | None:
    """Return all that SQL shows of a store but for the times at which things were done; None when there is none."""
    if not (root / "store.duckdb").exists():
        return None
    with duckdb.connect(str(root / "store.duckdb"), read_only=True) as connection:
        connection.execute("SET VARIABLE kolena_root = $root", {"root": str(root)})
        found: dict[str, Any] = {"state": connection.execute("SELECT generation, next_id FROM catalogue.store_info")}
        found["state"] = found["state"].fetchall()
        views = connection.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        for schema, view in sorted(views):
            quoted = schema.replace('"', '""')
            found[f"{schema}.{view}"] = rows_of(connection.sql(f'SELECT * FROM "{quoted}"."{view}"').to_arrow_table())
    return dict(json.loads(json.dumps(found, default=str)))


def rows_of(table: pa.Table) -> list[Any]:
    """Return the rows of a table in an order of their own, without the times."""
    kept = [field.name for field in table.schema if not pa.types.is_timestamp(field.type) and field.name not in TIMES]
    return sorted(table.select(kept).to_pylist(), key=repr)


class Crasher:
    """A process that forks others, each of which does one operation on one store."""

    def __init__(self) -> None:
        """Start it; it is ready when everything is loaded."""
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def __call__(self, root: Path, operation: str, fault: str = "", *, after: float | None = None) -> str:
        """Do an operation, with a fault or a kill some seconds after its start, and return how it ended.

        That is `done`, `killed`, or the error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = {"root": str(root), "operation": operation, "fault": fault, "after": after}
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))


def _serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _work(request, writing)
        os.close(writing)
        if request["after"] is not None:
            time.sleep(request["after"])
            os.kill(child, signal.SIGKILL)
        with os.fdopen(reading) as answers:
            answer = answers.read()
        os.waitpid(child, 0)
        sys.stdout.write(json.dumps(answer or "killed") + "\n")
        sys.stdout.flush()


def _work(request: Mapping[str, Any], writing: int) -> None:
    """Do what was asked in the forked process, and leave without a trace of the parent's state."""
    try:
        if request["fault"]:
            os.environ[SETTING] = request["fault"]
        OPERATIONS[request["operation"]](ks.Store(request["root"], lock_timeout=30))
        answer = DONE
    except ks.StoreError as error:
        answer = f"{type(error).__name__}: {error}"
    except BaseException:  # noqa: BLE001
        answer = traceback.format_exc()
    os.environ.pop(SETTING, None)
    os.write(writing, answer.encode())
    os._exit(0)


if __name__ == "__main__":
    pc.sum(pa.array([1]))  # loads the compute kernels
    _serve()
