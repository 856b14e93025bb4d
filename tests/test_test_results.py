"""What a test returns: restricted and conditioned runs, models under several configurations, notes, matrices."""

from pathlib import Path

import pytest
from small_stores import store_with, temporary_store

import kolena_store as ks
from kolena_store.errors import DamagedStore, UnknownName

LABELS = ["a", "b"] * 150
HALF = ["a" if number % 2 else None for number in range(300)]
THIRDS = ["b" if number % 3 else None for number in range(300)]


def classified(**models: list[str | None]) -> ks.Store:
    return store_with(
        {"y": LABELS}, ks.Classification("y"), {name: {"prediction": one} for name, one in models.items()}
    )


def test_common_counts_the_samples_on_which_every_model_has_an_answer_with_a_value() -> None:
    results = classified(v1=HALF, v2=THIRDS).test("d", common=True)
    both = [one is not None and other is not None for one, other in zip(HALF, THIRDS, strict=True)]
    assert {results["all", model, "accuracy"].n for model in ("v1", "v2")} == {sum(both)}
    assert str(results).startswith("only on samples that all of these answered: v1, v2\n\n")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("workflow", "answers"),
    [
        (ks.Regression("t", "p"), {"v1": {"p": [1.0, float("nan"), 3.0]}, "v2": {"p": [None, 2.0, 3.5]}}),
        (ks.Judged("ok"), {"v1": {"ok": [True, None, True]}, "v2": {"ok": [None, False, True]}}),
        (ks.Judged(score="s"), {"v1": {"s": [1.0, None, 2.0]}, "v2": {"s": [None, 3.0, 2.5]}}),
    ],
)
def test_common_knows_what_an_answer_is_in_every_workflow(workflow, answers) -> None:
    results = store_with({"t": [1.0, 2.0, 3.0]}, workflow, answers).test("d", common=True)
    assert {row["n"] for row in results.rows() if row["value"] is not None and row["metric"] not in ("r2",)} == {1}


def test_a_wide_frame_without_an_answer_is_counted_as_null() -> None:
    store = temporary_store()
    rows = [
        {"id": n, "y": y, "p1": p1, "p2": p2} for n, (y, p1, p2) in enumerate(zip(LABELS, HALF, THIRDS, strict=True))
    ]
    store.upload_dataset("d", rows, workflow=ks.Classification("y"), predictions={"v1": "p1", "v2": "p2"})
    results = store.test("d")
    assert [(results["all", m, "accuracy"].n, results["all", m, "accuracy"].n_null) for m in ("v1", "v2")] == [
        (150, 150),
        (200, 100),
    ]
    assert "v1: 150 answered samples are left out of accuracy, f1_macro for a missing value" in str(results)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("metrics", [["f1_macro"], ["accuracy"], ["mcc"], ["log_loss"], None])
def test_the_confusion_matrix_is_there_whichever_metrics_are_chosen(metrics: list[str] | None) -> None:
    results = classified(v1=["a", "b", "b"] * 100).test("d", metrics=metrics)
    assert results.confusion_matrix("all", "v1").counts == ((50, 100), (50, 100))


def configured() -> ks.Store:
    store = classified(m=LABELS)
    for threshold, answers in ((0, ["a"] * 300), (1, ["b"] * 300)):
        rows = [{"id": number, "prediction": answer} for number, answer in enumerate(answers)]
        store.upload_results("d", "m", rows, upload_configuration={"t": threshold})
    return store


def test_results_under_several_upload_configurations_stand_apart() -> None:
    store = configured()
    results = store.test("d")
    assert results.models == ("m", 'm {"t":0}', 'm {"t":1}')
    assert [results["all", label, "accuracy"].value for label in results.models] == [1, 0.5, 0.5]
    assert results["all", 'm {"t":1}', "recall", "b"].upload_configuration == '{"t":1}'
    assert results.confusion_matrix("all", 'm {"t":0}').counts == ((150, 0), (150, 0))
    stored = store.sql("SELECT DISTINCT model, upload_configuration AS c FROM kolena.metrics ORDER BY c").rows()
    assert stored == [{"model": "m", "c": one} for one in ('{"t":0}', '{"t":1}', None)]
    joined = store.sql("SELECT count(*) AS n FROM kolena.metrics JOIN kolena.test_runs USING (run, model)").rows()
    assert joined[0]["n"] == results.arrow().num_rows


def test_one_upload_configuration_is_chosen_by_the_name_that_results_print() -> None:
    results = configured().test("d", ['m {"t":0}'])
    assert results.models == ('m {"t":0}',)
    assert results["all", "m", "accuracy"].value == 0.5
    with pytest.raises(UnknownName, match="no model named 'n'"):
        results["all", "n", "accuracy"]


def test_a_name_that_stands_for_several_results_is_no_key() -> None:
    store = configured()
    store.upload_results("d", "other", [{"id": 0, "prediction": "a"}], upload_configuration={"x": 1})
    store.upload_results("d", "other", [{"id": 0, "prediction": "a"}], upload_configuration={"x": 2})
    with pytest.raises(UnknownName, match="no model named 'other'"):
        store.test("d", ["other"])["all", "other", "accuracy"]


def test_the_conditions_of_a_run_stand_above_its_tables() -> None:
    configuration = ks.Configuration(classes=["a"], beta=0.5)
    printed = str(classified(v1=HALF).test("d", configuration=configuration, metrics=["recall_macro"]))
    first, second, title, *_ = printed.split("\n\n")
    assert first == "configuration: beta = 0.5, classes = a"
    assert second == "v1: 150 answered samples are left out of recall_macro for a missing value"
    assert title == "d · all version 1 · recall_macro"


def test_a_missing_value_has_its_reason_below_the_table() -> None:
    printed = str(classified(v1=LABELS).test("d", metrics=["log_loss", "accuracy"]))
    assert "log_loss has no value on all: the results have no score for each class" in printed


def test_a_value_on_few_samples_of_a_large_test_case_is_said() -> None:
    few = ["a" if number < 5 else None for number in range(300)]
    printed = str(classified(v1=LABELS, v2=few).test("d", metrics=["accuracy"]))
    assert "accuracy is counted on fewer than 30 samples: all (v2, n 5)" in printed


def test_the_closing_sentence_says_when_the_models_answered_different_samples() -> None:
    first = ["a", "b"] * 100 + [None] * 100
    second = ["b", "a"] * 30 + ["a", "b"] * 120
    store = classified(v1=["a", "b"] * 30 + ["b"] * 240, v2=second, v3=first)
    store.apply_suite("d", 'CREATE VIEW "early" AS SELECT * FROM test_samples WHERE id < 60;', name="s")
    printed = " ".join(str(store.test("d", ["v1", "v2"], "s", metrics=["accuracy"])).split())
    assert "v2 is higher than v1 on all (.800, .600) and lower on early (.000, 1.000; n 60)" in printed
    partial = [None if number < 20 else answer for number, answer in enumerate(second)]
    store.upload_results("d", "v4", [{"id": n, "prediction": one} for n, one in enumerate(partial)])
    printed = " ".join(str(store.test("d", ["v1", "v4"], "s", metrics=["accuracy"])).split())
    assert "n 40 and 60, each on the samples that it answered" in printed


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", ["samples", "memberships", "sample_metrics", "metrics", "inferences"])
@pytest.mark.parametrize("damage", ["cut", "removed"])
def test_a_damaged_file_is_a_damaged_store(tmp_path: Path, kind: str, damage: str) -> None:
    store = ks.Store(tmp_path / "my.store")
    store.upload_dataset("d", [{"id": n, "y": "a", "p": "a"} for n in range(50)], workflow=ks.Classification("y"))
    store.upload_results("d", "m", [{"id": n, "prediction": "a"} for n in range(50)])
    store.test("d")
    for file in (store.path / "data" / kind).glob("*.parquet"):
        content = file.read_bytes()
        file.chmod(0o644)
        file.unlink()
        if damage == "cut":
            file.write_bytes(content[: len(content) // 2])
    queries = {"samples": "d.test_samples", "inferences": "d.inferences", "metrics": "kolena.metrics"}
    if kind in queries:
        with pytest.raises(DamagedStore, match=rf"{kind}/\w+\.parquet.*(restore it from a copy|verify --repair)"):
            store.sql(f"SELECT * FROM {queries[kind]}")
    if kind != "inferences":
        with pytest.raises(DamagedStore, match=rf"{kind}/\w+\.parquet"):
            # A run that is stored reads its rows alone; new metrics need the members and the scores again.
            is_new = kind in ("sample_metrics", "memberships")
            store.test("d", by=["y"] if kind == "samples" else None, metrics=["mcc"] if is_new else None)
