"""Uploading datasets: what counts as added, changed and removed, what identifies a sample, and what is refused."""

import datetime
import decimal
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.datasets.identity import resolve_id_fields
from kolena_store.errors import (
    ChangedType,
    DuplicateIds,
    EmptyInput,
    InvalidInput,
    MalformedFile,
    MissingColumns,
    UnknownName,
)

Counts = tuple[int, int, int, int]


def table(ids: list[Any], **columns: list[Any]) -> pa.Table:
    return pa.table({"id": ids, **columns})


def counts(report: Any) -> Counts:
    return report.added, report.changed, report.removed, report.unchanged


def sample_numbers(store: ks.Store, name: str = "things") -> dict[Any, int]:
    """Return id -> the number that SQL sees."""
    rows = store.sql(f'SELECT id, _sample FROM "{name}".test_samples').rows()
    return {row["id"]: row["_sample"] for row in rows}


# --- versions and counts ---


def test_the_first_upload_adds_every_row(store: ks.Store) -> None:
    report = store.upload_dataset("things", table([1, 2, 3], value=["a", "b", None]))
    assert (report.dataset, report.version, report.n_samples) == ("things", 1, 3)
    assert counts(report) == (3, 0, 0, 0)
    counted = "things version 1: 3 samples (3 added, 0 changed, 0 removed, 0 unchanged)"
    assert str(report) == f"{counted}\n\nsamples are identified by id (inferred; name others with --id)"


def test_id_fields_that_were_named_or_are_known_are_not_said_again(store: ks.Store) -> None:
    assert store.upload_dataset("things", table([1]), id_fields=["id"]).notes == ()
    assert str(store.upload_dataset("things", table([1, 2]))).startswith("things version 2: 2 samples (1 added")
    assert store.upload_dataset("one", pa.table({"a_id": [1], "b_id": [1]})).notes == (
        "samples are identified by a_id, b_id (inferred; name others with --id)",
    )
    assert str(store.upload_dataset("one", pa.table({"a_id": [1], "b_id": [1]}))).startswith(
        "one version 1: 1 sample ("
    )


def test_an_upload_makes_the_dataset_equal_to_the_input(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2, 3, 4], value=["a", "b", "c", None]))
    report = store.upload_dataset("things", table([5, 2, 3, 4], value=["e", "b", "C", "d"]))
    assert (report.version, report.n_samples) == (2, 4)
    assert counts(report) == (1, 2, 1, 1)
    expected = [{"id": 2, "value": "b"}, {"id": 3, "value": "C"}, {"id": 4, "value": "d"}, {"id": 5, "value": "e"}]
    assert store.download_dataset("things").to_pylist() == expected


def test_append_only_adds_and_replaces_but_removes_nothing(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2], value=["a", "b"]))
    report = store.upload_dataset("things", table([2, 3], value=["B", "c"]), append_only=True)
    assert counts(report) == (1, 1, 0, 0)
    assert report.n_samples == 3
    assert store.download_dataset("things").column("value").to_pylist() == ["a", "B", "c"]


def test_a_first_upload_may_be_append_only(store: ks.Store) -> None:
    assert counts(store.upload_dataset("things", table([1]), append_only=True)) == (1, 0, 0, 0)


def test_an_equal_upload_makes_no_version(store: ks.Store, tmp_path: Path) -> None:
    original = table([1, 2], value=["a", None], number=[1.5, float("nan")])
    store.upload_dataset("things", original)
    reordered = original.take([1, 0]).select(["number", "id", "value"])
    for again in (original, reordered, original.cast(pa.schema([("id", pa.int16()), *list(original.schema)[1:]]))):
        report = store.upload_dataset("things", again)
        assert (report.version, counts(report)) == (1, (0, 0, 0, 2))
    assert len(store.dataset_history("things")) == 1
    assert store.download_dataset("things").schema.equals(original.schema)


def test_an_equal_upload_keeps_the_files(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2]))
    before = sorted((store.path / "data").rglob("*"))
    store.upload_dataset("things", table([2, 1]))
    assert sorted((store.path / "data").rglob("*")) == before


def test_a_number_that_comes_back_gets_its_old_sample(store: ks.Store) -> None:
    store.upload_dataset("things", table([10, 20, 30]))
    first = sample_numbers(store)
    store.upload_dataset("things", table([30, 40]))
    store.upload_dataset("things", table([20, 40, 50]))
    last = sample_numbers(store)
    assert last[20] == first[20]
    assert len({*first.values(), *last.values()}) == 5, "no number is used twice"


def test_every_version_is_readable(store: ks.Store) -> None:
    contents = [table([1, 2]), table([2, 3], value=["x", "y"]), table([7])]
    for content in contents:
        store.upload_dataset("things", content)
    for version, content in enumerate(contents, start=1):
        assert store.download_dataset("things", version).equals(content)
    assert store.download_dataset("things").equals(contents[-1])


def test_the_history_tells_each_version(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2]), message="first")
    store.upload_dataset("things", table([2, 3]))
    history = store.dataset_history("things")
    assert [(one.version, one.n_samples, one.message) for one in history] == [(1, 2, "first"), (2, 2, None)]
    assert [(one.added, one.changed, one.removed, one.unchanged) for one in history] == [(2, 0, 0, 0), (1, 0, 1, 1)]
    assert history[0].created <= history[1].created <= datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def test_a_version_that_is_not_there_is_named(store: ks.Store) -> None:
    store.upload_dataset("things", table([1]))
    with pytest.raises(UnknownName, match="no version 2; it has 1 to 1"):
        store.download_dataset("things", 2)


def test_an_unknown_dataset_suggests_a_near_name(store: ks.Store) -> None:
    store.upload_dataset("things", table([1]))
    with pytest.raises(UnknownName, match="did you mean 'things'"):
        store.dataset("thing")


def test_a_new_column_changes_the_rows_that_have_a_value_in_it(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2, 3]))
    report = store.upload_dataset("things", table([1, 2, 3], note=[None, "x", None]))
    assert counts(report) == (0, 1, 0, 2)
    assert store.download_dataset("things").column("note").to_pylist() == [None, "x", None]
    assert store.sql("SELECT note FROM things.test_samples WHERE id = 2").rows() == [{"note": "x"}]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", [pa.null(), pa.string(), pa.float64(), pa.list_(pa.int32())])
def test_a_new_column_of_null_alone_is_a_new_version(store: ks.Store, kind: pa.DataType) -> None:
    store.upload_dataset("things", table([1, 2]))
    report = store.upload_dataset("things", table([1, 2]).append_column("note", pa.nulls(2, kind)))
    assert (report.version, counts(report)) == (2, (0, 0, 0, 2))
    assert store.download_dataset("things").schema.field("note").type == kind
    assert store.sql("SELECT count(note) AS n FROM things.test_samples").rows() == [{"n": 0}]
    assert store.download_dataset("things", 1).column_names == ["id"]


def test_a_column_that_goes_changes_the_rows_that_had_a_value_in_it(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2], note=["x", None]))
    report = store.upload_dataset("things", table([1, 2]))
    assert counts(report) == (0, 1, 0, 1)
    assert "note" in str(report)
    assert store.download_dataset("things").column_names == ["id"]
    assert store.download_dataset("things", 1).column("note").to_pylist() == ["x", None]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("value", ["text", 7, {"a": 1}, [1.5]])
def test_a_column_that_went_may_come_back_with_another_type(store: ks.Store, value: object) -> None:
    store.upload_dataset("things", table([1, 2], note=pa.array([None, None], pa.int32())))
    store.upload_dataset("things", table([1, 2]))
    store.upload_dataset("things", table([1, 2], note=[value, None]))
    assert store.download_dataset("things").column("note").to_pylist() == [value, None]
    assert store.sql("SELECT note FROM things.test_samples ORDER BY id LIMIT 1").rows() == [{"note": value}]


def test_append_only_keeps_the_columns_that_the_input_lacks(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2], note=["x", "y"]))
    store.upload_dataset("things", table([3], other=[7]), append_only=True)
    found = store.download_dataset("things")
    assert found.column_names == ["id", "note", "other"]
    assert found.column("note").to_pylist() == ["x", "y", None]
    assert found.column("other").to_pylist() == [None, None, 7]


def test_the_download_is_in_the_order_of_first_upload(store: ks.Store) -> None:
    store.upload_dataset("things", table([5, 1, 9], value=["a", "b", "c"]))
    store.upload_dataset("things", table([2, 9, 1, 5], value=["new", "C", "b", "a"]))
    assert store.download_dataset("things").column("id").to_pylist() == [5, 1, 9, 2]


def test_two_datasets_may_share_content(store: ks.Store) -> None:
    store.upload_dataset("one", table([1, 2]))
    store.upload_dataset("two", table([1, 2]))
    store.upload_dataset("one", table([3]))
    assert store.download_dataset("two").column("id").to_pylist() == [1, 2]
    assert store.download_dataset("one", 1).column("id").to_pylist() == [1, 2]


# --- differences ---


def test_a_difference_names_samples_and_fields(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2, 3, 4], a=["x", "x", "x", None], b=[1, 1, 1, 1]))
    store.upload_dataset("things", table([1, 2, 4, 5], a=["x", "y", "z", "x"], b=[1, 2, 1, 1]))
    difference = store.dataset_difference("things", 1, 2)
    assert (difference.added, difference.changed, difference.removed) == (1, 2, 1)
    assert difference.changed_fields == {"a": 2, "b": 1}
    nothing = {"fields": [], "old": None, "new": None}
    assert difference.rows() == [
        {"id": 2, "change": "changed", "fields": ["a", "b"], "old": {"a": "x", "b": 1}, "new": {"a": "y", "b": 2}},
        {"id": 3, "change": "removed", **nothing},
        {"id": 4, "change": "changed", "fields": ["a"], "old": {"a": None}, "new": {"a": "z"}},
        {"id": 5, "change": "added", **nothing},
    ]
    assert difference.arrow().to_pylist()[2]["new"] == {"a": "z", "b": None}
    assert difference.pl().shape == difference.df().shape == (4, 5)
    assert "1 added, 2 changed, 1 removed" in str(difference)


def test_a_difference_reads_backwards_too(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2]))
    store.upload_dataset("things", table([2, 3]))
    difference = store.dataset_difference("things", 2, 1)
    assert (difference.added, difference.changed, difference.removed) == (1, 0, 1)
    assert store.dataset_difference("things", 1, 1).arrow().num_rows == 0


def test_a_difference_tells_none_from_nan(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2, 3], x=[None, float("nan"), float("inf")]))
    report = store.upload_dataset("things", table([1, 2, 3], x=[float("nan"), None, float("inf")]))
    assert counts(report) == (0, 2, 0, 1)
    assert store.dataset_difference("things", 1, 2).changed_fields == {"x": 2}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("before", "after", "n_changed"),
    [
        (pa.nulls(2), pa.array(["a", None]), 1),
        (pa.array([1, 2], pa.int8()), pa.array([1, 300], pa.int64()), 1),
        (pa.array([{"a": 1}, None]), pa.array([{"a": 1, "b": None}, {"a": 2, "b": 3}]), 1),
        (pa.nulls(2), pa.array([[1], None]), 1),
        (pa.array([[1], [2]], pa.list_(pa.int8())), pa.array([[1], [3]], pa.list_(pa.int64())), 1),
    ],
    ids=["null to text", "wider integer", "new struct field", "null to list", "wider list"],
)
def test_a_difference_spans_a_widened_type(store: ks.Store, before: pa.Array, after: pa.Array, n_changed: int) -> None:
    store.upload_dataset("things", table([1, 2], x=before))
    report = store.upload_dataset("things", table([1, 2], x=after))
    assert counts(report) == (0, n_changed, 0, 2 - n_changed)
    assert store.dataset_difference("things", 1, 2).changed_fields == {"x": n_changed}
    assert store.dataset_difference("things", 2, 1).changed_fields == {"x": n_changed}
    assert store.download_dataset("things").column("x").to_pylist() == after.to_pylist()
    assert store.download_dataset("things", 1).column("x").combine_chunks().equals(before)


def test_a_difference_spans_a_column_that_changed_its_type_altogether(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2], x=[7, 8]))
    store.upload_dataset("things", table([1, 2]))
    store.upload_dataset("things", table([1, 2], x=["7", "other"]))
    assert store.dataset_difference("things", 1, 3).changed_fields == {"x": 1}


def test_columns_may_have_the_names_that_sql_of_ours_uses(store: ks.Store) -> None:
    names = ["change", "fields", "value", "n", "staged", "stored", "older", "newer", "samples", "numbered", "known"]
    content = {"id": [1, 2], **{name: [f"{name} 1", f"{name} 2"] for name in names}}
    store.upload_dataset("things", pa.table(content), workflow=ks.Classification("value"))
    changed = pa.table({**content, "fields": ["fields 1", None], "value": [None, "value 2"]})
    assert counts(store.upload_dataset("things", changed)) == (0, 2, 0, 0)
    difference = store.dataset_difference("things", 1, 2)
    assert difference.changed_fields == {"fields": 1, "value": 1}
    assert difference.arrow().column_names == ["id", "change", "fields", "old", "new"]
    assert difference.rows()[0]["old"] == {"value": "value 1"}


def test_a_difference_shows_values_that_have_no_plain_type_as_text(store: ks.Store) -> None:
    day, price = datetime.datetime(2026, 1, 31), decimal.Decimal("1.50")
    store.upload_dataset("things", table([1], at=[day], many=[[1]], price=[price], day=[day.date()], long=["x" * 90]))
    store.upload_dataset(
        "things", table([1], at=[None], many=[[1, 2]], price=[None], day=[None], new=[True], long=["y"])
    )
    difference = store.dataset_difference("things", 1, 2)
    assert difference.rows()[0]["old"] == {
        **{"at": "2026-01-31 00:00:00", "many": "[1]", "price": price, "day": day.date()},
        **{"new": None, "long": "x" * 90},
    }
    assert difference.rows()[0]["new"] == {
        **{"at": None, "many": "[1, 2]", "price": None, "day": None},
        **{"new": True, "long": "y"},
    }
    kinds = difference.arrow().schema
    assert kinds.field("old").type == kinds.field("new").type
    text = " ".join(str(difference).split())
    assert "at: 2026-01-31 00:00:00 -> NULL; many: [1] -> [1, 2]; price: 1.50 -> NULL; " in text
    assert text.endswith("; 1 more field")
    store.upload_dataset("things", table([1], long=["x" * 90]), append_only=True)
    assert "x…x" in str(store.dataset_difference("things", 2, 3))


def test_a_difference_of_many_samples_shows_the_first_and_says_how_many_more(store: ks.Store) -> None:
    store.upload_dataset("things", table(list(range(20))))
    store.upload_dataset("things", table(list(range(10, 30))))
    text = str(store.dataset_difference("things", 1, 2))
    assert "and 15 more samples: --format csv, in Python .arrow(), has them all" in text


def test_a_dataset_names_the_models_with_results_on_it(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2, 3]))
    assert store.dataset("things").models == ()
    assert "no model has results on it yet" in str(store.dataset("things"))
    store.upload_results("things", "v1", table([1, 2, 3], answer=["a", "b", "c"]))
    store.upload_results("things", "v1", table([1], answer=["b"]))
    store.upload_results("things", "llm", table([2], answer=["b"]), upload_configuration={"temperature": 0})
    found = [(one.model, one.upload_configuration, one.results_version) for one in store.dataset("things").models]
    assert found == [("v1", None, 2), ("llm", {"temperature": 0}, 1)]
    assert [(one.answered, one.missing) for one in store.dataset("things").models] == [(3, 0), (1, 2)]
    assert re.search(r'^llm +{"temperature":0} +1 +1 +2$', str(store.dataset("things")), re.MULTILINE)


def test_answers_of_samples_that_left_do_not_count(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2, 3]))
    store.upload_results("things", "v1", table([1, 2], answer=["a", "b"]))
    store.upload_dataset("things", table([2, 3, 4]))
    for dataset in (store.dataset("things"), store.datasets()[0]):
        (model,) = dataset.models
        assert (model.answered, model.missing) == (1, 2)
    assert store.upload_results("things", "v1", table([4], answer=["c"])).missing == 1


# --- which columns identify a sample ---


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["label", "id", "user_id"], ["id"]),
        (["b_id", "label", "id_a"], ["b_id", "id_a"]),
        (["locator", "user_id"], ["user_id"]),
        (["text", "locator"], ["locator"]),
        (["label", "text"], ["text"]),
        (["_id"], ["_id"]),
    ],
)
def test_id_fields_are_inferred_by_the_rules(columns: list[str], expected: list[str]) -> None:
    assert resolve_id_fields("the table", columns, None) == expected


@pytest.mark.parametrize("columns", [["label"], ["ID"], ["idx", "grid"], ["Locator"], ["identity"]])
def test_id_fields_that_can_not_be_inferred_are_an_error(store: ks.Store, columns: list[str]) -> None:
    with pytest.raises(InvalidInput, match=r"id_fields=\[\.\.\.\]"):
        store.upload_dataset("things", pa.table({name: [1] for name in columns}))


def test_given_id_fields_win(store: ks.Store) -> None:
    content = pa.table({"id": [1, 1], "name": ["a", "b"]})
    assert store.upload_dataset("things", content, id_fields=["name"]).n_samples == 2
    assert store.dataset("things").id_fields == ("name",)


def test_id_fields_stay_when_they_are_not_given_again(store: ks.Store) -> None:
    store.upload_dataset("things", pa.table({"name": ["a", "b"], "id": [1, 1]}), id_fields=["name"])
    report = store.upload_dataset("things", pa.table({"name": ["b", "c"], "id": [1, 1]}))
    assert counts(report) == (1, 0, 1, 1)


def test_id_fields_can_not_change(store: ks.Store) -> None:
    content = pa.table({"id": [1, 2], "name": ["a", "b"]})
    store.upload_dataset("things", content)
    with pytest.raises(InvalidInput, match="id fields stay as they are"):
        store.upload_dataset("things", content, id_fields=["name"])
    store.upload_dataset("things", content, id_fields=["id"])


def test_one_text_in_place_of_a_list_is_refused(store: ks.Store) -> None:
    with pytest.raises(InvalidInput, match=r"id_fields=\['id'\]"):
        store.upload_dataset("things", table([1]), id_fields="id")
    with pytest.raises(InvalidInput, match=r"tags=\['night'\]"):
        store.upload_dataset("things", table([1]), tags="night")


def test_a_composite_id_is_all_of_its_fields(store: ks.Store) -> None:
    first = pa.table({"user_id": [1, 1, 2], "id_day": ["a", "b", "a"], "x": [1, 2, 3]})
    store.upload_dataset("things", first)
    second = pa.table({"id_day": ["a", "a", "b"], "user_id": [2, 1, 2], "x": [3, 9, 4]})
    report = store.upload_dataset("things", second)
    assert counts(report) == (1, 1, 1, 1)
    difference = store.dataset_difference("things", 1, 2)
    added = {"user_id": 2, "id_day": "b", "change": "added", "fields": [], "old": None, "new": None}
    assert added in difference.rows()
    assert "{" not in str(difference)
    assert "user_id  id_day  change   values\n" in str(difference)
    assert re.search(r"^1 +a +changed +x: 1 -> 9$", str(difference), re.MULTILINE)


def test_an_id_field_that_is_missing_suggests_a_near_name(store: ks.Store) -> None:
    with pytest.raises(MissingColumns, match="did you mean 'image_id'"):
        store.upload_dataset("things", pa.table({"image_id": [1]}), id_fields=["imageid"])
    store.upload_dataset("things", pa.table({"image_id": [1]}))
    with pytest.raises(MissingColumns, match="did you mean 'image_idd'"):
        store.upload_dataset("things", pa.table({"image_idd": [1]}))


def test_duplicate_ids_are_refused_with_the_first_few(store: ks.Store) -> None:
    with pytest.raises(DuplicateIds, match=r"6 ids stand in more than one row of 'id': 0, 1, 2, 3, 4\.") as raised:
        store.upload_dataset("things", table([*range(6), *range(9)]))
    assert "id_fields" in str(raised.value) or "further id fields" in str(raised.value)


def test_duplicate_composite_ids_are_shown_whole(store: ks.Store) -> None:
    content = pa.table({"a_id": [1, 1, 1], "b_id": ["x", "x", "y"]})
    with pytest.raises(DuplicateIds, match=r"1 id stands in .*: \(a_id=1, b_id='x'\)\."):
        store.upload_dataset("things", content)


@pytest.mark.parametrize("ids", [[1, None, None], ["a", None, None], [None, None, "a"]])
def test_ids_that_are_missing_are_refused(store: ks.Store, ids: list[Any]) -> None:
    first = ids.index(None) + 1
    with pytest.raises(InvalidInput, match=rf"2 rows have no value in 'id' \(first: row {first}\)"):
        store.upload_dataset("things", table(ids))


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([1.0, 2.0]),
        pa.array([1.5, float("nan")], pa.float32()),
        pa.nulls(2),
        pa.array([[1], [2]]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([1, 2], pa.timestamp("ns", "UTC")),
        pa.array([1, 2], pa.time64("ns")),
    ],
    ids=str,
)
def test_types_that_can_not_identify_a_sample_are_refused(store: ks.Store, ids: pa.Array) -> None:
    with pytest.raises(ChangedType, match="can't identify a sample"):
        store.upload_dataset("things", table(ids))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["", " ", "a", "A", "é", "e\u0301", "'", '"', "NaN", "None", "01", "1"]),
        pa.array([0, -1, 2**63 - 1, -(2**63)]),
        pa.array([0, 2**64 - 1, 2**63], pa.uint64()),
        pa.array([True, False]),
        pa.array([datetime.date(2020, 1, 1), datetime.date(1, 1, 1)]),
        pa.array([1, 2], pa.timestamp("ns")),
        pa.array([1, 2], pa.timestamp("us", "UTC")),
        pa.array([b"a", b"\0", b""]),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a", "b"], pa.large_string()),
        pa.array(["a", "b"], pa.string_view()),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_of_every_other_type_are_matched_exactly(store: ks.Store, ids: pa.Array) -> None:
    store.upload_dataset("things", table(ids))
    report = store.upload_dataset("things", table(pa.array(ids.to_pylist()[::-1], ids.type)))
    assert counts(report) == (0, 0, 0, len(ids))
    assert store.download_dataset("things").column("id").to_pylist() == ids.to_pylist()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("ids", [["1", "2"], [True, False], [1.0, 2.0], [datetime.date(2020, 1, 1)]])
def test_ids_of_another_type_are_refused(store: ks.Store, ids: list[Any]) -> None:
    store.upload_dataset("things", table([1, 2]))
    with pytest.raises(ChangedType, match="'id'"):
        store.upload_dataset("things", table(ids))


def test_ids_of_another_width_are_the_same_ids(store: ks.Store) -> None:
    store.upload_dataset("things", table(pa.array([1, 2], pa.int8())))
    report = store.upload_dataset("things", table(pa.array([2, 300], pa.int32())))
    assert counts(report) == (1, 0, 1, 1)
    report = store.upload_dataset("things", table(pa.array([1, 2], pa.int16())))
    assert counts(report) == (1, 0, 1, 1)
    assert len(set(sample_numbers(store).values())) == 2


# --- text files ---


def test_a_csv_is_read_with_the_types_of_the_dataset(store: ks.Store, tmp_path: Path) -> None:
    store.upload_dataset("things", pa.table({"id": ["01", "1"], "zip": ["00501", None]}))
    (tmp_path / "more.csv").write_text("id,zip\n1,12345\n01,00501\n2,\n")
    report = store.upload_dataset("things", tmp_path / "more.csv")
    assert counts(report) == (1, 1, 0, 1)
    assert store.download_dataset("things").column("zip").to_pylist() == ["00501", "12345", None]


def test_a_cell_that_is_no_id_is_named_with_its_line(store: ks.Store, tmp_path: Path) -> None:
    store.upload_dataset("things", table([1, 2]))
    (tmp_path / "more.csv").write_text("id\n1\n2\nx\n")
    with pytest.raises(ChangedType, match="line 4"):
        store.upload_dataset("things", tmp_path / "more.csv")


def test_a_first_csv_keeps_leading_zeros(store: ks.Store, tmp_path: Path) -> None:
    (tmp_path / "first.csv").write_text("id,n\n01,1\n1,2\n")
    store.upload_dataset("things", tmp_path / "first.csv")
    assert store.download_dataset("things").column("id").to_pylist() == ["01", "1"]


def test_declared_types_win(store: ks.Store, tmp_path: Path) -> None:
    (tmp_path / "first.csv").write_text("id,n\n1,NA\n2,3\n")
    store.upload_dataset("things", tmp_path / "first.csv", types={"id": "VARCHAR", "n": "DOUBLE"})
    assert store.download_dataset("things").to_pylist() == [{"id": "1", "n": None}, {"id": "2", "n": 3.0}]


def test_a_malformed_file_leaves_nothing(unmade_store: ks.Store, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text('id,a\n1,2\n2,"open\n')
    with pytest.raises(MalformedFile, match="line 3"):
        unmade_store.upload_dataset("things", tmp_path / "bad.csv")
    assert not unmade_store.exists


# --- refusals ---


EMPTY = [
    table([]),
    pa.table({"id": pa.array([], pa.int64())}),
    pl.DataFrame({"id": []}),
    [pa.table({"id": pa.array([], pa.int64())})],
    iter([pa.table({"id": pa.array([], pa.int64())})]),
]


@pytest.mark.parametrize("content", EMPTY)
def test_an_empty_input_is_refused(store: ks.Store, content: object) -> None:
    with pytest.raises(EmptyInput, match="has no rows; give at least one"):
        store.upload_dataset("things", content)


def test_an_input_without_columns_is_refused(store: ks.Store) -> None:
    with pytest.raises(EmptyInput, match="has no columns"):
        store.upload_dataset("things", pa.table({}))


@pytest.mark.parametrize(("name", "text"), [("a.csv", "id,topic\n"), ("a.tsv", "id\ttopic\r\n"), ("b.csv", "id")])
def test_a_file_with_a_header_alone_has_no_rows(store: ks.Store, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(EmptyInput, match=f"{name} has no rows"):
        store.upload_dataset("things", tmp_path / name, workflow=ks.Classification("topic"))


def test_an_index_of_pandas_that_holds_the_ids_is_pointed_out(store: ks.Store) -> None:
    frame = pd.DataFrame({"key": [1, 2], "topic": ["a", "b"]}).set_index("key")
    hint = r"The frame's index 'key' is no column: frame.reset_index\(\) makes it one"
    for id_fields in (["key"], None):
        with pytest.raises(InvalidInput, match=hint):
            store.upload_dataset("things", frame, id_fields=id_fields)
    store.upload_dataset("things", frame.reset_index(), id_fields=["key"])
    with pytest.raises(MissingColumns, match=hint):
        store.upload_dataset("things", frame)
    with pytest.raises(MissingColumns, match=hint):
        store.upload_results("things", "v1", frame)
    with pytest.raises(MissingColumns) as refused:
        store.upload_results("things", "v1", frame.reset_index(drop=True))
    assert "reset_index" not in str(refused.value)


def test_an_empty_input_does_not_empty_a_dataset(store: ks.Store) -> None:
    store.upload_dataset("things", table([1]))
    with pytest.raises(EmptyInput, match="no rows"):
        store.upload_dataset("things", table(pa.array([], pa.int64())))
    assert store.dataset("things").n_samples == 1


@pytest.mark.parametrize("name", ["_sample", "_x", "_"])
def test_columns_that_start_with_an_underscore_are_refused(store: ks.Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="underscore"):
        store.upload_dataset("things", table([1], **{name: [1]}))


def test_columns_that_differ_in_capitals_alone_are_refused(store: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="capitals"):
        store.upload_dataset("things", table([1], a=[1], A=[2]))
    store.upload_dataset("things", table([1], Label=["x"]))
    with pytest.raises(InvalidInput, match="spell it as it is stored"):
        store.upload_dataset("things", table([1], label=["x"]))
    with pytest.raises(InvalidInput, match="spell it as it is stored"):
        store.upload_dataset("things", table([2], LABEL=["x"]), append_only=True)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pa.array(["1"]), pa.array([1])),
        (pa.array([1]), pa.array([1.0])),
        (pa.array([True]), pa.array([1])),
        (pa.array([datetime.date(2020, 1, 1)]), pa.array([datetime.datetime(2020, 1, 1)])),
        (pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("us", "UTC"))),
        (pa.array([[1]]), pa.array([["a"]])),
        (pa.array([{"a": 1}]), pa.array([{"a": "x"}])),
    ],
    ids=lambda array: str(array.type),
)
def test_a_type_that_changes_is_refused(store: ks.Store, before: pa.Array, after: pa.Array) -> None:
    store.upload_dataset("things", table([1], x=before))
    for append_only in (False, True):
        with pytest.raises(ChangedType, match="only wider types"):
            store.upload_dataset("things", table([1], x=after), append_only=append_only)
    assert store.dataset("things").version == 1


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (pa.int8(), pa.int64()),
        (pa.uint32(), pa.int64()),
        (pa.float32(), pa.float64()),
        (pa.null(), pa.float64()),
        (pa.null(), pa.struct([("a", pa.int32())])),
        (pa.decimal128(5, 2), pa.decimal128(12, 2)),
        (pa.string(), pa.large_string()),
    ],
    ids=str,
)
@pytest.mark.parametrize("append_only", [False, True])
def test_a_wider_type_is_taken_and_a_narrower_one_fits(
    store: ks.Store, narrow: pa.DataType, wide: pa.DataType, append_only: bool
) -> None:
    for number, kind in enumerate((narrow, wide, narrow), start=1):
        content = table([number], x=pa.nulls(1, kind))
        store.upload_dataset("things", content, append_only=append_only)
    found = store.download_dataset("things")
    assert found.schema.field("x").type in (wide, narrow if pa.types.is_string(narrow) else wide)
    assert found.num_rows == (3 if append_only else 1)
    assert store.sql("SELECT count(*) AS n FROM things.test_samples WHERE x IS NULL").rows() == [{"n": found.num_rows}]


def test_values_of_a_narrower_upload_are_compared_as_the_wider_type(store: ks.Store) -> None:
    store.upload_dataset("things", table([1, 2], x=pa.array([1, 2], pa.int64())))
    assert counts(store.upload_dataset("things", table([1, 2], x=pa.array([1, 3], pa.int8())))) == (0, 1, 0, 1)
    assert store.download_dataset("things").schema.field("x").type == pa.int64()


# --- names ---


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "name",
    [
        "Digits",
        "straße",
        "数据",
        "a.b",
        'say "hi"',
        "it's",
        "a;b--c",
        "select",
        "with space",
        "🙂",
        "x" * 200,
        "1",
        "%s",
    ],
)
def test_odd_names_of_datasets_and_columns_work(store: ks.Store, name: str) -> None:
    content = pa.table({"id": [1, 2], name: ["x", "y"]})
    store.upload_dataset(name, content)
    store.upload_dataset(name, pa.table({"id": [1, 2], name: ["x", "z"]}))
    assert store.download_dataset(name, 1).equals(content)
    assert store.dataset_difference(name, 1, 2).changed_fields == {name: 1}
    quoted = name.replace('"', '""')
    rows = store.sql(f'SELECT "{quoted}" AS v FROM "{quoted}".test_samples ORDER BY id').rows()
    assert rows == [{"v": "x"}, {"v": "z"}]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "a\0b", "\t", "x" * 201])
def test_names_that_no_schema_can_have_are_refused(store: ks.Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="can't name a dataset"):
        store.upload_dataset(name, table([1]))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "name",
    ["main", "Kolena", "catalogue", "information_schema", "PG_CATALOG", "temp", "system", "store", "x test cases"],
)
def test_reserved_names_are_refused(store: ks.Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="kept for the store's own schemas"):
        store.upload_dataset(name, table([1]))


def test_names_are_unique_without_regard_to_capitals_and_composition(store: ks.Store) -> None:
    store.upload_dataset("Caf\u00e9", table([1]))
    assert store.upload_dataset("cafe\u0301", table([1, 2])).version == 2
    assert [dataset.name for dataset in store.datasets()] == ["Caf\u00e9"]
    assert store.dataset("CAF\u00c9").version == 2


@pytest.mark.sampled(2)
def test_a_thousand_columns_round_trip(store: ks.Store) -> None:
    content = pa.table({"id": [1, 2], **{f"column {number}": [number, None] for number in range(1000)}})
    store.upload_dataset("wide", content)
    assert store.download_dataset("wide").equals(content)
    changed = content.set_column(500, content.schema.names[500], [[7, 7]])
    assert counts(store.upload_dataset("wide", changed)) == (0, 2, 0, 0)
    assert store.dataset_difference("wide", 1, 2).changed_fields == {content.schema.names[500]: 2}


# --- what goes with a dataset ---


def test_a_dataset_tells_what_it_holds(store: ks.Store) -> None:
    content = table([1, 2], label=["a", "b"], size=[1.5, None])
    store.upload_dataset("things", content, workflow=ks.Classification("label"))
    dataset = store.dataset("things")
    assert [(field.name, field.type, field.role) for field in dataset.fields] == [
        ("id", "BIGINT", "id"),
        ("label", "VARCHAR", "ground_truth"),
        ("size", "DOUBLE", "metadata"),
    ]
    assert (dataset.workflow, dataset.version, dataset.n_samples) == ("classification", 1, 2)


def test_a_workflow_stays_when_it_is_left_out(store: ks.Store) -> None:
    store.upload_dataset("things", table([1], label=["a"]), workflow=ks.Classification("label"))
    store.upload_dataset("things", table([1, 2], label=["a", "b"]))
    assert store.dataset("things").workflow == "classification"
    assert store.dataset_history("things")[-1].workflow_document == {
        "workflow": "classification",
        "ground_truth": "label",
    }


def test_another_workflow_is_a_new_version(store: ks.Store) -> None:
    content = table([1], label=["a"], other=["b"])
    store.upload_dataset("things", content, workflow=ks.Classification("label"))
    report = store.upload_dataset("things", content, workflow=ks.Classification("other"))
    assert (report.version, counts(report)) == (2, (0, 0, 0, 1))
    roles = {field.name: field.role for field in store.dataset("things").fields}
    assert roles == {"id": "id", "label": "metadata", "other": "ground_truth"}


def test_a_column_that_the_workflow_needs_must_be_there(store: ks.Store) -> None:
    with pytest.raises(MissingColumns, match="did you mean 'label'"):
        store.upload_dataset("things", table([1], label=["a"]), workflow=ks.Classification("lable"))
    store.upload_dataset("things", table([1], label=["a"]), workflow=ks.Classification("label"))
    with pytest.raises(MissingColumns, match="'label'"):
        store.upload_dataset("things", table([1]))
    assert store.dataset("things").version == 1


def test_a_column_must_hold_what_the_workflow_needs(store: ks.Store) -> None:
    with pytest.raises(ChangedType, match="needs numbers"):
        store.upload_dataset("things", table([1], target=["a"]), workflow=ks.Regression("target"))


def test_a_positive_label_must_occur(store: ks.Store) -> None:
    content = table([1, 2], label=["spam", "ham"], value=[None, "x"])
    with pytest.raises(InvalidInput, match="'spam'"):
        store.upload_dataset("things", content, workflow=ks.Classification("label", positive="spma"))
    store.upload_dataset("things", content, workflow=ks.Classification("label", positive="spam"))


def test_description_tags_and_metadata_go_with_a_dataset(store: ks.Store) -> None:
    notes = {"source": "café", "sizes": [1, 2.5, None], "nested": {"a": True}}
    store.upload_dataset("things", table([1]), description="Things.", tags=["b", "a", "b"], metadata=notes)
    dataset = store.dataset("things")
    assert (dataset.description, dataset.tags, dataset.metadata) == ("Things.", ("b", "a"), notes)
    rows = store.sql("SELECT description, tags, metadata FROM kolena.datasets").rows()
    assert rows[0]["tags"] == ["b", "a"]
    assert json.loads(rows[0]["metadata"]) == notes


def test_notes_stay_until_others_are_given(store: ks.Store) -> None:
    store.upload_dataset("things", table([1]), description="Things.", tags=["a"], metadata={"k": 1})
    store.upload_dataset("things", table([2]))
    store.upload_dataset("things", table([2]), tags=[])
    dataset = store.dataset("things")
    assert (dataset.description, dataset.tags, dataset.metadata) == ("Things.", (), {"k": 1})


def test_the_tags_of_a_version_are_its_own(store: ks.Store) -> None:
    first = store.upload_dataset("things", table([1]), version_tags=["final", "checked", "final"], tags=["of all"])
    store.upload_dataset("things", table([2]))
    assert first.notes == ("samples are identified by id (inferred; name others with --id)",)
    assert [one.tags for one in store.dataset_history("things")] == [["final", "checked"], []]
    rows = store.sql("SELECT version, tags FROM kolena.dataset_versions ORDER BY version").rows()
    assert [row["tags"] for row in rows] == [["final", "checked"], []]
    assert store.dataset("things").tags == ("of all",)


def test_tags_of_a_version_that_is_not_made_are_reported(store: ks.Store) -> None:
    store.upload_dataset("things", table([1]))
    report = store.upload_dataset("things", table([1]), version_tags=["final"])
    assert (report.version, report.notes) == (1, ("no new version, so its tags were not kept",))
    assert store.upload_dataset("things", table([1])).notes == ()
    assert [one.tags for one in store.dataset_history("things")] == [[]]


@pytest.mark.parametrize("ids", [[1], [2]], ids=["unchanged", "changed"])
def test_tags_of_a_version_that_are_one_text_are_refused(store: ks.Store, ids: list[int]) -> None:
    store.upload_dataset("things", table([1]))
    with pytest.raises(InvalidInput, match=r"version_tags=\['final'\]"):
        store.upload_dataset("things", table(ids), version_tags="final")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime.date(2020, 1, 1), {1, 2}, b"x", {1: 2, "a": 3}])
def test_metadata_that_json_lacks_is_refused(unmade_store: ks.Store, value: object) -> None:
    with pytest.raises(InvalidInput, match="can't be stored as JSON"):
        unmade_store.upload_dataset("things", table([1]), metadata={"k": value})
    assert not unmade_store.exists


def test_datasets_are_listed_by_name(store: ks.Store) -> None:
    for name in ("b", "C", "a"):
        store.upload_dataset(name, table([1]))
    assert [dataset.name for dataset in store.datasets()] == ["a", "b", "C"]
