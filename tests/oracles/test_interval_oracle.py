"""Intervals of metric values against brute force: leave-one-out, closed forms and other libraries."""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from sklearn import metrics as sk
from small_stores import results_of, store_with
from thoroughness import sized

import kolena_store as ks
from kolena_store.errors import InvalidInput
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.design import INDEPENDENT
from kolena_store.metrics.intervals.kernel_influence import KernelInfluence
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.statements import Fragment

Floats = NDArray[np.float64]
N = 240
RNG = np.random.default_rng(11)
TRUTH = np.array(["a", "b", "c"])[RNG.choice(3, N, p=[0.5, 0.3, 0.2])]
PREDICTION = np.where(RNG.random(N) < 0.7, TRUTH, np.array(["a", "b", "c"])[RNG.choice(3, N)])
SCORES = RNG.dirichlet([1, 1, 1], N) * 0.5
SCORES[np.arange(N), np.searchsorted(["a", "b", "c"], PREDICTION)] += 0.5
SCORES = np.round(SCORES / SCORES.sum(axis=1, keepdims=True), 3)
TARGET = RNG.normal(5, 2, N)
GUESS = np.round(TARGET + RNG.normal(0.3, 1, N), 1)


def multiclass(**options: Any) -> ks.TestResults:
    workflow = ks.Classification("y", "p", scores="s", classes=["a", "b", "c"])
    answers = {"p": PREDICTION.tolist(), "s": SCORES.tolist()}
    return results_of({"y": TRUTH.tolist()}, workflow, answers, **options)


def regression() -> ks.TestResults:
    return results_of({"t": TARGET.tolist()}, ks.Regression("t", "g"), {"g": GUESS.tolist()})


def binary(truth: Sequence[str], scores: Floats) -> ks.TestResults:
    workflow = ks.Classification("y", score="s", positive="yes")
    return results_of({"y": list(truth)}, workflow, {"s": scores.tolist()})


def jackknife(value: Callable[[NDArray[np.int64]], float], n: int) -> float:
    """The standard error from leaving out each sample."""
    left_out = [value(np.delete(np.arange(n), index)) for index in range(n)]
    return math.sqrt((n - 1) / n * np.square(np.array(left_out) - np.mean(left_out)).sum())


def error_of(row: Any, n: int) -> float:
    """The standard error that a t interval was made with; it must not be cut at the range's end."""
    half = (row.ci_high - row.ci_low) / 2
    assert row.value == pytest.approx((row.ci_low + row.ci_high) / 2)
    return float(half / scipy.stats.t.ppf(0.975, n - 1))


def one_hot(labels: NDArray[Any]) -> Floats:
    return (labels[:, np.newaxis] == np.array(["a", "b", "c"])).astype(float)


def auc(average: str) -> Callable[[NDArray[np.int64]], float]:
    return lambda kept: float(sk.roc_auc_score(one_hot(TRUTH[kept]), SCORES[kept], average=average))


def precision_area(average: str) -> Callable[[NDArray[np.int64]], float]:
    return lambda kept: float(sk.average_precision_score(one_hot(TRUTH[kept]), SCORES[kept], average=average))


def of_labels(score: Callable[..., float], **options: Any) -> Callable[[NDArray[np.int64]], float]:
    return lambda kept: float(score(TRUTH[kept], PREDICTION[kept], **options))


SMALL_CLASSES = "multinomial"
CLASS_METRICS = {
    "log_loss": lambda kept: sk.log_loss(TRUTH[kept], SCORES[kept], labels=["a", "b", "c"]),
    "brier_score": lambda kept: np.square(SCORES[kept] - one_hot(TRUTH[kept])).sum(axis=1).mean(),
    "roc_auc_macro": auc("macro"),
    "roc_auc_weighted": auc("weighted"),
    "average_precision_macro": precision_area("macro"),
    "average_precision_weighted": precision_area("weighted"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", CLASS_METRICS)
def test_linearised_errors_of_classification_are_those_of_the_jackknife(name: str) -> None:
    row = multiclass(metrics=[name])["all", "m", name]
    assert row.method == "linearised t"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert error_of(row, N) == pytest.approx(jackknife(CLASS_METRICS[name], N), rel=0.05)


def test_averages_over_chosen_classes_move_with_those_alone() -> None:
    configuration = ks.Configuration(classes=["a", "c"])
    row = multiclass(metrics=["roc_auc_macro"], configuration=configuration)["all", "m", "roc_auc_macro"]

    def of_two(kept: NDArray[np.int64]) -> float:
        areas = [sk.roc_auc_score(TRUTH[kept] == label, SCORES[kept, code]) for label, code in (("a", 0), ("c", 2))]
        return float(np.mean(areas))

    assert row.value == pytest.approx(of_two(np.arange(N)))
    assert error_of(row, N) == pytest.approx(jackknife(of_two, N), rel=0.05)


REGRESSION_METRICS: dict[str, Callable[[NDArray[np.int64]], float]] = {
    "bias": lambda kept: float(np.mean(GUESS[kept] - TARGET[kept])),
    "mae": lambda kept: float(np.abs(GUESS[kept] - TARGET[kept]).mean()),
    "mse": lambda kept: float(np.square(GUESS[kept] - TARGET[kept]).mean()),
    "rmse": lambda kept: math.sqrt(np.square(GUESS[kept] - TARGET[kept]).mean()),
    "mape": lambda kept: float((np.abs(GUESS[kept] - TARGET[kept]) / np.abs(TARGET[kept])).mean()),
    "r2": lambda kept: float(sk.r2_score(TARGET[kept], GUESS[kept])),
    "explained_variance": lambda kept: float(sk.explained_variance_score(TARGET[kept], GUESS[kept])),
    "pearson": lambda kept: float(scipy.stats.pearsonr(TARGET[kept], GUESS[kept])[0]),
    "spearman": lambda kept: float(scipy.stats.spearmanr(TARGET[kept], GUESS[kept])[0]),
    "kendall_tau": lambda kept: float(scipy.stats.kendalltau(TARGET[kept], GUESS[kept])[0]),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_linearised_errors_of_regression_are_those_of_the_jackknife(name: str) -> None:
    row = regression()["all", "m", name]
    assert row.method == "linearised t"
    assert error_of(row, N) == pytest.approx(jackknife(REGRESSION_METRICS[name], N), rel=0.03)


def test_a_mean_has_exactly_the_interval_of_scipy() -> None:
    row = regression()["all", "m", "bias"]
    expected = scipy.stats.ttest_1samp(GUESS - TARGET, 0).confidence_interval(0.95)
    assert (row.ci_low, row.ci_high) == pytest.approx((expected.low, expected.high), rel=1e-12)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("n", [6, 7, 30, 240])
def test_a_median_has_the_order_statistics_of_scipy(n: int) -> None:
    errors = np.abs(GUESS - TARGET)[:n]
    row = results_of({"t": TARGET[:n].tolist()}, ks.Regression("t", "g"), {"g": GUESS[:n].tolist()})
    found = row["all", "m", "median_absolute_error"]
    expected = scipy.stats.quantile_test(errors, p=0.5).confidence_interval(0.95)
    assert (found.ci_low, found.ci_high) == pytest.approx((expected.low, expected.high))
    assert found.method == "order statistics"


def test_a_median_of_too_few_has_no_interval() -> None:
    row = results_of({"t": [1.0] * 5}, ks.Regression("t", "g"), {"g": [1.0, 2, 3, 4, 5]})[
        "all", "m", "median_absolute_error"
    ]
    assert (row.value, row.ci_low, row.method) == (2, None, None)
    assert row.reason == "no interval: too few samples for order statistics to reach the level"


def test_a_linearised_metric_of_a_kernel_without_influence_is_refused() -> None:
    """Its samples would seem to move nothing, and its interval would be too narrow."""
    nothing = SampleColumns(size=0, answered=np.zeros(0, np.uint64), flags={}, numbers={}, codes={}, matrices={})
    term = TermDefinition(
        name="gaps", kind="kernel", kernel="expected_calibration_error", by=(), over=None, expression=Fragment("a, b")
    )
    with pytest.raises(InvalidInput, match="'gaps' has no linearised interval.*'expected_calibration_error'"):
        KernelInfluence(nothing, INDEPENDENT).influence(term, nothing.answered, np.zeros(0, np.int64))


def delong_error(truth: NDArray[np.bool_], scores: Floats) -> float:
    """DeLong 1988, by comparing every positive with every negative."""
    wins = (scores[truth][:, np.newaxis] > scores[~truth]) + 0.5 * (scores[truth][:, np.newaxis] == scores[~truth])
    return math.sqrt(wins.mean(axis=1).var(ddof=1) / truth.sum() + wins.mean(axis=0).var(ddof=1) / (~truth).sum())


def test_the_interval_of_an_area_under_roc_is_delongs_on_the_logit_scale() -> None:
    truth = RNG.random(200) < 0.3
    scores = np.round(RNG.normal(size=200) + truth, 1)
    row = binary(np.where(truth, "yes", "no").tolist(), scores)["all", "m", "roc_auc"]
    error = delong_error(truth, scores) / (row.value * (1 - row.value))
    reach = scipy.stats.t.ppf(0.975, min(truth.sum(), (~truth).sum()) - 1) * error
    expected = [scipy.special.expit(scipy.special.logit(row.value) + side * reach) for side in (-1, 1)]
    assert [row.ci_low, row.ci_high] == pytest.approx(expected, rel=1e-9)
    assert row.method == "linearised logit t"


def test_f1_has_wilsons_interval_of_the_share_of_hits_among_all_that_is_true_or_predicted() -> None:
    row = multiclass()["all", "m", "f1", "b"]
    hits = int(((TRUTH == "b") & (PREDICTION == "b")).sum())
    touched = int(((TRUTH == "b") | (PREDICTION == "b")).sum())
    wilson = scipy.stats.binomtest(hits, touched).proportion_ci(method="wilson")
    assert (row.ci_low, row.ci_high) == pytest.approx(
        [2 * end / (1 + end) for end in (wilson.low, wilson.high)], rel=1e-9
    )
    assert row.n == touched


def test_functions_of_two_by_two_tables_have_dirichlet_quantiles() -> None:
    truth, answer = (TRUTH == "a"), (PREDICTION == "a")
    names = np.array(["no", "yes"])
    workflow = ks.Classification("y", "p", positive="yes")
    results = results_of({"y": names[truth.astype(int)].tolist()}, workflow, {"p": names[answer.astype(int)].tolist()})
    small = results_of(
        {"y": names[truth[:60].astype(int)].tolist()}, workflow, {"p": names[answer[:60].astype(int)].tolist()}
    )
    assert results["all", "m", "mcc"].method == "linearised t"
    row = small["all", "m", "mcc"]
    table = sk.confusion_matrix(truth[:60], answer[:60]).ravel()
    tn, fp, fn, tp = np.random.default_rng(5).dirichlet(table + 0.5, size=40_000).T
    drawn = (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    assert [row.ci_low, row.ci_high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]).tolist(), abs=0.02)
    assert row.method == "dirichlet"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["f1_macro", "mcc", "cohen_kappa", "recall_macro", "precision_weighted"])
def test_functions_of_many_classes_have_percentiles_of_multinomial_tables(name: str) -> None:
    score = {
        "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro"),
        "mcc": sk.matthews_corrcoef,
        "cohen_kappa": sk.cohen_kappa_score,
        "recall_macro": lambda y, p: sk.recall_score(y, p, average="macro"),
        "precision_weighted": lambda y, p: sk.precision_score(y, p, average="weighted"),
    }[name]
    row = multiclass(metrics=[name])["all", "m", name]
    assert row.method == "multinomial percentile"
    rng = np.random.default_rng(2)
    drawn = [score(TRUTH[kept], PREDICTION[kept]) for kept in (rng.integers(0, N, N) for _ in range(sized(500, 1_500)))]
    assert [row.ci_low, row.ci_high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]).tolist(), abs=0.012)


def test_a_class_with_few_truths_makes_the_interval_approximate() -> None:
    truth = ["a"] * 60 + ["b"] * 60 + ["c"] * 5
    answers = ["a"] * 50 + ["b"] * 65 + ["c"] * 10
    row = results_of({"y": truth}, ks.Classification("y"), {"prediction": answers})["all", "m", "f1_macro"]
    assert row.method == "multinomial percentile, approximate: a class has fewer than 10 truths"


def test_large_classes_have_linearised_intervals_that_the_jackknife_confirms() -> None:
    truth, answers = np.tile(TRUTH, 3), np.tile(PREDICTION, 3)
    results = results_of({"y": truth.tolist()}, ks.Classification("y"), {"prediction": answers.tolist()})
    for name in ("f1_macro", "mcc", "cohen_kappa", "balanced_accuracy", "precision_weighted", "f_beta_macro"):
        row = results["all", "m", name]
        assert row.method == "linearised t", name
        score = {
            "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro"),
            "mcc": sk.matthews_corrcoef,
            "cohen_kappa": sk.cohen_kappa_score,
            "balanced_accuracy": sk.balanced_accuracy_score,
            "precision_weighted": lambda y, p: sk.precision_score(y, p, average="weighted"),
            "f_beta_macro": lambda y, p: sk.fbeta_score(y, p, beta=2, average="macro"),
        }[name]
        # Samples of one cell of the confusion matrix count alike: one of each stands for all.
        cells, counts = np.unique(np.stack([truth, answers]), axis=1, return_counts=True)
        left_out = []
        for cell in cells.T:
            gone = np.flatnonzero((truth == cell[0]) & (answers == cell[1]))[0]
            kept = np.delete(np.arange(len(truth)), gone)
            left_out.append(score(truth[kept], answers[kept]))
        mean = np.average(left_out, weights=counts)
        n = len(truth)
        expected = math.sqrt((n - 1) / n * np.average(np.square(left_out - mean), weights=counts) * n)
        assert error_of(row, n) == pytest.approx(expected, rel=0.02), name


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([3.0], "no interval: fewer than two samples are measured"),
        ([3.0, 3.0], "no interval: nothing varies in these samples, so nothing is known of how it would in others"),
    ],
)
def test_a_mean_without_spread_has_no_interval_but_a_reason(values: list[float], reason: str) -> None:
    row = results_of({"x": values}, ks.Judged(score="g"), {"g": values})["all", "m", "mean_score"]
    assert (row.value, row.ci_low, row.ci_high, row.reason) == (3.0, None, None, reason)


def test_perfect_scores_have_no_interval_but_a_reason() -> None:
    row = binary(["yes", "no"] * 20, np.array([0.9, 0.1] * 20))["all", "m", "roc_auc"]
    assert (row.value, row.ci_low) == (1.0, None)
    assert "nothing varies" in str(row.reason)


def test_intervals_repeat_and_do_not_depend_on_the_other_test_cases() -> None:
    samples, answers = {"y": TRUTH.tolist(), "k": list(range(N))}, {"prediction": PREDICTION.tolist()}
    store = store_with(samples, ks.Classification("y"), {"m": answers})
    alone = store.test("d", metrics=["f1_macro", "mcc"])
    store.apply_suite("d", 'CREATE VIEW "early" AS SELECT * FROM test_samples WHERE k < 100;', name="s")
    among = store.test("d", "m", "s", metrics=["mcc", "f1_macro", "accuracy"])
    for name in ("f1_macro", "mcc"):
        assert alone["all", "m", name].ci_low == among["all", "m", name].ci_low
        assert alone["all", "m", name].ci_high == among["all", "m", name].ci_high
