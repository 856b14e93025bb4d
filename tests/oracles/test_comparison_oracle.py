"""Differences of two models against plain numpy, scipy and scikit-learn: values, tests, intervals, families."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats
import sklearn.metrics
from numpy.typing import NDArray
from small_stores import Slices, store_with, table_of, temporary_store
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

import kolena_store as ks

Floats = NDArray[np.float64]
Value = Callable[[NDArray[np.intp]], float]
"""A metric's value on some samples, each as often as it stands there."""

RNG = np.random.default_rng(11)
N = 400
EACH = {"k = 0": "k = 0", "k = 1": "k = 1", "late": "id >= 250"}


def labels(chance: float, truth: NDArray[Any], classes: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return np.where(rng.random(len(truth)) < chance, truth, classes[rng.integers(0, len(classes), len(truth))])


def compared(store: ks.Store, **options: Any) -> ks.Comparison:
    with store.transaction():
        store.apply_suite("d", Slices(predicates=EACH).text, name="slices")
        return store.compare("d", "a", "b", "slices", **options)


def members(test_case: str, columns: Mapping[str, Any]) -> NDArray[np.intp]:
    chosen = {
        "all": np.ones(N, bool),
        "k = 0": np.asarray(columns["k"]) == 0,
        "k = 1": np.asarray(columns["k"]) == 1,
        "late": np.arange(N) >= 250,
    }
    return np.flatnonzero(chosen[test_case])


def jackknifed(first: Value, second: Value, units: list[NDArray[np.intp]]) -> float:
    """The standard error of the difference without each unit in turn; with many samples that of the linearisation."""
    everything = np.concatenate(units)
    left_out = []
    for unit in units:
        kept = np.setdiff1d(everything, unit)
        left_out.append(first(kept) - second(kept))
    n, values = len(units), np.array(left_out)
    return float(np.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum()))


def check_smooth(row: ks.Difference, first: Value, second: Value, chosen: NDArray[np.intp], *, rel: float) -> None:
    """The values, and the error behind the interval and p, against leaving out each sample."""
    assert row.value == pytest.approx(first(chosen), rel=1e-9)
    assert row.baseline == pytest.approx(second(chosen), rel=1e-9)
    assert row.delta == pytest.approx(first(chosen) - second(chosen), abs=1e-12)
    error = jackknifed(first, second, list(chosen[:, np.newaxis]))
    freedom = row.n - 1
    reach = scipy.stats.t.ppf(0.975, freedom) * error
    assert [row.ci_low, row.ci_high] == pytest.approx([row.delta - reach, row.delta + reach], abs=rel * reach)
    t = abs(row.delta) / error
    assert row.p == pytest.approx(2 * scipy.stats.t.sf(t, freedom), rel=20 * rel, abs=1e-12)
    assert row.mde == pytest.approx((scipy.stats.t.ppf([0.975, 0.8], freedom)).sum() * error, rel=rel)


@pytest.fixture(scope="module")
def three_classes() -> tuple[dict[str, Any], dict[str, dict[str, Any]], ks.Store]:
    rng = np.random.default_rng(4)
    classes = np.array(["cat", "dog", "owl"])
    truth = classes[rng.choice(3, N, p=[0.5, 0.3, 0.2])]
    samples = {"y": truth.tolist(), "k": rng.integers(0, 3, N).tolist()}
    answers = {}
    for model, chance in (("a", 0.75), ("b", 0.6)):
        scores = rng.dirichlet([1, 1, 1], N) + 0.6 * (truth[:, np.newaxis] == classes)
        scores /= scores.sum(axis=1, keepdims=True)
        answers[model] = {"p": labels(chance, truth, classes, rng).tolist()} | {
            f"s_{name}": scores[:, place] for place, name in enumerate(classes)
        }
    return samples, answers, store_with(samples, ks.Classification("y", "p", scores="s_{class}"), answers)


def of_labels(metric: Callable[..., float], samples: Mapping[str, Any], answers: Mapping[str, Any]) -> Value:
    truth, predicted = np.array(samples["y"]), np.array(answers["p"])
    return lambda chosen: metric(truth[chosen], predicted[chosen])


def f1_macro(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    return float(sklearn.metrics.f1_score(truth, predicted, average="macro", labels=np.unique(truth)))


LABEL_METRICS = {
    "f1_macro": f1_macro,
    "mcc": sklearn.metrics.matthews_corrcoef,
    "cohen_kappa": sklearn.metrics.cohen_kappa_score,
    "balanced_accuracy": sklearn.metrics.balanced_accuracy_score,
    "precision_macro": lambda truth, predicted: sklearn.metrics.precision_score(truth, predicted, average="macro"),
    "f_beta_macro": lambda truth, predicted: sklearn.metrics.fbeta_score(truth, predicted, beta=2, average="macro"),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("metric", LABEL_METRICS)
def test_metrics_of_labels_have_the_error_of_leaving_samples_out(metric: str, three_classes: Any) -> None:
    samples, answers, store = three_classes
    found = compared(store, metrics=list(LABEL_METRICS))
    for case in ("all", "k = 1"):
        values = [of_labels(LABEL_METRICS[metric], samples, answers[model]) for model in "ab"]
        check_smooth(found[case, "a", metric], *values, members(case, samples), rel=0.04)


@pytest.mark.sampled(2)
def test_metrics_of_one_class_have_the_error_of_leaving_samples_out(three_classes: Any) -> None:
    samples, answers, store = three_classes
    found = compared(store, metrics=["f1", "precision"])
    for metric, score in (("f1", sklearn.metrics.f1_score), ("precision", sklearn.metrics.precision_score)):
        values = [
            of_labels(lambda t, p, score=score: score(t == "dog", p == "dog"), samples, answers[model])
            for model in "ab"
        ]
        row, chosen = found["all", "a", metric, "dog"], members("all", samples)
        assert row.delta == pytest.approx(values[0](chosen) - values[1](chosen), abs=1e-12)
        error = jackknifed(*values, list(chosen[:, np.newaxis]))
        reach = scipy.stats.t.ppf(0.975, min(row.n, row.baseline_n) - 1) * error
        assert row.ci_high - row.ci_low == pytest.approx(2 * reach, rel=0.02)


@pytest.mark.parametrize("metric", ["log_loss", "brier_score"])
def test_means_are_scipy_s_paired_t_test(metric: str, three_classes: Any) -> None:
    samples, answers, store = three_classes
    found = compared(store, metrics=["log_loss", "brier_score"])
    names = ["cat", "dog", "owl"]
    truth = np.array(samples["y"])[:, np.newaxis] == np.array(names)
    losses = []
    for model in "ab":
        scores = np.column_stack([answers[model][f"s_{name}"] for name in names])
        of_truth = -np.log((scores * truth).sum(axis=1))
        losses.append(of_truth if metric == "log_loss" else ((scores - truth) ** 2).sum(axis=1))
    chosen = members("late", samples)
    expected = scipy.stats.ttest_rel(losses[0][chosen], losses[1][chosen])
    row = found["late", "a", metric]
    assert row.p == pytest.approx(expected.pvalue, rel=1e-6)
    assert [row.ci_low, row.ci_high] == pytest.approx(list(expected.confidence_interval(0.95)), rel=1e-6)
    assert row.test == "paired linearised t"


def delong(truth: NDArray[np.bool_], first: Floats, second: Floats) -> float:
    """DeLong 1988: the variance of a difference of two areas, by comparing every positive with every negative."""
    wins = [
        (score[truth][:, np.newaxis] > score[~truth]) + 0.5 * (score[truth][:, np.newaxis] == score[~truth])
        for score in (first, second)
    ]
    of_positives, of_negatives = (wins[0].mean(axis=axis) - wins[1].mean(axis=axis) for axis in (1, 0))
    return float(of_positives.var(ddof=1) / truth.sum() + of_negatives.var(ddof=1) / (~truth).sum())


def test_the_difference_of_two_areas_is_delong_s() -> None:
    rng = np.random.default_rng(8)
    truth = rng.random(N) < 0.3
    shared = rng.normal(size=N)
    scores = {name: np.round(shared + rng.normal(size=N) + lift * truth, 1) for name, lift in (("a", 1.4), ("b", 0.9))}
    samples = {"y": np.where(truth, "yes", "no").tolist(), "k": (np.arange(N) % 3).tolist()}
    workflow = ks.Classification("y", score="s", positive="yes")
    found = compared(
        store_with(samples, workflow, {model: {"s": one} for model, one in scores.items()}), metrics=["roc_auc"]
    )
    for case in ("all", "k = 0"):
        chosen, row = members(case, samples), found[case, "a", "roc_auc"]
        areas = [sklearn.metrics.roc_auc_score(truth[chosen], scores[model][chosen]) for model in "ab"]
        assert row.delta == pytest.approx(areas[0] - areas[1], abs=1e-12)
        error = np.sqrt(delong(truth[chosen], scores["a"][chosen], scores["b"][chosen]))
        freedom = min(truth[chosen].sum(), (~truth[chosen]).sum()) - 1
        assert row.p == pytest.approx(2 * scipy.stats.t.sf(abs(row.delta) / error, freedom), rel=1e-9)
        assert row.ci_high - row.ci_low == pytest.approx(2 * scipy.stats.t.ppf(0.975, freedom) * error, rel=1e-9)


def test_proportions_of_the_same_samples_are_mcnemar_s(three_classes: Any) -> None:
    samples, answers, store = three_classes
    found = compared(store, metrics=["accuracy", "recall"], test="exact")
    truth = np.array(samples["y"])
    right = [np.array(answers[model]["p"]) == truth for model in "ab"]
    for case in (*EACH, "all"):
        for metric, among in (("accuracy", np.ones(N, bool)), ("recall", truth == "owl")):
            chosen = np.intersect1d(members(case, samples), np.flatnonzero(among))
            only = [int((right[0] & ~right[1])[chosen].sum()), int((right[1] & ~right[0])[chosen].sum())]
            row = found[(case, "a", metric, "owl") if metric == "recall" else (case, "a", metric)]
            assert (row.n, row.n_only_model, row.n_only_baseline) == (len(chosen), *only)
            assert row.p == pytest.approx(mcnemar([[0, only[0]], [only[1], 0]], exact=True).pvalue, rel=1e-9)
            assert row.delta == pytest.approx((only[0] - only[1]) / len(chosen), abs=1e-12)
            assert row.test == "mcnemar exact"


def test_an_error_rate_counts_as_right_what_is_no_error(three_classes: Any) -> None:
    _, _, store = three_classes
    found = compared(store, metrics=["recall", "false_negative_rate"])
    right, wrong = (found["all", "a", metric, "cat"] for metric in ("recall", "false_negative_rate"))
    assert (right.n_only_model, right.n_only_baseline) == (wrong.n_only_model, wrong.n_only_baseline)
    assert right.delta == pytest.approx(-wrong.delta)
    assert (right.p, right.q, right.verdict) == (wrong.p, wrong.q, wrong.verdict)


def test_families_are_corrected_apart_and_all_stands_alone(three_classes: Any) -> None:
    _, _, store = three_classes
    rows = compared(store, metrics=["accuracy", "f1_macro", "recall"]).rows()
    for metric in ("accuracy", "f1_macro"):
        of_metric = [row for row in rows if row["metric"] == metric]
        of_cases = [row for row in of_metric if row["test_case"] != "all"]
        expected = multipletests([row["p"] for row in of_cases], method="fdr_bh")[1]
        assert [row["q"] for row in of_cases] == pytest.approx(list(expected), rel=1e-12)
        assert {row["family"] for row in of_cases} == {metric}
        (whole,) = [row for row in of_metric if row["test_case"] == "all"]
        assert (whole["q"], whole["family"]) == (whole["p"], f"{metric} on all")
    by_class = [row for row in rows if row["metric"] == "recall"]
    assert [row["q"] for row in by_class] == pytest.approx(
        list(multipletests([row["p"] for row in by_class], method="fdr_bh")[1]), rel=1e-12
    )
    assert len(by_class) == 12


@pytest.fixture(scope="module")
def numbers() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    rng = np.random.default_rng(6)
    truth, shared = rng.normal(10, 2, N), rng.normal(size=N)
    samples = {"y": truth, "k": rng.integers(0, 3, N).tolist(), "patient": (np.arange(N) // 8).tolist()}
    answers = {
        model: {"p": truth + lift + 0.6 * shared + noise * rng.normal(size=N)}
        for model, lift, noise in (("a", 0.1, 0.7), ("b", 0.3, 0.9))
    }
    return samples, answers


def of_numbers(metric: Callable[..., float], samples: Mapping[str, Any], answers: Mapping[str, Any]) -> Value:
    return lambda chosen: metric(samples["y"][chosen], answers["p"][chosen])


NUMBER_METRICS: Mapping[str, Callable[..., float]] = {
    "mae": sklearn.metrics.mean_absolute_error,
    "rmse": sklearn.metrics.root_mean_squared_error,
    "r2": sklearn.metrics.r2_score,
    "pearson": lambda truth, answer: scipy.stats.pearsonr(truth, answer).statistic,
    "spearman": lambda truth, answer: scipy.stats.spearmanr(truth, answer).statistic,
    "kendall_tau": lambda truth, answer: scipy.stats.kendalltau(truth, answer).statistic,
}


def test_metrics_of_numbers_have_the_error_of_leaving_samples_out(numbers: Any) -> None:
    samples, answers = numbers
    found = compared(store_with(samples, ks.Regression("y", "p"), answers), metrics=list(NUMBER_METRICS))
    for metric, score in NUMBER_METRICS.items():
        values = [of_numbers(score, samples, answers[model]) for model in "ab"]
        check_smooth(found["k = 1", "a", metric], *values, members("k = 1", samples), rel=0.05)


def test_clusters_are_left_out_whole(numbers: Any) -> None:
    samples, answers = numbers
    store = temporary_store()
    with store.transaction():
        store.upload_dataset(
            "d", table_of(samples), id_fields=["id"], workflow=ks.Regression("y", "p"), cluster="patient"
        )
        for model, columns in answers.items():
            store.upload_results("d", model, table_of(columns))
    found = compared(store, metrics=["mae", "r2", "rmse"])
    chosen, patients = members("k = 0", samples), np.array(samples["patient"])
    units = [chosen[patients[chosen] == one] for one in np.unique(patients[chosen])]
    for metric in ("mae", "r2", "rmse"):
        values = [of_numbers(NUMBER_METRICS[metric], samples, answers[model]) for model in "ab"]
        row, error = found["k = 0", "a", metric], jackknifed(*values, units)
        reach = scipy.stats.t.ppf(0.975, len(units) - 1) * error
        assert [row.ci_low, row.ci_high] == pytest.approx([row.delta - reach, row.delta + reach], rel=1e-6)
        assert row.test == f"paired jackknife t, {len(units)} clusters"


def test_weights_make_ratios_of_weighted_sums(numbers: Any) -> None:
    samples, answers = numbers
    weights = np.random.default_rng(1).choice([0.5, 1.0, 3.0], N)
    store = temporary_store()
    with store.transaction():
        store.upload_dataset(
            "d", table_of({**samples, "w": weights}), id_fields=["id"], workflow=ks.Regression("y", "p"), weight="w"
        )
        for model, columns in answers.items():
            store.upload_results("d", model, table_of(columns))
    row, chosen = compared(store, metrics=["mae"])["late", "a", "mae"], members("late", samples)
    errors = [np.abs(samples["y"] - answers[model]["p"])[chosen] for model in "ab"]
    w, difference = weights[chosen], errors[0] - errors[1]
    delta = np.average(difference, weights=w)
    assert row.delta == pytest.approx(delta, rel=1e-9)
    n_effective = w.sum() ** 2 / (w**2).sum()
    variance = ((w * (difference - delta)) ** 2).sum() / w.sum() ** 2 * n_effective / (n_effective - 1)
    assert row.p == pytest.approx(2 * scipy.stats.t.sf(abs(delta) / np.sqrt(variance), n_effective - 1), rel=1e-6)
    assert row.test == "paired linearised t, weighted"


def test_a_difference_of_medians_varies_as_resampling_says(numbers: Any) -> None:
    samples, answers = numbers
    found = compared(store_with(samples, ks.Regression("y", "p"), answers), metrics=["median_absolute_error"])
    row, rng = found["all", "a", "median_absolute_error"], np.random.default_rng(2)
    errors = [np.abs(samples["y"] - answers[model]["p"]) for model in "ab"]
    drawn = rng.integers(N, size=(2_000, N))
    error = (np.median(errors[0][drawn], axis=1) - np.median(errors[1][drawn], axis=1)).std()
    assert row.delta == pytest.approx(np.median(errors[0]) - np.median(errors[1]), abs=1e-12)
    assert (row.ci_high - row.ci_low) / 2 / scipy.stats.t.ppf(0.975, N - 1) == pytest.approx(error, rel=0.25)


def test_a_permutation_test_of_few_samples_agrees_with_all_their_swaps() -> None:
    rng = np.random.default_rng(9)
    n = 12
    truth, first, second = (rng.integers(0, 2, n) for _ in range(3))
    names = np.array(["no", "yes"])
    store = store_with(
        {"y": names[truth].tolist()},
        ks.Classification("y", "p", positive="yes"),
        {"a": {"p": names[first].tolist()}, "b": {"p": names[second].tolist()}},
    )
    row = store.compare("d", "a", "b", metrics=["f1"], test="permutation")["all", "a", "f1"]
    swaps = (np.arange(2**n)[:, np.newaxis] >> np.arange(n) & 1).astype(bool)
    sides = np.where(swaps, second, first), np.where(swaps, first, second)
    values = [
        2 * (side & truth).sum(axis=1) / (truth.sum() + side.sum(axis=1)) for side in (one.astype(int) for one in sides)
    ]
    differences = values[0] - values[1]
    expected = np.mean(np.abs(differences) >= abs(row.delta) - 1e-12)
    assert row.p == pytest.approx(expected, abs=0.02)


def test_samples_that_one_model_did_not_answer_don_t_count(numbers: Any) -> None:
    samples, answers = numbers
    store = temporary_store()
    with store.transaction():
        store.upload_dataset("d", table_of(samples), id_fields=["id"], workflow=ks.Regression("y", "p"))
        store.upload_results("d", "a", table_of(answers["a"]).slice(30))
        store.upload_results(
            "d", "b", pa.concat_tables([table_of(answers["b"]).slice(0, 100), table_of(answers["b"]).slice(130)])
        )
    found = compared(store, metrics=["mae"])
    (pair,), kept = found.compared, np.r_[30:100, 130:N]
    counts = (pair.n_samples, pair.n_common, pair.n_only_model, pair.n_only_baseline, pair.n_neither)
    assert counts == (N, len(kept), 30, 30, 0)
    errors = [np.abs(samples["y"] - answers[model]["p"])[kept] for model in "ab"]
    row = found["all", "a", "mae"]
    assert (row.n, row.n_samples, row.n_missing) == (len(kept), N, N - len(kept))
    assert row.delta == pytest.approx(errors[0].mean() - errors[1].mean(), rel=1e-9)
    assert row.p == pytest.approx(scipy.stats.ttest_rel(*errors).pvalue, rel=1e-6)
