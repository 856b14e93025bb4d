"""Intervals of user metrics: ratios of sums by influences, everything else by samples drawn again, clusters whole."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from small_stores import table_of, temporary_store

import kolena_store as ks

N = 300
RANDOM = np.random.default_rng(5)
STEPS = RANDOM.integers(1, 40, N)
OPTIMAL = np.maximum(STEPS - RANDOM.integers(0, 9, N), 1)
SOLVED = RANDOM.random(N) < 0.7
GROUP = np.arange(N) // 6
SUITE = 'CREATE VIEW "some" AS SELECT * FROM test_samples WHERE id % 3 <> 0;'
SOME = np.arange(N) % 3 != 0

EXTRA = "sum(i.steps - s.optimal) FILTER (i.solved) / nullif(count(*) FILTER (i.solved), 0)"
METRICS = f"""\
-- metric: extra_steps  better: lower  interval: ratio
SELECT {EXTRA} AS value, count(*) FILTER (i.solved) AS n FROM results;
-- metric: mean_steps  better: lower  interval: ratio
SELECT avg(i.steps) AS value FROM results;
-- metric: share_of_steps  better: lower  interval: ratio
SELECT sqrt(sum(i.steps)) / sum(s.optimal) AS value FROM results;
-- metric: middle_steps  better: lower  interval: bootstrap
SELECT median(i.steps) AS value FROM results;
-- metric: extra_again  better: lower  interval: bootstrap
SELECT {EXTRA} AS value FROM results;
-- metric: spread_of_steps  better: none  interval: ratio
SELECT stddev(i.steps) AS value FROM results;
-- metric: solved  better: higher  interval: proportion
SELECT avg(i.solved::INTEGER) AS value, count(*) AS n FROM results;
-- metric: nothing  better: higher  interval: ratio
SELECT sum(i.steps) FILTER (i.steps > 1e9) / count(*) AS value FROM results;
"""


def results_with(*names: str, by_case: bool = True, **sampling: Any) -> ks.TestResults:
    """The results of the metrics of these names, or of all of them: to draw samples again takes most of the time."""
    metrics = [one for one in METRICS.split("-- metric: ") if one]
    store = temporary_store()
    samples = table_of({"optimal": OPTIMAL, "g": GROUP})
    store.upload_dataset("d", samples, id_fields=["id"], workflow=ks.Judged(verdict="solved"), **sampling)
    store.upload_results("d", "m", table_of({"steps": STEPS, "solved": SOLVED}))
    store.apply_metrics("d", "".join(f"-- metric: {one}" for one in metrics if not names or one.split()[0] in names))
    store.apply_suite("d", SUITE if by_case else "", name="cases")
    return store.test("d", "m", "cases")


@pytest.fixture(scope="module")
def results() -> ks.TestResults:
    return results_with()


@pytest.fixture(scope="module")
def clustered() -> ks.TestResults:
    return results_with("extra_steps", "extra_again", "solved", by_case=False, cluster="g")


def bounds(value: float, error: float, units: float) -> tuple[float, float]:
    low, high = stats.t.interval(0.95, units - 1, loc=value, scale=error)
    return float(low), float(high)


def error_of(moved: Any, groups: Any = None) -> float:
    moved = np.asarray(moved)
    if groups is not None:
        moved = np.bincount(np.unique(groups, return_inverse=True)[1], moved)
    return float(np.sqrt((moved**2).sum() * len(moved) / (len(moved) - 1)))


def ratio(chosen: Any) -> tuple[float, Any]:
    """The ratio of sums, and how much each sample moves it (Cochran 1977, section 6.3)."""
    top, bottom = ((STEPS - OPTIMAL) * SOLVED)[chosen], SOLVED[chosen].astype(float)
    value = top.sum() / bottom.sum()
    return float(value), (top - value * bottom) / bottom.sum()


@pytest.mark.parametrize(("case", "chosen"), [("all", np.ones(N, dtype=bool)), ("some", SOME)])
def test_a_ratio_of_sums_has_the_error_of_a_ratio(case: str, chosen: Any, results: ks.TestResults) -> None:
    row = results[case, "m", "extra_steps"]
    value, moved = ratio(chosen)
    assert row.value == pytest.approx(value)
    assert (row.ci_low, row.ci_high) == pytest.approx(bounds(value, error_of(moved), chosen.sum()), rel=1e-6)
    assert row.method == "linearised t"


def test_a_mean_has_the_interval_of_scipy(results: ks.TestResults) -> None:
    row = results["all", "m", "mean_steps"]
    expected = stats.t.interval(0.95, N - 1, loc=STEPS.mean(), scale=stats.sem(STEPS))
    assert (row.ci_low, row.ci_high) == pytest.approx(expected, rel=1e-6)


def test_any_smooth_function_of_sums_is_linearised(results: ks.TestResults) -> None:
    row = results["all", "m", "share_of_steps"]
    top, bottom = STEPS.sum(), OPTIMAL.sum()
    by_top, by_bottom = 0.5 / np.sqrt(top) / bottom, -np.sqrt(top) / bottom**2
    moved = by_top * (STEPS - STEPS.mean()) + by_bottom * (OPTIMAL - OPTIMAL.mean())
    expected = bounds(float(np.sqrt(top) / bottom), error_of(moved), N)
    assert (row.ci_low, row.ci_high) == pytest.approx(expected, rel=1e-5)


@pytest.mark.sampled(2)
def test_clusters_are_kept_together(clustered: ks.TestResults) -> None:
    value, moved = ratio(np.ones(N, dtype=bool))
    row = clustered["all", "m", "extra_steps"]
    assert (row.ci_low, row.ci_high) == pytest.approx(bounds(value, error_of(moved, GROUP), N / 6), rel=1e-6)
    assert row.method == "linearised t, 50 clusters"


def test_a_proportion_of_clusters_has_the_n_of_as_precise_independent_samples(clustered: ks.TestResults) -> None:
    row = clustered["all", "m", "solved"]
    share = SOLVED.mean()
    n = min(share * (1 - share) / error_of((SOLVED - share) / N, GROUP) ** 2, N)
    z = stats.norm.ppf(0.975)
    centre, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    assert (row.ci_low, row.ci_high) == pytest.approx(
        ((centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n))
    )
    assert row.method == "wilson, effective n, 50 clusters"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["middle_steps", "extra_again", "spread_of_steps"])
def test_other_queries_are_asked_of_samples_that_are_drawn_again(name: str, results: ks.TestResults) -> None:
    statistic = {
        "middle_steps": lambda rows: np.median(STEPS[rows]),
        "extra_again": lambda rows: ((STEPS - OPTIMAL) * SOLVED)[rows].sum() / SOLVED[rows].sum(),
        "spread_of_steps": lambda rows: STEPS[rows].std(ddof=1),
    }[name]
    random = np.random.default_rng(1)
    error = np.std([statistic(random.integers(N, size=N)) for _ in range(2_000)], ddof=1)
    row = results["all", "m", name]
    half = (row.ci_high - row.ci_low) / 2
    assert row.value == pytest.approx(statistic(np.arange(N)))
    assert half == pytest.approx(stats.t.ppf(0.975, N - 1) * error, rel=0.2)  # of 200 draws: within .1 on average
    assert row.method == "bootstrap t"


def test_drawing_again_leaves_the_next_queries_alone(results: ks.TestResults) -> None:
    assert results["some", "m", "extra_again"].value == pytest.approx(ratio(SOME)[0])
    assert results["some", "m", "spread_of_steps"].value == pytest.approx(STEPS[SOME].std(ddof=1))


def test_clusters_are_drawn_whole(clustered: ks.TestResults, results: ks.TestResults) -> None:
    row = clustered["all", "m", "extra_again"]
    linearised = clustered["all", "m", "extra_steps"]
    assert row.ci_high - row.ci_low == pytest.approx(linearised.ci_high - linearised.ci_low, rel=0.2)
    assert row.method == "bootstrap t, 50 clusters"
    assert results["all", "m", "extra_again"].method == "bootstrap t"


def test_an_undefined_value_has_no_interval(results: ks.TestResults) -> None:
    row = results["all", "m", "nothing"]
    assert (row.value, row.ci_low, row.method) == (None, None, None)


@pytest.mark.sampled(2)
def test_intervals_repeat(results: ks.TestResults) -> None:
    again = results_with("middle_steps", "extra_steps")
    for name in ("middle_steps", "extra_steps"):
        assert again["some", "m", name] == results["some", "m", name]
