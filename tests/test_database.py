"""Commits, locks and snapshots: what a reader and a writer of one store see, and what is left on disk."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.database import Database, Transaction
from kolena_store.database.commit import WORK_PREFIX
from kolena_store.errors import (
    DamagedStore,
    InvalidInput,
    ReadOnlyStore,
    StoreError,
    StoreLocked,
    StoreNotFound,
    UnsupportedStore,
)
from kolena_store.statements import literal

ROOT = Path(__file__).parent.parent


def rows(*ids: int, value: str = "x") -> pa.Table:
    return pa.table({"id": list(ids), "value": [value] * len(ids)})


def files_in(root: Path) -> dict[str, bytes]:
    """Return every file of a store with its content; the lock file names the last writer and is left out."""
    found = (path for path in root.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def opened(root: Path, *, lock_timeout: float = 60.0) -> Database:
    return Database(root, lock_timeout=lock_timeout, before_commit=lambda transaction: None)


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python process that prints a line when it is ready."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def stop(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate()


HOLDER = """
    import sys
    from pathlib import Path
    from kolena_store.database import Database
    with Database(Path(sys.argv[1]), before_commit=lambda transaction: None).transaction():
        print("ready", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def holder(ticket_store: ks.Store) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of `ticket_store`."""
    process = start(HOLDER, ticket_store.path)
    assert read_line(process) == "ready"
    yield process
    if process.returncode is None:
        stop(process)


# --- one commit ---


def test_a_commit_leaves_a_read_only_catalogue_and_no_work_files(store: ks.Store) -> None:
    store.upload_dataset("things", rows(1))
    store.upload_dataset("things", rows(1, 2))
    names = {path.name for path in store.path.iterdir()}
    assert names == {"store.duckdb", "data", "lock"}
    assert (store.path / "store.duckdb").stat().st_mode & 0o777 == 0o444


def test_a_commit_leaves_no_incoming_data_file(ticket_store: ks.Store) -> None:
    assert [path for path in ticket_store.path.rglob("*") if path.name.startswith(".")] == []


def test_every_data_file_is_in_the_catalogue(ticket_store: ks.Store) -> None:
    ticket_store.upload_results("tickets", "v1", pa.table({"id": [1], "prediction": ["other"]}))
    on_disk = {path.stem for path in (ticket_store.path / "data").rglob("*.parquet")}
    with duckdb.connect(str(ticket_store.path / "store.duckdb"), read_only=True) as connection:
        assert {row[0] for row in connection.execute("SELECT sha256 FROM catalogue.files").fetchall()} == on_disk


def test_the_catalogue_uses_nothing_that_older_readers_refuse(ticket_store: ks.Store) -> None:
    with duckdb.connect(str(ticket_store.path / "store.duckdb"), read_only=True) as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'store'").fetchall()[0][0]
        assert str(tags["storage_version"]).startswith("v1.0.0")
        assert connection.execute("SELECT count(*) FROM duckdb_indexes()").fetchall() == [(0,)]
        constraints = connection.execute("SELECT count(*) FROM duckdb_constraints() WHERE constraint_type <> 'CHECK'")
        assert constraints.fetchall() == [(0,)]


def test_a_store_needs_no_folder_before_the_first_write(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "a" / "b" / "store")
    assert not store.exists
    store.create()
    store.create()
    assert store.exists
    assert store.datasets() == []


def test_creating_twice_commits_once(unmade_store: ks.Store) -> None:
    unmade_store.create()
    before = files_in(unmade_store.path)
    unmade_store.create()
    assert files_in(unmade_store.path) == before


def test_ids_go_on_from_commit_to_commit(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with database.transaction() as transaction:
        first = [transaction.new_id(), transaction.new_id()]
    with database.transaction() as transaction:
        assert transaction.new_id() == max(first) + 1
        assert not transaction.is_first


def test_leftover_work_copies_go_with_their_logs(ticket_store: ks.Store) -> None:
    for name in (f"{WORK_PREFIX}dead.duckdb", f"{WORK_PREFIX}dead.duckdb.wal"):
        (ticket_store.path / name).write_bytes(b"left by a process that died")
    ticket_store.upload_dataset("things", rows(1))
    assert sorted(path.name for path in ticket_store.path.iterdir()) == ["data", "lock", "store.duckdb"]


def test_readers_leave_leftover_work_copies_alone(ticket_store: ks.Store) -> None:
    leftover = ticket_store.path / f"{WORK_PREFIX}busy.duckdb"
    leftover.write_bytes(b"of a writer at work")
    assert ticket_store.dataset("tickets").n_samples == 60
    assert leftover.exists()


def test_reading_writes_nothing(ticket_store: ks.Store) -> None:
    before = files_in(ticket_store.path)
    ticket_store.datasets()
    ticket_store.download_results("tickets", "v1")
    ticket_store.sql("SELECT count(*) FROM tickets.inferences")
    assert files_in(ticket_store.path) == before


# --- failures ---


def test_a_transaction_that_raises_leaves_no_file_and_no_change(ticket_store: ks.Store) -> None:
    before = files_in(ticket_store.path)
    with pytest.raises(RuntimeError, match="stop"), ticket_store.transaction():
        ticket_store.upload_dataset("things", rows(1, 2, 3))
        ticket_store.upload_results("tickets", "v3", pa.table({"id": [1], "prediction": ["other"]}))
        raise RuntimeError("stop")
    assert files_in(ticket_store.path) == before
    assert [dataset.name for dataset in ticket_store.datasets()] == ["tickets"]


def test_an_upload_that_fails_leaves_no_file_and_no_change(ticket_store: ks.Store) -> None:
    before = files_in(ticket_store.path)
    with pytest.raises(StoreError):
        ticket_store.upload_dataset("things", rows(1, 1))
    with pytest.raises(StoreError):
        ticket_store.upload_results("tickets", "v3", pa.table({"id": [1, 99], "prediction": ["other", "other"]}))
    assert files_in(ticket_store.path) == before


def test_a_first_transaction_that_raises_makes_no_store(unmade_store: ks.Store) -> None:
    with pytest.raises(StoreError):
        unmade_store.upload_dataset("things", rows(1, 1))
    assert not unmade_store.exists
    assert files_in(unmade_store.path) == {}


def test_an_interrupt_is_a_failure_like_any_other(ticket_store: ks.Store) -> None:
    before = files_in(ticket_store.path)
    with pytest.raises(KeyboardInterrupt), ticket_store.transaction():
        ticket_store.upload_dataset("things", rows(1))
        raise KeyboardInterrupt
    assert files_in(ticket_store.path) == before


def test_a_failure_of_the_views_keeps_the_store_as_it_was(tmp_path: Path) -> None:
    def fail(transaction: Transaction) -> None:
        raise ZeroDivisionError

    opened(tmp_path).transaction().__enter__()
    before = files_in(tmp_path)
    with pytest.raises(ZeroDivisionError), Database(tmp_path, before_commit=fail).transaction():
        pass
    assert files_in(tmp_path) == before


def test_an_interrupt_just_after_the_replacement_keeps_the_new_files(
    store: ks.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def replace_and_interrupt(path: Path, target: Path) -> Path:
        found = replace(path, target)
        if path.name.startswith(WORK_PREFIX):
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(Path, "replace", replace_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.upload_dataset("things", rows(1, 2))
    monkeypatch.undo()
    assert store.download_dataset("things").num_rows == 2


def test_several_operations_share_one_commit(ticket_store: ks.Store) -> None:
    generation = "SELECT generation FROM catalogue.store_info"
    [(before,)] = opened(ticket_store.path).session().connection.execute(generation).fetchall()
    with ticket_store.transaction():
        ticket_store.upload_dataset("things", rows(1))
        with ticket_store.transaction():
            ticket_store.upload_dataset("things", rows(1, 2))
        assert ticket_store.dataset("things").n_samples == 2
    assert opened(ticket_store.path).session().connection.execute(generation).fetchall() == [(before + 1,)]
    assert [version.n_samples for version in ticket_store.dataset_history("things")] == [1, 2]


def test_an_operation_that_failed_inside_a_transaction_poisons_it(ticket_store: ks.Store) -> None:
    before = files_in(ticket_store.path)
    with pytest.raises(StoreError, match="nothing of it was kept"), ticket_store.transaction():
        ticket_store.upload_dataset("things", rows(1))
        with pytest.raises(StoreError, match="more than one row"):
            ticket_store.upload_dataset("other", rows(1, 1))
    assert files_in(ticket_store.path) == before


def test_a_failed_read_inside_a_transaction_does_no_harm(ticket_store: ks.Store) -> None:
    with ticket_store.transaction():
        with pytest.raises(StoreError, match="no dataset named"):
            ticket_store.dataset("nothing")
        ticket_store.upload_dataset("things", rows(1))
    assert ticket_store.dataset("things").n_samples == 1


def test_a_store_is_usable_after_a_failed_transaction(ticket_store: ks.Store) -> None:
    with pytest.raises(RuntimeError), ticket_store.transaction():
        raise RuntimeError
    assert ticket_store.upload_dataset("things", rows(1)).version == 1


# --- what DuckDB would replay ---


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.datasets(),
        lambda store: store.upload_dataset("things", rows(1)),
        lambda store: store.sql("SELECT 1"),
        lambda store: store.create() if not store.exists else store.transaction().__enter__(),
    ],
    ids=["read", "write", "sql", "transaction"],
)
def test_a_stray_log_stops_readers_and_writers(ticket_store: ks.Store, use: Callable[[ks.Store], object]) -> None:
    wal = ticket_store.path / "store.duckdb.wal"
    wal.write_bytes(b"")
    with pytest.raises(DamagedStore, match="Move that file away"):
        use(ticket_store)
    wal.unlink()
    assert ticket_store.dataset("tickets").n_samples == 60


def test_a_client_that_died_while_writing_never_reaches_the_store(ticket_store: ks.Store) -> None:
    catalogue = ticket_store.path / "store.duckdb"
    dying = """
        import os, sys, duckdb
        os.chmod(sys.argv[1], 0o644)
        connection = duckdb.connect(sys.argv[1])
        connection.execute("CREATE TABLE intruder (a INTEGER)")
        os._exit(1)
    """
    start(dying, catalogue).communicate()
    with pytest.raises(DamagedStore):
        ticket_store.refresh()
        ticket_store.datasets()
    (ticket_store.path / "store.duckdb.wal").rename(ticket_store.path / "aside")
    ticket_store.upload_dataset("things", rows(1))
    tables = ticket_store.sql("SELECT table_name FROM information_schema.tables").rows()
    assert "intruder" not in {row["table_name"] for row in tables}


@pytest.mark.parametrize("content", [b"", b"no database", os.urandom(20_000)], ids=["empty", "text", "noise"])
def test_a_catalogue_that_is_no_database_is_a_damaged_store(ticket_store: ks.Store, content: bytes) -> None:
    catalogue = ticket_store.path / "store.duckdb"
    catalogue.chmod(0o644)
    catalogue.write_bytes(content)
    with pytest.raises(DamagedStore, match="restore it"):
        ticket_store.datasets()
    with pytest.raises(DamagedStore, match="restore it"):
        ticket_store.upload_dataset("things", rows(1))


def test_a_database_of_someone_else_is_no_store(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")
    with pytest.raises(DamagedStore, match="can't be opened"):
        ks.Store(tmp_path).datasets()


@pytest.mark.parametrize("kind", ["samples", "inferences"])
def test_a_data_file_that_is_gone_is_a_damaged_store(ticket_store: ks.Store, kind: str) -> None:
    shutil.rmtree(ticket_store.path / "data" / kind)
    with pytest.raises(DamagedStore, match="can't be read"):
        ticket_store.download_results("tickets", "v1")
    with pytest.raises(DamagedStore, match="can't be read"):
        ticket_store.test("tickets", by=["language"])


def test_a_store_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound, match="kolena-store init"):
        ks.Store(tmp_path / "nowhere").datasets()


# --- locks ---


def test_a_held_lock_names_the_process_and_the_host(ticket_store: ks.Store, holder: subprocess.Popen[str]) -> None:
    store = ks.Store(ticket_store.path, lock_timeout=0.1)
    with pytest.raises(StoreLocked, match=rf"process {holder.pid} on {socket.gethostname()}") as raised:
        store.upload_dataset("things", rows(1))
    assert isinstance(raised.value, TimeoutError)
    assert store.dataset("tickets").n_samples == 60, "readers don't wait"


def test_the_lock_of_a_dead_process_is_free(ticket_store: ks.Store, holder: subprocess.Popen[str]) -> None:
    stop(holder)
    leftovers = [path.name for path in ticket_store.path.glob(f"{WORK_PREFIX}*")]
    assert leftovers != [], "the dead writer left its work copy"
    assert ks.Store(ticket_store.path, lock_timeout=5).upload_dataset("things", rows(1)).version == 1
    assert list(ticket_store.path.glob(f"{WORK_PREFIX}*")) == []


@pytest.mark.sampled(2)
def test_a_writer_waits_for_the_lock(ticket_store: ks.Store, holder: subprocess.Popen[str]) -> None:
    late = """
        import sys, time
        import kolena_store as ks
        print("ready", flush=True)
        ks.Store(sys.argv[1], lock_timeout=30).create()
        ks.Store(sys.argv[1], lock_timeout=30).upload_dataset("things", [{"id": 1}])
    """
    writer = start(late, ticket_store.path)
    assert read_line(writer) == "ready"
    time.sleep(0.3)
    assert writer.poll() is None
    holder.communicate("")
    writer.communicate(timeout=30)
    assert writer.returncode == 0
    assert ticket_store.dataset("things").n_samples == 1


@pytest.mark.sampled(2)
def test_several_processes_commit_in_turn(ticket_store: ks.Store) -> None:
    writer = """
        import sys
        import kolena_store as ks
        store = ks.Store(sys.argv[1])
        for number in range(3):
            store.upload_dataset("shared", [{"id": f"{sys.argv[2]} {number}"}], append_only=True)
    """
    writers = [start(writer, ticket_store.path, name) for name in ("a", "b", "c")]
    for process in writers:
        process.communicate(timeout=60)
    assert [process.returncode for process in writers] == [0, 0, 0]
    ids = ticket_store.download_dataset("shared").column("id").to_pylist()
    assert sorted(ids) == [f"{name} {number}" for name in "abc" for number in range(3)]
    assert [version.n_samples for version in ticket_store.dataset_history("shared")] == list(range(1, 10))


def test_a_failed_wait_for_the_lock_keeps_the_readers_view(
    ticket_store: ks.Store, holder: subprocess.Popen[str]
) -> None:
    store = ks.Store(ticket_store.path, lock_timeout=0.05)
    view = store._database.session()
    with pytest.raises(StoreLocked):
        store.upload_dataset("things", rows(1))
    assert store._database.session() is view


# --- snapshots ---


def test_a_reader_keeps_its_view_until_it_refreshes(ticket_store: ks.Store) -> None:
    reader = ks.Store(ticket_store.path)
    assert reader.dataset("tickets").version == 1
    for number in (2, 3):
        ticket_store.upload_dataset("tickets", rows(1).select(["id"]).append_column("topic", [[f"topic {number}"]]))
        assert reader.dataset("tickets").version == 1
        assert reader.download_dataset("tickets").num_rows == 60
    reader.refresh()
    assert reader.dataset("tickets").version == 3
    assert reader.download_dataset("tickets").to_pylist() == [{"id": 1, "topic": "topic 3"}]


def test_a_writer_sees_what_others_committed_since_it_read(ticket_store: ks.Store) -> None:
    other = ks.Store(ticket_store.path)
    assert other.dataset("tickets").version == 1
    ticket_store.upload_dataset("things", rows(1))
    assert other.upload_dataset("things", rows(1, 2)).version == 2


def test_a_plain_connection_keeps_working_while_we_commit(ticket_store: ks.Store) -> None:
    with duckdb.connect(str(ticket_store.path / "store.duckdb"), read_only=True) as connection:
        ticket_store.upload_dataset("things", rows(1))
        assert connection.execute("SELECT count(*) FROM kolena.datasets").fetchall() == [(1,)]
    with duckdb.connect(str(ticket_store.path / "store.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM kolena.datasets").fetchall() == [(2,)]


@pytest.mark.parametrize("is_other_process", [False, True], ids=["this process", "another process"])
def test_a_client_that_has_the_catalogue_open_for_writing_is_told(
    ticket_store: ks.Store, is_other_process: bool
) -> None:
    catalogue = ticket_store.path / "store.duckdb"
    catalogue.chmod(0o644)
    with writing_client(catalogue, is_other_process):
        with pytest.raises(StoreLocked, match="read_only=True"):
            ticket_store.datasets()
        with pytest.raises(StoreLocked, match="read_only=True"):
            ticket_store.upload_dataset("things", rows(1))
        with pytest.raises(StoreLocked, match="read_only=True"):
            ticket_store.sql("SELECT 1")
    assert ticket_store.upload_dataset("things", rows(1)).version == 1


class writing_client:
    """Someone's own connection that may write, in this process or in another one."""

    def __init__(self, catalogue: Path, is_other_process: bool) -> None:
        code = """
            import sys, duckdb
            connection = duckdb.connect(sys.argv[1])
            print("ready", flush=True)
            sys.stdin.read()
        """
        self.process = start(code, catalogue) if is_other_process else None
        self.connection = None if is_other_process else duckdb.connect(str(catalogue))

    def __enter__(self) -> None:
        if self.process:
            assert read_line(self.process) == "ready"

    def __exit__(self, *details: object) -> None:
        if self.process:
            self.process.communicate("")
        if self.connection:
            self.connection.close()


# --- places ---


def test_a_moved_store_works_at_once(ticket_store: ks.Store, tmp_path: Path) -> None:
    ticket_store.test("tickets", by=["language"])
    moved = tmp_path / "elsewhere"
    shutil.move(ticket_store.path, moved)
    store = ks.Store(moved)
    assert store.download_results("tickets", "v1").num_rows == 60
    assert store.sql("SELECT count(*) AS n FROM tickets.results").rows() == [{"n": 120}]
    assert store.sql("SELECT count(*) > 0 AS has_rows FROM kolena.metrics").rows() == [{"has_rows": True}]
    assert store.upload_dataset("things", rows(1)).version == 1
    assert store.sql("SELECT count(*) AS n FROM tickets.inferences").rows() == [{"n": 120}]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["it's", 'a "b"', "ü x", "a[1]", "{a,b}", "a;b--", "a.duckdb", "50%"])
def test_a_store_may_lie_in_a_folder_with_an_odd_name(tmp_path: Path, name: str) -> None:
    store = ks.Store(tmp_path / name)
    store.upload_dataset("things", rows(1, 2))
    store.upload_dataset("things", rows(2, 3))
    assert store.download_dataset("things").column("id").to_pylist() == [2, 3]
    assert store.sql("SELECT id FROM things.test_samples ORDER BY id").rows() == [{"id": 2}, {"id": 3}]
    with duckdb.connect(str(store.path / "store.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM things.test_samples").fetchall() == [(2,)]


def test_a_path_may_be_relative_or_roundabout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ks.Store("plain").upload_dataset("things", rows(1))
    for path in ("plain", "./plain", "other/../plain", tmp_path / "plain"):
        (tmp_path / "other").mkdir(exist_ok=True)
        assert ks.Store(path).sql("SELECT id FROM things.test_samples").rows() == [{"id": 1}]


@pytest.mark.parametrize("name", ["a*b", "what?"])
def test_a_path_that_sql_reads_as_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="another folder"):
        ks.Store(tmp_path / name)


def test_a_newer_format_is_refused(ticket_store: ks.Store) -> None:
    catalogue = ticket_store.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute("UPDATE catalogue.store_info SET format_version = 99")
        connection.execute("ALTER TABLE catalogue.store_info DROP COLUMN next_id")
    before = files_in(ticket_store.path)
    with pytest.raises(UnsupportedStore, match="upgrade"):
        ticket_store.datasets()
    with pytest.raises(UnsupportedStore, match="upgrade"):
        ticket_store.upload_dataset("things", rows(1))
    assert files_in(ticket_store.path) == before


@pytest.fixture
def unwritable_store(prebuilt_ticket_store: Path) -> Iterator[ks.Store]:
    """A store whose directory this process can't write; where the tests run as root, they do so as someone else."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        shutil.copytree(prebuilt_ticket_store, root)
        (root / "lock").unlink()
        Path(folder).chmod(0o755)
        root.chmod(0o555)
        user = os.geteuid()
        os.seteuid(user or 65534)
        yield ks.Store(root)
        os.seteuid(user)
        root.chmod(0o755)


def test_a_directory_that_can_not_be_written_is_read_only(unwritable_store: ks.Store) -> None:
    assert unwritable_store.dataset("tickets").n_samples == 60
    with pytest.raises(ReadOnlyStore, match="right to write") as raised:
        unwritable_store.upload_dataset("things", rows(1))
    assert isinstance(raised.value, PermissionError)
    with pytest.raises(ReadOnlyStore):
        ks.Store(unwritable_store.path / "inside").create()


def test_a_path_that_is_a_file_is_no_place_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(ReadOnlyStore, match="can't be written"):
        ks.Store(tmp_path / "file").create()
    with pytest.raises(StoreNotFound):
        ks.Store(tmp_path / "file").datasets()


def test_a_temporary_store_goes_with_its_object() -> None:
    store = ks.Store()
    store.upload_dataset("things", rows(1))
    path = store.path
    assert path.exists()
    del store
    assert not path.exists()


def test_a_temporary_store_goes_with_the_process() -> None:
    code = """
        import kolena_store as ks
        store = ks.Store()
        store.create()
        print(store.path, flush=True)
    """
    output, _ = start(code).communicate()
    assert output.strip()
    assert not Path(output.strip()).exists()


def test_session_values_are_bound_and_never_pasted(ticket_store: ks.Store) -> None:
    name = "x'; DROP SCHEMA catalogue; --"
    with pytest.raises(StoreError, match="no dataset named"):
        ticket_store.dataset(name)
    assert literal(name).count("'") == 4
    assert ticket_store.dataset("tickets").n_samples == 60


@pytest.mark.parametrize(
    "operation",
    [
        lambda store: store.test("d"),
        lambda store: store.stratify("d", "s", ["f"]),
        lambda store: store.apply_suite("d", "", name="s"),
        lambda store: store.apply_metrics("d", "-- nothing\n"),
        lambda store: store.drop_metric("d", "m"),
        lambda store: store.upload_results("d", "m", [{"id": 1}]),
        lambda store: store.datasets(),
    ],
)
def test_what_needs_a_store_makes_none(tmp_path: Path, operation: Callable[[ks.Store], object]) -> None:
    with pytest.raises(StoreNotFound, match="in Python, the first upload makes it"):
        operation(ks.Store(tmp_path / "nostore"))
    assert list(tmp_path.iterdir()) == []


def test_inside_a_transaction_the_store_is_there_already(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "new.store")
    with store.transaction():
        store.upload_dataset("d", [{"id": 1, "label": "a"}], workflow=ks.Classification("label"))
        store.upload_results("d", "m", [{"id": 1, "prediction": "a"}])
        assert store.test("d")["all", "m", "accuracy"].value == 1
