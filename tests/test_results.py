"""Uploading results: rows find their samples, uploads replace just what they hold, and misfits are told."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.errors import (
    ChangedType,
    DuplicateIds,
    EmptyInput,
    InvalidInput,
    MissingColumns,
    UnknownName,
    UnmatchedResults,
)

NAN = float("nan")


@pytest.fixture
def small(store: ks.Store) -> ks.Store:
    """A store with five labelled things."""
    content = pa.table({"id": [10, 20, 30, 40, 50], "label": ["a", "b", "a", "b", "a"], "size": [1, 2, 3, 4, 5]})
    store.upload_dataset("things", content, workflow=ks.Classification("label"))
    return store


def answers(ids: Sequence[Any], predictions: Sequence[Any], **more: Any) -> pa.Table:
    return pa.table({"id": ids, "prediction": predictions, **more})


def counts(report: Any) -> tuple[int, int, int, int]:
    return report.inserted, report.updated, report.unchanged, report.missing


def predictions(store: ks.Store, model: str, **options: Any) -> dict[Any, Any]:
    rows = store.download_results("things", model, **options).to_pylist()
    return {row["id"]: row["prediction"] for row in rows}


# --- matching ---


def test_rows_find_their_samples_in_any_order(small: ks.Store) -> None:
    report = small.upload_results("things", "m", answers([50, 10, 30], ["a", "b", "a"]))
    assert counts(report) == (3, 0, 0, 2)
    assert (report.model, report.version, report.unmatched) == ("m", 1, 0)
    assert "2 samples of the dataset have no inference" in str(report)
    assert small.download_results("things", "m").to_pylist() == [
        {"id": 10, "prediction": "b"},
        {"id": 30, "prediction": "a"},
        {"id": 50, "prediction": "a"},
    ]


def test_rows_of_no_sample_are_an_error_that_shows_both_sides(small: ks.Store) -> None:
    with pytest.raises(UnmatchedResults) as raised:
        small.upload_results("things", "m", answers([10, 11, 12], ["a", "a", "a"]))
    message = str(raised.value)
    for part in (
        "2 of 3 rows belong to no sample of 'things'",
        "Unknown id: 11, 12",
        "the dataset has 10, 20, 30",
        "allow_unmatched=True",
    ):
        assert part in message
    assert small.models() == []


def test_the_error_shows_a_few_rows_and_counts_the_others(small: ks.Store) -> None:
    with pytest.raises(UnmatchedResults, match="1,000 of 1,000 rows") as raised:
        small.upload_results("things", "m", answers(range(1000, 2000), ["a"] * 1000))
    assert "1000, 1001, 1002, 1003, 1004;" in str(raised.value)


def test_composite_ids_are_shown_whole(store: ks.Store) -> None:
    store.upload_dataset("things", pa.table({"a_id": [1, 1], "b_id": ["x", "y"]}))
    store.upload_results("things", "m", pa.table({"b_id": ["y", "x"], "a_id": [1, 1], "answer": [1, 2]}))
    assert store.download_results("things", "m").column("answer").to_pylist() == [2, 1]
    with pytest.raises(UnmatchedResults, match=r"1 of 1 row belongs .* a_id, b_id: \(a_id=1, b_id='z'\); the dataset"):
        store.upload_results("things", "m", pa.table({"b_id": ["z"], "a_id": [1], "answer": [1]}))


def test_results_without_an_id_field_say_that_it_is_one(store: ks.Store) -> None:
    store.upload_dataset("things", pa.table({"a_id": [1], "b_id": ["x"], "day": [datetime.date(2026, 1, 31)]}))
    with pytest.raises(
        MissingColumns, match=r"no column 'b_id'; did you mean 'bid'.* 'b_id' is an id field of 'things'"
    ):
        store.upload_results("things", "m", pa.table({"bid": ["x"], "a_id": [1], "answer": [1]}))
    with pytest.raises(
        MissingColumns, match=r"no columns 'a_id', 'b_id'; it has 'answer'. 'a_id', 'b_id' are id fields"
    ):
        store.upload_results("things", "m", pa.table({"answer": [1]}))
    with pytest.raises(MissingColumns, match=r"'a_id', 'b_id' are id fields of 'things'"):
        store.upload_dataset("things", pa.table({"answer": [1]}))


def test_dates_among_ids_read_as_dates(store: ks.Store) -> None:
    days = [datetime.date(2026, 1, day) for day in (1, 2)]
    store.upload_dataset("things", pa.table({"day": days, "site": ["a", "b"]}), id_fields=["day", "site"])
    with pytest.raises(
        UnmatchedResults, match=r"\(day=2026-01-02, site='a'\); the dataset has \(day=2026-01-01, site='a'\)"
    ):
        store.upload_results("things", "m", pa.table({"day": days[1:], "site": ["a"], "answer": [1]}))


def test_rows_of_no_sample_can_be_accepted_and_are_counted(small: ks.Store) -> None:
    content = answers([10, 11, 12], ["a", "a", "a"])
    report = small.upload_results("things", "m", content, allow_unmatched=True)
    assert counts(report) == (1, 0, 0, 4)
    assert report.unmatched == 2
    assert "2 rows belong to no sample" in str(report)
    assert predictions(small, "m") == {10: "a"}
    row = small.sql("SELECT n_answered, unmatched FROM kolena.result_versions").rows()
    assert row == [{"n_answered": 1, "unmatched": 2}]


def test_results_of_which_no_row_fits_are_refused_in_any_case(small: ks.Store) -> None:
    with pytest.raises(UnmatchedResults, match="nothing to keep"):
        small.upload_results("things", "m", answers([1, 2], ["a", "a"]), allow_unmatched=True)
    small.upload_results("things", "m", answers([10], ["a"]))
    report = small.upload_results("things", "m", answers([1, 2], ["a", "a"]), allow_unmatched=True)
    assert (report.version, report.unmatched, counts(report)) == (1, 2, (0, 0, 0, 4))


def test_samples_that_left_the_dataset_match_nothing(small: ks.Store) -> None:
    small.upload_dataset("things", pa.table({"id": [10, 20], "label": ["a", "b"], "size": [1, 2]}))
    with pytest.raises(UnmatchedResults):
        small.upload_results("things", "m", answers([50], ["a"]))


def test_results_of_samples_that_leave_are_kept_for_when_they_return(small: ks.Store) -> None:
    everything = small.download_dataset("things")
    small.upload_results("things", "m", answers([10, 50], ["a", "b"]))
    small.upload_dataset("things", everything.slice(0, 2))
    assert predictions(small, "m") == {10: "a"}
    small.upload_dataset("things", everything)
    assert predictions(small, "m") == {10: "a", 50: "b"}


@pytest.mark.parametrize("ids", [["10", "20"], [10.0, 20.0], [True, False]])
def test_ids_of_another_type_never_match(small: ks.Store, ids: list[Any]) -> None:
    with pytest.raises(ChangedType, match="no id matches another by accident"):
        small.upload_results("things", "m", answers(ids, ["a", "b"]))


@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.int32()])
def test_integer_ids_of_any_width_match(small: ks.Store, kind: pa.DataType) -> None:
    report = small.upload_results("things", "m", answers(pa.array([10, 20], kind), ["a", "b"]))
    assert report.inserted == 2


@pytest.mark.usefixtures("unkept")
def test_ids_beyond_what_floats_tell_apart_are_told_apart(store: ks.Store) -> None:
    big = 2**53
    store.upload_dataset("things", pa.table({"id": [big, big + 1]}))
    store.upload_results("things", "m", answers([big + 1], ["x"]))
    assert predictions(store, "m") == {big + 1: "x"}


def test_text_ids_match_exactly(store: ks.Store) -> None:
    store.upload_dataset("things", pa.table({"id": ["1", "01", "a", "A", "é"]}))
    store.upload_results("things", "m", answers(["01", "A", "é"], ["x", "y", "z"]))
    assert predictions(store, "m") == {"01": "x", "A": "y", "é": "z"}
    with pytest.raises(UnmatchedResults):
        store.upload_results("things", "m", answers(["e\u0301"], ["z"]))


@pytest.mark.usefixtures("unkept")
def test_ids_in_a_csv_are_read_as_the_datasets_ids(store: ks.Store, tmp_path: Path) -> None:
    store.upload_dataset("things", pa.table({"id": ["01", "1"]}))
    (tmp_path / "m.csv").write_text("id,prediction\n01,x\n1,y\n")
    store.upload_results("things", "m", tmp_path / "m.csv")
    assert predictions(store, "m") == {"01": "x", "1": "y"}


def test_a_missing_id_column_suggests_a_near_name(small: ks.Store) -> None:
    with pytest.raises(MissingColumns, match="did you mean 'idd'"):
        small.upload_results("things", "m", pa.table({"idd": [10], "prediction": ["a"]}))


def test_duplicate_and_missing_ids_are_refused(small: ks.Store) -> None:
    with pytest.raises(DuplicateIds, match="1 id stands in more than one row of 'id': 10"):
        small.upload_results("things", "m", answers([10, 10], ["a", "a"]))
    with pytest.raises(InvalidInput, match="no value in 'id'"):
        small.upload_results("things", "m", answers([10, None], ["a", "a"]))


def test_empty_results_are_refused(small: ks.Store) -> None:
    with pytest.raises(EmptyInput, match="no rows"):
        small.upload_results("things", "m", answers(pa.array([], pa.int64()), pa.array([], pa.string())))
    with pytest.raises(MissingColumns, match="no column beside the ids"):
        small.upload_results("things", "m", pa.table({"id": [10]}))


def test_an_unknown_dataset_is_named(small: ks.Store) -> None:
    with pytest.raises(UnknownName, match="did you mean 'things'"):
        small.upload_results("thing", "m", answers([10], ["a"]))


# --- versions ---


@pytest.mark.usefixtures("unkept")
def test_a_partial_upload_replaces_just_those_samples(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10, 20, 30], ["a", "a", "a"]))
    report = small.upload_results("things", "m", answers([30, 20, 40], ["a", "b", "b"]))
    assert (report.version, counts(report)) == (2, (1, 1, 1, 1))
    assert predictions(small, "m") == {10: "a", 20: "b", 30: "a", 40: "b"}
    assert predictions(small, "m", version=1) == {10: "a", 20: "a", 30: "a"}


def test_equal_results_make_no_version(small: ks.Store) -> None:
    content = answers([10, 20, 30], ["a", None, "b"], score=[0.5, NAN, None])
    small.upload_results("things", "m", content)
    before = sorted((small.path / "data").rglob("*"))
    report = small.upload_results("things", "m", content.take([2, 0]))
    assert (report.version, counts(report)) == (1, (0, 0, 2, 2))
    assert sorted((small.path / "data").rglob("*")) == before


def test_none_nan_and_values_are_three_different_answers(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10, 20, 30], ["a"] * 3, score=[None, NAN, 1.0]))
    report = small.upload_results("things", "m", answers([10, 20, 30], ["a"] * 3, score=[NAN, None, 1.0]))
    assert counts(report) == (0, 2, 1, 2)


@pytest.mark.usefixtures("unkept")
def test_a_partial_upload_may_lack_a_column(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10, 20], ["a", "b"], score=[0.1, 0.2]))
    report = small.upload_results("things", "m", answers([20, 30], ["b", "a"]))
    assert counts(report) == (1, 1, 0, 2)
    assert small.download_results("things", "m").column("score").to_pylist() == [0.1, None, None]


def test_a_partial_upload_may_bring_a_column(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10, 20], ["a", "b"]))
    small.upload_results("things", "m", answers([30], ["a"], score=[0.3]))
    assert small.download_results("things", "m").column("score").to_pylist() == [None, None, 0.3]
    assert small.sql("SELECT sum(score) AS s FROM things.inferences").rows() == [{"s": 0.3}]


def test_a_column_of_null_alone_may_get_values_of_any_type(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10, 20], ["a", "b"], note=pa.nulls(2)))
    small.upload_results("things", "m", answers([30], ["a"], note=[{"why": "x"}]))
    assert small.download_results("things", "m").column("note").to_pylist() == [None, None, {"why": "x"}]
    report = small.upload_results("things", "m", answers([30, 40], ["a", "a"], note=pa.nulls(2)))
    assert counts(report) == (1, 1, 0, 1)
    assert small.sql("SELECT count(note) AS n, count(*) AS m FROM things.inferences").rows() == [{"n": 0, "m": 4}]


def test_a_type_that_changes_is_refused(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10], ["a"], extra=[1]))
    with pytest.raises(ChangedType, match="only wider types"):
        small.upload_results("things", "m", answers([20], ["a"], extra=["x"]))
    small.upload_results("things", "other model", answers([20], ["a"], extra=["x"]))


@pytest.mark.sampled(2)
def test_the_cells_of_one_model_are_not_read_as_anothers(small: ks.Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,prediction,extra\n10,a,1\n")
    (tmp_path / "b.csv").write_text("id,prediction,extra\n10,a,0.5\n20,b,fast\n")
    small.upload_results("things", "a", tmp_path / "a.csv")
    small.upload_results("things", "b", tmp_path / "b.csv")
    assert small.download_results("things", "a").column("extra").to_pylist() == [1]
    assert small.download_results("things", "b").column("extra").to_pylist() == ["0.5", "fast"]
    assert small.sql("SELECT extra FROM things.inferences WHERE model = 'a'").rows() == [{"extra": "1"}]


def test_a_version_of_results_that_is_not_there_is_named(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10], ["a"]))
    with pytest.raises(UnknownName, match="no version 2; they have 1 to 1"):
        small.download_results("things", "m", version=2)
    with pytest.raises(UnknownName, match="did you mean 'm'"):
        small.download_results("things", "m2")


def test_inferences_come_back_with_their_types(small: ks.Store) -> None:
    extras = {
        "scores": pa.array([{"a": 0.5, "b": 0.5}, None]),
        "when": pa.array([1, None], pa.timestamp("ns", "Europe/Berlin")),
        "level": pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int8()), ["low", "high"], ordered=True),
        "list": pa.array([[NAN, None], []], pa.list_(pa.float32())),
    }
    small.upload_results("things", "m", answers([20, 10], ["a", "b"], **extras))
    found = small.download_results("things", "m")
    assert found.column_names == ["id", "prediction", *extras]
    for name, array in extras.items():
        assert found.schema.field(name).type == array.type
        assert repr(found.column(name).to_pylist()) == repr(array.to_pylist()[::-1])


# --- models ---


@pytest.mark.usefixtures("unkept")
def test_one_file_may_hold_many_models(small: ks.Store) -> None:
    content = pa.table(
        {
            "model": ["v1", "v2", "v1", "v2", "v3"],
            "id": [10, 10, 20, 30, 50],
            "prediction": ["a", "b", "b", "a", "a"],
        }
    )
    reports = small.upload_results("things", None, content, model_field="model")
    assert isinstance(reports, list)
    assert {report.model: counts(report) for report in reports} == {
        "v1": (2, 0, 0, 3),
        "v2": (2, 0, 0, 3),
        "v3": (1, 0, 0, 4),
    }
    assert predictions(small, "v2") == {10: "b", 30: "a"}
    assert small.download_results("things", "v1").column_names == ["id", "prediction"]


@pytest.mark.usefixtures("unkept")
def test_models_in_one_file_are_versioned_apart(small: ks.Store) -> None:
    content = pa.table({"model": ["v1", "v2"], "id": [10, 10], "prediction": ["a", "b"]})
    small.upload_results("things", None, content, model_field="model")
    changed = pa.table({"model": ["v1", "v2"], "id": [10, 10], "prediction": ["a", "a"]})
    reports = small.upload_results("things", None, changed, model_field="model")
    assert [(report.model, report.version, report.updated) for report in reports] == [("v1", 1, 0), ("v2", 2, 1)]


def test_a_row_twice_for_one_model_is_refused(small: ks.Store) -> None:
    content = pa.table({"model": ["v1", "v1"], "id": [10, 10], "prediction": ["a", "b"]})
    with pytest.raises(DuplicateIds, match=r"'model', 'id': \(model='v1', id=10\)"):
        small.upload_results("things", None, content, model_field="model")


def test_rows_without_a_model_are_refused(small: ks.Store) -> None:
    content = pa.table({"model": ["v1", None], "id": [10, 20], "prediction": ["a", "b"]})
    with pytest.raises(InvalidInput, match=r"1 row has no value in one of 'model', 'id' \(first: row 2\)"):
        small.upload_results("things", None, content, model_field="model")


def test_one_of_model_and_model_field_is_needed(small: ks.Store) -> None:
    for options in ({"model": None}, {"model": "m", "model_field": "prediction"}):
        with pytest.raises(InvalidInput, match="not both"):
            small.upload_results("things", source=answers([10], ["a"]), **options)
    with pytest.raises(MissingColumns, match="'modell'"):
        small.upload_results("things", None, answers([10], ["a"], model=["m"]), model_field="modell")


def test_numbers_may_name_models(small: ks.Store) -> None:
    content = pa.table({"seed": [1, 2], "id": [10, 10], "prediction": ["a", "b"]})
    reports = small.upload_results("things", None, content, model_field="seed")
    assert [report.model for report in reports] == ["1", "2"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["org/model", "a b", "v1'", 'v"2', "é", "🙂", "x" * 200, "a;b--", "%s", "NULL", "."])
def test_odd_names_of_models_work(small: ks.Store, name: str) -> None:
    small.upload_results("things", name, answers([10], ["a"]))
    assert predictions(small, name) == {10: "a"}
    assert [model.name for model in small.models()] == [name]
    assert small.sql("SELECT model FROM things.inferences").rows() == [{"model": name}]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0", "\x7f", "x" * 201])
def test_names_that_no_model_can_have_are_refused(small: ks.Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="can't name a model"):
        small.upload_results("things", name, answers([10], ["a"]))


@pytest.mark.usefixtures("unkept")
def test_capitals_count_in_models_and_composition_does_not(small: ks.Store) -> None:
    for name in ("caf\u00e9", "Caf\u00e9"):
        small.upload_results("things", name, answers([10], ["a"]))
    report = small.upload_results("things", "cafe\u0301", answers([10], ["b"]))
    assert (report.model, report.version, report.updated) == ("caf\u00e9", 2, 1)
    assert predictions(small, "cafe\u0301") == {10: "b"}
    assert predictions(small, "Caf\u00e9") == {10: "a"}
    assert [model.name for model in small.models()] == ["Caf\u00e9", "caf\u00e9"]


def test_two_spellings_of_one_model_in_a_file_are_one_model(small: ks.Store) -> None:
    content = pa.table({"model": ["e\u0301", "\u00e9"], "id": [10, 20], "prediction": ["a", "b"]})
    small.upload_results("things", None, content, model_field="model")
    assert predictions(small, "\u00e9") == {10: "a", 20: "b"}


def test_models_carry_metadata_and_tags(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10], ["a"]), metadata={"size": 7, "kept": "x"}, tags=["b", "a"])
    small.upload_results("things", "m", answers([20], ["a"]), metadata={"size": 8}, tags=["a", "c"])
    (model,) = small.models()
    assert model.metadata_document == {"size": 8, "kept": "x"}
    assert model.tags == ["b", "a", "c"]
    small.upload_results("things", "m", answers([20], ["a"]))
    assert small.models()[0].tags == ["b", "a", "c"]
    assert small.sql("SELECT tags FROM kolena.models").rows() == [{"tags": ["b", "a", "c"]}]


def test_model_metadata_that_json_lacks_is_refused(small: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="can't be stored as JSON"):
        small.upload_results("things", "m", answers([10], ["a"]), metadata={"when": datetime.date(2020, 1, 1)})
    with pytest.raises(InvalidInput, match="give a list"):
        small.upload_results("things", "m", answers([10], ["a"]), tags="night")


# --- upload configurations ---


def test_results_under_different_configurations_are_kept_apart(small: ks.Store) -> None:
    configurations: list[dict[str, Any] | None] = [None, {}, {"t": 0.5}, {"t": 0.7}]
    for number, configuration in enumerate(configurations):
        report = small.upload_results("things", "m", answers([10], [f"{number}"]), upload_configuration=configuration)
        assert (report.version, report.inserted) == (1, 1)
    for number, configuration in enumerate(configurations):
        assert predictions(small, "m", upload_configuration=configuration) == {10: f"{number}"}
    rows = small.sql("SELECT upload_configuration AS c, prediction FROM things.inferences ORDER BY prediction").rows()
    assert [row["c"] for row in rows] == [None, "{}", '{"t":0.5}', '{"t":0.7}']


@pytest.mark.usefixtures("unkept")
def test_a_configuration_is_the_same_in_any_order_of_its_keys(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10], ["a"]), upload_configuration={"a": 1, "b": [1, None]})
    report = small.upload_results("things", "m", answers([10], ["b"]), upload_configuration={"b": [1, None], "a": 1})
    assert (report.version, report.updated) == (2, 1)
    assert predictions(small, "m") == {10: "b"}, "the only results need no configuration"
    assert predictions(small, "m", upload_configuration='{"a":1,"b":[1,null]}') == {10: "b"}


def test_a_configuration_that_is_not_there_is_named(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10], ["a"]), upload_configuration={"t": 1})
    small.upload_results("things", "m", answers([10], ["a"]), upload_configuration={"t": 2})
    with pytest.raises(InvalidInput, match=r"it has some under '\{\"t\":1\}', '\{\"t\":2\}'"):
        small.download_results("things", "m")
    with pytest.raises(InvalidInput, match="no results under"):
        small.download_results("things", "m", upload_configuration={"t": 3})
    with pytest.raises(InvalidInput, match="can't be stored as JSON"):
        small.upload_results("things", "m", answers([10], ["a"]), upload_configuration={"t": NAN})


# --- columns ---


def test_both_sides_may_have_a_column_of_one_name(small: ks.Store) -> None:
    content = answers([10, 20], ["a", "b"], label=["b", "b"], size=["big", "small"])
    small.upload_results("things", "m", content)
    assert small.download_results("things", "m").column("label").to_pylist() == ["b", "b"]
    rows = small.sql(
        "SELECT s.size AS s, g.label AS g, i.label AS i, i.size AS z FROM things.results ORDER BY s"
    ).rows()
    assert rows[0] == {"s": 1, "g": "a", "i": "b", "z": "big"}
    assert small.test("things", "m")["all", "m", "accuracy"].value == 1.0


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["model", "Model", "upload_configuration", "MODEL"])
def test_a_column_may_have_the_name_of_one_of_ours(small: ks.Store, name: str) -> None:
    small.upload_results("things", "m", answers([10], ["a"], **{name: ["theirs"]}))
    assert small.download_results("things", "m").column(name).to_pylist() == ["theirs"]
    assert small.sql("SELECT model, prediction FROM things.inferences").rows() == [{"model": "m", "prediction": "a"}]
    assert small.sql(f'SELECT i."{name}" AS v FROM things.results').rows() == [{"v": "theirs"}]


def test_results_may_hold_nothing_but_a_column_with_the_name_of_ours(store: ks.Store) -> None:
    store.upload_dataset("things", pa.table({"id": [1, 2]}))
    store.upload_results("things", "m", pa.table({"id": [1, 2], "model": ["x", "y"]}))
    assert store.sql("SELECT model, count(*) AS n FROM things.inferences GROUP BY model").rows() == [
        {"model": "m", "n": 2}
    ]
    assert store.download_results("things", "m").column("model").to_pylist() == ["x", "y"]


def test_columns_that_start_with_an_underscore_are_refused(small: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="underscore"):
        small.upload_results("things", "m", answers([10], ["a"], _sample=[1]))


def test_columns_that_differ_in_capitals_alone_are_refused_within_a_model(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10], ["a"], Score=[0.5]))
    with pytest.raises(InvalidInput, match="spell it as it is stored"):
        small.upload_results("things", "m", answers([20], ["a"], score=[0.5]))


def test_columns_that_differ_in_capitals_alone_are_one_column_of_two_models(small: ks.Store) -> None:
    small.upload_results("things", "a", answers([10], ["a"], Score=[1]))
    small.upload_results("things", "b", answers([10], ["a"], SCORE=[0.5]))
    rows = small.sql("SELECT model, score FROM things.inferences ORDER BY model").rows()
    assert rows == [{"model": "a", "Score": 1.0}, {"model": "b", "Score": 0.5}]
    rows = small.sql("SELECT i.score AS s FROM things.results ORDER BY model").rows()
    assert rows == [{"s": 1.0}, {"s": 0.5}]


# --- labels ---


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        (pa.array([1, 2]), pa.array(["1", "2"])),
        (pa.array(["1", "2"]), pa.array([1, 2])),
        (pa.array(["a", "b"]), pa.array([True, False])),
        (pa.array([datetime.date(2020, 1, 1)] * 2), pa.array(["2020-01-01"] * 2)),
        (pa.array([1.5, 2.5]), pa.array(["1.5", "2.5"])),
    ],
    ids=lambda array: str(array.type),
)
def test_labels_of_another_kind_than_the_truths_are_refused(
    store: ks.Store, truth: pa.Array, predicted: pa.Array
) -> None:
    store.upload_dataset("things", pa.table({"id": [1, 2], "label": truth}), workflow=ks.Classification("label"))
    with pytest.raises(ChangedType, match="'prediction'.*the labels of the ground truth are"):
        store.upload_results("things", "m", answers([1, 2], predicted))


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        (pa.array([1, 0]), pa.array([1.0, NAN])),
        (pa.array([1, 0], pa.int8()), pa.array([1, 1], pa.int64())),
        (pa.array([True, False]), pa.array([1, 1])),
        (pa.array([1, 0]), pa.array([True, True])),
        (pa.array(["a", "b"]), pa.array(["a", "a"]).dictionary_encode()),
        (pa.array(["a", "b"]), pa.array(["a", None], pa.large_string())),
    ],
    ids=lambda array: str(array.type),
)
def test_labels_of_the_truths_kind_are_compared(store: ks.Store, truth: pa.Array, predicted: pa.Array) -> None:
    store.upload_dataset("things", pa.table({"id": [1, 2], "label": truth}), workflow=ks.Classification("label"))
    store.upload_results("things", "m", answers([1, 2], predicted))
    results = store.test("things", "m")
    assert results["all", "m", "accuracy"].value in (0.5, 1.0)


@pytest.mark.usefixtures("unkept")
def test_a_csv_with_labels_is_read_as_the_truths_type(store: ks.Store, tmp_path: Path) -> None:
    content = pa.table({"id": [1, 2, 3], "label": ["0", "01", "1"]})
    store.upload_dataset("things", content, workflow=ks.Classification("label"))
    (tmp_path / "m.csv").write_text("id,prediction\n1,0\n2,01\n3,2\n")
    store.upload_results("things", "m", tmp_path / "m.csv")
    assert predictions(store, "m") == {1: "0", 2: "01", 3: "2"}
    assert store.test("things", "m")["all", "m", "accuracy"].value == pytest.approx(2 / 3)


def test_a_csv_cell_that_is_no_label_of_the_truths_type_is_named(store: ks.Store, tmp_path: Path) -> None:
    content = pa.table({"id": [1, 2], "label": [0, 1]})
    store.upload_dataset("things", content, workflow=ks.Classification("label"))
    (tmp_path / "m.csv").write_text("id,prediction\n1,0\n2,cat\n")
    with pytest.raises(ChangedType, match="line 3"):
        store.upload_results("things", "m", tmp_path / "m.csv")


def test_a_prediction_that_the_workflow_needs_must_be_there(small: ks.Store) -> None:
    with pytest.raises(MissingColumns, match="did you mean 'predicted'"):
        small.upload_results("things", "m", pa.table({"id": [10], "predicted": ["a"]}))


def test_a_number_that_the_workflow_needs_must_be_one(store: ks.Store) -> None:
    store.upload_dataset("things", pa.table({"id": [1], "target": [1.5]}), workflow=ks.Regression("target"))
    with pytest.raises(ChangedType, match="needs numbers"):
        store.upload_results("things", "m", answers([1], ["a"]))


# --- wide frames ---


def wide() -> pa.Table:
    return pa.table({"id": [1, 2, 3], "label": ["a", "b", "a"], "v1": ["a", "b", "b"], "v2": ["a", None, "a"]})


@pytest.mark.usefixtures("unkept")
def test_a_wide_frame_brings_a_prediction_column_for_each_model(store: ks.Store) -> None:
    workflow = ks.Classification("label")
    report = store.upload_dataset("things", wide(), workflow=workflow, predictions={"one": "v1", "two": "v2"})
    assert store.download_dataset("things").column_names == ["id", "label"]
    assert predictions(store, "one") == {1: "a", 2: "b", 3: "b"}
    assert predictions(store, "two") == {1: "a", 2: None, 3: "a"}
    assert "one on things, results version 1: 3 inserted" in str(report)


@pytest.mark.usefixtures("unkept")
def test_a_wide_frame_may_bring_several_columns_for_a_model(store: ks.Store) -> None:
    content = wide().append_column("s1", [[0.1, 0.2, 0.3]])
    workflow = ks.Classification("label", prediction="prediction", score="score")
    store.upload_dataset("things", content, workflow=workflow, predictions={"one": {"prediction": "v1", "score": "s1"}})
    assert store.download_results("things", "one").column("score").to_pylist() == [0.1, 0.2, 0.3]
    assert store.download_dataset("things").column_names == ["id", "label", "v2"]


@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize("as_stream", [False, True])
def test_a_wide_stream_is_read_as_often_as_it_is_needed(store: ks.Store, as_stream: bool) -> None:
    content = wide().set_column(1, "label", wide().column("label").dictionary_encode())
    source = content.to_reader() if as_stream else iter([content])
    store.upload_dataset("things", source, workflow=ks.Classification("label"), predictions={"one": "v1", "two": "v2"})
    assert predictions(store, "two") == {1: "a", 2: None, 3: "a"}
    assert pa.types.is_dictionary(store.download_dataset("things").schema.field("label").type)


@pytest.mark.usefixtures("unkept")
def test_a_wide_csv_is_read_with_the_truths_types(store: ks.Store, tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("id,label,v1\n1,0,0\n2,1,1\n3,x,0\n")
    store.upload_dataset(
        "things", tmp_path / "wide.csv", workflow=ks.Classification("label"), predictions={"one": "v1"}
    )
    assert predictions(store, "one") == {1: "0", 2: "1", 3: "0"}
    assert store.test("things")["all", "one", "accuracy"].value == pytest.approx(2 / 3)


@pytest.mark.usefixtures("unkept")
def test_a_wide_frame_uses_the_workflow_that_is_stored(store: ks.Store) -> None:
    store.upload_dataset("things", wide(), workflow=ks.Classification("label"), predictions={"one": "v1", "two": "v2"})
    report = store.upload_dataset("things", wide(), predictions={"one": "v2", "two": "v1"})
    assert (report.version, report.unchanged) == (1, 3)
    assert predictions(store, "one") == {1: "a", 2: None, 3: "a"}


def test_a_wide_frame_needs_a_workflow(store: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="--prediction-of, in Python predictions=.* name it with --workflow"):
        store.upload_dataset("things", wide(), predictions={"one": "v1"})


def test_a_prediction_column_that_is_missing_leaves_nothing(unmade_store: ks.Store) -> None:
    with pytest.raises(MissingColumns, match="did you mean 'v1'"):
        unmade_store.upload_dataset("things", wide(), workflow=ks.Classification("label"), predictions={"one": "v11"})
    assert not unmade_store.exists


# --- what SQL and tests make of them ---


@pytest.mark.usefixtures("unkept")
def test_missing_samples_are_counted_with_a_models_numbers(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10, 20, 30], ["a", "b", "b"]))
    value = small.test("things", "m")["all", "m", "accuracy"]
    assert (value.value, value.n, value.n_samples, value.n_missing) == (pytest.approx(2 / 3), 3, 5, 2)


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("unkept")
def test_a_label_fix_leaves_the_results_attached(small: ks.Store) -> None:
    small.upload_results("things", "m", answers([10, 20, 30, 40, 50], ["a", "b", "b", "b", "a"]))
    assert small.test("things", "m")["all", "m", "accuracy"].value == pytest.approx(0.8)
    fixed = pa.table({"id": [10, 20, 30, 40, 50], "label": ["a", "b", "b", "b", "a"], "size": [1, 2, 3, 4, 5]})
    small.upload_dataset("things", fixed)
    assert small.test("things", "m")["all", "m", "accuracy"].value == 1.0
