"""Comparisons of models that answered each sample several times: averages of each sample are paired by sample."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from repeated_answers import SEED_FIELD, Repeated, repeats_of
from scipy import stats

import kolena_store as ks

N = 120
LABELS = ks.Classification("y", prediction="p", score="score", positive="yes")
NUMBERS = ks.Regression("y", "p")
DESIGNS = (
    (LABELS, {}),
    (LABELS, {"weight": "w", "cluster": "patient"}),
    (NUMBERS, {"weight": "w"}),
    (NUMBERS, {"cluster": "patient"}),
)
CLOSE = {"rel": 1e-9, "abs": 1e-12}
Problem = tuple[Repeated, Repeated]


def samples_of(rng: np.random.Generator, truth: Any) -> dict[str, Any]:
    return {"y": truth, "w": np.round(0.2 + rng.random(N) * 3, 2), "patient": rng.integers(0, 15, N)}


def labelled(*, most: tuple[int, int], is_alike: bool = False, seed: int = 0, **options: Any) -> Problem:
    """Two models' labels and scores, of which `b` is the better one; with the same repeats where `is_alike`."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(["no", "yes"], N)
    samples, found = samples_of(rng, truth), []
    rows = [repeats_of(rng, N, one) for one in most]
    for lift, (of, seeds) in zip((0.2, 0.4), [rows[0], rows[0]] if is_alike else rows, strict=True):
        score = np.round(np.clip(0.5 + lift * (truth[of] == "yes") + rng.normal(0, 0.3, len(of)), 0, 1), 2)
        answers = {"p": np.where(score >= 0.6, "yes", "no"), "score": score}
        found.append(Repeated(samples=samples, answers=answers, of=of, seed=seeds, options=options))
    return found[0], found[1]


def measured(*, most: tuple[int, int], is_alike: bool = False, seed: int = 0, **options: Any) -> Problem:
    """Two models' forecasts of a number, of which `b` is the better one."""
    rng = np.random.default_rng(seed)
    truth, drift = rng.normal(10, 3, N), rng.normal(0, 1, N)
    samples, found = samples_of(rng, truth), []
    rows = [repeats_of(rng, N, one) for one in most]
    for noise, (of, seeds) in zip((1.0, 0.6), [rows[0], rows[0]] if is_alike else rows, strict=True):
        answers = {"p": truth[of] + drift[of] + rng.normal(0, noise, len(of))}
        found.append(Repeated(samples=samples, answers=answers, of=of, seed=seeds, options=options))
    return found[0], found[1]


def store_of(problem: Problem, workflow: Any) -> ks.Store:
    store = problem[0].store(workflow)
    store.upload_results("d", "b", problem[1].table(), repeat_field=SEED_FIELD)
    return store


def as_samples(problem: Problem, workflow: Any) -> ks.Store:
    store = problem[0].as_samples(workflow)
    answers = {"id": np.arange(len(problem[1].of)), **problem[1].answers}
    store.upload_results("d", "b", pa.table(answers))
    return store


def compared(store: ks.Store, metrics: list[str], **options: Any) -> ks.Comparison:
    store.apply_suite("d", 'CREATE VIEW "Some" AS SELECT * FROM test_samples WHERE w > 1;', name="some")
    return store.compare("d", "b", "m", "some", metrics=metrics, **options)


def by_sample(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    return np.array([values[of == sample].mean() for sample in range(N)])


def jackknifed(values: np.ndarray) -> float:
    n = len(values)
    return float(np.sqrt((n - 1) / n * np.sum((values - values.mean()) ** 2)))


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("workflow", "options"), DESIGNS, ids=["labels", "both", "weights", "clusters"])
def test_answers_are_what_samples_in_clusters_with_shares_of_a_weight_are(
    workflow: Any, options: dict[str, str]
) -> None:
    problem = (labelled if workflow is LABELS else measured)(most=(4, 4), is_alike=True, **options)
    metrics = (
        ["accuracy", "f1", "mcc", "roc_auc", "average_precision", "log_loss"]
        if workflow is LABELS
        else ["mae", "rmse", "r2", "median_absolute_error"]
    )
    found, expected = (compared(make(problem, workflow), metrics).rows() for make in (store_of, as_samples))
    assert len(found) == len(expected) == 2 * len(metrics)
    for row, other in zip(found, expected, strict=True):
        assert (row["test_case"], row["metric"]) == (other["test_case"], other["metric"])
        for name in ("value", "baseline", "delta", "ci_low", "ci_high", "p", "mde"):
            assert row[name] == pytest.approx(other[name], **CLOSE), (row["test_case"], row["metric"], name)
        assert row["p"] is not None


@pytest.mark.sampled(3)
@pytest.mark.parametrize("most", [(4, 4), (1, 4), (3, 1)])
def test_averages_of_each_sample_are_paired(most: tuple[int, int]) -> None:
    problem = measured(most=most, seed=1)
    truth = problem[0].samples["y"]
    found = compared(store_of(problem, NUMBERS), ["mae"])
    error = [by_sample(np.abs(one.answers["p"] - truth[one.of]), one.of) for one in problem]
    chosen = problem[0].samples["w"] > 1
    for test_case, here in (("all", np.ones(N, dtype=bool)), ("Some", chosen)):
        row, test = found[test_case, "b", "mae"], stats.ttest_rel(error[1][here], error[0][here])
        bounds = test.confidence_interval()
        assert row.delta == pytest.approx(np.mean(error[1][here] - error[0][here]), **CLOSE)
        assert row.p == pytest.approx(test.pvalue, **CLOSE)
        assert (row.ci_low, row.ci_high) == pytest.approx((bounds.low, bounds.high), **CLOSE)
        assert (row.n, row.baseline_n) == (here.sum(), here.sum())
        assert str(row.test).endswith(f"{here.sum()} samples")


def test_a_function_of_counts_is_computed_without_each_sample() -> None:
    problem = labelled(most=(3, 5), seed=2)
    truth = problem[0].samples["y"] == "yes"

    def f1(one: Repeated, chosen: np.ndarray) -> float:
        share, said, is_yes = 1 / one.n_repeats, one.answers["p"] == "yes", truth[one.of]
        share = np.where(chosen[one.of], share, 0.0)
        hits = share[said & is_yes].sum()
        return float(2 * hits / (share[said].sum() + share[is_yes].sum()))

    row = compared(store_of(problem, LABELS), ["f1"])["all", "b", "f1"]
    without = [np.arange(N) != sample for sample in range(N)]
    error = jackknifed(np.array([f1(problem[1], one) - f1(problem[0], one) for one in without]))
    everything = np.ones(N, dtype=bool)
    assert row.delta == pytest.approx(f1(problem[1], everything) - f1(problem[0], everything), **CLOSE)
    assert row.ci_high - row.ci_low == pytest.approx(2 * stats.t.ppf(0.975, N - 1) * error, **CLOSE)  # type: ignore[operator]


@pytest.mark.sampled(2)
def test_the_same_answer_given_twice_changes_nothing() -> None:
    once = measured(most=(1, 1), seed=3)
    twice = tuple(
        replace(
            one,
            answers={"p": np.tile(one.answers["p"], 2)},
            of=np.tile(one.of, 2),
            seed=np.repeat([0, 1], len(one.of)),
        )
        for one in once
    )
    metrics = ["mae", "r2"]
    found, expected = (compared(store_of(one, NUMBERS), metrics).rows() for one in (twice, once))
    for row, other in zip(found, expected, strict=True):
        assert (row["n"], row["verdict"]) == (other["n"], other["verdict"])
        for name in ("delta", "p", "ci_low"):
            assert row[name] == pytest.approx(other[name], rel=1e-9)


def test_what_was_answered_how_often_is_said() -> None:
    store = store_of(labelled(most=(2, 4)), LABELS)
    text = " ".join(str(compared(store, ["accuracy"])).split())
    assert "b answered each sample 1 to 4 times (by seed); m answered each sample 1 to 2 times (by seed)" in text


def test_few_samples_whose_answers_differ_allow_no_verdict() -> None:
    problem = labelled(most=(3, 3), is_alike=True)
    answers = {name: values.copy() for name, values in problem[0].answers.items()}
    few = np.isin(problem[0].of, np.arange(6))
    answers["p"][few] = np.where(problem[0].samples["y"][problem[0].of[few]] == "yes", "no", "yes")
    row = compared(store_of((problem[0], replace(problem[0], answers=answers)), LABELS), ["f1"])["all", "b", "f1"]
    assert row.verdict == "inconclusive"
    assert "6 samples differ" in str(row.reason) or "5 samples differ" in str(row.reason)


def test_a_permutation_swaps_all_answers_to_a_sample() -> None:
    store = store_of(measured(most=(3, 2), seed=4), NUMBERS)
    by_error, by_swaps = (compared(store, ["mae"], test=test)["all", "b", "mae"] for test in ("default", "permutation"))
    assert str(by_swaps.test).startswith("permutation")
    assert by_swaps.p == pytest.approx(by_error.p, abs=0.02)


OWN = """\
-- metric: own_error    better: lower    interval: ratio
SELECT sum(_weight * abs(i.p - s.y)) / sum(_weight) AS value FROM results;
"""


@pytest.mark.sampled(2)
def test_metrics_of_the_user_are_paired_by_sample_too() -> None:
    store = store_of(measured(most=(3, 2), seed=5), NUMBERS)
    store.apply_metrics("d", OWN)
    found = store.compare("d", "b", "m", metrics=["mae", "own_error"])
    mae, own = (found["all", "b", metric] for metric in ("mae", "own_error"))
    assert own.n == N
    assert own.delta == pytest.approx(mae.delta, **CLOSE)
    assert (own.ci_low, own.ci_high) == pytest.approx((mae.ci_low, mae.ci_high), rel=1e-6)
    assert own.test == f"paired linearised t, {N} samples"


def test_samples_behind_a_difference_have_the_average_of_their_answers() -> None:
    problem = labelled(most=(3, 1), seed=6)
    store, truth = store_of(problem, LABELS), problem[0].samples["y"]
    right = [by_sample((one.answers["p"] == truth[one.of]).astype(float), one.of) for one in problem]
    rows = store.differing_samples("d", "b", "m", metric="accuracy").rows()
    assert {row["id"] for row in rows} == set(np.flatnonzero(right[0] != right[1]).tolist())
    for row in rows:
        found = (row["baseline_value"], row["model_value"])
        assert found == pytest.approx((right[0][row["id"]], right[1][row["id"]]))
