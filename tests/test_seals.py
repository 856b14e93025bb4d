"""A data file that was cut or altered is never used: sizes and digests, what is remembered of them, and what it costs."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import kolena_store as ks
from kolena_store.database import caches, seals
from kolena_store.errors import DamagedStore

SUITE = 'CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < 9;'
Use = Callable[[ks.Store], object]
USES: dict[str, tuple[str, Use]] = {
    "download a dataset": ("samples", lambda store: store.download_dataset("tickets")),
    "download results": ("inferences", lambda store: store.download_results("tickets", "v1")),
    "upload a dataset": ("samples", lambda store: store.upload_dataset("tickets", [{"id": 1}], append_only=True)),
    "upload new ids": ("ids", lambda store: store.upload_dataset("tickets", [{"id": 99}], append_only=True)),
    "upload results": (
        "inferences",
        lambda store: store.upload_results("tickets", "v1", [{"id": 1, "prediction": "x"}]),
    ),
    "apply a suite": ("samples", lambda store: store.apply_suite("tickets", SUITE, name="new")),
    "stratify": ("samples", lambda store: store.stratify("tickets", "new", ["length"])),
    "test by fields": ("samples", lambda store: store.test("tickets", by=["length"])),
    "test again": ("metrics", lambda store: store.test("tickets", by=["language"])),
    "test further metrics": (
        "sample_metrics",
        lambda store: store.test("tickets", by=["language"], metrics=["accuracy"]),
    ),
    "test with members": ("memberships", lambda store: store.test("tickets", by=["language"], metrics=["accuracy"])),
    "read terms": ("terms", lambda store: store.test("tickets", by=["language"])),
    "select samples": ("samples", lambda store: store.sql("SELECT count(*) FROM tickets.test_samples")),
    "select through a view": ("samples", lambda store: store.sql('SELECT max(topic) FROM "Tickets".GROUND_TRUTHS')),
    "select answers": (
        "inferences",
        lambda store: store.sql("WITH a AS (FROM tickets.results) SELECT count(*) FROM a"),
    ),
    "select metrics": ("metrics", lambda store: store.sql("SELECT avg(value) FROM kolena.metrics")),
    "explain": ("samples", lambda store: store.sql("EXPLAIN SELECT * FROM tickets.test_samples")),
}


@pytest.fixture(scope="module")
def tested(prebuilt_ticket_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tested") / "tickets.store"
    shutil.copytree(prebuilt_ticket_store, root)
    ks.Store(root).test("tickets", by=["language"])
    return root


@pytest.fixture
def tested_store(tested: Path, tmp_path: Path) -> ks.Store:
    """A store with files of every kind, opened anew."""
    shutil.copytree(tested, tmp_path / "tested.store")
    return ks.Store(tmp_path / "tested.store")


def altered(content: bytes) -> bytes:
    """Return a content of the same length, with one bit of its middle turned."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[:-1],
    "emptied": lambda content: b"",
    "lengthened": lambda content: content + b"x",
    "altered": altered,
}


def damage(root: Path, kind: str, how: Callable[[bytes], bytes] = altered) -> list[Path]:
    """Damage every file of a kind and return them."""
    paths = sorted((root / "data" / kind).glob("*.parquet"))
    assert paths != []
    for path in paths:
        path.write_bytes(how(path.read_bytes()))
    return paths


@pytest.mark.sampled(8)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_is_named_and_not_used(tested_store: ks.Store, use: str, how: str) -> None:
    kind, work = USES[use]
    paths = damage(tested_store.path, kind, DAMAGES[how])
    with pytest.raises(DamagedStore) as raised:
        work(tested_store)
    assert any(str(path) in str(raised.value) for path in paths)
    is_derived = kind in ("memberships", "sample_metrics", "metrics", "terms")
    assert ("verify --repair computes it again" if is_derived else "restore it from a copy") in str(raised.value)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("use", USES)
def test_a_file_that_is_damaged_after_its_first_use_is_not_used_again(tested_store: ks.Store, use: str) -> None:
    kind, work = USES[use]
    for reading in ("download a dataset", "download results", "select metrics", "test again"):
        USES[reading][1](tested_store)
    damage(tested_store.path, kind)
    with pytest.raises(DamagedStore, match="was altered"):
        work(tested_store)


@pytest.mark.sampled(2)
def test_every_bit_of_a_file_counts(ticket_store: ks.Store) -> None:
    (path,) = (ticket_store.path / "data" / "samples").glob("*.parquet")
    content = path.read_bytes()
    for position in range(0, len(content), 37):
        path.write_bytes(content[:position] + bytes([content[position] ^ 128]) + content[position + 1 :])
        with pytest.raises(DamagedStore, match="was altered"):
            ticket_store.download_dataset("tickets")
    path.write_bytes(content)
    assert ticket_store.download_dataset("tickets").num_rows == 60, "a file that was put back is used again"


def test_what_a_query_does_not_read_may_be_damaged(tested_store: ks.Store) -> None:
    damage(tested_store.path, "samples")
    assert tested_store.sql("SELECT count(*) > 0 AS has_rows FROM kolena.metrics").rows() == [{"has_rows": True}]
    assert tested_store.sql("SELECT name FROM kolena.datasets").rows() == [{"name": "tickets"}]
    assert tested_store.sql("SELECT 1 AS one").rows() == [{"one": 1}]


def test_a_file_that_may_not_be_read_is_no_damage(tested_store: ks.Store) -> None:
    code = seals._unreadable(Path("x.parquet"), PermissionError(13, "Permission denied"))
    assert isinstance(code, ks.StoreError)
    assert not isinstance(code, DamagedStore)


# --- notes that outlive a process ---


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(caches.CACHE_SETTING, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def large_store(tmp_path: Path, cache: Path) -> ks.Store:
    """A store whose samples are worth a note."""
    noise = np.random.default_rng(1).bytes(seals.WORTH_KEEPING * 2)
    size = len(noise) // 64
    texts = [noise[start : start + 64].hex() for start in range(0, len(noise), 64)]
    store = ks.Store(tmp_path / "large.store")
    store.upload_dataset("large", pa.table({"id": range(size), "text": texts}), id_fields=["id"])
    return store


class Hashed:
    """Counts the files whose digest is computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[Path] = []
        check = seals.check_file

        def counted(file: seals.FileRecord, root: Path) -> None:
            self.paths.append(file.path(root))
            check(file, root)

        monkeypatch.setattr(seals, "check_file", counted)


def test_a_large_file_is_read_once_for_all_processes(
    large_store: ks.Store, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    hashed = Hashed(monkeypatch)
    ks.Store(large_store.path).download_dataset("large")
    assert hashed.paths == [], "what a process wrote it need not read"
    shutil.rmtree(cache)
    ks.Store(large_store.path).download_dataset("large")
    ks.Store(large_store.path).download_dataset("large")
    assert len(hashed.paths) == 1


def test_small_files_leave_no_notes(tested_store: ks.Store, cache: Path) -> None:
    tested_store.download_dataset("tickets")
    assert not cache.exists()


def test_a_note_does_not_hide_an_alteration(large_store: ks.Store) -> None:
    (path,) = (large_store.path / "data" / "samples").glob("*.parquet")
    before = path.stat()
    path.write_bytes(altered(path.read_bytes()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DamagedStore, match="was altered"):
        ks.Store(large_store.path).download_dataset("large")


def test_a_copied_store_is_checked_once(large_store: ks.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = Hashed(monkeypatch)
    shutil.copytree(large_store.path, tmp_path / "copy.store")
    for _ in range(2):
        ks.Store(tmp_path / "copy.store").download_dataset("large")
    assert len(hashed.paths) == 1


@pytest.mark.sampled(2)
@pytest.mark.parametrize("content", ["", "noise\n" * 5, "a 1 2 3 4 x\nb 1 2\n", "é"])
def test_notes_that_can_not_be_read_are_as_none(large_store: ks.Store, cache: Path, content: str) -> None:
    (notes,) = cache.iterdir()
    notes.write_text(content, encoding="utf-8")
    assert ks.Store(large_store.path).download_dataset("large").num_rows > 0


def test_notes_do_not_grow_for_ever(large_store: ks.Store, cache: Path) -> None:
    (notes,) = cache.iterdir()
    notes.write_text("x" * (seals.LARGEST_CACHE + 1))
    ks.Store(large_store.path).download_dataset("large")
    assert notes.stat().st_size < 1000


@pytest.mark.parametrize("place", ["", "/dev/null/none"])
def test_without_a_place_for_notes_every_process_reads_the_files(
    large_store: ks.Store, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv(caches.CACHE_SETTING, place)
    hashed = Hashed(monkeypatch)
    for _ in range(2):
        ks.Store(large_store.path).download_dataset("large")
    assert len(hashed.paths) == 2


def test_notes_stand_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(caches.CACHE_SETTING)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert caches.cache_folder() == tmp_path / "kolena-store"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert caches.cache_folder() == Path.home() / ".cache" / "kolena-store"


def test_a_file_that_duckdb_reads_in_spite_of_damage_is_refused(ticket_store: ks.Store) -> None:
    """DuckDB checks no digest: it reads the altered number, which is why this store does."""
    (path,) = (ticket_store.path / "data" / "ids").glob("*.parquet")
    rows = pq.read_table(path)
    pq.write_table(rows.set_column(1, "id", pa.array([*range(1, 60), 0])), path)
    with pytest.raises(DamagedStore):
        ticket_store.upload_dataset("tickets", [{"id": 0}], append_only=True)
