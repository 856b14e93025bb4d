"""What `verify` finds, and what its repair computes again: every kind of damage, each with a route of its own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crash_operations import visible
from test_seals import DAMAGES, altered, damage

import kolena_store as ks
from kolena_store.errors import DamagedStore, StoreLocked, StoreNotFound
from kolena_store.verification import Finding, VerifyReport

DERIVED = ("memberships", "sample_metrics", "metrics", "terms")
UPLOADED = ("samples", "ids", "inferences", "members")
LONGEST = """\
-- metric: longest    better: lower    unit: characters    interval: none
SELECT max(s.length) AS value, count(*) AS n FROM results;
"""
SUITE = 'CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < 40;'


def fill(store: ks.Store) -> None:
    """Bring every kind of file and run into a store of tickets."""
    cases = [ks.ExplicitCase(name="Picked", ids=[1, 2, 3])]
    store.apply_suite("tickets", SUITE, name="everyday", cases=cases)
    store.test("tickets", suite="everyday")
    store.test("tickets", by=["language"], common=True)
    store.test("tickets", suite="everyday", metrics=["f1_macro"])
    store.test("tickets", ["v1"], configuration=ks.Configuration(classes=["outage", "other"]))


@pytest.fixture(scope="module")
def filled(prebuilt_ticket_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("filled") / "tickets.store"
    shutil.copytree(prebuilt_ticket_store, root)
    fill(ks.Store(root))
    return root


@pytest.fixture
def full_store(filled: Path, tmp_path: Path) -> ks.Store:
    """A store with runs of every kind."""
    shutil.copytree(filled, tmp_path / "full.store")
    return ks.Store(tmp_path / "full.store")


def subjects(report: VerifyReport) -> set[str]:
    return {finding.subject for finding in report.findings}


def names_of(store: ks.Store, paths: list[Path]) -> set[str]:
    return {path.relative_to(store.path).as_posix() for path in paths}


# --- a sound store ---


@pytest.mark.sampled(2)
def test_a_sound_store_has_no_findings_and_everything_was_looked_at(full_store: ks.Store) -> None:
    report = full_store.verify()
    on_disk = list(full_store.path.glob("data/*/*.parquet"))
    assert report.is_sound
    assert (report.findings, report.not_repeated, report.repaired) == ((), (), ())
    assert (report.n_files, report.n_bytes) == (len(on_disk), sum(path.stat().st_size for path in on_disk))
    assert report.n_runs == len(full_store.test_runs()) == 7
    (counted,) = full_store.sql("SELECT count(*) AS n FROM catalogue.memberships").rows()
    assert report.n_memberships == counted["n"]


def test_a_quick_check_computes_nothing_again(full_store: ks.Store) -> None:
    report = full_store.verify(quick=True)
    assert report.is_sound
    assert (report.n_memberships, report.n_runs) == (None, None)
    assert "nothing computed again" in " ".join(str(report).split())


def test_checking_writes_nothing(full_store: ks.Store) -> None:
    before = {path: path.stat().st_mtime_ns for path in full_store.path.rglob("*")}
    full_store.verify()
    assert {path: path.stat().st_mtime_ns for path in full_store.path.rglob("*")} == before


@pytest.mark.sampled(2)
def test_older_versions_are_checked_too(full_store: ks.Store) -> None:
    rows = full_store.download_dataset("tickets").to_pylist()
    full_store.upload_dataset("tickets", [{**row, "length": row["length"] + 1} for row in rows[:50]])
    full_store.upload_results("tickets", "v1", [{"id": 1, "prediction": "outage"}])
    full_store.test("tickets", suite="everyday")
    report = full_store.verify()
    assert (report.findings, report.n_runs) == ((), 9)
    (older, _) = sorted(full_store.path.glob("data/samples/*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    older.write_bytes(altered(older.read_bytes()))
    assert names_of(full_store, [older]) == subjects(full_store.verify())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("workflow", ["regression", "judged", "binary"])
def test_runs_of_every_workflow_come_out_again(store: ks.Store, workflow: str) -> None:
    random = np.random.default_rng(5)
    truth, answer = random.normal(size=200), random.normal(size=200)
    answer[3], truth[5], answer[7] = np.nan, np.inf, 1e300
    rows = pa.table({"id": range(200), "group": [n % 3 for n in range(200)], "truth": truth, "is_good": truth > 0})
    one = {"regression": ks.Regression("truth"), "judged": ks.Judged(verdict="verdict"), "binary": BINARY}[workflow]
    store.upload_dataset("d", rows, workflow=one)
    answers = {"prediction": answer, "verdict": answer > 0, "score": random.random(200)}
    columns = {"regression": ["prediction"], "judged": ["verdict"], "binary": ["score"]}[workflow]
    for model in ("a", "b"):
        store.upload_results("d", model, pa.table({"id": range(200), **{name: answers[name] for name in columns}}))
    store.test("d", by=["group"])
    if workflow == "binary":
        store.test("d", configuration=ks.Configuration(threshold="f1_optimal"))
    report = store.verify()
    assert (report.findings, report.not_repeated) == ((), ())
    assert report.n_runs == len(store.test_runs())


BINARY = ks.Classification("is_good", score="score", positive=True)


@pytest.mark.sampled(2)
def test_metrics_of_users_come_out_again_in_the_version_that_the_run_had(full_store: ks.Store) -> None:
    full_store.apply_metrics("tickets", LONGEST)
    full_store.test("tickets", ["v1"])
    full_store.apply_metrics("tickets", LONGEST.replace("max(", "min("))
    report = full_store.verify()
    assert (report.findings, report.not_repeated, report.n_runs) == ((), (), 8)
    full_store.drop_metric("tickets", "longest")
    damage(full_store.path, "terms")
    assert full_store.verify(repair=True).is_sound


# --- damaged files ---


@pytest.mark.sampled(16)
@pytest.mark.parametrize("quick", [False, True], ids=["full", "quick"])
@pytest.mark.parametrize("how", [*DAMAGES, "gone"])
@pytest.mark.parametrize("kind", [*DERIVED, *UPLOADED])
def test_a_damaged_file_is_found_by_name(full_store: ks.Store, kind: str, how: str, quick: bool) -> None:
    if quick and how not in ("altered", "gone"):
        pytest.skip("sizes are compared alike")
    paths = damage(full_store.path, kind, DAMAGES.get(how, altered))
    if how == "gone":
        shutil.rmtree(full_store.path / "data" / kind)
    report = full_store.verify(quick=quick)
    found = {finding.subject: finding for finding in report.findings}
    assert set(found) == names_of(full_store, paths)
    words = {"gone": "it is not there", "altered": "was altered"}.get(how, "bytes, it was written with")
    assert all(words in finding.problem and finding.kind == "file" for finding in found.values())


def test_a_file_whose_date_is_as_before_is_found(full_store: ks.Store) -> None:
    import os

    (path,) = (full_store.path / "data" / "samples").glob("*.parquet")
    status = path.stat()
    path.write_bytes(altered(path.read_bytes()))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert subjects(ks.Store(full_store.path).verify(quick=True)) == names_of(full_store, [path])


@pytest.mark.sampled(2)
def test_uploaded_files_that_are_damaged_say_what_needs_them(full_store: ks.Store) -> None:
    damage(full_store.path, "samples")
    damage(full_store.path, "ids")
    damage(full_store.path, "members")
    (first, _) = sorted((full_store.path / "data" / "inferences").glob("*.parquet"))
    first.write_bytes(b"")
    remedies = " ".join(finding.remedy for finding in full_store.verify().findings)
    for needed in (
        "dataset tickets version 1",
        "the ids of dataset tickets",
        "test case Picked",
        "on tickets version 1",
    ):
        assert needed in remedies
    assert remedies.count("restore it from a copy") == 4


def rewrite(store: ks.Store, kind: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the rows of a kind's first file, and let the catalogue take the new file for the right one."""
    path = next(iter(sorted((store.path / "data" / kind).glob("*.parquet"))))
    changed = change(pq.read_table(path))
    pq.write_table(changed, store.path / "x.parquet")
    import hashlib

    content = (store.path / "x.parquet").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    (store.path / "x.parquet").rename(path.with_name(f"{digest}.parquet"))
    with writable_catalogue(store) as connection:
        connection.execute(
            "UPDATE catalogue.files SET sha256 = ?, n_bytes = ? WHERE sha256 = ?", [digest, len(content), path.stem]
        )
    store.refresh()


class writable_catalogue:
    """A plain connection that may change the catalogue."""

    def __init__(self, store: ks.Store) -> None:
        self.path = store.path / "store.duckdb"

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self.path.chmod(0o644)
        self.connection = duckdb.connect(str(self.path))
        return self.connection

    def __exit__(self, *details: object) -> None:
        self.connection.close()
        self.path.chmod(0o444)


def with_value(table: pa.Table, row: int, value: float) -> pa.Table:
    values = table.column("value").to_pylist()
    values[row] = value
    return table.set_column(table.column_names.index("value"), "value", pa.array(values, pa.float64()))


@pytest.mark.sampled(2)
def test_one_count_too_many_is_found(full_store: ks.Store) -> None:
    rewrite(full_store, "terms", lambda rows: with_value(rows, 3, rows.column("value")[3].as_py() + 1))
    (finding,) = full_store.verify().findings
    assert finding.kind == "run"
    assert finding.problem.startswith("terms: value of ")
    assert full_store.verify(quick=True).is_sound


def test_a_metric_that_is_a_little_off_is_found(full_store: ks.Store) -> None:
    def shifted(rows: pa.Table) -> pa.Table:
        at = next(n for n, value in enumerate(rows.column("value").to_pylist()) if value and 0 < value < 1)
        return with_value(rows, at, rows.column("value")[at].as_py() * (1 + 1e-7))

    rewrite(full_store, "metrics", shifted)
    (finding,) = full_store.verify().findings
    assert finding.problem.startswith("metrics: value of ")


@pytest.mark.sampled(2)
def test_a_metric_within_the_tolerance_is_not(full_store: ks.Store) -> None:
    def shifted(rows: pa.Table) -> pa.Table:
        values = [value * (1 + 1e-11) if value is not None else None for value in rows.column("value").to_pylist()]
        return rows.set_column(rows.column_names.index("value"), "value", pa.array(values, pa.float64()))

    rewrite(full_store, "metrics", shifted)
    assert full_store.verify().is_sound


@pytest.mark.sampled(2)
def test_a_membership_that_lacks_a_sample_is_found(full_store: ks.Store) -> None:
    def without_first(rows: pa.Table) -> pa.Table:
        bits = [bytes([one[0] & ~1 & ~2, *one[1:]]) for one in rows.column("bits").to_pylist()]
        return rows.set_column(3, "bits", pa.array(bits, pa.binary()))

    rewrite(full_store, "memberships", without_first)
    found = {finding.kind for finding in full_store.verify().findings}
    assert "membership" in found


@pytest.mark.sampled(2)
def test_rows_that_the_catalogue_does_not_expect_are_found(full_store: ks.Store) -> None:
    rewrite(full_store, "inferences", lambda rows: rows.slice(1))
    found = full_store.verify().findings
    assert any("rows, first and last sample are (59, 1, 59)" in finding.problem for finding in found)


# --- the catalogue ---

BREACHES = {
    "INSERT INTO catalogue.store_info SELECT * FROM catalogue.store_info": "there must be 1",
    "DELETE FROM catalogue.files WHERE kind = 'samples'": "that the catalogue does not have",
    "DELETE FROM catalogue.files WHERE kind = 'terms'": "that the catalogue does not have",
    "INSERT INTO catalogue.models SELECT * FROM catalogue.models": "is there 2 times",
    "UPDATE catalogue.store_info SET next_id = 3": "was given out already",
    "UPDATE catalogue.results SET model_id = 999": "belongs to a model (999)",
    "UPDATE catalogue.test_runs SET suite_version = 9": "needs version 9",
    "UPDATE catalogue.dataset_versions SET version = 4": "needs version 1 of dataset",
    "UPDATE catalogue.dataset_versions SET n_samples = 61": "has 60 rows in its files, the catalogue says 61",
    "UPDATE catalogue.results_versions SET n_answered = 1": "has 60 rows in its files, the catalogue says 1",
    "UPDATE catalogue.datasets SET next_sample = 59": "has sample 59",
    "INSERT INTO catalogue.test_suite_versions SELECT suite_id, 3, source, created FROM catalogue.test_suite_versions": "has versions 1 to 3, but 2 of them",
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("statement", BREACHES)
def test_a_catalogue_that_contradicts_itself_is_found(full_store: ks.Store, statement: str) -> None:
    with writable_catalogue(full_store) as connection:
        connection.execute(statement)
    found = [finding for finding in full_store.verify(quick=True).findings if finding.kind == "catalogue"]
    assert any(BREACHES[statement] in finding.problem for finding in found)


def test_a_full_check_of_a_broken_catalogue_ends(full_store: ks.Store) -> None:
    with writable_catalogue(full_store) as connection:
        connection.execute("UPDATE catalogue.datasets SET next_sample = 59")
    with pytest.raises(ks.StoreError):
        full_store.download_dataset("tickets", 7)
    assert not full_store.verify().is_sound


# --- repair ---


@pytest.mark.sampled(6)
@pytest.mark.parametrize("kind", DERIVED)
@pytest.mark.parametrize("how", [altered, lambda content: b""], ids=["altered", "emptied"])
def test_a_repair_computes_again_what_was_computed(
    full_store: ks.Store, kind: str, how: Callable[[bytes], bytes]
) -> None:
    before = visible(full_store.path)
    damage(full_store.path, kind, how)
    report = full_store.verify(repair=True)
    assert report.is_sound
    assert report.repaired != ()
    assert full_store.verify().is_sound
    assert_same_content(before, visible(full_store.path))


@pytest.mark.sampled(2)
def test_a_repair_of_all_that_was_computed(full_store: ks.Store) -> None:
    before = visible(full_store.path)
    for kind in DERIVED:
        shutil.rmtree(full_store.path / "data" / kind)
    report = full_store.verify(repair=True)
    kept = [run for run in full_store.test_runs() if run.status == "done"]
    assert report.is_sound
    assert report.n_runs == len(kept)
    full_store.test("tickets", suite="everyday", metrics=["f1_macro"])
    assert full_store.verify().is_sound
    lost = {run.run_id for run in full_store.test_runs() if run.status == "lost"}
    assert lost == set() or all("forgot run" in line for line in report.repaired if f"run {min(lost)} " in line)
    assert set(before) == set(visible(full_store.path))


@pytest.fixture(scope="module")
def with_versions(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VerifyReport]:
    """A store whose versions share files, and what its check finds; never change it."""
    root = tmp_path_factory.mktemp("versions") / "tickets.store"
    shutil.copytree(filled, root)
    store = ks.Store(root)
    rows = store.download_dataset("tickets").to_pylist()
    for number in range(2):
        with store.transaction():
            store.upload_dataset("tickets", [{**rows[0], "note": number}, *rows[1:]])
            store.test("tickets", suite="everyday")
    (shared,) = store.sql(
        "SELECT max(n) AS n FROM (SELECT file_id, count(DISTINCT dataset_version) AS n FROM catalogue.memberships "
        "GROUP BY file_id)"
    ).rows()
    assert shared["n"] == 3
    return root, store.verify()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", DERIVED)
def test_a_repair_reaches_every_version_that_shares_a_damaged_file(
    with_versions: tuple[Path, VerifyReport], tmp_path: Path, kind: str
) -> None:
    root, before = with_versions
    shutil.copytree(root, tmp_path / "versions.store")
    store = ks.Store(tmp_path / "versions.store")
    damage(store.path, kind)
    report = store.verify(repair=True)
    assert (report.findings, report.not_repeated) == ((), ())
    assert (report.n_memberships, report.n_runs) == (before.n_memberships, before.n_runs)
    assert all(line.startswith("computed ") for line in report.repaired)


def assert_same_content(before: object, after: object) -> None:
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    for shown in (before, after):
        shown.pop("state")
    assert after == before


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", UPLOADED)
def test_a_repair_leaves_what_was_uploaded_as_it_is(full_store: ks.Store, kind: str) -> None:
    paths = damage(full_store.path, kind)
    contents = [path.read_bytes() for path in paths]
    report = full_store.verify(repair=True)
    assert subjects(report) == names_of(full_store, paths)
    assert [path.read_bytes() for path in paths] == contents
    assert all("restore it" in finding.remedy for finding in report.findings)


@pytest.mark.sampled(2)
def test_a_repair_waits_for_what_the_computation_needs(full_store: ks.Store) -> None:
    (samples,) = damage(full_store.path, "samples")
    damage(full_store.path, "memberships")
    damage(full_store.path, "sample_metrics")
    assert not full_store.verify(repair=True).is_sound
    samples.write_bytes(altered(samples.read_bytes()))
    assert full_store.verify(repair=True).is_sound, "the samples were put back"


@pytest.mark.sampled(2)
def test_a_run_that_can_not_be_computed_again_is_made_by_the_next_test(full_store: ks.Store) -> None:
    damage(full_store.path, "samples")
    damage(full_store.path, "sample_metrics")
    damage(full_store.path, "metrics")
    report = full_store.verify(repair=True)
    assert any(line.startswith("forgot run ") for line in report.repaired)
    damage(full_store.path, "samples")
    assert full_store.verify(repair=True).is_sound
    assert full_store.sql("SELECT count(*) AS n FROM kolena.metrics").rows() == [{"n": 0}]
    assert "lost" in str(full_store.test_runs())
    results = full_store.test("tickets", suite="everyday")
    assert results["all", "v1", "accuracy"].value is not None
    assert full_store.verify().is_sound


@pytest.mark.sampled(2)
def test_a_repair_of_a_sound_store_repairs_nothing(full_store: ks.Store) -> None:
    before = visible(full_store.path)
    report = full_store.verify(repair=True)
    assert (report.is_sound, report.repaired) == (True, ())
    assert_same_content(before, visible(full_store.path))


@pytest.mark.sampled(2)
def test_a_repair_clears_away_what_dead_writers_left(full_store: ks.Store) -> None:
    left = full_store.path / ".store-dead.duckdb"
    incoming = full_store.path / "data" / "samples" / ".incoming-dead.parquet"
    for path in (left, incoming):
        path.write_bytes(b"half")
    report = full_store.verify(repair=True)
    assert [line for line in report.repaired if str(left) in line or str(incoming) in line] == list(report.repaired)
    assert len(report.repaired) == 2
    assert not left.exists()
    assert not incoming.exists()


# --- a stray log ---


@pytest.mark.sampled(2)
def test_a_stray_log_is_found_and_moved_aside(full_store: ks.Store) -> None:
    log = full_store.path / "store.duckdb.wal"
    log.write_bytes(b"of a careless client")
    (finding,) = full_store.verify().findings
    assert (finding.kind, finding.subject) == ("log", str(log))
    with pytest.raises(DamagedStore, match="verify --repair"):
        full_store.datasets()
    report = full_store.verify(repair=True)
    assert report.is_sound
    aside = full_store.path / "aside-1-store.duckdb.wal"
    assert str(aside) in report.repaired[0]
    assert aside.read_bytes() == b"of a careless client"
    log.write_bytes(b"again")
    assert full_store.verify(repair=True).is_sound
    assert (full_store.path / "aside-2-store.duckdb.wal").exists()


def test_the_log_of_a_client_that_is_still_there_stays(full_store: ks.Store) -> None:
    catalogue, log = full_store.path / "store.duckdb", full_store.path / "store.duckdb.wal"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute("CREATE TABLE intruder (a INTEGER)")
        assert log.exists()
        with pytest.raises(StoreLocked, match="read_only=True"):
            full_store.verify(repair=True)
        assert log.exists()


# --- reports ---


def test_a_store_that_is_not_there_is_not_checked(tmp_path: Path) -> None:
    for repair in (False, True):
        with pytest.raises(StoreNotFound):
            ks.Store(tmp_path / "none").verify(repair=repair)


@pytest.mark.sampled(2)
def test_a_report_prints_what_was_found_and_what_to_do(full_store: ks.Store) -> None:
    (path,) = damage(full_store.path, "samples")
    damage(full_store.path, "sample_metrics")
    path.write_bytes(b"")
    report = full_store.verify()
    text = " ".join(str(report).split())
    assert "faults" in text
    assert any("has 0 bytes, it was written with" in finding.problem for finding in report.findings)
    assert "not computed again, as a file is damaged: run " in text
    assert report.rows()[0]["kind"] == "file"
    document = json.loads(json.dumps(report.document()))
    assert document["is_sound"] is False
    assert len(document["findings"]) == len(report.findings) > 1
    assert document["not_repeated"][0]["reason"] == "a file is damaged"


def test_findings_are_plain_values() -> None:
    finding = Finding(kind="file", subject="a", problem="b", remedy="c")
    assert finding == Finding(kind="file", subject="a", problem="b", remedy="c")
