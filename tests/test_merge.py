"""Merging two stores: what comes over, under which numbers, and that all of it is as it was."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from merged_stores import WORKFLOW, answers, copied, digests, files, newest, outcomes, samples, store_at, suites, values

import kolena_store as ks
from kolena_store.errors import DamagedStore, InvalidInput, ReadOnlyStore, StoreNotFound, UnsupportedStore
from kolena_store.merging import transfer

FIRST = {number: "abc"[number % 3] for number in range(40)}
SECOND = {**FIRST, 3: "b", **dict.fromkeys(range(100, 110), "c")}
MIXED = dict(sorted(FIRST.items(), key=lambda item: item[0] * 7 % 40))
WRONG = dict.fromkeys(FIRST, "a")
SUITE = 'CREATE VIEW "Odd" AS SELECT * FROM test_samples WHERE odd;'


@pytest.fixture(scope="session")
def prebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two stores that most tests begin with; never change them."""
    folder = tmp_path_factory.mktemp("merged")
    store_at(folder / "ours", [FIRST], {"v1": FIRST})
    theirs = store_at(folder / "theirs", [MIXED, SECOND], {"v2": WRONG})
    theirs.apply_suite("d", SUITE, name="parity")
    theirs.test("d", "v2", "parity")
    return folder


@pytest.fixture
def ours(prebuilt: Path, tmp_path: Path) -> ks.Store:
    """A store with one version of the dataset and one model."""
    return copied(ks.Store(prebuilt / "ours"), tmp_path / "ours")


@pytest.fixture
def theirs(prebuilt: Path, tmp_path: Path) -> ks.Store:
    """A store that numbered the same samples otherwise, has a version more, another model, a suite and a run."""
    return copied(ks.Store(prebuilt / "theirs"), tmp_path / "theirs")


def test_everything_of_another_store_comes_over(ours: ks.Store, theirs: ks.Store) -> None:
    report = ours.merge(theirs.path)
    assert outcomes(report) == {
        ("model", "v2"): "added",
        ("dataset", "d"): "extended",
        ("results", "v2"): "added",
        ("test suite", "parity"): "added",
        ("test run", f"{theirs.test_runs()[0].run_id} of v2 on parity 1"): "added",
    }
    assert digests(ours) == {**digests(theirs), "d v1": digests(ours)["d v1"]}
    assert suites(ours) == suites(theirs)
    assert values(ours) == values(theirs) != []
    assert [version.n_samples for version in ours.dataset_history("d")] == [40, 50]


@pytest.mark.sampled(2)
def test_a_second_merge_changes_nothing(ours: ks.Store, theirs: ks.Store) -> None:
    ours.merge(theirs.path)
    before = (digests(ours), suites(ours), values(ours), set(files(ours)), ours.test_runs().rows())
    again = ours.merge(theirs.path)
    assert {thing.outcome for thing in again.things} == {"equal"}
    assert (digests(ours), suites(ours), values(ours), set(files(ours)), ours.test_runs().rows()) == before


@pytest.mark.sampled(2)
def test_merging_either_way_gives_the_same(ours: ks.Store, theirs: ks.Store, tmp_path: Path) -> None:
    left, right = copied(ours, tmp_path / "left"), copied(theirs, tmp_path / "right")
    left.merge(theirs.path)
    right.merge(ours.path)
    assert newest(left) == newest(right)
    assert (suites(left), values(left)) == (suites(right), values(right))


def test_samples_keep_the_numbers_that_they_have_here(ours: ks.Store, theirs: ks.Store) -> None:
    query = "SELECT id, _sample FROM d.test_samples ORDER BY id"
    before = {row["id"]: row["_sample"] for row in ours.sql(query).rows()}
    ours.merge(theirs.path)
    after = {row["id"]: row["_sample"] for row in ours.sql(query).rows()}
    assert {number: after[number] for number in before} == before
    assert sorted(after.values()) == list(range(50))
    joined = ours.sql(
        "SELECT id, label, prediction.answer AS answer FROM d.test_samples JOIN d.inferences AS prediction "
        "USING (_sample) WHERE model = 'v1' ORDER BY id"
    ).rows()
    assert [row["answer"] for row in joined] == [FIRST[row["id"]] for row in joined]


def test_a_store_that_is_not_there_yet_takes_in_all(theirs: ks.Store, tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "new")
    report = store.merge(theirs.path)
    assert {thing.outcome for thing in report.things} == {"added"}
    assert (digests(store), suites(store), values(store)) == (digests(theirs), suites(theirs), values(theirs))
    left, right = (one.dataset_history("d").rows() for one in (store, theirs))
    assert left == right
    kept = {name for name in files(theirs) if name.startswith(("data/samples", "data/ids", "data/inferences"))}
    assert kept <= set(files(store))


def test_what_is_noted_of_versions_comes_over(tmp_path: Path, unmade_store: ks.Store) -> None:
    other = ks.Store(tmp_path / "other")
    options: dict[str, Any] = {"workflow": WORKFLOW, "weight": "w", "description": "words", "tags": ["t"]}
    table = samples(FIRST).append_column("w", pa.array([1.0] * 40))
    other.upload_dataset("d", table, message="why", version_tags=["final"], metadata={"k": [1]}, **options)
    unmade_store.create()
    unmade_store.merge(other.path)
    (left,), (right,) = (one.dataset_history("d") for one in (unmade_store, other))
    for name in ("author", "message", "tags", "created", "workflow", "sampling", "columns", "fields", "added"):
        assert getattr(left, name) == getattr(right, name)
    assert unmade_store.dataset("d") == other.dataset("d")


@pytest.mark.sampled(2)
def test_a_dataset_of_another_spelling_is_the_same(ours: ks.Store, tmp_path: Path) -> None:
    other = ks.Store(tmp_path / "other")
    other.upload_dataset("D", samples(MIXED), workflow=WORKFLOW)
    other.upload_results("D", "v3", answers(WRONG))
    other.test("D", "v3")
    report = ours.merge(other.path)
    assert outcomes(report)["dataset", "d"] == "equal"
    assert [record.name for record in ours.datasets()] == ["d"]
    assert {row["dataset"] for row in ours.sql("SELECT DISTINCT dataset FROM kolena.metrics").rows()} == {"d"}


@pytest.mark.sampled(2)
def test_nothing_to_do_where_this_store_is_ahead(ours: ks.Store, theirs: ks.Store) -> None:
    before = digests(theirs)
    report = theirs.merge(ours.path)
    (thing,) = (one for one in report.things if one.kind == "dataset")
    assert (thing.outcome, thing.note) == ("equal", "the one here is newer")
    assert digests(theirs) == {**before, "d v1": digests(ours)["d v1"]}


def test_results_on_samples_that_left_the_dataset_are_kept(tmp_path: Path) -> None:
    fewer = {number: label for number, label in FIRST.items() if number < 30}
    store = store_at(tmp_path / "store", [fewer])
    other = store_at(tmp_path / "other", [FIRST], {"m": FIRST})
    other.upload_dataset("d", samples(fewer))
    store.merge(other.path)
    assert newest(store) == newest(other)
    for one in (store, other):
        one.upload_dataset("d", samples(FIRST))
        assert one.dataset("d").models[0].answered == 40


@pytest.mark.sampled(2)
def test_a_dry_run_writes_nothing_and_says_what_would_be(ours: ks.Store, theirs: ks.Store) -> None:
    before = files(ours)
    report = ours.merge(theirs.path, dry_run=True)
    assert files(ours) == before
    assert report.is_dry_run
    assert "would come from" in str(report)
    assert report.things == ours.merge(theirs.path).things


def test_the_other_store_may_be_moved_and_write_protected(ours: ks.Store, theirs: ks.Store, tmp_path: Path) -> None:
    moved = shutil.move(theirs.path, tmp_path / "moved")
    expected = digests(ks.Store(moved))
    before = files(ks.Store(moved))
    for path in [moved, *Path(moved).rglob("*")]:
        Path(path).chmod(0o555 if Path(path).is_dir() else 0o444)
    ours.merge(moved)
    assert expected.items() <= digests(ours).items()
    assert files(ks.Store(moved)) == before


def test_a_store_is_not_merged_with_itself(ours: ks.Store, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(ours.path)
    for path in (ours.path, str(ours.path), link, ours.path / ".." / "ours"):
        with pytest.raises(InvalidInput, match="this store itself"):
            ours.merge(path)


def test_a_side_that_is_none_is_refused(ours: ks.Store, theirs: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="names no side"):
        ours.merge(theirs.path, prefer="mine")  # type: ignore[arg-type]


def test_a_store_that_is_not_there_is_an_error(ours: ks.Store, tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound):
        ours.merge(tmp_path / "nowhere")
    new = ks.Store(tmp_path / "new")
    with pytest.raises(StoreNotFound):
        new.merge(tmp_path / "nowhere")
    assert not new.path.exists()


@pytest.mark.sampled(4)
@pytest.mark.parametrize("kind", ["samples", "ids", "inferences", "metrics", "terms", "sample_metrics"])
@pytest.mark.parametrize("harm", ["cut", "altered", "missing"])
def test_a_damaged_file_of_the_other_store_is_noticed(
    kind: str, harm: str, ours: ks.Store, theirs: ks.Store, tmp_path: Path
) -> None:
    hurt = copied(theirs, tmp_path / "hurt")
    path = sorted((hurt.path / "data" / kind).iterdir())[-1]
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.unlink() if harm == "missing" else path.write_bytes(content[:-9] if harm == "cut" else content)
    before = files(ours)
    with pytest.raises(DamagedStore, match=path.name):
        ours.merge(hurt.path)
    assert files(ours) == before


@pytest.mark.parametrize("step", ["_copy", "_renumbered"])
def test_a_full_disk_leaves_the_store_as_it_was(
    step: str, ours: ks.Store, theirs: ks.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = ks.Store(tmp_path / "new") if step == "_copy" else ours
    store.create()
    before = files(store)
    with monkeypatch.context() as patch, pytest.raises(ReadOnlyStore, match="No space left"):
        patch.setattr(transfer, step, full)
        store.merge(theirs.path)
    assert files(store) == before
    store.merge(theirs.path)
    assert values(store) == values(theirs)


def test_a_store_of_a_newer_format_is_refused(ours: ks.Store, theirs: ks.Store) -> None:
    catalogue = theirs.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute("UPDATE catalogue.store_info SET format_version = 99")
    with pytest.raises(UnsupportedStore, match="format 99"):
        ours.merge(theirs.path)


def test_a_merge_shares_a_commit_with_others(ours: ks.Store, theirs: ks.Store) -> None:
    before = files(ours)
    with pytest.raises(ZeroDivisionError), ours.transaction():
        ours.merge(theirs.path)
        _ = 1 / 0
    assert files(ours) == before
    with ours.transaction():
        ours.merge(theirs.path)
        ours.upload_results("d", "v1", answers({100: "c"}))
    assert len(digests(ours)["d v1"]) == 2


@pytest.mark.sampled(2)
def test_models_are_put_together(ours: ks.Store, theirs: ks.Store) -> None:
    ours.upload_results("d", "v2", answers(WRONG), metadata={"size": 1}, tags=["small"])
    theirs.upload_results("d", "v2", answers(WRONG), metadata={"from": "them"}, tags=["theirs", "small"])
    theirs.upload_results("d", "v4 / ä", answers(WRONG), upload_configuration={"beams": 2})
    report = ours.merge(theirs.path)
    found = {model.name: model for model in ours.models()}
    assert found["v2"].metadata_document == {"size": 1, "from": "them"}
    assert found["v2"].tags == ["small", "theirs"]
    assert outcomes(report)["model", "v2"] == "extended"
    assert outcomes(report)["results", 'v4 / ä {"beams":2}'] == "added"
    assert outcomes(report)["configuration", 'upload {"beams":2}'] == "added"
    assert {thing.outcome for thing in ours.merge(theirs.path).things} == {"equal"}


@pytest.mark.sampled(2)
def test_lists_of_ids_find_their_samples(ours: ks.Store, theirs: ks.Store) -> None:
    listed = ks.ExplicitCase(name="some", ids=[0, 1, 39, 105])
    theirs.apply_suite("d", "", name="listed", cases=[listed])
    theirs.test("d", "v2", "listed")
    ours.merge(theirs.path)
    assert values(ours) == values(theirs)
    again = ours.apply_suite("d", "", name="listed", cases=[listed])
    assert (again.is_new_version, [case.n for case in again.cases]) == (False, [50, 4])
    assert {thing.outcome for thing in ours.merge(theirs.path).things} == {"equal"}


@pytest.mark.sampled(2)
def test_user_metrics_come_with_their_versions(ours: ks.Store, theirs: ks.Store) -> None:
    theirs.apply_metrics("d", "-- metric: share  better: higher\nSELECT count(*) AS value FROM results")
    theirs.apply_metrics("d", "-- metric: share  better: higher\nSELECT count(i.answer) AS value FROM results")
    theirs.test("d", "v2", metrics=["share"])
    ours.merge(theirs.path)
    left, right = ([(one.name, one.version, one.source) for one in store.user_metrics("d")] for store in (ours, theirs))
    assert left == right
    assert [version for _, version, _ in left] == [2]
    assert values(ours) == values(theirs)


def test_a_report_has_its_forms(ours: ks.Store, theirs: ks.Store) -> None:
    report = ours.merge(theirs.path)
    assert report.arrow().column_names == ["kind", "dataset", "name", "outcome", "note"]
    assert report.rows()[0] == {"kind": "model", "dataset": None, "name": "v2", "outcome": "added", "note": None}
    assert "5 things in the other store: 4 added, 1 extended, 0 equal, 0 left out" in str(report)


def test_numbers_stay_where_both_stores_began_as_one(theirs: ks.Store, tmp_path: Path) -> None:
    ours = copied(theirs, tmp_path / "copy")
    theirs.upload_dataset("d", samples({200: "a"}), append_only=True)
    ours.merge(theirs.path)
    assert digests(ours) == digests(theirs)
    shared = {name for name in files(ours) if name.startswith("data/samples")}
    assert shared == {name for name in files(theirs) if name.startswith("data/samples")}


def test_large_counts_survive_renumbering(tmp_path: Path) -> None:
    many = {number: "abc"[number % 3] for number in range(5000)}
    generator = np.random.default_rng(7)
    mixed = {int(number): many[int(number)] for number in generator.permutation(5000)}
    store = store_at(tmp_path / "store", [many])
    other = store_at(tmp_path / "other", [mixed], {"m": {number: many[number] for number in range(0, 5000, 7)}})
    store.merge(other.path)
    rows = store.sql("SELECT id, answer FROM d.inferences JOIN d.test_samples USING (_sample) ORDER BY id").rows()
    assert [(row["id"], row["answer"]) for row in rows] == [(number, many[number]) for number in range(0, 5000, 7)]
    assert newest(store) == newest(other)


@pytest.mark.sampled(2)
def test_datasets_that_share_files_keep_their_own_numbers(tmp_path: Path) -> None:
    ours, theirs = ks.Store(tmp_path / "ours"), ks.Store(tmp_path / "theirs")
    ours.upload_dataset("first", samples(dict(reversed(FIRST.items()))), workflow=WORKFLOW)
    for name in ("first", "second"):
        theirs.upload_dataset(name, samples(FIRST), workflow=WORKFLOW)
        theirs.upload_results(name, "m", answers(WRONG))
        theirs.test(name, "m")
    ours.merge(theirs.path)
    assert digests(ours) == digests(theirs)
    for name in ("first", "second"):
        query = f"SELECT s.id, g.label, i.answer, m.correct FROM {name}.results ORDER BY ALL"
        assert ours.sql(query).rows() == theirs.sql(query).rows()
