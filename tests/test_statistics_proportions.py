"""Intervals for proportions, against scipy and the equation that defines them."""

import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput
from kolena_store.statistics.levels import normal_quantile
from kolena_store.statistics.proportions import Interval, wilson, wilson_bounds

LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
COUNTS = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, LEVELS)
def test_wilson_is_that_of_scipy(counts: tuple[int, int], level: float) -> None:
    found = wilson(*counts, level=level)
    expected = scipy.stats.binomtest(*counts).proportion_ci(confidence_level=level, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


@given(COUNTS, LEVELS)
def test_the_score_test_just_rejects_at_the_bounds(counts: tuple[int, int], level: float) -> None:
    successes, n = counts
    found = wilson(successes, n, level)
    for bound in (found.low, found.high):
        if 0 < bound < 1:
            score = abs(successes / n - bound) / math.sqrt(bound * (1 - bound) / n)
            assert score == pytest.approx(normal_quantile(level), rel=1e-6)


@given(COUNTS, LEVELS)
def test_an_interval_holds_its_proportion_and_has_a_width(counts: tuple[int, int], level: float) -> None:
    found = wilson(*counts, level=level)
    assert 0 <= found.low <= counts[0] / counts[1] <= found.high <= 1
    assert found.low < found.high


@given(COUNTS)
def test_failures_have_the_mirrored_interval(counts: tuple[int, int]) -> None:
    successes, n = counts
    found, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((found.low, found.high), abs=1e-14)


def test_the_bounds_are_exact_where_all_or_none_succeeded() -> None:
    for n in (1, 3, 10, 12_345):
        assert wilson(0, n).low == 0.0
        assert wilson(n, n).high == 1.0


def test_a_published_interval_is_reproduced() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263.
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_arrays_and_single_counts_give_the_same_bounds() -> None:
    successes, n = np.array([0, 3, 7, 0]), np.array([5, 3, 20, 0])
    low, high = wilson_bounds(successes, n, 0.9)
    single = [wilson(s, t, 0.9) for s, t in zip(successes.tolist(), n.tolist(), strict=True)]
    assert np.array_equal(low, [interval.low for interval in single], equal_nan=True)
    assert np.array_equal(high, [interval.high for interval in single], equal_nan=True)


def test_no_trial_has_no_bounds() -> None:
    low, high = wilson_bounds(np.array([0, 1]), np.array([0, 2]), 0.95)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False]
    assert math.isnan(wilson(0, 0).low)


def test_no_counts_have_no_bounds() -> None:
    low, high = wilson_bounds(np.array([]), np.array([]))
    assert low.shape == high.shape == (0,)


def test_an_effective_number_of_trials_need_not_be_whole() -> None:
    narrow, wide = wilson(30, 100), wilson(30 / 2.5, 100 / 2.5)
    assert wide.low < narrow.low < 0.3 < narrow.high < wide.high


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3), (math.nan, 3), (1, math.nan), (1, math.inf), (-1, -1)])
def test_counts_that_can_not_be_are_refused(successes: float, n: float) -> None:
    with pytest.raises(InvalidInput, match="0 <= successes <= n"):
        wilson(successes, n)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        wilson(1, 2, level)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999999, 1 - 2**-53])
def test_the_normal_quantile_is_that_of_scipy(level: float) -> None:
    assert normal_quantile(level) == pytest.approx(scipy.stats.norm.isf((1 - level) / 2), rel=1e-12)


def test_an_interval_keeps_its_method_and_level() -> None:
    found = wilson(1, 2, 0.8)
    assert found == Interval(low=found.low, high=found.high, method="wilson", level=0.8)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.__setattr__("low", 0.0)


def test_coverage_is_near_its_level_on_a_grid_of_proportions() -> None:
    # Exact, by the binomial distribution: the mean over the grid is what Wilson's interval promises, not each point.
    n = 100
    low, high = wilson_bounds(np.arange(n + 1), n)
    covers = [
        scipy.stats.binom.pmf(np.arange(n + 1), n, p)[(low <= p) & (p <= high)].sum()
        for p in np.linspace(0.02, 0.98, 97)
    ]
    assert 0.945 < np.mean(covers) < 0.96


def test_the_modules_load_without_numpy() -> None:
    code = "import sys, kolena_store.statistics; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
