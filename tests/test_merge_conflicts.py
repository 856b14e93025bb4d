"""Conflicts of a merge: named with both sides, settled by a preference, and never half done."""

from pathlib import Path

import duckdb
import pytest
from merged_stores import WORKFLOW, answers, copied, digests, files, newest, outcomes, samples, store_at, suites
from small_stores import store_in

import kolena_store as ks
from kolena_store.errors import ConflictingDefinition, DamagedStore, MalformedFile, MergeConflict, RefusedStatement

BASE = {number: "abc"[number % 3] for number in range(20)}
OURS = {**BASE, 0: "c", 50: "a"}
THEIRS = {**{number: label for number, label in BASE.items() if number != 7}, 1: "a", 60: "b", 61: "b"}
ODD = 'CREATE VIEW "Odd" AS SELECT * FROM test_samples WHERE odd;'
ODD_SMALL = 'CREATE VIEW "odd" AS SELECT * FROM test_samples WHERE odd AND id < 9;'


@pytest.fixture(scope="session")
def prebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two stores whose dataset went on in both, each with results of models; never change them."""
    folder = tmp_path_factory.mktemp("conflicts")
    store_at(folder / "ours", [BASE, OURS], {"mine": OURS})
    store_at(folder / "theirs", [BASE, THEIRS], {"yours": THEIRS})
    return folder


@pytest.fixture
def ours(prebuilt: Path, tmp_path: Path) -> ks.Store:
    return copied(ks.Store(prebuilt / "ours"), tmp_path / "ours")


@pytest.fixture
def theirs(prebuilt: Path, tmp_path: Path) -> ks.Store:
    return copied(ks.Store(prebuilt / "theirs"), tmp_path / "theirs")


def refused(store: ks.Store, other: ks.Store) -> str:
    """The message that refuses a merge, after which the store is what it was."""
    before = files(store)
    with pytest.raises(MergeConflict) as caught:
        store.merge(other.path)
    assert files(store) == before
    return str(caught.value)


def test_a_dataset_that_went_on_in_both_is_a_conflict(ours: ks.Store, theirs: ks.Store) -> None:
    message = refused(ours, theirs)
    assert "1 conflict; " in message
    assert "dataset 'd' went on in both stores (here version 2 of 20" in message
    assert "there version 2 of 20" in message
    assert "nothing was written" in message


def test_ours_leaves_the_other_side_out(ours: ks.Store, theirs: ks.Store) -> None:
    before = digests(ours)
    report = ours.merge(theirs.path, prefer="ours")
    assert outcomes(report)["dataset", "d"] == "left out"
    assert digests(ours)["d"] == before["d"]
    (thing,) = (one for one in report.things if one.kind == "results")
    assert (thing.outcome, thing.note) == ("added", "1 version; 2 rows of samples that are not here left out")
    found = {model.model: (model.answered, model.missing) for model in ours.dataset("d").models}
    assert found == {"mine": (21, 0), "yours": (19, 2)}


def test_theirs_becomes_a_new_version(ours: ks.Store, theirs: ks.Store) -> None:
    before = digests(ours)
    report = ours.merge(theirs.path, prefer="theirs")
    assert outcomes(report)["dataset", "d"] == "extended"
    assert digests(ours)["d"] == [*before["d"], digests(theirs)["d"][-1]]
    last = ours.dataset_history("d")[-1]
    expected = ours.dataset_difference("d", 2, 3)
    assert (last.added, last.changed, last.removed) == (expected.added, expected.changed, expected.removed) == (2, 2, 2)
    assert (last.unchanged, last.n_samples) == (17, 21)
    assert ours.download_dataset("d").sort_by("id") == theirs.download_dataset("d").sort_by("id")


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_second_merge_with_the_same_preference_changes_nothing(side: str, ours: ks.Store, theirs: ks.Store) -> None:
    ours.merge(theirs.path, prefer=side)
    before = (digests(ours), {name for name in files(ours) if name != "store.duckdb"})
    again = ours.merge(theirs.path, prefer=side)
    assert {thing.outcome for thing in again.things} <= {"equal", "left out"}
    assert (digests(ours), {name for name in files(ours) if name != "store.duckdb"}) == before


@pytest.mark.sampled(2)
def test_all_conflicts_are_named_at_once(ours: ks.Store, theirs: ks.Store) -> None:
    ours.upload_results("d", "yours", answers(BASE), metadata={"size": 1})
    theirs.upload_results("d", "yours", answers(THEIRS), metadata={"size": 2})
    ours.apply_suite("d", ODD, name="parity")
    theirs.apply_suite("d", ODD_SMALL, name="Parity")
    ours.apply_metrics("d", "-- metric: share  better: higher\nSELECT count(*) AS value FROM results")
    theirs.apply_metrics("d", "-- metric: share  better: lower\nSELECT count(*) AS value FROM results")
    message = refused(ours, theirs)
    assert "5 conflicts" in message
    for text in ("model 'yours' has contradicting metadata 'size' (here 1, there 2)", "dataset 'd' went on"):
        assert text in message
    for text in ("results 'yours' of 'd' went on", "test suite 'Parity' of 'd' went on", "user metric 'share' of 'd'"):
        assert text in message
    dry = ours.merge(theirs.path, dry_run=True)
    assert len(dry.conflicts) == 5
    assert str(dry).count("conflict: ") == 5


@pytest.mark.sampled(2)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_preference_settles_each_of_them(side: str, ours: ks.Store, theirs: ks.Store) -> None:
    test_all_conflicts_are_named_at_once(ours, theirs)
    wanted = ours if side == "ours" else theirs
    expected = (newest(wanted), suites(wanted)["d", "parity"], wanted.user_metrics("d")[0].better)
    report = ours.merge(theirs.path, prefer=side)
    assert str(report).count(f"settled for {side}: ") == 5
    found = newest(ours)
    assert {name: found[name] for name in ("d", "d yours")} == {name: expected[0][name] for name in ("d", "d yours")}
    assert [source for _, source in suites(ours)["d", "parity"]] == [source for _, source in expected[1]]
    assert ours.user_metrics("d")[0].better == expected[2]
    (model,) = (one for one in ours.models() if one.name == "yours")
    assert model.metadata_document == {"size": 1 if side == "ours" else 2}


def test_results_that_went_on_in_both_are_a_conflict(tmp_path: Path) -> None:
    ours = store_at(tmp_path / "ours", [BASE], {"m": BASE})
    theirs = store_at(tmp_path / "theirs", [BASE], {"m": dict.fromkeys(range(5), "a")})
    assert "results 'm' of 'd' went on in both stores" in refused(ours, theirs)
    ours.merge(theirs.path, prefer="theirs")
    assert newest(ours)["d m"] == newest(theirs)["d m"]
    assert [model.answered for model in ours.dataset("d").models] == [5]
    query = "SELECT inserted, updated, unchanged FROM kolena.result_versions WHERE version = 2"
    changed = sum(BASE[number] != "a" for number in range(5))
    assert ours.sql(query).rows() == [{"inserted": 0, "updated": changed, "unchanged": 5 - changed}]


def test_other_id_fields_can_only_be_left_out(tmp_path: Path) -> None:
    ours = store_at(tmp_path / "ours", [BASE])
    theirs = store_in(tmp_path / "theirs")
    theirs.upload_dataset(
        "D", samples(BASE).rename_columns(["key", "label", "odd"]), id_fields=["key"], workflow=WORKFLOW
    )
    theirs.upload_results("D", "m", answers(BASE).rename_columns(["key", "answer"]))
    theirs.test("D", "m")
    assert "dataset 'd' identifies samples by other fields (here 'id', there 'key')" in refused(ours, theirs)
    with pytest.raises(MergeConflict):
        ours.merge(theirs.path, prefer="theirs")
    report = ours.merge(theirs.path, prefer="ours")
    kinds = {thing.kind for thing in report.things if thing.outcome == "left out"}
    assert kinds == {"dataset", "results", "test suite", "test run"}
    assert list(digests(ours)) == ["d"]


def test_ids_of_other_types_can_only_be_left_out(tmp_path: Path) -> None:
    ours = store_at(tmp_path / "ours", [BASE])
    theirs = store_in(tmp_path / "theirs")
    theirs.upload_dataset("d", [{"id": str(number), "label": label} for number, label in BASE.items()])
    assert "has ids of other types (here 'int64', there 'string')" in refused(ours, theirs)


@pytest.mark.sampled(2)
def test_a_test_case_that_means_something_else_in_another_suite_is_a_conflict(ours: ks.Store, tmp_path: Path) -> None:
    theirs = copied(ours, tmp_path / "copy")
    ours.apply_suite("d", ODD, name="here")
    theirs.apply_suite("d", ODD_SMALL, name="there")
    message = refused(ours, theirs)
    assert "test case 'odd' of 'd' means something else in another suite (here in suite 'here', there in" in message
    with pytest.raises(MergeConflict):
        ours.merge(theirs.path, prefer="theirs")
    report = ours.merge(theirs.path, prefer="ours")
    assert outcomes(report)["test suite", "there"] == "left out"
    ours.apply_suite("d", ODD, name="again")


def test_suites_of_one_store_that_share_a_test_case_come_together(ours: ks.Store, tmp_path: Path) -> None:
    theirs = copied(ours, tmp_path / "copy")
    for name in ("one", "two"):
        theirs.apply_suite("d", ODD, name=name)
    ours.merge(theirs.path)
    assert suites(ours) == suites(theirs)


def test_a_newer_dataset_must_suit_the_suites_here(ours: ks.Store, tmp_path: Path) -> None:
    theirs = copied(ours, tmp_path / "copy")
    ours.apply_suite("d", ODD, name="parity")
    theirs.upload_dataset("d", samples(OURS).drop_columns(["odd"]))
    before = files(ours)
    with pytest.raises(ConflictingDefinition, match="lacks the column 'odd'"):
        ours.merge(theirs.path)
    assert files(ours) == before


def test_contradicting_metadata_of_a_dataset_is_a_conflict(ours: ks.Store, tmp_path: Path) -> None:
    theirs = copied(ours, tmp_path / "copy")
    ours.upload_dataset("d", samples(OURS), metadata={"from": "us", "n": 1}, description="ours", tags=["a"])
    theirs.upload_dataset("d", samples(OURS), metadata={"from": "them", "m": 2}, description="theirs", tags=["b"])
    assert 'contradicting metadata \'from\' (here "us", there "them")' in refused(ours, theirs)
    ours.merge(theirs.path, prefer="theirs")
    found = ours.dataset("d")
    assert (found.metadata, found.description, found.tags) == ({"from": "them", "n": 1, "m": 2}, "theirs", ("a", "b"))


def test_a_description_that_is_here_stays(ours: ks.Store, tmp_path: Path) -> None:
    theirs = copied(ours, tmp_path / "copy")
    theirs.upload_dataset("d", samples(OURS), description="theirs")
    ours.merge(theirs.path)
    assert ours.dataset("d").description == "theirs"
    ours.upload_dataset("d", samples(OURS), description="ours")
    ours.merge(theirs.path)
    assert ours.dataset("d").description == "ours"


def test_answers_to_samples_that_are_not_here_leave_versions_without_rows(ours: ks.Store, theirs: ks.Store) -> None:
    theirs.upload_results("d", "late", answers({60: "a"}))
    theirs.upload_results("d", "late", answers({0: "a"}))
    theirs.upload_results("d", "lost", answers({60: "a", 61: "a"}))
    report = ours.merge(theirs.path, prefer="ours")
    found = outcomes(report)
    assert (found["results", "late"], found["results", "lost"]) == ("added", "left out")
    assert [ours.download_results("d", "late", version=version).num_rows for version in (1, 2)] == [0, 1]
    assert {thing.outcome for thing in ours.merge(theirs.path, prefer="ours").things} <= {"equal", "left out"}
    assert ours.sql("SELECT count(*) AS n FROM d.inferences WHERE model = 'late'").rows() == [{"n": 1}]


# --- a catalogue that was altered ---


def altered(store: ks.Store, sql: str) -> ks.Store:
    catalogue = store.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute(sql)
    return store


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM read_csv(''/etc/hostname'')", "read_csv|table function"),
        ("SELECT * FROM catalogue.models", "catalogue|models"),
        ("SELECT * FROM test_samples; DROP TABLE x", "only one SELECT"),
        ("SELECT * FROM other", "reads 'other'"),
    ],
)
def test_a_foreign_definition_is_held_to_the_rules(query: str, message: str, ours: ks.Store, tmp_path: Path) -> None:
    theirs = copied(ours, tmp_path / "copy")
    theirs.apply_suite("d", ODD, name="parity")
    altered(
        theirs, f"UPDATE catalogue.test_case_versions SET normalised = '{query}' WHERE level = 'sample' AND version = 1"
    )
    before = files(ours)
    with pytest.raises(RefusedStatement, match=message):
        ours.merge(theirs.path)
    assert files(ours) == before


SHARE = "-- metric: share  better: higher\nSELECT count(*) AS value FROM results"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (SHARE.replace("results", "read_csv(''/etc/hostname'')"), RefusedStatement, "read_csv|table function"),
        (SHARE.replace("results", "catalogue.models"), RefusedStatement, "catalogue|models"),
        (f"{SHARE}; DROP TABLE x", MalformedFile, "several statements"),
        (SHARE.replace("share", "other"), DamagedStore, "defines others"),
    ],
)
def test_a_foreign_metric_is_held_to_the_rules(
    source: str, error: type[Exception], message: str, ours: ks.Store, tmp_path: Path
) -> None:
    theirs = copied(ours, tmp_path / "copy")
    theirs.apply_metrics("d", SHARE)
    altered(theirs, f"UPDATE catalogue.metric_versions SET source = '{source}'")
    before = files(ours)
    with pytest.raises(error, match=message):
        ours.merge(theirs.path)
    assert files(ours) == before


@pytest.mark.parametrize("table", ["dataset_versions", "results_versions"])
def test_a_foreign_type_is_one(table: str, ours: ks.Store, theirs: ks.Store) -> None:
    hostile = "BIGINT); DROP TABLE x; --"
    altered(theirs, f"UPDATE catalogue.{table} SET fields = replace(fields, 'VARCHAR', '{hostile}')")
    with pytest.raises(DamagedStore, match="catalogue was altered"):
        ours.merge(theirs.path, prefer="ours")


def test_a_foreign_file_stays_in_the_folder_of_its_kind(ours: ks.Store, theirs: ks.Store) -> None:
    altered(theirs, "UPDATE catalogue.files SET kind = '../../outside'")
    with pytest.raises(DamagedStore, match="outside"):
        ours.merge(theirs.path, prefer="theirs")
