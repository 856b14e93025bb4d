"""Objects: any number of rows for each sample on both sides, and which samples they answer."""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_stores import temporary_store

import kolena_store as ks
from kolena_store.datasets.objects import collected_objects
from kolena_store.formats import open_table

FRAMES = [
    {"video": video, "frame": frame, "split": "test" if frame else "tune"} for video in "ab" for frame in range(3)
]
TRUE = [
    {"video": "b", "frame": 2, "track": 1, "x": 0.5},
    {"video": "a", "frame": 0, "track": 1, "x": 1.5},
    {"video": "b", "frame": 2, "track": 2, "x": 2.5},
]
FOUND = [
    {"video": "b", "frame": 2, "track": 9, "score": 0.25},
    {"video": "a", "frame": 1, "track": 8, "score": 0.5},
    {"video": "b", "frame": 2, "track": 7, "score": 0.75},
]
COUNTS = """
-- metric: miscount    better: lower    unit: objects    interval: ratio
SELECT sum(abs(len(g.objects) - len(i.objects))) / count(*) AS value, count(*) AS n FROM results;
"""
SEEN: list[pa.RecordBatch] = []


def counts(batch: pa.RecordBatch) -> dict[str, Any]:
    SEEN.append(batch)
    pairs = zip(batch["g"].to_pylist(), batch["i"].to_pylist(), strict=True)
    return {"miscount": [abs(len(true) - len(found)) for true, found in pairs]}


def store_of(**options: Any) -> ks.Store:
    store = temporary_store()
    store.upload_dataset(
        "d", FRAMES, id_fields=["video", "frame"], objects=TRUE, workflow=ks.Custom(objects=True, **options)
    )
    return store


@pytest.mark.sampled(2)
def test_rows_become_lists_and_every_sample_is_answered() -> None:
    store = store_of()
    report = store.upload_results("d", "m", FOUND)
    assert (report.inserted, report.missing, report.without_objects) == (6, 0, 4)
    assert report.listings()[1:] == ["4 answered samples have no object"]
    truths = {(row["video"], row["frame"]): row["objects"] for row in store.download_dataset("d").to_pylist()}
    assert truths["b", 2] == [{"track": 1, "x": 0.5}, {"track": 2, "x": 2.5}]
    assert truths["a", 0] == [{"track": 1, "x": 1.5}]
    assert [objects for key, objects in truths.items() if key not in (("b", 2), ("a", 0))] == [[]] * 4
    answers = {(row["video"], row["frame"]): row["objects"] for row in store.download_results("d", "m").to_pylist()}
    assert answers["b", 2] == [{"track": 9, "score": 0.25}, {"track": 7, "score": 0.75}]
    assert answers["a", 0] == []
    store.apply_metrics("d", COUNTS)
    one = store.test("d")["all", "m", "miscount"]
    assert (one.value, one.n, one.n_missing) == (pytest.approx(2 / 6), 6, 0)


def test_an_equal_upload_changes_nothing_in_whatever_order_samples_come() -> None:
    store = store_of()
    store.upload_results("d", "m", FOUND)
    again = store.upload_results("d", "m", pl.DataFrame(sorted(FOUND, key=lambda row: (row["video"], row["frame"]))))
    assert (again.version, again.unchanged) == (1, 6)
    assert store.upload_dataset("d", FRAMES[::-1], objects=TRUE).version == 1
    changed = store.upload_dataset("d", FRAMES, objects=TRUE[:-1])
    assert (changed.version, changed.changed) == (2, 1)


@pytest.mark.parametrize(
    "answered", ["split = 'test'", [("a", 1), ("a", 2), ("b", 1), ("b", 2)]], ids=["predicate", "ids"]
)
def test_an_upload_may_answer_some_samples_alone(answered: Any) -> None:
    store = store_of()
    report = store.upload_results("d", "m", FOUND, answered=answered)
    assert (report.inserted, report.missing, report.without_objects) == (4, 2, 2)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("answered", "message"),
    [
        ("split = 'tune'", "there are rows of samples that answered= leaves out: .*'b'"),
        ([("a", 1), ("z", 5)], "answered= names samples that 'd' does not have: .*'z'"),
        ([("a", 1), 5], "answered= must hold ids, video, frame"),
        (5, "neither a predicate nor a list of ids"),
        ("1; DROP TABLE x", "predicate"),
    ],
)
def test_an_answered_that_can_not_be_is_refused(answered: Any, message: str) -> None:
    store = store_of()
    with pytest.raises(ks.StoreError, match=message):
        store.upload_results("d", "m", FOUND, answered=answered)
    assert store.models() == []


@pytest.mark.sampled(2)
def test_a_scorer_gets_lists_of_objects_and_only_changed_samples_again() -> None:
    store = store_of(scorer=counts, reads=["g.track", "i.score", "s.split"])
    store.upload_results("d", "m", FOUND)
    store.apply_metrics("d", "-- metric: miscount  better: lower\nSELECT avg(m.miscount) AS value FROM results")
    SEEN.clear()
    assert store.test("d")["all", "m", "miscount"].value == pytest.approx(2 / 6)
    store.upload_results("d", "m", FOUND[1:])
    assert store.test("d")["all", "m", "miscount"].value == pytest.approx(3 / 6)
    (batch,) = SEEN
    assert batch.num_rows == 1
    assert batch["s"].to_pylist() == [{"video": "b", "frame": 2, "split": "test"}]
    assert batch["g"].to_pylist() == [[{"track": 1, "x": 0.5}, {"track": 2, "x": 2.5}]]
    assert batch["i"].to_pylist() == [[{"track": 7, "score": 0.75}]]


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (
            [{"video": "z", "frame": 1, "x": 1}],
            "the objects of 1 sample belong to no sample .* unknown video, frame: .'z', 1.",
        ),
        ([{"video": "a", "frame": 1, "_x": 1}], "column '_x' starts with an underscore"),
        ([{"video": "a", "x": 1}], "has no column 'frame'"),
        ([{"video": "a", "frame": "1", "x": 1}], "id field 'frame' holds"),
        ([{"video": "a", "frame": 1}], "has no column beside 'video', 'frame'"),
        ([{"video": "a", "frame": 1, "x": 1}], "has no 'track'|has no column 'track'"),
    ],
)
def test_objects_that_can_not_be_used_are_refused(objects: Any, message: str) -> None:
    store = temporary_store()
    workflow = ks.Custom(objects=True, reads=["g.track"])
    with pytest.raises(ks.StoreError, match=message):
        store.upload_dataset("d", FRAMES, id_fields=["video", "frame"], objects=objects, workflow=workflow)
    assert not store.exists or store.datasets() == []


def test_a_column_of_lists_takes_the_place_of_a_table() -> None:
    store = temporary_store()
    rows = [{"id": 1, "objects": [{"x": 1.0}]}, {"id": 2, "objects": []}]
    store.upload_dataset("d", rows, workflow=ks.Custom(objects=True))
    assert store.upload_results("d", "m", rows[:1]).missing == 1
    with pytest.raises(ks.StoreError, match="leave one of them out"):
        store.upload_dataset("d", rows, objects=rows)
    with pytest.raises(ks.StoreError, match="answered= says which samples were answered where each row is an object"):
        store.upload_results("d", "m", rows, answered=[1])
    with pytest.raises(ks.StoreError, match="the workflow needs a list of objects"):
        store.upload_dataset("e", [{"id": 1, "objects": 5}], workflow=ks.Custom(objects=True))


def test_each_model_uploads_objects_by_itself() -> None:
    with pytest.raises(ks.StoreError, match="upload the objects of each model by themselves"):
        store_of().upload_results("d", None, [{**row, "model": "m"} for row in FOUND], model_field="model")


def test_cells_of_text_are_read_as_the_types_that_objects_have(tmp_path: Path) -> None:
    store = store_of()
    store.upload_results("d", "m", FOUND)
    path = tmp_path / "found.csv"
    path.write_text("video,frame,track,score\na,1,8,1\n", encoding="utf-8")
    store.upload_results("d", "m", str(path))
    found = store.download_results("d", "m").column("objects")
    assert found.type.value_type.field("score").type == pa.float64()
    assert found.to_pylist().count([]) == 5


KEYS = st.tuples(st.sampled_from("xyz"), st.integers(0, 2))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(KEYS, st.one_of(st.none(), st.integers(-9, 9))), min_size=1, max_size=20))
def test_rows_are_collected_as_a_dictionary_would(rows: list[tuple[tuple[str, int], int | None]]) -> None:
    expected: dict[tuple[str, int], list[dict[str, int | None]]] = {}
    for key, value in rows:
        expected.setdefault(key, []).append({"value": value})
    columns = {
        "a": [key[0] for key, _ in rows],
        "b": [key[1] for key, _ in rows],
        "value": [value for _, value in rows],
    }
    table = pa.table(columns, schema=pa.schema([("a", pa.string()), ("b", pa.int64()), ("value", pa.int64())]))
    found = collected_objects(open_table(table), ["b", "a"]).to_pylist()
    assert [((row["a"], row["b"]), row["objects"]) for row in found] == list(expected.items())
