"""Runs of another store: found by the next test instead of being computed again."""

from pathlib import Path
from typing import Any

import pytest
from merged_stores import answers, copied, outcomes, samples, store_at, values

import kolena_store as ks
from kolena_store.test_runs import execute

FIRST = {number: "abc"[number % 3] for number in range(40)}
GUESSES = {number: "aab"[number % 3] for number in FIRST}
SUITE = 'CREATE VIEW "Odd" AS SELECT * FROM test_samples WHERE odd;'
SUITES = {"parity": SUITE, "Other": SUITE.replace("Odd", "Even").replace("WHERE odd", "WHERE NOT odd")}


@pytest.fixture(scope="session")
def prebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two stores: the one has nothing but the data, the other was tested in many ways."""
    folder = tmp_path_factory.mktemp("merged-runs")
    store_at(folder / "ours", [FIRST], {"filler": FIRST})
    theirs = store_at(folder / "theirs", [dict(reversed(FIRST.items()))], {"v1": GUESSES, "v2": FIRST})
    for name, text in SUITES.items():
        theirs.apply_suite("d", text, name=name)
    for options in WAYS.values():
        theirs.test("d", **options)
    return folder


WAYS: dict[str, dict[str, Any]] = {
    "a suite": {"models": ["v1", "v2"], "suite": "parity"},
    "all samples": {"models": "v1"},
    "fields": {"models": "v1", "by": ["odd"]},
    "common samples": {"models": ["v1", "v2"], "suite": "Other", "common": True},
    "a configuration": {"models": "v1", "suite": "Other", "configuration": ks.Configuration(classes=["a", "b"])},
    "some metrics": {"models": "v2", "suite": "parity", "metrics": ["accuracy"]},
}


@pytest.fixture
def ours(prebuilt: Path, tmp_path: Path) -> ks.Store:
    return copied(ks.Store(prebuilt / "ours"), tmp_path / "ours")


@pytest.fixture
def theirs(prebuilt: Path, tmp_path: Path) -> ks.Store:
    return copied(ks.Store(prebuilt / "theirs"), tmp_path / "theirs")


def no_new_runs(*given: object, **named: object) -> None:
    raise AssertionError("a run was computed")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("is_new", [False, True], ids=["into a store with the data", "into a new store"])
def test_a_later_test_finds_the_runs_instead_of_computing_them(
    is_new: bool, ours: ks.Store, theirs: ks.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ks.Store(tmp_path / "new") if is_new else ours
    store.merge(theirs.path)
    n_runs = len(theirs.test_runs())
    assert len(store.test_runs()) == n_runs == 8
    monkeypatch.setattr(execute, "_make_runs", no_new_runs)
    for options in WAYS.values():
        found, expected = store.test("d", **options), theirs.test("d", **options)
        assert [row["value"] for row in found] == [row["value"] for row in expected]
    assert len(store.test_runs()) == n_runs
    with pytest.raises(AssertionError, match="computed"):
        store.test("d", "v2")


def test_runs_keep_all_that_is_known_of_them(ours: ks.Store, theirs: ks.Store) -> None:
    ours.merge(theirs.path)
    own = ("run", "dataset_version", "restriction")
    left, right = (
        [{k: v for k, v in row.items() if k not in own} for row in one.test_runs().rows()] for one in (ours, theirs)
    )
    assert left == right
    assert values(ours) == values(theirs)


def test_terms_and_sample_metrics_come_too(ours: ks.Store, theirs: ks.Store) -> None:
    ours.merge(theirs.path)
    query = "SELECT s.id, model, m FROM d.results WHERE model <> 'filler' ORDER BY ALL"
    assert ours.sql(query).rows() == theirs.sql(query).rows()
    assert all(row["m"] is not None for row in ours.sql(query).rows())
    for model in ("v1", "v2"):
        left, right = (one.test("d", ["v1", "v2"], "parity").confusion_matrix("Odd", model) for one in (ours, theirs))
        assert left == right


def test_an_equal_run_is_not_taken_twice(ours: ks.Store, theirs: ks.Store) -> None:
    ours.upload_results("d", "v1", answers(GUESSES))
    ours.apply_suite("d", SUITE, name="PARITY")
    ours.test("d", "v1", "parity")
    report = ours.merge(theirs.path)
    runs = {name: outcome for (kind, name), outcome in outcomes(report).items() if kind == "test run"}
    assert sorted(runs.values()) == ["added"] * 7 + ["equal"]
    assert [record.name for record in ours.test_suites() if record.name.lower() == "parity"] == ["PARITY"]


@pytest.mark.sampled(2)
def test_a_run_on_data_that_did_not_come_is_left_out_by_name(ours: ks.Store, theirs: ks.Store) -> None:
    ours.upload_dataset("d", samples({**FIRST, 50: "a"}))
    theirs.upload_dataset("d", samples({**FIRST, 60: "a"}))
    theirs.test("d", "v1", "parity")
    report = ours.merge(theirs.path, prefer="ours")
    left = [thing for thing in report.things if thing.kind == "test run" and thing.outcome == "left out"]
    assert [(thing.name.split(" ", 1)[1], thing.note) for thing in left] == [
        ("of v1 on parity 1", "version 2 of the dataset is not here")
    ]
    assert len(ours.test_runs()) == 8


def test_a_run_on_results_that_did_not_come_is_left_out_by_name(ours: ks.Store, theirs: ks.Store) -> None:
    ours.upload_results("d", "v1", answers(FIRST))
    report = ours.merge(theirs.path, prefer="ours")
    notes = {thing.note for thing in report.things if thing.kind == "test run" and thing.outcome == "left out"}
    assert notes == {"version 1 of the results of 'v1' is not here"}
    assert {run.model for run in ours.test_runs()} == {"v2"}
    assert all(run.restriction is None for run in ours.test_runs())


@pytest.mark.sampled(2)
def test_tuned_thresholds_come_with_their_runs(tmp_path: Path) -> None:
    stores = [ks.Store(tmp_path / name) for name in ("ours", "theirs")]
    rows = [{"id": n, "label": "a" if n % 3 else "b", "score": ((n * 37) % 40) / 40} for n in range(40)]
    for store, order in zip(stores, (1, -1), strict=True):
        workflow = ks.Classification("label", score="score", positive="a")
        store.upload_dataset("d", [{k: row[k] for k in ("id", "label")} for row in rows][::order], workflow=workflow)
    stores[1].upload_results("d", "m", [{k: row[k] for k in ("id", "score")} for row in rows])
    tuned = ks.Configuration(threshold="f1_optimal")
    expected = stores[1].test("d", "m", configuration=tuned)
    stores[0].merge(stores[1].path)
    assert values(stores[0]) == values(stores[1])
    found = stores[0].test("d", "m", configuration=tuned)
    assert [run.notes for run in found.runs] == [run.notes for run in expected.runs]
    assert len(stores[0].test_runs()) == 1


@pytest.mark.sampled(2)
def test_runs_on_versions_of_equal_content_come_as_one(tmp_path: Path) -> None:
    other = {**FIRST, 0: "b"}
    ours = store_at(tmp_path / "ours", [FIRST, other, FIRST], {"v1": GUESSES})
    theirs = store_at(tmp_path / "theirs", [FIRST], {"v1": GUESSES})
    first = theirs.test("d", "v1").runs[0]
    for labels in (other, FIRST):
        theirs.upload_dataset("d", samples(labels))
    theirs.test("d", "v1")
    things = [thing for thing in ours.merge(theirs.path).things if thing.kind == "test run"]
    note = f"run {first.run_id} there is of the same content"
    assert [(thing.outcome, thing.note) for thing in things] == [("added", None), ("equal", note)]
    assert len(ours.test_runs()) == 1
    assert {thing.outcome for thing in ours.merge(theirs.path).things} == {"equal"}
    assert ours.verify().is_sound
