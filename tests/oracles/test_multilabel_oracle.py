"""Multi-label metrics against scikit-learn, on random problems with gaps, ties and classes that never occur."""

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sklearn
from small_stores import temporary_store

import kolena_store as ks

CLASSES = ["it's", "b c", "größe", "d"]
SUITE = "CREATE VIEW few AS SELECT * FROM test_samples WHERE part < 2;\nCREATE VIEW nobody AS SELECT * FROM test_samples WHERE part > 9;"


def lists(flags: NDArray[np.bool_], known: NDArray[np.bool_]) -> list[list[str] | None]:
    return [
        [name for name, has in zip(CLASSES, row, strict=True) if has] if is_known else None
        for row, is_known in zip(flags.tolist(), known.tolist(), strict=True)
    ]


def expected_values(
    truths: NDArray[np.bool_], predictions: NDArray[np.bool_], scores: NDArray[np.float64]
) -> dict[tuple[str, str | None], float]:
    """What scikit-learn says; averages over classes with truth, as the product has them."""
    found: dict[tuple[str, str | None], float] = {
        ("accuracy", None): sklearn.accuracy_score(truths, predictions),
        ("hamming_loss", None): sklearn.hamming_loss(truths, predictions),
        ("jaccard_samples", None): sklearn.jaccard_score(truths, predictions, average="samples", zero_division=0),
    }
    present = np.flatnonzero(truths.any(axis=0))
    for name, score in (
        ("precision", sklearn.precision_score),
        ("recall", sklearn.recall_score),
        ("f1", sklearn.f1_score),
    ):
        for average in ("weighted", "samples"):
            if present.size or average == "samples":
                found[f"{name}_{average}", None] = score(truths, predictions, average=average, zero_division=0)
        if present.size:  # scikit-learn takes one column for two classes, so each is asked by itself
            by_class = [score(truths[:, one], predictions[:, one], zero_division=0) for one in present]
            found[f"{name}_macro", None] = float(np.mean(by_class))
        found[f"{name}_micro", None] = score(truths.ravel(), predictions.ravel(), zero_division=np.nan)
        for index, label in enumerate(CLASSES):
            found[name, label] = score(truths[:, index], predictions[:, index], zero_division=np.nan)
    is_open = [index for index in present if not truths[:, index].all()]
    for index in is_open:
        found["roc_auc", CLASSES[index]] = sklearn.roc_auc_score(truths[:, index], scores[:, index])
    for index in present:
        found["average_precision", CLASSES[index]] = sklearn.average_precision_score(truths[:, index], scores[:, index])
    if is_open:
        by_class = [sklearn.roc_auc_score(truths[:, one], scores[:, one]) for one in is_open]
        found["roc_auc_macro", None] = float(np.mean(by_class))
    if truths.any() and not truths.all():
        found["roc_auc_micro", None] = sklearn.roc_auc_score(truths.ravel(), scores.ravel())
    if present.size:
        flat = truths.ravel(), scores.ravel()
        found["average_precision_micro", None] = sklearn.average_precision_score(*flat)
        by_class = [sklearn.average_precision_score(truths[:, one], scores[:, one]) for one in present]
        found["average_precision_macro", None] = float(np.mean(by_class))
    return found


def check(results: ks.TestResults, case: str, expected: dict[tuple[str, str | None], float]) -> None:
    found = {(row["metric"], row["class"]): row["value"] for row in results.rows() if row["test_case"] == case}
    for key, value in expected.items():
        if np.isnan(value):
            assert found[key] is None, key
        else:
            assert found[key] == pytest.approx(value, abs=1e-12), key


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    rate = draw(st.sampled_from([0.0, 0.2, 0.5, 1.0]))
    truths = rng.random((n, len(CLASSES))) < rate * np.array([1.0, 0.5, 0.2, 0.0])
    digits = draw(st.sampled_from([1, 3]))
    scores = np.clip(truths * 0.3 + rng.random(truths.shape) * 0.7, 0, 1).round(digits)
    return {"truths": truths, "scores": scores, "part": rng.integers(0, 4, n), "rng": rng}


@pytest.mark.sampled(2)
@given(problems(), st.sampled_from(["columns", "struct", "list", "long"]))
def test_scores_in_any_form_follow_scikit_learn(problem: dict[str, Any], form: str) -> None:
    truths, scores, part = problem["truths"], problem["scores"], problem["part"]
    known = np.ones(len(truths), dtype=bool)
    options: dict[str, Any] = {"scores": "s", "classes": CLASSES}
    columns: dict[str, Any] = {"s": scores.tolist()}
    if form == "columns":
        options["scores"] = "p {class}"
        columns = {f"p {name}": scores[:, index] for index, name in enumerate(CLASSES)}
    elif form == "struct":
        columns = {"s": [dict(zip(CLASSES, row, strict=True)) for row in scores.tolist()]}
    elif form == "long":
        options["score_labels"] = "of"
        columns = {"s": scores[:, ::-1].tolist(), "of": [CLASSES[::-1]] * len(truths)}
    store = temporary_store()
    workflow = ks.MultilabelClassification("held", **options)
    with store.transaction():
        table = pa.table(
            {"id": range(len(truths)), "part": part, "held": pa.array(lists(truths, known), pa.list_(pa.string()))}
        )
        store.upload_dataset("d", table, id_fields=["id"], workflow=workflow)
        store.upload_results("d", "m", pa.table({"id": range(len(truths)), **columns}))
        store.apply_suite("d", SUITE, name="parts")
        results = store.test("d", "m", "parts")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case, chosen in (("all", part >= 0), ("few", part < 2)):
            if chosen.any():
                predictions = scores[chosen] >= 0.5
                check(results, case, expected_values(truths[chosen], predictions, scores[chosen]))
    assert all(row["value"] in (None, 0) for row in results.rows() if row["test_case"] == "nobody")


def test_labels_alone_with_gaps_follow_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    truths, predictions = (rng.random((80, len(CLASSES))) < [0.5, 0.3, 0.1, 0] for _ in range(2))
    is_true_known, is_answered = rng.random(80) < 0.9, rng.random(80) < 0.9
    store = temporary_store()
    with store.transaction():
        table = pa.table({"id": range(80), "held": lists(truths, is_true_known)})
        store.upload_dataset("d", table, id_fields=["id"], workflow=ks.MultilabelClassification("held", "said"))
        store.upload_results("d", "m", pa.table({"id": range(80), "said": lists(predictions, is_answered)}))
        results = store.test("d", "m")
    measured = is_true_known & is_answered
    names = [name for name, has in zip(CLASSES, truths.any(axis=0) | predictions.any(axis=0), strict=True) if has]
    columns = [CLASSES.index(name) for name in names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for average in ("micro", "macro", "samples"):
            value = sklearn.f1_score(
                truths[measured][:, columns], predictions[measured][:, columns], average=average, zero_division=0
            )
            assert results["all", "m", f"f1_{average}"].value == pytest.approx(value)
    row = results["all", "m", "accuracy"]
    assert (row.n, row.n_null) == (int(measured.sum()), 80 - int(measured.sum()))
    assert row.value == pytest.approx(sklearn.accuracy_score(truths[measured], predictions[measured]))
    assert (row.ci_low or 1) < (row.value or 0) < (row.ci_high or 0)


def test_intervals_of_averages_take_the_sample_as_the_unit() -> None:
    """Each sample twice: as precise as half as many; the jackknife over samples is the independent route."""
    rng = np.random.default_rng(3)
    n = 120
    truths = rng.random((n, 3)) < [0.4, 0.3, 0.2]
    predictions = truths ^ (rng.random((n, 3)) < 0.2)
    store = temporary_store()
    with store.transaction():
        table = pa.table({"id": range(n), "held": lists(np.c_[truths, np.zeros(n, bool)], np.ones(n, bool))})
        store.upload_dataset("d", table, id_fields=["id"], workflow=ks.MultilabelClassification("held", "said"))
        said = lists(np.c_[predictions, np.zeros(n, bool)], np.ones(n, bool))
        store.upload_results("d", "m", pa.table({"id": range(n), "said": said}))
        results = store.test("d", "m")
    for average in ("micro", "macro"):
        left_out = np.array(
            [
                sklearn.f1_score(np.delete(truths, one, axis=0), np.delete(predictions, one, axis=0), average=average)
                for one in range(n)
            ]
        )
        error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
        row = results["all", "m", f"f1_{average}"]
        half = ((row.ci_high or 0) - (row.ci_low or 0)) / 2
        assert half == pytest.approx(1.98 * error, rel=0.03)
