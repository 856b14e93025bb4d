"""Stores in difficult places, and inputs that are no files: each is handled, or an error says what to do."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

import kolena_store as ks
from kolena_store.errors import (
    DamagedStore,
    ReadOnlyStore,
    StoreError,
    StoreLocked,
    StoreNotFound,
    UnreadableFile,
    UnsupportedStore,
)

ROOT = Path(__file__).parent.parent
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as someone else")

READS: dict[str, Callable[[ks.Store], object]] = {
    "list": lambda store: store.datasets(),
    "download": lambda store: store.download_dataset("tickets"),
    "sql": lambda store: store.sql("SELECT count(*) FROM tickets.test_samples"),
    "verify": lambda store: store.verify(),
    "dry gc": lambda store: store.gc(dry_run=True),
}
WRITES: dict[str, Callable[[ks.Store], object]] = {
    "upload": lambda store: store.upload_dataset("things", [{"id": 1}]),
    "test": lambda store: store.test("tickets", by=["length"]),
    "gc": lambda store: store.gc(keep=1),
    "repair": lambda store: store.verify(repair=True),
}


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def as_someone_else(root: Path, own: Path) -> str:
    """Return what a process of another user prints; it first loads all it needs, and uses a store of its own."""
    command = [sys.executable, "-c", textwrap.dedent(SOMEONE), str(root), str(own)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def open_place(prebuilt_ticket_store: Path) -> Iterator[Path]:
    """A copy of the store in a folder that every user may enter."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "tickets.store"
        shutil.copytree(prebuilt_ticket_store, root)
        yield root


SOMEONE = """
    import os, sys
    import kolena_store as ks

    def use(store):
        print(store.dataset("tickets").n_samples, store.download_results("tickets", "v1").num_rows)
        print(store.sql("SELECT count(*) AS n FROM tickets.inferences").rows(), store.verify().is_sound)
        try:
            store.upload_dataset("things", [{"id": 1}])
        except ks.StoreError as error:
            print(type(error).__name__, error)

    use(ks.Store(sys.argv[2]))
    os.setgid(65534)
    os.setuid(65534)
    print("as someone else")
    use(ks.Store(sys.argv[1]))
"""


@pytest.mark.sampled(2)
@needs_root
def test_a_store_of_someone_else_can_be_read_and_not_written(open_place: Path, ticket_store: ks.Store) -> None:
    before, printed = as_someone_else(open_place, ticket_store.path).split("as someone else")
    assert "Error" not in before
    assert "60 60" in printed
    assert "[{'n': 120}] True" in printed
    assert "ReadOnlyStore" in printed
    assert "give yourself the right to write there" in printed


@needs_root
@pytest.mark.parametrize("use", [*READS, *WRITES])
def test_a_catalogue_that_may_not_be_read_is_an_error(open_place: Path, use: str) -> None:
    (open_place / "store.duckdb").chmod(0o000)
    (open_place / "lock").unlink()
    with as_nobody(), pytest.raises((UnreadableFile, ReadOnlyStore), match=r"ask its owner|right to write"):
        {**READS, **WRITES}[use](ks.Store(open_place))


@needs_root
def test_a_data_file_that_may_not_be_read_is_no_damage(open_place: Path) -> None:
    for path in open_place.glob("data/samples/*"):
        path.chmod(0o000)
    with as_nobody():
        for use in ("download", "sql"):
            with pytest.raises(UnreadableFile, match="ask its owner"):
                READS[use](ks.Store(open_place))
        (finding,) = ks.Store(open_place).verify(quick=True).findings
        assert "Permission denied" in finding.problem


@needs_root
def test_a_store_folder_that_may_not_be_entered_is_an_error(open_place: Path) -> None:
    open_place.chmod(0o000)
    with as_nobody():
        for use in (*READS, *WRITES):
            with pytest.raises(StoreError, match=r"ask its owner|right to write"):
                {**READS, **WRITES}[use](ks.Store(open_place))
    open_place.chmod(0o755)


@pytest.fixture
def read_only_disk(prebuilt_ticket_store: Path, tmp_path: Path) -> Iterator[Path]:
    """A file system that is mounted read-only, where the machine allows to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    shutil.copytree(prebuilt_ticket_store, folder / "tickets.store")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_file_system_can_be_read_and_not_written(read_only_disk: Path) -> None:
    store = ks.Store(read_only_disk / "tickets.store")
    for use in READS.values():
        use(store)
    for use in (WRITES["upload"], WRITES["test"], WRITES["repair"]):
        with pytest.raises(ReadOnlyStore, match="copy the store to another place"):
            use(store)
    with pytest.raises(ReadOnlyStore):
        ks.Store(read_only_disk / "new.store").create()


# --- a catalogue that is none ---


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[: len(content) // 2])


def garbage(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(os.urandom(100_000))


def empty(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.sampled(8)
@pytest.mark.parametrize("break_", [cut, garbage, empty, folder, pipe], ids=lambda one: one.__name__)
@pytest.mark.parametrize("use", [*READS, *WRITES])
def test_a_catalogue_that_is_none_is_a_damaged_store(
    ticket_store: ks.Store, break_: Callable[[Path], None], use: str
) -> None:
    break_(ticket_store.path / "store.duckdb")
    before = {path.name for path in ticket_store.path.iterdir()}
    with pytest.raises(DamagedStore, match="copy"):
        {**READS, **WRITES}[use](ks.Store(ticket_store.path))
    assert {path.name for path in ticket_store.path.iterdir()} == before


def test_a_link_that_leads_nowhere_is_no_store(ticket_store: ks.Store) -> None:
    dangling_link(ticket_store.path / "store.duckdb")
    with pytest.raises(StoreNotFound):
        ticket_store.datasets()


def test_a_missing_data_folder_is_a_damaged_store(ticket_store: ks.Store) -> None:
    shutil.rmtree(ticket_store.path / "data")
    for use in ("download", "sql"):
        with pytest.raises(DamagedStore, match="it is not there"):
            READS[use](ticket_store)
    report = ticket_store.verify()
    assert {finding.problem for finding in report.findings} == {"can't be read: it is not there"}
    assert len(report.findings) == report.n_files


@pytest.mark.sampled(3)
@pytest.mark.parametrize("use", [*READS, *WRITES])
def test_a_newer_format_is_refused_by_everything(ticket_store: ks.Store, use: str) -> None:
    catalogue = ticket_store.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute("UPDATE catalogue.store_info SET format_version = 99")
    with pytest.raises(UnsupportedStore, match="upgrade"):
        {**READS, **WRITES}[use](ks.Store(ticket_store.path))


# --- locks and logs ---


def test_a_lock_that_another_host_holds_is_named(ticket_store: ks.Store) -> None:
    """As on a shared file system: the lock is held, and the file names a process of another machine."""
    from filelock import FileLock

    lock = ticket_store.path / "lock"
    with FileLock(lock):
        lock.write_text("process 4711 on far.example\n", encoding="utf-8")
        with pytest.raises(StoreLocked, match=r"process 4711 on far\.example; waited 0\.1 s"):
            WRITES["upload"](ks.Store(ticket_store.path, lock_timeout=0.1))
    assert WRITES["upload"](ks.Store(ticket_store.path))
    assert lock.read_text(encoding="utf-8") == f"process {os.getpid()} on {socket.gethostname()}\n"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 100_000])
def test_a_lock_that_holds_anything_does_no_harm(ticket_store: ks.Store, content: bytes) -> None:
    from filelock import FileLock

    lock = ticket_store.path / "lock"
    lock.write_bytes(content)
    assert WRITES["upload"](ks.Store(ticket_store.path))
    with FileLock(lock):
        lock.write_bytes(content)
        with pytest.raises(StoreLocked) as raised:
            WRITES["upload"](ks.Store(ticket_store.path, lock_timeout=0.1))
    assert len(str(raised.value)) < 1000


def test_a_lock_that_is_a_folder_is_an_error(ticket_store: ks.Store) -> None:
    (ticket_store.path / "lock").unlink()
    (ticket_store.path / "lock").mkdir()
    with pytest.raises(ReadOnlyStore, match="can't be written"):
        WRITES["upload"](ks.Store(ticket_store.path, lock_timeout=0.5))


@pytest.mark.parametrize("use", [name for name in (*READS, *WRITES) if name not in ("verify", "repair")])
def test_a_stray_log_stops_everything_but_its_repair(ticket_store: ks.Store, use: str) -> None:
    (ticket_store.path / "store.duckdb.wal").write_bytes(b"x")
    with pytest.raises(DamagedStore, match="verify --repair"):
        {**READS, **WRITES}[use](ks.Store(ticket_store.path))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("use", [*READS, *WRITES])
def test_a_users_own_connection_that_may_write_is_named(ticket_store: ks.Store, use: str) -> None:
    catalogue = ticket_store.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)), pytest.raises(StoreLocked, match="read_only=True"):
        {**READS, **WRITES}[use](ks.Store(ticket_store.path))
    assert ks.Store(ticket_store.path).verify(repair=True).is_sound


# --- stores that go away ---


@pytest.mark.sampled(2)
@pytest.mark.parametrize("use", list(WRITES))
def test_a_store_that_is_moved_under_an_open_object_is_not_made_anew(
    ticket_store: ks.Store, tmp_path: Path, use: str
) -> None:
    assert ticket_store.dataset("tickets").n_samples == 60
    shutil.move(ticket_store.path, tmp_path / "elsewhere")
    with pytest.raises(StoreNotFound, match=r"is gone|no store at"):
        WRITES[use](ticket_store)
    assert not ticket_store.path.exists()
    shutil.move(tmp_path / "elsewhere", ticket_store.path)
    assert WRITES[use](ticket_store)


def test_a_store_that_was_made_and_moved_is_not_made_anew(unmade_store: ks.Store, tmp_path: Path) -> None:
    unmade_store.upload_dataset("things", [{"id": 1}])
    shutil.move(unmade_store.path, tmp_path / "elsewhere")
    with pytest.raises(StoreNotFound, match="open it at its new place"):
        unmade_store.upload_dataset("things", [{"id": 2}])
    with pytest.raises(StoreNotFound):
        unmade_store.create()
    assert not unmade_store.path.exists()


# --- inputs that are no files ---


@pytest.fixture(params=["pipe", "folder", "device", "socket"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    if request.param == "device":
        return Path("/dev/zero")
    path = Path("input.csv")
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    assert not stat.S_ISREG(path.stat().st_mode)
    return path


@pytest.mark.parametrize(
    "use",
    [
        lambda store, path: store.upload_dataset("new", path),
        lambda store, path: store.upload_results("tickets", "v3", path),
        lambda store, path: store.apply_suites("tickets", [path]),
        lambda store, path: store.apply_metrics("tickets", path),
        lambda store, path: ks.read_configuration(path),
    ],
    ids=["dataset", "results", "suite", "metrics", "configuration"],
)
def test_an_input_that_is_no_file_is_refused_at_once(
    ticket_store: ks.Store, no_file: Path, use: Callable[[ks.Store, Path], object]
) -> None:
    with pytest.raises(StoreError, match=str(no_file)):
        use(ticket_store, no_file)
