"""Cleaning up: what each rule protects, what goes, and that compaction changes no row."""

import datetime
import os
import shutil
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from crash_operations import visible

import kolena_store as ks
from kolena_store.cleaning import compaction
from kolena_store.errors import DamagedStore, InvalidInput, OutdatedSession, StoreNotFound, UnknownName

HOUR = 3600.0


def numbers(n: int, value: float = 0.0) -> list[dict[str, object]]:
    return [{"id": number, "label": "ab"[number % 2], "x": value} for number in range(n)]


def files_in(store: ks.Store) -> set[Path]:
    return set(store.path.glob("data/*/*.parquet"))


def files_of_kind(store: ks.Store, kind: str) -> set[Path]:
    return set(store.path.glob(f"data/{kind}/*.parquet"))


def make_older(path: Path, hours: float) -> None:
    moment = time.time() - hours * HOUR
    os.utime(path, (moment, moment))


def release_earlier(store: ks.Store, hours: float) -> None:
    """Let the files that wait have been waiting for some hours already."""
    store.refresh()
    catalogue = store.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        waited = datetime.timedelta(hours=hours)
        connection.execute("UPDATE catalogue.released_files SET released = released - ?::INTERVAL", [waited])
    catalogue.chmod(0o444)
    store.refresh()


@pytest.fixture(scope="module")
def prebuilt_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = ks.Store(tmp_path_factory.mktemp("versions") / "my.store")
    for number in range(4):
        store.upload_dataset("d", numbers(5, float(number)), workflow=ks.Classification("label"))
        store.upload_results("d", "m", [{"id": n, "prediction": "ab"[n < number]} for n in range(5)])
        store.test("d")
    return store.path


@pytest.fixture
def versions(prebuilt_versions: Path, tmp_path: Path) -> ks.Store:
    """A store with four versions of a dataset and of a model's results, and a run on each."""
    return ks.Store(shutil.copytree(prebuilt_versions, tmp_path / "my.store"))


# --- what stays ---


def test_nothing_goes_that_something_needs(versions: ks.Store) -> None:
    before, files = visible(versions.path), files_in(versions)
    report = versions.gc(grace=0)
    assert (report.removed_files, report.waiting_files, report.dropped, report.compacted) == (0, 0, (), ())
    assert files_in(versions) == files
    assert visible(versions.path) == before, "not even a commit is made"
    assert [versions.download_dataset("d", number).column("x")[0].as_py() for number in (1, 2, 3, 4)] == [0, 1, 2, 3]


def test_a_file_that_no_commit_took_in_goes_after_the_grace_time(versions: ks.Store) -> None:
    stray = versions.path / "data" / "samples" / f"{'a' * 64}.parquet"
    stray.write_bytes(b"of a writer that died")
    make_older(stray, 23)
    report = versions.gc()
    assert (report.removed_files, report.waiting_files, report.waiting_bytes) == (0, 1, 21)
    assert stray.exists()
    make_older(stray, 25)
    report = versions.gc()
    assert (report.removed_files, report.removed_bytes, report.waiting_files) == (1, 21, 0)
    assert not stray.exists()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["notes.txt", "mine.parquet", f"{'A' * 64}.parquet", f"{'a' * 64}.parquet.bak"])
def test_files_that_are_not_the_stores_stay(versions: ks.Store, name: str) -> None:
    own = versions.path / "data" / "samples" / name
    own.write_bytes(b"mine")
    make_older(own, 1000)
    assert versions.gc(grace=0, keep=1).removed_files > 0
    assert own.exists()


def test_a_replaced_file_stays_for_the_grace_time_however_old_it_is(versions: ks.Store) -> None:
    for path in files_in(versions):
        make_older(path, 1000)
    files = files_in(versions)
    report = versions.gc(keep=1)
    assert report.removed_files == 0
    assert report.waiting_files > 0
    assert files_in(versions) == files
    release_earlier(versions, 23)
    assert versions.gc().removed_files == 0
    release_earlier(versions, 2)
    assert versions.gc().removed_files == report.waiting_files
    assert len(files_in(versions)) == len(files) - report.waiting_files


def test_a_file_that_is_needed_again_is_waiting_no_longer(versions: ks.Store) -> None:
    versions.gc(keep=1)
    release_earlier(versions, 1000)
    versions.upload_dataset("d", numbers(5, 2.0))
    versions.gc()
    assert versions.download_dataset("d").column("x").to_pylist() == [2.0] * 5
    assert versions.verify().findings == ()


# --- dropping versions ---


def test_no_version_is_dropped_without_being_asked_for(versions: ks.Store) -> None:
    versions.gc(grace=0)
    assert [one.version for one in versions.dataset_history("d")] == [1, 2, 3, 4]


def test_keep_drops_older_versions_and_what_depends_on_them(versions: ks.Store) -> None:
    metrics = versions.sql("SELECT * FROM kolena.metrics ORDER BY ALL").rows()
    report = versions.gc(keep=2, grace=0)
    assert set(report.dropped) == {
        *(f"dataset d version {number}" for number in (1, 2)),
        *(f"results of m on d version {number}" for number in (1, 2)),
    }
    assert report.removed_files > 0
    assert [one.version for one in versions.dataset_history("d")] == [3, 4]
    assert versions.download_dataset("d", 3).column("x").to_pylist() == [2.0] * 5
    assert versions.download_results("d", "m", version=3).num_rows == 5
    assert versions.sql("SELECT * FROM kolena.metrics ORDER BY ALL").rows() == metrics, "runs keep their numbers"
    for table in ("memberships", "sample_metrics"):
        query = f"SELECT DISTINCT dataset_version AS version FROM catalogue.{table} ORDER BY ALL"
        assert [row["version"] for row in versions.sql(query).rows()] == [3, 4]
    assert versions.verify().findings == ()
    assert files_in(versions) == {
        versions.path / "data" / row["kind"] / f"{row['sha256']}.parquet"
        for row in versions.sql("SELECT kind, sha256 FROM catalogue.files").rows()
    }


def test_keep_names_the_runs_that_can_not_be_computed_again(versions: ks.Store) -> None:
    runs = [run.run_id for run in versions.test_runs()]
    report = versions.gc(keep=2)
    assert [text.split(" (")[0] for text in report.unrepeatable_runs] == [f"run {one}" for one in runs[:2]]
    not_repeated = versions.verify().not_repeated
    assert [run for run, _ in not_repeated] == list(report.unrepeatable_runs)
    assert all("gc --keep" in reason for _, reason in not_repeated)


def test_keep_names_runs_that_were_restricted_to_what_another_model_answered(versions: ks.Store) -> None:
    versions.upload_results("d", "other", [{"id": 1, "prediction": "a"}])
    versions.test("d", ["m", "other"], common=True)
    versions.upload_results("d", "other", [{"id": 2, "prediction": "a"}])
    report = versions.gc(keep=1)
    assert len(report.unrepeatable_runs) == 3 + 2, "three on older versions, and both of the restricted test"


def test_a_version_that_was_dropped_says_which_there_are(versions: ks.Store) -> None:
    versions.gc(keep=2)
    with pytest.raises(UnknownName, match="it has 3 to 4"):
        versions.download_dataset("d", 1)
    with pytest.raises(UnknownName, match="they have 3 to 4"):
        versions.download_results("d", "m", version=1)
    versions.upload_dataset("d", numbers(6))
    assert versions.dataset("d").version == 5


def test_keep_counts_for_each_dataset_and_each_result(versions: ks.Store) -> None:
    versions.upload_dataset("e", numbers(3))
    versions.upload_results("d", "n", [{"id": 1, "prediction": "a"}])
    versions.gc(keep=3)
    assert [one.version for one in versions.dataset_history("e")] == [1]
    assert [one.version for one in versions.dataset_history("d")] == [2, 3, 4]
    assert versions.download_results("d", "n", version=1).num_rows == 1


def test_more_versions_than_there_are_keep_all(versions: ks.Store) -> None:
    assert versions.gc(keep=4, grace=0).dropped == ()
    assert versions.gc(keep=99, grace=0).dropped == ()


# --- sessions that are open ---


def test_an_older_session_reads_on_within_the_grace_time(versions: ks.Store) -> None:
    reader = ks.Store(versions.path)
    assert reader.dataset("d").version == 4
    versions.upload_dataset("d", numbers(5, 9.0))
    versions.gc(keep=1)
    assert reader.download_dataset("d", 1).column("x").to_pylist() == [0.0] * 5


def test_an_older_session_whose_files_are_gone_is_told_to_refresh(versions: ks.Store) -> None:
    reader = ks.Store(versions.path)
    assert reader.dataset("d").version == 4
    versions.upload_dataset("d", numbers(5, 9.0))
    versions.gc(keep=1, grace=0)
    with pytest.raises(OutdatedSession, match=r"refresh\(\)") as raised:
        reader.download_dataset("d")
    assert not isinstance(raised.value, DamagedStore)
    reader.refresh()
    assert reader.download_dataset("d").column("x").to_pylist() == [9.0] * 5


# --- compaction ---


@pytest.fixture(scope="module")
def prebuilt_small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = ks.Store(tmp_path_factory.mktemp("small") / "my.store")
    for number in range(compaction.FEWEST_FILES + 2):
        rows = [{"id": f"{number} {n}", "label": "ab"[n % 2], "x": float(number)} for n in range(3)]
        if number == 4:
            rows = [{**row, "later": "text"} for row in rows]
        store.upload_dataset("d", rows, workflow=ks.Classification("label"), append_only=True, id_fields=["id"])
        store.upload_results("d", "m", [{"id": row["id"], "prediction": "a", "n": number} for row in rows])
        store.test("d")
    return store.path


@pytest.fixture
def small(prebuilt_small: Path, tmp_path: Path) -> ks.Store:
    """A store in which every upload added a file."""
    return ks.Store(shutil.copytree(prebuilt_small, tmp_path / "my.store"))


def listed(store: ks.Store) -> list[object]:
    """Return the rows of every version."""
    versions = [one.version for one in store.dataset_history("d")]
    datasets = [store.download_dataset("d", version) for version in versions]
    return [*datasets, *(store.download_results("d", "m", version=version) for version in versions)]


@pytest.mark.sampled(2)
def test_many_small_files_become_few_and_every_row_stays(small: ks.Store) -> None:
    before, shown = listed(small), visible(small.path)
    report = small.gc(grace=0)
    small.refresh()
    after = visible(small.path)
    assert listed(small) == before
    for one in (shown, after):
        one.pop("state")
    assert after == shown
    assert {one.what for one in report.compacted} == {
        "dataset d version 10",
        "the ids of dataset d",
        "results of m on d version 10",
        "metrics of runs",
        "terms of runs",
    }
    assert all((one.n_before, one.n_after) == (10, 1) for one in report.compacted)
    assert small.verify().findings == ()
    assert small.gc(grace=0).compacted == (), "what is compact stays as it is"


def test_a_compacted_version_has_one_file_and_the_same_types(small: ks.Store) -> None:
    schema = small.download_dataset("d").schema
    small.gc()
    (files,) = small.sql("SELECT sample_files FROM catalogue.dataset_versions ORDER BY version DESC LIMIT 1").rows()
    assert len(files["sample_files"]) == 1
    assert small.download_dataset("d").schema.equals(schema, check_metadata=True)
    columns = small.sql("DESCRIBE d.test_samples").rows()
    assert [row["column_type"] for row in columns] == ["BIGINT", "VARCHAR", "VARCHAR", "DOUBLE", "VARCHAR"]


@pytest.mark.sampled(2)
def test_work_goes_on_after_compaction(small: ks.Store) -> None:
    small.gc(grace=0)
    report = small.upload_dataset(
        "d", [{"id": "0 0", "label": "b", "x": 7.0}, {"id": "new", "label": "a"}], append_only=True
    )
    assert (report.added, report.changed) == (1, 1)
    assert small.test("d")["all", "m", "accuracy"].n == 30
    assert small.verify().findings == ()


def test_few_files_stay_as_they_are(store: ks.Store) -> None:
    for number in range(compaction.FEWEST_FILES - 1):
        store.upload_dataset("d", [{"id": number}], append_only=True)
    assert store.gc().compacted == ()


def test_large_files_are_no_part_of_it(small: ks.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SMALL_ROWS", 2)
    assert [one.what for one in small.gc(dry_run=True).compacted if "run" not in one.what] == []


@pytest.mark.sampled(2)
def test_a_file_is_not_made_larger_than_files_are(small: ks.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "ROWS_PER_FILE", 27)
    report = small.gc()
    counts = {one.what: one.n_before for one in report.compacted}
    assert counts["dataset d version 10"] == 9, "nine files of three rows fill one, the tenth stays"
    assert small.download_dataset("d").num_rows == 30
    assert small.verify().findings == ()


def test_a_damaged_file_is_not_compacted(small: ks.Store) -> None:
    path = min(files_of_kind(small, "samples"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    files = files_in(small)
    with pytest.raises(DamagedStore, match="was altered"):
        small.gc(grace=0)
    assert files_in(small) == files


# --- dry runs, reports, arguments ---


def test_a_dry_run_says_what_a_run_does_and_changes_nothing(small: ks.Store) -> None:
    stray = small.path / "data" / "samples" / f"{'b' * 64}.parquet"
    stray.write_bytes(b"stray")
    before, files = visible(small.path), files_in(small)
    planned = small.gc(dry_run=True, keep=3, grace=0)
    assert (visible(small.path), files_in(small)) == (before, files)
    done = small.gc(keep=3, grace=0)
    assert (planned.is_dry_run, done.is_dry_run) == (True, False)
    same = ("dropped", "unrepeatable_runs", "compacted")
    assert [getattr(planned, name) for name in same] == [getattr(done, name) for name in same]
    assert 0 < planned.removed_files <= done.removed_files
    assert "would remove" in str(planned)
    assert "would drop dataset d version 1" in " ".join(str(planned).split())
    assert str(done).startswith(f"removed {done.removed_files} files ({done.removed_bytes:,} bytes)")


def test_a_dry_run_counts_as_a_run_does(versions: ks.Store) -> None:
    for grace in (0.0, 24.0):
        planned = versions.gc(keep=2, grace=grace, dry_run=True)
        counts = (planned.removed_files, planned.removed_bytes, planned.waiting_files, planned.waiting_bytes)
        assert sum(counts) > 0
    done = versions.gc(keep=2)
    assert counts == (done.removed_files, done.removed_bytes, done.waiting_files, done.waiting_bytes)


@pytest.mark.sampled(2)
def test_a_report_is_a_table(versions: ks.Store) -> None:
    (row,) = versions.gc(keep=1).rows()
    assert row["waiting_files"] > 0
    assert row["removed_files"] == 0
    assert "dataset d version 1" in row["dropped"]
    assert isinstance(versions.gc().arrow(), pa.Table)


@pytest.mark.parametrize("grace", [-1.0, float("nan"), float("inf"), 1e12])
def test_a_grace_time_is_a_number_of_hours(versions: ks.Store, grace: float) -> None:
    with pytest.raises(InvalidInput, match="hours"):
        versions.gc(grace=grace)


@pytest.mark.parametrize("keep", [0, -3])
def test_at_least_one_version_is_kept(versions: ks.Store, keep: int) -> None:
    with pytest.raises(InvalidInput, match="at least 1"):
        versions.gc(keep=keep)


def test_there_must_be_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound):
        ks.Store(tmp_path / "none").gc()
    assert list(tmp_path.iterdir()) == []


def test_a_store_from_before_the_table_of_waiting_files_is_cleaned_up_too(versions: ks.Store) -> None:
    catalogue = versions.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute("DROP TABLE catalogue.released_files")
    versions.refresh()
    assert versions.gc(dry_run=True, keep=1).waiting_files > 0
    assert versions.gc(keep=1, grace=0).removed_files > 0
    assert versions.verify().findings == ()
