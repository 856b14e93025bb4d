"""Every model's values on corrected labels: tested again as before, nothing inferred, little scored."""

from pathlib import Path
from typing import Any

import pytest
from small_stores import store_in

import kolena_store as ks
from kolena_store.errors import UnknownName

SUITE = 'CREATE VIEW "Even" AS SELECT * FROM test_samples WHERE id % 2 = 0;'
STRICT = ks.Configuration(beta=0.5)


def samples(corrected: int = 0) -> list[dict[str, Any]]:
    """Thirty samples, two of them b; v1 says a of all, v2 says b; corrected labels are b, too."""
    return [
        {"id": number, "topic": "ab"[number < corrected or number > 27], "v1": "a", "v2": "b"} for number in range(30)
    ]


@pytest.fixture
def store(tmp_path: Path) -> ks.Store:
    """Two models, tested on all samples; v1 on a suite and under a configuration, too."""
    store = store_in(tmp_path / "my.store")
    predictions = {"v1": "v1", "v2": "v2"}
    with store.transaction():
        store.upload_dataset("d", samples(), workflow=ks.Classification("topic", "answer"), predictions=predictions)
        store.test("d")
        store.apply_suite("d", SUITE, name="s")
        store.test("d", "v1", "s", configuration=STRICT)
    return store


def correct(store: ks.Store, n: int) -> None:
    store.upload_dataset("d", [{"id": one["id"], "topic": one["topic"]} for one in samples(n)])


@pytest.mark.sampled(2)
def test_all_models_are_tested_as_before_on_the_new_labels(store: ks.Store) -> None:
    correct(store, 6)
    renewed = store.rescore("d")
    told = {(one.model, one.suite, one.configuration): (one.metric, one.before, one.value) for one in renewed}
    assert told == {
        ("v1", "all", None): ("accuracy", 28 / 30, 22 / 30),
        ("v2", "all", None): ("accuracy", 2 / 30, 8 / 30),
        ("v1", "s", '{"beta":0.5}'): ("accuracy", 28 / 30, 22 / 30),
    }
    assert {(one.n_scored, one.n_reused) for one in renewed} == {(6, 24)}
    assert {(one.dataset_version_before, one.dataset_version) for one in renewed} == {(1, 2)}
    assert [run.outdated for run in store.test_runs()] == [True] * 3 + [False] * 3


@pytest.mark.sampled(2)
def test_values_are_those_of_a_test(store: ks.Store) -> None:
    correct(store, 6)
    runs = {one.run for one in store.rescore("d")}
    results = store.test("d")
    assert {run.run_id for run in results.runs} < runs
    assert results["all", "v2", "accuracy"].value == 8 / 30


@pytest.mark.sampled(2)
def test_a_second_time_there_is_nothing_to_do(store: ks.Store) -> None:
    assert list(store.rescore("d")) == []
    correct(store, 6)
    assert len(store.rescore("d")) == 3
    assert list(store.rescore("d")) == []


@pytest.mark.sampled(2)
def test_what_was_tested_on_the_new_labels_already_is_left_alone(store: ks.Store) -> None:
    correct(store, 6)
    store.test("d", "v2")
    assert {(one.model, one.suite) for one in store.rescore("d")} == {("v1", "all"), ("v1", "s")}


@pytest.mark.sampled(2)
def test_the_newest_results_and_suite_are_tested(store: ks.Store) -> None:
    correct(store, 6)
    store.upload_results("d", "v2", [{"id": 0, "answer": "a"}])
    store.apply_suite("d", SUITE.replace("= 0", "= 1"), name="s")
    renewed = {(one.model, one.suite): one for one in store.rescore("d")}
    assert renewed["v2", "all"].value == 7 / 30
    suites = {run.run_id: run.suite_version for run in store.test_runs()}
    assert suites[renewed["v1", "s"].run] == 2


@pytest.mark.sampled(2)
def test_chosen_metrics_and_common_samples_stay_chosen(tmp_path: Path) -> None:
    store = store_in(tmp_path / "my.store")
    store.upload_dataset("d", samples(), workflow=ks.Classification("topic", "answer"), predictions={"v1": "v1"})
    store.upload_results("d", "v2", [{"id": number, "answer": "b"} for number in range(10)])
    store.test("d", common=True, metrics=["f1_macro", "mcc"])
    correct(store, 6)
    renewed = store.rescore("d")
    assert [(one.model, one.metric) for one in renewed] == [("v1", "f1_macro"), ("v2", "f1_macro")]
    again = store.test("d", common=True, metrics=["f1_macro", "mcc"])
    assert [run.run_id for run in again.runs] == [one.run for one in renewed]
    assert again["all", "v1", "mcc"].n_samples == 10


@pytest.mark.sampled(2)
def test_what_a_change_is_due_to_is_one_call_away(store: ks.Store) -> None:
    correct(store, 6)
    one = next(one for one in store.rescore("d") if (one.model, one.suite) == ("v2", "all"))
    found = store.compare_runs(one.run, one.run_before)
    (row,) = [row for row in found if row["metric"] == "accuracy"]
    assert (row["delta"], row["labels"], row["model"]) == (8 / 30 - 2 / 30, row["delta"], 0.0)


@pytest.mark.sampled(2)
def test_results_print_and_turn_into_tables(store: ks.Store) -> None:
    correct(store, 6)
    renewed = store.rescore("d")
    assert str(renewed).startswith("d: tested again\n\nmodel  suite")
    assert renewed.arrow().num_rows == 3
    assert renewed.rows()[2]["configuration"] == {"beta": 0.5}


def test_an_unknown_dataset_is_an_error(store: ks.Store) -> None:
    with pytest.raises(UnknownName, match="no dataset named 'e'"):
        store.rescore("e")
