"""Where a workflow names labels and scores, results may have only the one or the other; against scikit-learn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from classification_reference import Answers, Expected, Key, expected_metrics
from sklearn import metrics as sk
from small_stores import store_with, table_of, temporary_store, value_of

import kolena_store as ks
from kolena_store.errors import InvalidInput, MissingColumns

CLASSES = ("bird", "cat", "dog")
N = 300
RANDOM = np.random.default_rng(11)
TRUTH = RANDOM.choice(CLASSES, N)
SCORES = RANDOM.dirichlet(np.ones(3), N)
LABELS = np.where(RANDOM.random(N) < 0.7, TRUTH, RANDOM.choice(CLASSES, N))
BEST = np.array(CLASSES)[SCORES.argmax(axis=1)]
BY_CLASS = {label: f"score of {label}" for label in CLASSES}
NO_SCORES = "the results have no score for each class"
NOTE = "the results have no label in 'label', so the prediction follows from the scores"


def score_columns(form: str) -> dict[str, Any]:
    if form == "list":
        return {"scores": pa.array(SCORES.tolist())}
    if form == "struct":
        return {"scores": [dict(zip(CLASSES, row, strict=True)) for row in SCORES.tolist()]}
    name = "p_{}" if form == "pattern" else "score of {}"
    return {name.format(label): SCORES[:, code] for code, label in enumerate(CLASSES)}


def workflow(form: str) -> ks.Classification:
    scores = {"pattern": "p_{class}", "mapping": BY_CLASS, "list": "scores", "struct": "scores"}[form]
    return ks.Classification("truth", "label", scores=scores, classes=CLASSES if form == "list" else None)


def check(results: ks.TestResults, model: str, expected: Mapping[Key, Expected]) -> None:
    rows = {(row["metric"], row["class"]): row for row in results.rows() if row["model"] == model}
    assert rows.keys() == expected.keys()
    for key, one in expected.items():
        value = None if one.value is None else pytest.approx(one.value, rel=1e-9, abs=1e-12)
        assert (rows[key]["value"], rows[key]["n"]) == (value, one.n), (model, key)


def of_answers(prediction: np.ndarray, scores: np.ndarray | None) -> dict[Key, Expected]:
    codes = np.array([CLASSES.index(label) for label in prediction])
    confidence = None if scores is None else scores[np.arange(N), codes]
    return expected_metrics(
        Answers(truth=TRUTH, prediction=prediction, scores=scores, classes=CLASSES, confidence=confidence)
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("form", ["pattern", "mapping", "list", "struct"])
def test_models_with_labels_with_scores_and_with_both_are_measured_side_by_side(form: str) -> None:
    scores = score_columns(form)
    answers = {"labels": {"label": LABELS}, "scores": scores, "both": {"label": LABELS, **scores}}
    results = store_with({"truth": TRUTH}, workflow(form), answers).test("d")
    check(results, "labels", of_answers(LABELS, None))
    check(results, "scores", of_answers(BEST, SCORES))
    check(results, "both", of_answers(LABELS, SCORES))
    assert results["all", "scores", "accuracy"].value == pytest.approx(sk.accuracy_score(TRUTH, BEST))
    assert results["all", "both", "log_loss"].value == pytest.approx(sk.log_loss(TRUTH, SCORES))
    assert results["all", "labels", "f1_macro"].value == pytest.approx(sk.f1_score(TRUTH, LABELS, average="macro"))


def test_what_a_model_lacks_is_a_reason_or_a_note() -> None:
    answers = {"labels": {"label": LABELS}, "scores": score_columns("pattern")}
    results = store_with({"truth": TRUTH}, workflow("pattern"), answers).test("d")
    for metric in ("log_loss", "brier_score", "top_k_accuracy", "roc_auc_macro", "average_precision_micro"):
        assert (results["all", "labels", metric].value, results["all", "labels", metric].reason) == (None, NO_SCORES)
    assert results["all", "labels", "expected_calibration_error"].reason == "the results have no score"
    assert [run.notes for run in results.runs] == [[], [f"{NOTE}: the class with the highest score"]]
    assert f"scores: {NOTE}" in " ".join(str(results).split())
    assert results.confusion_matrix("all", "scores").counts


def binary_store(**answers: Any) -> ks.Store:
    kind = ks.Classification("truth", "label", score="score", positive="cat")
    return store_with({"truth": TRUTH}, kind, answers)


def test_a_score_of_the_positive_class_stands_in_for_the_label() -> None:
    score, said = SCORES[:, 1], np.where(RANDOM.random(N) < 0.5, "cat", "none")
    results = binary_store(labels={"label": said}, scores={"score": score}, both={"label": said, "score": score}).test(
        "d"
    )
    is_cat = TRUTH == "cat"
    for model, answer in {"labels": said == "cat", "scores": score >= 0.5, "both": said == "cat"}.items():
        for metric, compute in {
            "accuracy": sk.accuracy_score,
            "precision": sk.precision_score,
            "f1": sk.f1_score,
        }.items():
            assert results["all", model, metric].value == pytest.approx(compute(is_cat, answer)), (model, metric)
    for model in ("scores", "both"):
        assert results["all", model, "roc_auc"].value == pytest.approx(sk.roc_auc_score(is_cat, score))
        assert results["all", model, "brier_score"].value == pytest.approx(sk.brier_score_loss(is_cat, score))
    assert (results["all", "labels", "roc_auc"].value, results["all", "labels", "roc_auc"].reason) == (None, NO_SCORES)
    assert [run.notes for run in results.runs] == [[], [f"{NOTE}: 'cat' from 0.5 on"], []]


def test_a_threshold_needs_the_scores_of_every_model_and_names_the_one_without() -> None:
    score = SCORES[:, 1]
    store = binary_store(labels={"label": LABELS}, scores={"score": score})
    for threshold in (0.3, "f1_optimal"):
        with pytest.raises(
            InvalidInput, match=r"needs scores, and the results of 'labels' \(version 1\) have none; leave"
        ):
            store.test("d", configuration=ks.Configuration(threshold=threshold))
    results = store.test("d", "scores", configuration=ks.Configuration(threshold=0.3))
    assert results["all", "scores", "recall"].value == pytest.approx(sk.recall_score(TRUTH == "cat", score >= 0.3))
    assert results.runs[0].notes == [f"{NOTE}: 'cat' from 0.3 on"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("form", "columns", "message"),
    [
        (
            "pattern",
            {"lable": LABELS},
            "has no column 'label'; did you mean 'lable'? or that fits 'p_{class}', and the",
        ),
        (
            "list",
            {"x": LABELS},
            "has no column 'label' or 'scores', and the workflow reads one of them; it has 'x'. Rename",
        ),
        ("mapping", {"x": LABELS}, "has no column 'label' or 'score of bird', 'score of cat', 'score of dog', and the"),
        ("mapping", {"label": LABELS, "score of cat": SCORES[:, 1]}, "has no column 'score of bird'"),
        ("mapping", {"score of cat": SCORES[:, 1]}, "has no column 'score of bird'"),
    ],
)
def test_results_with_neither_or_with_a_part_of_the_scores_are_refused(
    form: str, columns: dict[str, Any], message: str
) -> None:
    store = store_with({"truth": TRUTH}, workflow(form))
    with pytest.raises(MissingColumns) as raised:
        store.upload_results("d", "m", table_of(columns))
    assert message in str(raised.value)


def test_a_confidence_says_nothing_without_the_label_and_stays_required() -> None:
    store = store_with({"truth": TRUTH}, ks.Classification("truth", "label", score="score"))
    with pytest.raises(MissingColumns, match="no column 'label'"):
        store.upload_results("d", "m", table_of({"score": SCORES[:, 1]}))
    with pytest.raises(MissingColumns, match="no column 'score'"):
        store.upload_results("d", "m", table_of({"label": LABELS}))


def test_results_from_before_the_workflow_named_both_are_tested_or_named() -> None:
    store = store_with({"truth": TRUTH}, ks.Classification("truth", "label"), {"m": {"label": LABELS}})
    store.upload_dataset("d", table_of({"truth": TRUTH}), workflow=workflow("pattern"))
    assert value_of(store.test("d"), "accuracy") == pytest.approx(sk.accuracy_score(TRUTH, LABELS))
    store.upload_dataset("d", table_of({"truth": TRUTH}), workflow=ks.Classification("truth", "said", scores="s"))
    with pytest.raises(MissingColumns) as raised:
        store.test("d")
    assert str(raised.value) == (
        "the results of 'm' (version 1) have no column 'said' or 's', one of which the workflow now reads; "
        "they have 'label'. Upload them again with it, or name another column in the workflow"
    )


def test_scores_that_replace_all_labels_give_the_prediction() -> None:
    store = store_with({"truth": TRUTH}, workflow("pattern"), {"m": {"label": LABELS}})
    store.upload_results("d", "m", table_of(score_columns("pattern")))
    results = store.test("d")
    assert value_of(results, "accuracy") == pytest.approx(sk.accuracy_score(TRUTH, BEST))
    assert results.runs[0].notes == [f"{NOTE}: the class with the highest score"]


def test_a_wide_frame_may_carry_the_one_or_the_other() -> None:
    store = temporary_store()
    frame = table_of({"truth": TRUTH, "v1": LABELS, **score_columns("mapping")})
    predictions = {"v1": "v1", "v2": {column: column for column in BY_CLASS.values()}}
    store.upload_dataset("d", frame, workflow=workflow("mapping"), predictions=predictions)
    results = store.test("d")
    for model, prediction in {"v1": LABELS, "v2": BEST}.items():
        assert results["all", model, "accuracy"].value == pytest.approx(sk.accuracy_score(TRUTH, prediction))
