"""Repeats: several answers of a model to each sample, averaged for each first; the sample is the cluster."""

from typing import Any

import numpy as np
import pytest
from repeated_answers import Repeated, repeats_of
from scipy import stats
from sklearn import metrics as sk

import kolena_store as ks

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")

N = 90


def labelled(seed: int = 0, **options: Any) -> Repeated:
    rng = np.random.default_rng(seed)
    of, seeds = repeats_of(rng, N, 4)
    truth = rng.choice(["no", "yes"], N)
    score = np.round(np.clip(0.5 + 0.3 * (truth[of] == "yes") + rng.normal(0, 0.35, len(of)), 0, 1), 2)
    samples = {"y": truth, "w": np.round(rng.random(N) * 3, 2), "patient": rng.integers(0, 12, N)}
    answers = {"p": np.where(score >= 0.6, "yes", "no"), "score": score}
    return Repeated(samples=samples, answers=answers, of=of, seed=seeds, options=options)


def measured(seed: int = 0, **options: Any) -> Repeated:
    rng = np.random.default_rng(seed)
    of, seeds = repeats_of(rng, N, 4)
    y = rng.normal(10, 3, N)
    samples = {"y": y, "w": np.round(rng.random(N) * 3, 2), "patient": rng.integers(0, 12, N)}
    drift = rng.normal(0, 1, N)
    answers = {"p": y[of] + drift[of] + rng.normal(0, 0.5, len(of))}
    return Repeated(samples=samples, answers=answers, of=of, seed=seeds, options=options)


BINARY = ks.Classification("y", prediction="p", score="score", positive="yes")
NUMBERS = ks.Regression("y", "p")
DESIGNS = ({}, {"weight": "w"}, {"cluster": "patient"}, {"weight": "w", "cluster": "patient"})


def rows(results: ks.TestResults) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {(row["test_case"], row["metric"], row["class"]): row for row in results.rows()}


def numbers(row: dict[str, Any]) -> list[float]:
    return [float("nan") if row[name] is None else row[name] for name in ("value", "ci_low", "ci_high")]


def suite(store: ks.Store) -> None:
    store.apply_suite("d", 'CREATE VIEW "Some" AS SELECT * FROM test_samples WHERE w > 1;', name="some")


# Numbers: against averages of samples, scikit-learn, and the answers as samples of their own.


def mean_by_sample(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    return np.array([values[of == sample].mean() for sample in np.unique(of)])


def jackknife(values: np.ndarray, weights: np.ndarray, statistic: Any = lambda mean: mean) -> tuple[float, float]:
    """The statistic of a weighted mean of samples, and its standard error by leaving out one after the other."""
    n = len(values)
    left = np.array([statistic(np.average(np.delete(values, i), weights=np.delete(weights, i))) for i in range(n)])
    return statistic(np.average(values, weights=weights)), np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())


@pytest.mark.sampled(2)
@pytest.mark.parametrize("weight", [None, "w"])
def test_means_are_of_averages_by_sample_with_a_jackknife_over_samples(weight: str | None) -> None:
    data = measured(1, **({"weight": weight} if weight else {}))
    error = data.answers["p"] - data.samples["y"][data.of]
    weights = data.samples["w"] if weight else np.ones(N)
    found = data.store(NUMBERS).test("d", "m")
    kinds = {
        "mae": (np.abs(error), lambda mean: mean),
        "bias": (error, lambda mean: mean),
        "rmse": (error**2, np.sqrt),
    }
    for name, (values, statistic) in kinds.items():
        value, deviation = jackknife(mean_by_sample(values, data.of), weights, statistic)
        one = found["all", "m", name]
        reach = stats.t.ppf(0.975, N - 1) * deviation
        assert (one.value, one.ci_low, one.ci_high) == pytest.approx((value, value - reach, value + reach), rel=1e-9)
        assert (one.n, one.n_samples, one.n_missing, one.n_null) == (N, N, 0, 0)
        assert one.method == f"jackknife t, {N} samples"


@pytest.mark.sampled(2)
def test_accuracy_has_the_interval_of_the_samples_that_it_is_worth() -> None:
    data = labelled(2)
    right = (data.answers["p"] == data.samples["y"][data.of]).astype(float)
    share, deviation = jackknife(mean_by_sample(right, data.of), np.ones(N))
    trials = min(share * (1 - share) / deviation**2, len(data.of))
    z = stats.norm.ppf(0.975)
    middle, spread = share + z**2 / (2 * trials), z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    one = data.store(BINARY).test("d", "m")["all", "m", "accuracy"]
    expected = (share, (middle - spread) / (1 + z**2 / trials), (middle + spread) / (1 + z**2 / trials))
    assert (one.value, one.ci_low, one.ci_high) == pytest.approx(expected, rel=1e-9)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("options", DESIGNS, ids=str)
def test_ratios_and_areas_are_those_of_scikit_learn_with_the_share_as_weight(options: dict[str, str]) -> None:
    data = labelled(3, **options)
    weights = (data.samples["w"] if "weight" in options else np.ones(N))[data.of] / data.n_repeats
    truth, prediction, score = data.samples["y"][data.of], data.answers["p"], data.answers["score"]
    found = data.store(BINARY).test("d", "m")
    weighed = {"sample_weight": weights}
    expected = {
        "precision": sk.precision_score(truth, prediction, pos_label="yes", **weighed),
        "recall": sk.recall_score(truth, prediction, pos_label="yes", **weighed),
        "f1": sk.f1_score(truth, prediction, pos_label="yes", **weighed),
        "mcc": sk.matthews_corrcoef(truth, prediction, **weighed),
        "cohen_kappa": sk.cohen_kappa_score(truth, prediction, **weighed),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, prediction, **weighed),
        "roc_auc": sk.roc_auc_score(truth, score, **weighed),
        "average_precision": sk.average_precision_score(truth, score, pos_label="yes", **weighed),
    }
    assert {name: found["all", "m", name].value for name in expected} == pytest.approx(expected, rel=1e-9)


WORKFLOWS = {
    "binary": (BINARY, labelled),
    "labels": (ks.Classification("y", prediction="p"), labelled),
    "numbers": (NUMBERS, measured),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("options", DESIGNS, ids=str)
@pytest.mark.parametrize("kind", WORKFLOWS)
def test_every_value_and_interval_is_that_of_answers_as_samples(kind: str, options: dict[str, str]) -> None:
    workflow, make = WORKFLOWS[kind]
    data = make(4, **options)
    stores = data.store(workflow), data.as_samples(workflow)
    for store in stores:
        suite(store)
    found, expected = (rows(store.test("d", "m", "some")) for store in stores)
    assert found.keys() == expected.keys()
    for key, row in found.items():
        assert numbers(row) == pytest.approx(numbers(expected[key]), rel=1e-9, abs=1e-12, nan_ok=True), key
        if "cluster" not in options and row["method"]:
            assert row["method"].replace("samples", "clusters") == expected[key]["method"], key
    n = int((data.samples["w"] > 1).sum())
    assert {row["n_samples"] for key, row in found.items() if key[0] == "Some"} == {n}


@pytest.mark.sampled(2)
def test_graded_answers_and_labels_of_any_number() -> None:
    rng = np.random.default_rng(5)
    of, seed = repeats_of(rng, N, 3)
    verdicts = [None if rng.random() < 0.1 else bool(rng.random() < 0.7) for _ in of]
    samples = {"topic": rng.choice(["a", "b"], N), "w": rng.random(N)}
    judged = Repeated(samples=samples, answers={"verdict": verdicts}, of=of, seed=seed)
    labels = [rng.choice(list("abc"), rng.integers(0, 3), replace=False).tolist() for _ in range(N)]
    said = [rng.choice(list("abc"), rng.integers(0, 3), replace=False).tolist() for _ in of]
    several = Repeated(samples={"y": labels, "w": rng.random(N)}, answers={"p": said}, of=of, seed=seed)
    for data, workflow in ((judged, ks.Judged("verdict")), (several, ks.MultilabelClassification("y", "p"))):
        found = rows(data.store(workflow).test("d", "m"))
        expected = rows(data.as_samples(workflow).test("d", "m"))
        assert found.keys() == expected.keys()
        for key, row in found.items():
            assert numbers(row) == pytest.approx(numbers(expected[key]), rel=1e-9, abs=1e-12, nan_ok=True), key
    known = np.array([one is not None for one in verdicts])
    shares = 1 / judged.n_repeats
    passed = rows(judged.store(ks.Judged("verdict")).test("d", "m"))["all", "pass_rate", None]
    right = np.array([bool(one) for one in verdicts])
    assert passed["value"] == pytest.approx((shares * right)[known].sum() / shares[known].sum())
    assert passed["n"] == round(shares[known].sum())
    assert passed["n_null"] == round(N - shares[known].sum())
