"""Datasets whose samples come in clusters or with weights: values and intervals against plain numpy and repeated rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk
from small_stores import check_interval_form, table_of, temporary_store

import kolena_store as ks

Columns = dict[str, Any]
Floats = NDArray[np.float64]
N = 240
LABELS = np.array(["ant", "bee", "cat"])


def results_with(
    samples: Columns, workflow: Any, answers: Columns, suite: str | None = None, **sampling: str
) -> ks.TestResults:
    store = temporary_store()
    with store.transaction():
        store.upload_dataset("d", table_of(samples), id_fields=["id"], workflow=workflow, **sampling)
        store.upload_results("d", "m", table_of(answers))
        if suite:
            store.apply_suite("d", suite, name="cases")
    return store.test("d", "m", "cases" if suite else None)


def of_classes(seed: int, n_classes: int = 3) -> tuple[Columns, Any, Columns]:
    random = np.random.default_rng(seed)
    codes = random.integers(n_classes, size=N)
    scores = random.dirichlet(np.ones(n_classes), N).round(2) + np.eye(n_classes)[codes] * 0.3
    scores /= scores.sum(axis=1, keepdims=True)
    labels = LABELS[:n_classes]
    answers = {f"p_{label}": scores[:, code] for code, label in enumerate(labels)}
    positive = "bee" if n_classes == 2 else None
    workflow = ks.Classification("truth", scores="p_{class}", positive=positive)
    return {"truth": labels[codes]}, workflow, answers


def of_numbers(seed: int) -> tuple[Columns, Any, Columns]:
    random = np.random.default_rng(seed)
    truth = random.normal(10, 3, N).round(1)
    return {"truth": truth}, ks.Regression("truth"), {"prediction": (truth + random.normal(0.2, 1, N)).round(2)}


def of_grades(seed: int) -> tuple[Columns, Any, Columns]:
    random = np.random.default_rng(seed)
    return {"x": np.zeros(N)}, ks.Judged(score="grade"), {"grade": random.normal(size=N).round(2)}


def of_verdicts(seed: int) -> tuple[Columns, Any, Columns]:
    random = np.random.default_rng(seed)
    return {"x": np.zeros(N)}, ks.Judged(verdict="ok"), {"ok": random.random(N) < 0.7}


PROBLEMS: Mapping[str, Callable[[int], tuple[Columns, Any, Columns]]] = {
    "three classes": of_classes,
    "two classes": lambda seed: of_classes(seed, 2),
    "numbers": of_numbers,
    "grades": of_grades,
    "verdicts": of_verdicts,
}
WITHOUT_WEIGHTS = ("spearman", "kendall_tau")
SUITE = 'CREATE VIEW "some" AS SELECT * FROM test_samples WHERE id % 3 <> 0;'


@pytest.mark.sampled(2)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_whole_weights_give_the_values_of_repeated_rows(problem: str) -> None:
    samples, workflow, answers = PROBLEMS[problem](1)
    weights = np.random.default_rng(2).integers(0, 4, N)
    rows = np.repeat(np.arange(N), weights)
    weighted = results_with({**samples, "w": weights}, workflow, answers, SUITE, weight="w")
    # The rows of an id that is no multiple of three, once for each weight; `_part` keeps the test case the same.
    repeated_samples = {name: values[rows] for name, values in samples.items()} | {"part": rows % 3 != 0}
    repeated_answers = {name: values[rows] for name, values in answers.items()}
    suite = 'CREATE VIEW "some" AS SELECT * FROM test_samples WHERE part;'
    repeated = results_with(repeated_samples, workflow, repeated_answers, suite)
    compared = 0
    for row in repeated.rows():
        key = (row["test_case"], "m", row["metric"], *([row["class"]] if row["class"] else []))
        found = weighted[key]
        if row["metric"] in WITHOUT_WEIGHTS:
            assert found.value is None
            assert "weighted" in str(found.reason)
            continue
        compared += row["value"] is not None
        assert found.value == (row["value"] and pytest.approx(row["value"], rel=1e-9, abs=1e-12)), key
    assert compared > 1
    for row in weighted.rows():
        check_interval_form(row)


def test_weighted_values_are_those_of_scikit_learn() -> None:
    samples, workflow, answers = of_classes(5, 2)
    weights = np.random.default_rng(6).random(N).round(3)
    results = results_with({**samples, "w": weights}, workflow, answers, weight="w")
    truth, score = samples["truth"] == "bee", answers["p_bee"]
    label = score >= 0.5
    expected = {
        "accuracy": sk.accuracy_score(truth, label, sample_weight=weights),
        "precision": sk.precision_score(truth, label, sample_weight=weights),
        "recall": sk.recall_score(truth, label, sample_weight=weights),
        "f1": sk.f1_score(truth, label, sample_weight=weights),
        "mcc": sk.matthews_corrcoef(truth, label, sample_weight=weights),
        "cohen_kappa": sk.cohen_kappa_score(truth, label, sample_weight=weights),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, label, sample_weight=weights),
        "roc_auc": sk.roc_auc_score(truth, score, sample_weight=weights),
        "average_precision": sk.average_precision_score(truth, score, sample_weight=weights),
        "log_loss": sk.log_loss(truth, score, sample_weight=weights),
        "brier_score": sk.brier_score_loss(truth, score, sample_weight=weights),
    }
    for name, value in expected.items():
        assert results["all", "m", name].value == pytest.approx(value, rel=1e-9), name
    assert results["all", "m", "accuracy"].n == N
    matrix = results.confusion_matrix("all", "m")
    labels = np.where(label, "bee", "ant")
    reference = sk.confusion_matrix(samples["truth"], labels, labels=list(matrix.labels), sample_weight=weights)
    assert np.array(matrix.counts) == pytest.approx(reference)


def test_a_weighted_mean_has_the_linearised_error_of_a_ratio() -> None:
    samples, workflow, answers = of_numbers(7)
    weights = np.random.default_rng(8).random(N) * 5
    row = results_with({**samples, "w": weights}, workflow, answers, weight="w")["all", "m", "mae"]
    errors = np.abs(answers["prediction"] - samples["truth"])
    value = float(np.average(errors, weights=weights))
    moved = weights * (errors - value) / weights.sum()
    units = weights.sum() ** 2 / (weights**2).sum()
    error = np.sqrt((moved**2).sum() * units / (units - 1))
    reach = stats.t.ppf(0.975, units - 1) * error
    assert (row.value, row.ci_low, row.ci_high) == pytest.approx((value, value - reach, value + reach), rel=1e-9)
    assert row.method == "linearised t, weighted"


CLUSTERED = ["accuracy", "recall_macro", "mcc", "log_loss", "f1_macro", "cohen_kappa", "brier_score"]


def clusters_of(n_clusters: int, seed: int = 3) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(n_clusters, size=N)


def leave_one_out(n_clusters: int) -> str:
    return "\n".join(
        f'CREATE VIEW "without {one}" AS SELECT * FROM test_samples WHERE g <> {one};' for one in range(n_clusters)
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("weight", [None, "w"])
def test_clusters_are_left_out_one_after_the_other(weight: str | None) -> None:
    n_clusters = 12
    samples, workflow, answers = of_classes(9)
    samples |= {"g": clusters_of(n_clusters), "w": np.random.default_rng(1).random(N)}
    sampling = {"cluster": "g", **({"weight": weight} if weight else {})}
    results = results_with(samples, workflow, answers, leave_one_out(n_clusters), **sampling)
    for name in CLUSTERED:
        row = results["all", "m", name]
        values = np.array([results[f"without {one}", "m", name].value for one in range(n_clusters)])
        variance = (n_clusters - 1) / n_clusters * ((values - values.mean()) ** 2).sum()
        if name == "accuracy":
            n = min(row.value * (1 - row.value) / variance, N)
            check_wilson(row, n)
            assert row.method == "wilson, effective n, only 12 clusters"
            continue
        reach = stats.t.ppf(0.975, n_clusters - 1) * np.sqrt(variance)
        least, greatest = (0.0, np.inf) if name == "log_loss" else (-1, 2) if name == "brier_score" else (-1, 1)
        expected = max(row.value - reach, least), min(row.value + reach, greatest)
        assert (row.ci_low, row.ci_high) == pytest.approx(expected, rel=1e-6), name
        assert row.method == "jackknife t, only 12 clusters"


def check_wilson(row: Any, n: float) -> None:
    z, p = stats.norm.ppf(0.975), row.value
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    expected = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    assert (row.ci_low, row.ci_high) == pytest.approx(expected, rel=1e-6)


def test_clusters_of_equal_answers_count_once() -> None:
    """Ten copies of each sample tell no more than one."""
    once = np.random.default_rng(4).random(60) < 0.7
    copies = np.repeat(np.arange(60), 10)
    answers = {"ok": once[copies]}
    clustered = results_with({"g": copies}, ks.Judged(verdict="ok"), answers, cluster="g")["all", "m", "pass_rate"]
    alone = results_with({"g": copies}, ks.Judged(verdict="ok"), answers)["all", "m", "pass_rate"]
    assert clustered.n == alone.n == 600
    ratio = (clustered.ci_high - clustered.ci_low) / (alone.ci_high - alone.ci_low)
    assert ratio == pytest.approx(np.sqrt(10), rel=0.1)


@pytest.mark.parametrize(
    ("n_clusters", "method"), [(40, "jackknife t, 40 clusters"), (39, "jackknife t, only 39 clusters")]
)
def test_few_clusters_are_named(n_clusters: int, method: str) -> None:
    samples, workflow, answers = of_numbers(2)
    results = results_with({**samples, "g": np.arange(N) % n_clusters}, workflow, answers, cluster="g")
    assert results["all", "m", "mae"].method == method
    few = "fewer than 40 are few" in "".join(results.notes)
    assert few == (n_clusters < 40)


def test_fewer_than_five_clusters_give_no_interval() -> None:
    samples, workflow, answers = of_numbers(2)
    row = results_with({**samples, "g": np.arange(N) % 4}, workflow, answers, cluster="g")["all", "m", "mae"]
    assert (row.ci_low, row.method) == (None, None)
    assert row.reason == "no interval: 4 clusters, and an interval needs 5"


def test_samples_without_a_cluster_are_clusters_of_their_own() -> None:
    samples, workflow, answers = of_numbers(2)
    alone = results_with({**samples, "g": [None] * N}, workflow, answers, cluster="g", weight="")
    assert alone["all", "m", "mae"].method == f"jackknife t, {N} clusters"


@pytest.mark.parametrize("kind", ["cluster", "weight"])
def test_medians_are_read_off_the_values(kind: str) -> None:
    samples, workflow, answers = of_numbers(3)
    groups, weights = np.arange(N) // 4, np.random.default_rng(2).random(N) + 0.1
    results = results_with(
        {**samples, "g": groups, "w": weights}, workflow, answers, **{kind: {"cluster": "g"}.get(kind, "w")}
    )
    row = results["all", "m", "median_absolute_error"]
    errors = np.abs(answers["prediction"] - samples["truth"])
    each = weights if kind == "weight" else np.ones(N)
    order = np.argsort(errors, kind="stable")
    share = np.cumsum(each[order]) / each.sum()
    moved = np.empty(N)
    moved[order] = each[order] / each.sum() * ((share <= 0.5) - 0.5)
    units = each.sum() ** 2 / (each**2).sum()
    if kind == "cluster":
        moved, units = np.bincount(groups, moved), N / 4
    reach = stats.t.ppf(0.975, units - 1) * np.sqrt((moved**2).sum() * units / (units - 1))
    places = np.searchsorted(share, [0.5 - reach, 0.5 + reach])
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(errors[order][places]))
    assert row.ci_low < row.value < row.ci_high


@pytest.mark.sampled(2)
def test_sampling_stays_until_it_is_taken_away() -> None:
    samples, workflow, answers = of_numbers(2)
    table = table_of({**samples, "g": np.arange(N), "w": np.ones(N)})
    store = temporary_store()
    store.upload_dataset("d", table, id_fields=["id"], workflow=workflow, cluster="g", weight="w")
    store.upload_results("d", "m", table_of(answers))
    again = store.upload_dataset("d", table)
    assert again.version == 1
    assert "jackknife" in str(store.test("d", "m")["all", "m", "mae"].method)
    without = store.upload_dataset("d", table, cluster="", weight="")
    assert without.version == 2
    assert store.test("d", "m")["all", "m", "mae"].method == "linearised t"


BAD = {
    "no column": ({"cluster": "patient"}, {}, "patient"),
    "no weight": ({"weight": "share"}, {}, "share"),
    "text": ({"weight": "w"}, {"w": ["a", "b", "c"]}, "holds string"),
    "list": ({"cluster": "g"}, {"g": [[1], [2], [3]]}, "holds list"),
    "negative": ({"weight": "w"}, {"w": [1.0, -1.0, 1.0]}, "-1.0"),
    "missing": ({"weight": "w"}, {"w": [1.0, None, 1.0]}, "1 rows have no usable weight"),
    "nan": ({"weight": "w"}, {"w": [1.0, float("nan"), 1.0]}, "nan"),
    "infinite": ({"weight": "w"}, {"w": [1.0, float("inf"), 1.0]}, "inf"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", BAD)
def test_unusable_fields_are_refused(case: str) -> None:
    sampling, columns, told = BAD[case]
    store = temporary_store()
    table = pa.table({"id": [1, 2, 3], "truth": [1.0, 2.0, 3.0], **columns})
    with pytest.raises(ks.StoreError, match=told):
        store.upload_dataset("d", table, id_fields=["id"], workflow=ks.Regression("truth"), **sampling)
    assert not list(store.path.rglob("*.parquet"))
