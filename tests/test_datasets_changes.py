"""Copy-on-write: which files a version shares with the one before, and a random history against a plain dictionary."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from small_stores import temporary_store
from thoroughness import sized

import kolena_store as ks
from kolena_store import files
from kolena_store.datasets import dataset_named, files_of, version_of

Row = dict[str, Any]


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a data file end after ten rows."""
    monkeypatch.setattr(files, "ROWS_PER_FILE", 10)
    monkeypatch.setattr(files, "ROWS_PER_GROUP", 5)


def things(ids: range | list[int], value: str = "x") -> pa.Table:
    return pa.table({"id": list(ids), "value": [value] * len(ids)})


def batched(table: pa.Table) -> pa.RecordBatchReader:
    """Return a table as a stream of small batches: files end between batches."""
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=5))


def file_ids(store: ks.Store, version: int | None = None) -> list[int]:
    session = store._database.session()
    return version_of(session, dataset_named(session, "things"), version).sample_files


def sizes(store: ks.Store) -> list[int]:
    session = store._database.session()
    return [file.n_rows for file in files_of(session, file_ids(store))]


@pytest.fixture
def things_store(store: ks.Store, small_files: None) -> ks.Store:
    """A store with 30 things in three files."""
    store.upload_dataset("things", batched(things(range(30))))
    assert sizes(store) == [10, 10, 10]
    return store


def test_an_append_adds_a_file_and_keeps_the_others(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    things_store.upload_dataset("things", batched(things(range(30, 45))), append_only=True)
    assert file_ids(things_store)[:3] == before
    assert sizes(things_store) == [10, 10, 10, 10, 5]


def test_the_rows_that_an_input_adds_are_a_file_of_their_own(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    things_store.upload_dataset("things", batched(things(range(35))))
    assert file_ids(things_store)[:3] == before
    assert sizes(things_store) == [10, 10, 10, 5]


def test_a_change_rewrites_only_its_file(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    changed = things(range(30)).set_column(1, "value", [["y" if number == 14 else "x" for number in range(30)]])
    report = things_store.upload_dataset("things", changed)
    after = file_ids(things_store)
    assert (report.changed, report.unchanged) == (1, 29)
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1] != before[1]
    assert things_store.download_dataset("things").equals(changed)
    assert file_ids(things_store, 1) == before


def test_a_removal_rewrites_only_its_file(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    things_store.upload_dataset("things", things([number for number in range(30) if number != 25]))
    assert file_ids(things_store)[:2] == before[:2]
    assert sizes(things_store) == [10, 10, 9]


def test_a_file_whose_rows_all_go_is_no_part_of_the_version(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    things_store.upload_dataset("things", things([*range(10), *range(20, 30)]))
    assert file_ids(things_store) == [before[0], before[2]]


def test_replacing_all_rows_leaves_none_of_the_files(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    report = things_store.upload_dataset("things", things(range(100, 130)))
    assert (report.added, report.removed) == (30, 30)
    assert set(file_ids(things_store)).isdisjoint(before)
    assert things_store.download_dataset("things").equals(things(range(100, 130)))


def test_changes_added_and_removed_rows_meet_in_one_version(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    ids = [*range(15), *range(20, 30), 99]
    values = ["y" if number in (12, 27) else "x" for number in ids]
    report = things_store.upload_dataset("things", pa.table({"id": ids, "value": values}))
    assert (report.added, report.changed, report.removed, report.unchanged) == (1, 2, 5, 23)
    assert file_ids(things_store)[0] == before[0]
    assert things_store.download_dataset("things").equals(pa.table({"id": ids, "value": values}))


def test_content_that_comes_back_is_the_same_file(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    things_store.upload_dataset("things", things(range(30), "y"))
    things_store.upload_dataset("things", things(range(30), "x"))
    assert things_store.download_dataset("things").equals(things(range(30)))
    assert len(set(file_ids(things_store))) == len(file_ids(things_store))
    assert len(before) == 3


def test_a_new_column_leaves_the_files_alone_whose_rows_have_no_value(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    notes = pa.array(["note" if number == 3 else None for number in range(30)])
    report = things_store.upload_dataset("things", things(range(30)).append_column("note", notes))
    assert (report.changed, report.unchanged) == (1, 29)
    assert file_ids(things_store)[1:] == before[1:]
    assert things_store.download_dataset("things").column("note").to_pylist() == notes.to_pylist()
    assert things_store.sql("SELECT count(note) AS n FROM things.test_samples").rows() == [{"n": 1}]


def test_a_wider_integer_leaves_the_files_alone_and_a_nested_type_does_not(things_store: ks.Store) -> None:
    before = file_ids(things_store)
    narrow = things(range(30)).append_column("size", pa.array([1] * 30, pa.int8()))
    things_store.upload_dataset("things", narrow)
    small = file_ids(things_store)
    more = pa.table({"id": [30], "value": ["x"], "size": pa.array([1000], pa.int64())})
    things_store.upload_dataset("things", more, append_only=True)
    assert file_ids(things_store)[:3] == small
    assert set(before).isdisjoint(small)
    assert things_store.sql("SELECT sum(size) AS n FROM things.test_samples").rows() == [{"n": 1030}]


def test_a_struct_that_gains_a_field_is_read_the_same_everywhere(things_store: ks.Store) -> None:
    points = pa.array([{"x": number} for number in range(30)])
    things_store.upload_dataset("things", things(range(30)).append_column("point", points))
    more = pa.table({"id": [30], "value": ["x"], "point": [{"x": 1, "y": 2}]})
    things_store.upload_dataset("things", more, append_only=True)
    rows = things_store.sql("SELECT point.y AS y, count(*) AS n FROM things.test_samples GROUP BY y ORDER BY y").rows()
    assert rows == [{"y": 2, "n": 1}, {"y": None, "n": 30}]
    assert things_store.download_dataset("things").column("point").to_pylist()[:2] == [
        {"x": 0, "y": None},
        {"x": 1, "y": None},
    ]


def test_shuffled_input_is_the_same_content(things_store: ks.Store) -> None:
    ids = list(range(30))
    random.Random(0).shuffle(ids)
    before = file_ids(things_store)
    assert things_store.upload_dataset("things", things(ids)).version == 1
    assert file_ids(things_store) == before


def test_results_share_files_too(things_store: ks.Store) -> None:
    answers = pa.table({"id": range(30), "answer": ["a"] * 30})
    things_store.upload_results("things", "m", batched(answers))
    before = inference_files(things_store)
    report = things_store.upload_results("things", "m", pa.table({"id": [14], "answer": ["b"]}))
    assert (report.updated, report.inserted, report.unchanged) == (1, 0, 0)
    after = inference_files(things_store)
    assert len(before) == 3
    assert [after[0], after[2]] == [before[0], before[2]]


def inference_files(store: ks.Store) -> list[int]:
    from kolena_store.results import results_of_dataset

    session = store._database.session()
    return results_of_dataset(session, dataset_named(session, "things"))[0].inference_files


# --- a random history ---

IDS = st.integers(0, 11)
VALUES = st.sampled_from([None, "a", "b", "é"])
NUMBERS = st.sampled_from([None, 0.0, 1.5, float("inf"), float("nan")])
ROWS = st.dictionaries(IDS, st.fixed_dictionaries({"value": VALUES, "number": NUMBERS}), min_size=1, max_size=8)


def spelled(rows: dict[int, Row]) -> dict[int, str]:
    """Return the rows spelled out, so that NaN equals itself."""
    return {key: repr(sorted(row.items())) for key, row in rows.items()}


class DatasetHistory(RuleBasedStateMachine):
    """Random uploads and appends; every version must stay what a dictionary says, and every id keep its number."""

    @initialize()
    def make_store(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(files, "ROWS_PER_FILE", 3)
        self.store = temporary_store()
        self.model: dict[int, Row] = {}
        self.versions: list[dict[int, Row]] = []
        self.numbers: dict[int, int] = {}

    def teardown(self) -> None:
        self.patch.undo()

    @rule(rows=ROWS)
    def replace(self, rows: dict[int, Row]) -> None:
        self.upload(rows, dict(rows), append_only=False)

    @precondition(lambda self: self.model)
    @rule(rows=ROWS)
    def append(self, rows: dict[int, Row]) -> None:
        self.upload(rows, {**self.model, **rows}, append_only=True)

    @precondition(lambda self: self.model)
    @rule(key=IDS)
    def fail(self, key: int) -> None:
        with pytest.raises(ks.StoreError):
            self.store.upload_dataset("things", self.table({key: {"value": "a", "number": None}}, twice=True))

    @precondition(lambda self: self.model)
    @rule()
    def reopen(self) -> None:
        self.store.refresh()

    def upload(self, rows: dict[int, Row], after: dict[int, Row], *, append_only: bool) -> None:
        before = self.model
        report = self.store.upload_dataset("things", batched(self.table(rows)), append_only=append_only)
        old, new = spelled(before), spelled(after)
        changed = {key for key in rows if key in old and old[key] != new[key]}
        assert report.added == len(set(new) - set(old))
        assert report.changed == len(changed)
        assert report.removed == len(set(old) - set(new))
        assert report.unchanged == len(rows) - report.added - report.changed
        self.model = after
        if old != new:
            self.versions.append(after)
        assert report.version == len(self.versions)

    @staticmethod
    def table(rows: dict[int, Row], *, twice: bool = False) -> pa.Table:
        columns = {
            "id": pa.array(list(rows), pa.int64()),
            "value": pa.array([row["value"] for row in rows.values()], pa.string()),
            "number": pa.array([row["number"] for row in rows.values()], pa.float64()),
        }
        return pa.concat_tables([pa.table(columns)] * (2 if twice else 1))

    @invariant()
    def every_version_is_what_it_was(self) -> None:
        for number, rows in enumerate(getattr(self, "versions", []), start=1):
            found = self.store.download_dataset("things", number).to_pylist()
            assert spelled({row.pop("id"): row for row in found}) == spelled(rows)

    @invariant()
    def every_id_keeps_its_number(self) -> None:
        if getattr(self, "versions", []):
            rows = self.store.sql("SELECT id, _sample FROM things.test_samples").rows()
            assert {row["id"] for row in rows} == set(self.model)
            for row in rows:
                assert self.numbers.setdefault(row["id"], row["_sample"]) == row["_sample"]
            assert len(set(self.numbers.values())) == len(self.numbers)

    @invariant()
    def no_file_is_left_over(self) -> None:
        if getattr(self, "versions", []):
            on_disk = {path.stem for path in Path(self.store.path / "data").rglob("*.parquet")}
            session = self.store._database.session()
            known = {row[0] for row in session.connection.execute("SELECT sha256 FROM catalogue.files").fetchall()}
            assert known == on_disk


DatasetHistory.TestCase.settings = settings(
    max_examples=sized(2, 5), stateful_step_count=8, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestDatasetHistory = DatasetHistory.TestCase
