"""Several writers lose nothing, and readers never see half of a commit: processes, threads, and plain DuckDB."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from thoroughness import THOROUGH, sized

import kolena_store as ks
from kolena_store.errors import StoreLocked

ROOT = Path(__file__).parent.parent
N_COMMITS, SECONDS = sized((200, 6), (200, 1800))
N_READERS = sized(4, 8)
FEWEST_COMMITS = 8


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


def ended(process: subprocess.Popen[str]) -> str:
    """Return what a process printed, once it has ended well."""
    out, err = process.communicate("", timeout=SECONDS * 30)
    assert process.returncode == 0, err
    return out.strip()


WRITER = """
    import sys
    import kolena_store as ks
    store = ks.Store(sys.argv[1], lock_timeout=300)
    for number in range(int(sys.argv[3])):
        name = f"{sys.argv[2]} {number}"
        with store.transaction():
            store.upload_dataset("shared", [{"id": name, "label": "a"}], append_only=True)
            store.upload_results("shared", sys.argv[2], [{"id": name, "prediction": "a"}])
        print(name, flush=True)
"""


def test_two_writers_lose_nothing(store: ks.Store) -> None:
    store.upload_dataset("shared", [{"id": "first", "label": "a"}], workflow=ks.Classification("label"))
    n_commits = sized(8, 100)
    writers = [start(WRITER, store.path, name, n_commits) for name in ("a", "b")]
    acknowledged = [line for writer in writers for line in ended(writer).splitlines()]
    assert len(acknowledged) == 2 * n_commits
    store.refresh()
    ids = store.download_dataset("shared").column("id").to_pylist()
    assert sorted(ids) == sorted(["first", *acknowledged])
    assert [one.n_samples for one in store.dataset_history("shared")] == list(range(1, 2 * n_commits + 2))
    for name in ("a", "b"):
        mine = [line for line in acknowledged if line.startswith(f"{name} ")]
        assert store.download_results("shared", name).column("id").to_pylist() == mine
    assert store.verify().findings == ()


# --- readers ---

# Every commit writes one number everywhere: in each sample, each answer, and the version's message.
COUNTER = """
    import os, sys, time
    import kolena_store as ks
    store = ks.Store(sys.argv[1], lock_timeout=300)
    end = time.monotonic() + float(sys.argv[3])
    for number in range(1, int(sys.argv[2]) + 1):
        with store.transaction():
            rows = [{"id": n, "label": "a", "number": number} for n in range(5 + number % 3)]
            store.upload_dataset("d", rows, message=str(number), workflow=ks.Classification("label"))
            answers = [{"id": row["id"], "prediction": "a", "score": float(number)} for row in rows]
            store.upload_results("d", "m", answers)
            if number % 4 == 0:
                store.test("d")
        if number % 6 == 0:
            store.gc(keep=5)
        if time.monotonic() > end and number >= int(sys.argv[4]):
            break
    print(number, flush=True)
"""
API_READER = """
    import os, sys, time
    import kolena_store as ks
    store, seen = ks.Store(sys.argv[1]), []
    while True:
        store.refresh()
        dataset, results = store.download_dataset("d"), store.download_results("d", "m")
        newest = store.dataset_history("d")[-1]
        found = {int(newest.message), *dataset.column("number").to_pylist()}
        found |= {int(score) for score in results.column("score").to_pylist()[:dataset.num_rows]}
        assert len(found) == 1 and newest.n_samples == dataset.num_rows, (found, newest)
        [row] = store.sql(QUERY).rows()
        assert row["least"] == row["greatest"] == row["stated"] and row["n"] == row["n_samples"], row
        seen += found
        assert seen == sorted(seen)
        if len(seen) == 1:
            print("ready", flush=True)
        if os.path.exists(sys.argv[2]):
            break
        time.sleep(0.05)
    print(len(seen), len(set(seen)), flush=True)
"""
PLAIN_READER = """
    import os, sys, time, duckdb
    seen = []
    while True:
        with duckdb.connect(sys.argv[1] + "/store.duckdb", read_only=True) as connection:
            first = connection.execute(QUERY).fetchall()
            least, greatest, stated, n, n_samples = first[0]
            assert least == greatest == stated and n == n_samples, first
            time.sleep(0.02)
            assert connection.execute(QUERY).fetchall() == first, "it changed within a connection"
        seen.append(stated)
        assert seen == sorted(seen)
        if len(seen) == 1:
            print("ready", flush=True)
        if os.path.exists(sys.argv[2]):
            break
    print(len(seen), len(set(seen)), flush=True)
"""
QUERY = """
    SELECT least(min(s.number), min(i.score))::INT AS least, greatest(max(s.number), max(i.score))::INT AS greatest,
        (SELECT message FROM kolena.dataset_versions WHERE dataset = 'd' ORDER BY version DESC LIMIT 1)::INT AS stated,
        count(*) AS n, (SELECT n_samples FROM kolena.datasets WHERE name = 'd') AS n_samples
    FROM d.test_samples AS s JOIN d.inferences AS i USING (_sample)
"""


def with_query(code: str) -> str:
    return f"QUERY = {QUERY!r}\n{textwrap.dedent(code)}"


@pytest.mark.slow
def test_readers_never_see_a_mixture(store: ks.Store, tmp_path: Path) -> None:
    rows = [{"id": number, "label": "a", "number": 0} for number in range(5)]
    answers = [{"id": number, "prediction": "a", "score": 0.0} for number in range(5)]
    with store.transaction():
        store.upload_dataset("d", rows, message="0", workflow=ks.Classification("label"))
        store.upload_results("d", "m", answers)
    stop = tmp_path / "stop"
    codes = [API_READER, PLAIN_READER] * (N_READERS // 2)
    readers = [start(with_query(code), store.path, stop) for code in codes]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n" or ended(reader)
    n_commits = int(ended(start(COUNTER, store.path, N_COMMITS, SECONDS, FEWEST_COMMITS)))
    stop.touch()
    seen = [tuple(map(int, ended(reader).split())) for reader in readers]
    assert n_commits == N_COMMITS if THOROUGH else n_commits >= FEWEST_COMMITS
    assert all(n_reads > 0 for n_reads, _ in seen)
    assert max(n_states for _, n_states in seen) > 1
    assert store.verify().findings == ()


# --- threads ---


def in_threads(*works: Callable[[], object]) -> list[object]:
    """Do some work in a thread each and return what went wrong."""
    errors: list[object] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_threads_share_a_store(ticket_store: ks.Store) -> None:
    n_commits = 4

    def write(name: str) -> None:
        for number in range(n_commits):
            ticket_store.upload_dataset("shared", [{"id": f"{name} {number}"}], append_only=True)

    def read() -> None:
        for _ in range(20):
            assert ticket_store.download_results("tickets", "v1").num_rows == 60
            assert ticket_store.dataset("tickets").n_samples == 60
            assert ticket_store.sql("SELECT count(*) AS n FROM tickets.inferences").rows() == [{"n": 120}]

    assert in_threads(lambda: write("a"), lambda: write("b"), read, read) == []
    assert ticket_store.dataset("shared").n_samples == 2 * n_commits, "each thread sees what the others committed"
    assert ticket_store.dataset("shared").version == 2 * n_commits


def test_a_transaction_is_of_its_thread_alone(ticket_store: ks.Store) -> None:
    began, ending = threading.Event(), threading.Event()
    seen: list[list[str]] = []

    def change() -> None:
        with ticket_store.transaction():
            ticket_store.upload_dataset("things", [{"id": 1}])
            began.set()
            assert ending.wait(60)

    def look() -> None:
        assert began.wait(60)
        seen.append([one.name for one in ticket_store.datasets()])
        ending.set()

    assert in_threads(change, look) == []
    assert seen == [["tickets"]]
    assert [one.name for one in ticket_store.datasets()] == ["things", "tickets"]


def test_a_second_thread_that_writes_waits_as_a_process_does(ticket_store: ks.Store) -> None:
    store = ks.Store(ticket_store.path, lock_timeout=0.2)
    began, ending = threading.Event(), threading.Event()

    def hold() -> None:
        with store.transaction():
            began.set()
            assert ending.wait(60)

    def write() -> None:
        assert began.wait(60)
        before = time.monotonic()
        try:
            with pytest.raises(StoreLocked, match=rf"process {os.getpid()} on "):
                store.upload_dataset("things", [{"id": 1}])
            assert time.monotonic() - before < 30
        finally:
            ending.set()

    assert in_threads(hold, write) == []


def test_a_refresh_reaches_every_thread(ticket_store: ks.Store) -> None:
    reader = ks.Store(ticket_store.path)
    ready, refreshed = threading.Event(), threading.Event()
    seen: list[int] = []

    def read() -> None:
        seen.append(len(reader.datasets()))
        ready.set()
        assert refreshed.wait(60)
        seen.append(len(reader.datasets()))

    def refresh() -> None:
        assert ready.wait(60)
        ticket_store.upload_dataset("things", [{"id": 1}])
        reader.refresh()
        refreshed.set()

    assert in_threads(read, refresh) == []
    assert seen == [1, 2]
