"""Macros of a weighted dataset, against plain numpy; and kernels in SQL against scikit-learn, ties and all."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kolena_store as ks
from kolena_store.published.kernels import calibration_error, median, ranked
from kolena_store.statements import Fragment

WEIGHT = Fragment("weight")
N = 150


def weighted(root: Path, workflow: object, samples: dict[str, object], answers: dict[str, object]) -> ks.Store:
    store = ks.Store(root)
    with store.transaction():
        store.upload_dataset(
            "d", pa.table({"id": range(N), **samples}), id_fields=["id"], workflow=workflow, weight="w"
        )
        store.upload_results("d", "v1", pa.table({"id": range(N), **answers}))
        store.test("d", "v1", metrics=[workflow.headlines()[0]])
    return store


def asked(store: ks.Store, *calls: str) -> list[float | None]:
    query = f"SELECT {', '.join(f'd.{call}' for call in calls)} FROM d.sample_metrics"
    with duckdb.connect(str(store.path / "store.duckdb"), read_only=True) as connection:
        return list(connection.execute(query).fetchone() or ())


def test_weighted_classification(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    truth, prediction, w = rng.choice(list("abc"), N), rng.choice(list("abc"), N), np.round(rng.random(N) * 3, 2)
    workflow = ks.Classification("t", prediction="p")
    store = weighted(tmp_path / "s", workflow, {"t": truth, "w": w}, {"p": prediction})
    found = asked(
        store,
        "accuracy(correct, _weight)",
        "recall(truth, correct, 'a', _weight)",
        "f1_macro(truth, prediction, correct, _weight)",
        "true_positives(truth, correct, 'b', _weight)",
    )
    right = truth == prediction
    f1 = [2 * w[right & (truth == one)].sum() / (w[truth == one].sum() + w[prediction == one].sum()) for one in "abc"]
    expected = [
        w[right].sum() / w.sum(),
        w[right & (truth == "a")].sum() / w[truth == "a"].sum(),
        np.mean(f1),
        w[right & (truth == "b")].sum(),
    ]
    assert found == pytest.approx(expected, rel=1e-9)


def test_weighted_regression(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    y, w = rng.normal(10, 3, N), np.round(rng.random(N) * 3, 2)
    prediction = y + rng.normal(0, 1, N)
    store = weighted(tmp_path / "s", ks.Regression("y", "p"), {"y": y, "w": w}, {"p": prediction})
    names = [
        row["macro"].split(".", 1)[1].replace("weight)", "_weight)").replace('"', "")
        for row in store.sql(
            "SELECT macro FROM kolena.metric_definitions WHERE metric IN ('mae', 'r2', 'rmse', 'pearson', "
            "'median_absolute_error') ORDER BY metric"
        ).rows()
    ]
    error, mean = prediction - y, np.average(y, weights=w)
    centred, other = y - mean, prediction - np.average(prediction, weights=w)
    expected = [
        np.average(np.abs(error), weights=w),
        weighted_median(np.abs(error), w),
        (w * centred * other).sum() / np.sqrt((w * centred**2).sum() * (w * other**2).sum()),
        1 - (w * error**2).sum() / (w * centred**2).sum(),
        np.sqrt(np.average(error**2, weights=w)),
    ]
    assert asked(store, *names) == pytest.approx(expected, rel=1e-9)


def weighted_median(values: np.ndarray, w: np.ndarray) -> float:
    order = np.argsort(values[w > 0], kind="stable")
    values, w = values[w > 0][order], w[w > 0][order]
    cumulative = np.cumsum(w)
    first = int(np.searchsorted(cumulative, w.sum() / 2))
    return float((values[first] + values[first + 1]) / 2 if cumulative[first] == w.sum() / 2 else values[first])


SCORED = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=12)
"""Few scores, so that many are equal; whole weights, so that sums are exact."""


def evaluated(rows: list[tuple[int, bool, int]], expression: Fragment) -> float | None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (score DOUBLE, p BOOLEAN, weight DOUBLE, confidence DOUBLE)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(s, p, w, s / 5) for s, p, w in rows])
        return connection.execute(f"SELECT {expression} FROM t").fetchone()[0]


ENTRIES = Fragment("list(struct_pack(s := score, p := p))")
WEIGHED = Fragment("list(struct_pack(s := score, p := p, w := weight))")


def repeated(rows: list[tuple[int, bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Whole weights are samples that occur so often."""
    scores = np.repeat([s for s, _, _ in rows], [w for _, _, w in rows])
    return scores, np.repeat([p for _, p, _ in rows], [w for _, _, w in rows])


def auc(scores: np.ndarray, positive: np.ndarray) -> float | None:
    gaps = scores[positive][:, np.newaxis] - scores[~positive]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean()) if gaps.size else None


def precision_steps(scores: np.ndarray, positive: np.ndarray) -> float | None:
    if not positive.any():
        return None
    return float(np.mean([(positive & (scores >= s)).sum() / (scores >= s).sum() for s in scores[positive]]))


@given(SCORED)
def test_ranked_scores(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive = np.array([s for s, _, _ in rows]), np.array([p for _, p, _ in rows])
    assert evaluated(rows, ranked("roc_auc", ENTRIES, is_weighted=False)) == near(auc(scores, positive))
    found = evaluated(rows, ranked("average_precision", ENTRIES, is_weighted=False))
    assert found == near(precision_steps(scores, positive))


@given(SCORED)
def test_weighted_ranked_scores_are_those_of_repeated_samples(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive = repeated(rows)
    assert evaluated(rows, ranked("roc_auc", WEIGHED, is_weighted=True)) == near(auc(scores, positive))
    found = evaluated(rows, ranked("average_precision", WEIGHED, is_weighted=True))
    assert found == near(precision_steps(scores, positive))


@given(SCORED)
def test_weighted_medians_are_those_of_repeated_samples(rows: list[tuple[int, bool, int]]) -> None:
    scores, _ = repeated(rows)
    expected = float(np.median(scores)) if scores.size else None
    assert evaluated(rows, median(Fragment("score"), WEIGHT)) == near(expected)
    assert evaluated(rows, median(Fragment("score"), None)) == near(float(np.median([s for s, _, _ in rows])))


@given(SCORED)
def test_calibration_errors(rows: list[tuple[int, bool, int]]) -> None:
    from kolena_store.membership.bitmaps import from_flags
    from kolena_store.metrics.kernels import ExpectedCalibrationError

    scores, positive = repeated(rows)
    expected = None
    if scores.size:
        whole = np.ones(scores.size, dtype=bool)
        kernel = ExpectedCalibrationError(scores / 5, positive, whole)
        expected = kernel.evaluate(from_flags(whole)).value
    found = evaluated(rows, calibration_error(Fragment("confidence"), Fragment("p"), WEIGHT))
    assert found == near(expected)


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


def test_calibration_is_undefined_outside_probabilities() -> None:
    text = calibration_error(Fragment("score"), Fragment("p"), None)
    assert evaluated([(5, True, 1)], text) is None
