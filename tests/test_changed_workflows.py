"""A workflow that changes after results came: what they lack now is said, of which model, and what to do."""

from typing import Any

import pyarrow as pa
import pytest
from small_stores import store_with, table_of

import kolena_store as ks
from kolena_store.errors import ChangedType, InvalidInput, MissingColumns

SAMPLES = {"y": ["a", "b"], "z": [1.5, 2.5], "n": [1, 2]}
LABELS = {"p": ["a", "b"]}
OLD = ks.Classification("y", "p")
REMEDY = "Upload them again with it, or name another column in the workflow"


def changed(workflow: Any, answers: dict[str, Any] = LABELS, old: Any = OLD) -> ks.Store:
    """A store whose dataset got another workflow after the model `m` had answered."""
    store = store_with(SAMPLES, old, {"m": answers})
    store.upload_dataset("d", table_of(SAMPLES), workflow=workflow)
    return store


@pytest.mark.sampled(4)
@pytest.mark.parametrize("models", [None, "m"])
@pytest.mark.parametrize(
    ("workflow", "missing"),
    [
        (ks.Classification("y", "q"), "'q'"),
        (ks.Classification("y", "P"), "'P' (did you mean 'p'?)"),
        (ks.Classification("y", score="s", positive="a"), "'s'"),
        (ks.Classification("y", "p", score="s"), "'s'"),
        (ks.Classification("y", scores="p_{class}"), "that fits 'p_{class}'"),
        (ks.Classification("y", scores="l"), "'l'"),
        (ks.Classification("y", scores={"a": "x", "b": "w"}), "'x', 'w'"),
        (ks.Judged("ok"), "'ok'"),
        (ks.Judged(score="grade"), "'grade'"),
        (ks.Regression("z", "q"), "'q'"),
    ],
    ids=repr,
)
def test_results_without_a_column_of_the_new_workflow_are_named(workflow: Any, missing: str, models: Any) -> None:
    with pytest.raises(MissingColumns) as raised:
        changed(workflow).test("d", models)
    assert str(raised.value) == (
        f"the results of 'm' (version 1) have no column {missing}, which the workflow now reads; they have 'p'. {REMEDY}"
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("workflow", "found", "wanted"),
    [
        (ks.Regression("z", "p"), "string", "numbers"),
        (ks.Judged("p"), "string", "true or false (or 1 and 0)"),
        (ks.Judged(score="p"), "string", "numbers"),
        (ks.Classification("y", scores="p"), "string", "a list or struct of numbers"),
        (ks.Classification("y", score="p", positive="a"), "string", "numbers"),
        (ks.Classification("y", scores="{class}"), "string", "numbers"),
    ],
    ids=repr,
)
def test_results_whose_column_holds_something_else_are_named(workflow: Any, found: str, wanted: str) -> None:
    with pytest.raises(ChangedType) as raised:
        changed(workflow).test("d")
    assert str(raised.value) == (
        f"the results of 'm' (version 1): column 'p' holds {found}, the workflow needs {wanted}; "
        "convert it, and upload them again"
    )


def test_labels_of_another_type_than_the_new_truth_are_no_wrong_answers() -> None:
    with pytest.raises(
        ChangedType, match=r"the results of 'm' \(version 1\): column 'p' holds string, the labels .* int64"
    ):
        changed(ks.Classification("n", "p")).test("d")


def test_of_several_models_the_one_that_lacks_a_column_is_named_and_nothing_is_kept() -> None:
    store = store_with(SAMPLES, OLD, {"m": {**LABELS, "q": ["b", "b"]}, "other/model": LABELS})
    store.upload_results("d", "other/model", table_of({"p": ["b", "b"]}))
    store.upload_dataset("d", table_of(SAMPLES), workflow=ks.Classification("y", "q"))
    for common in (False, True):
        with pytest.raises(MissingColumns, match=r"the results of 'other/model' \(version 2\) have no column 'q'"):
            store.test("d", common=common)
    assert store.test_runs() == []
    assert store.test("d", "m")["all", "m", "accuracy"].value == 0.5


def test_the_upload_that_the_message_asks_for_is_all_that_is_needed() -> None:
    store = changed(ks.Classification("y", "q"))
    store.upload_results("d", "m", table_of({"q": ["a", "a"]}))
    assert store.test("d")["all", "m", "accuracy"].value == 0.5


def test_results_from_before_the_first_workflow_are_checked_too() -> None:
    with pytest.raises(MissingColumns, match=r"the results of 'm' \(version 1\) have no column 'prediction'"):
        changed(ks.Classification("y"), old=None).test("d")


def test_an_upload_configuration_is_part_of_the_name() -> None:
    store = store_with(SAMPLES, OLD)
    store.upload_results("d", "m", table_of(LABELS), upload_configuration={"t": 0})
    store.upload_dataset("d", table_of(SAMPLES), workflow=ks.Classification("y", "q"))
    with pytest.raises(MissingColumns, match=r"""the results of 'm {"t":0}' \(version 1\) have no column 'q'"""):
        store.test("d")


def test_a_verdict_that_is_none_is_said_of_its_model() -> None:
    store = changed(ks.Judged("n"), {**LABELS, "n": [0, 3]})
    with pytest.raises(InvalidInput, match=r"the results of 'm' \(version 1\): column 'n' holds 3, and a verdict is"):
        store.test("d")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "scores",
    [
        pa.array([[0.1, 0.9], [0.2, 0.8]], pa.list_(pa.float32())),
        pa.array([[0.1, 0.9], [0.2, 0.8]], pa.large_list(pa.float64())),
        pa.array([[0.1, 0.9], [0.2, 0.8]], pa.list_(pa.float64(), 2)),
        pa.array([[0.1, 0.9], [0.2, 0.8]], pa.list_view(pa.float64())),
        pa.array([[0, 1], [0, 1]]),
        pa.array([{"a": False, "b": True}] * 2),
    ],
    ids=lambda array: str(array.type),
)
def test_lists_and_structs_of_numbers_are_scores(scores: pa.Array) -> None:
    store = changed(ks.Classification("y", scores="l"), {**LABELS, "l": scores})
    assert store.test("d")["all", "m", "accuracy"].value == 0.5


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "scores",
    [
        pa.array([["x", "y"], ["x", "y"]]),
        pa.array([{"a": "x"}, {"a": "y"}]),
        pa.array([[("a", 0.5)], []], pa.map_(pa.string(), pa.float64())),
        pa.array([[[0.5]], [[0.5]]]),
    ],
    ids=lambda array: str(array.type),
)
def test_nested_values_that_are_no_numbers_are_refused_in_new_and_old_results(scores: pa.Array) -> None:
    store = changed(ks.Classification("y", scores="l"), {**LABELS, "l": scores})
    with pytest.raises(
        ChangedType, match="the workflow needs a list or struct of numbers; convert it, and upload them"
    ):
        store.test("d")
    with pytest.raises(ChangedType, match="the workflow needs a list or struct of numbers; convert it$"):
        store.upload_results("d", "m", table_of({"l": scores}))
