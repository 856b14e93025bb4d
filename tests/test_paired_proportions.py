"""Tests and intervals of two paired proportions, against statsmodels, scipy and the likelihood itself."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from kolena_store.errors import InvalidInput
from kolena_store.statistics.paired_proportions import (
    equivalence_p,
    mcnemar_exact,
    mcnemar_mid_p,
    score_bounds,
    score_detectable,
    score_statistic,
)

COUNTS = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 400))


def likely_second(first: int, second: int, n: int, difference: float) -> float:
    """The share of samples that the second side alone has right, most likely when the difference is a given one."""
    least, most = max(0.0, -difference), (1 - difference) / 2

    def loss(share: float) -> float:
        shares = [share + difference, share, 1 - 2 * share - difference]
        return -sum(
            k * np.log(max(one, 1e-300)) for k, one in zip((first, second, n - first - second), shares, strict=True)
        )

    found = scipy.optimize.minimize_scalar(loss, bounds=(least, most), method="bounded", options={"xatol": 1e-13})
    return float(min((found.x, least, most), key=loss))


def statistic_by_hand(first: int, second: int, n: int, difference: float) -> float:
    """Tango 1998 from the likelihood, without his closed form."""
    share = likely_second(first, second, n, difference)
    variance = n * (2 * share + difference - difference**2)
    return (first - second - n * difference) / np.sqrt(variance)


@given(COUNTS)
def test_the_exact_test_is_that_of_statsmodels(counts: tuple[int, int, int]) -> None:
    first, second, _ = counts
    expected = mcnemar([[0, first], [second, 0]], exact=True).pvalue
    assert float(mcnemar_exact(first, second)) == pytest.approx(expected, rel=1e-10)


@given(COUNTS)
def test_the_mid_p_value_is_the_exact_one_less_what_was_seen(counts: tuple[int, int, int]) -> None:
    first, second, _ = counts
    least, differing = min(first, second), first + second
    below = scipy.stats.binom.cdf(least - 1, differing, 0.5)
    expected = 1.0 if first == second else 2 * below + scipy.stats.binom.pmf(least, differing, 0.5)
    assert float(mcnemar_mid_p(first, second)) == pytest.approx(expected, rel=1e-9)


def test_models_without_a_difference_have_p_1() -> None:
    assert mcnemar_mid_p([0, 7], [0, 7]).tolist() == [1.0, 1.0]
    assert mcnemar_exact([0, 7], [0, 7]).tolist() == [1.0, 1.0]


@given(COUNTS, st.floats(-0.9, 0.9))
def test_the_score_statistic_follows_from_the_likelihood(counts: tuple[int, int, int], difference: float) -> None:
    first, second, rest = counts
    n = first + second + rest
    if n < 5 or abs(difference) < 1e-3:
        return
    found = float(score_statistic(first, second, n, difference))
    assert found == pytest.approx(statistic_by_hand(first, second, n, difference), rel=1e-3, abs=1e-3)


@given(COUNTS)
def test_the_interval_ends_where_the_statistic_reaches_the_limit(counts: tuple[int, int, int]) -> None:
    first, second, rest = counts
    n = first + second + rest
    low, high = (float(one) for one in score_bounds(first, second, n, level=0.95))
    if n == 0:
        assert np.isnan([low, high]).all()
        return
    limit = scipy.stats.norm.ppf(0.975)
    assert -1 <= low <= (first - second) / n <= high <= 1
    for end, sign in ((low, 1), (high, -1)):
        if abs(end) < 1 - 1e-9:
            assert float(score_statistic(first, second, n, end)) == pytest.approx(sign * limit, abs=1e-6)


def test_without_any_difference_the_interval_still_has_a_width() -> None:
    square = scipy.stats.norm.ppf(0.975) ** 2
    low, high = score_bounds([0, 0], [0, 0], [30, 1_000], level=0.95)
    assert high == pytest.approx([square / (30 + square), square / (1_000 + square)], abs=1e-9)
    assert low == pytest.approx(-high, abs=1e-12)


@given(COUNTS)
def test_swapping_the_sides_turns_the_interval_around(counts: tuple[int, int, int]) -> None:
    first, second, rest = counts
    n = first + second + rest
    here, there = score_bounds(first, second, n, level=0.9), score_bounds(second, first, n, level=0.9)
    assert [-float(here[1]), -float(here[0])] == pytest.approx([float(one) for one in there], abs=1e-12, nan_ok=True)


@given(COUNTS, st.floats(0.005, 0.5))
def test_equivalence_is_shown_when_the_interval_of_twice_alpha_lies_within(
    counts: tuple[int, int, int], tolerance: float
) -> None:
    first, second, rest = counts
    n = first + second + rest
    if n == 0:
        return
    p = float(equivalence_p(first, second, n, tolerance=tolerance))
    low, high = score_bounds(first, second, n, level=0.9)
    is_inside = bool((low > -tolerance) & (high < tolerance))
    assert is_inside == (p < 0.05) or p == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(("n", "differing"), [(40, 3), (100, 10), (1_000, 120), (50_000, 40)])
def test_the_detectable_difference_solves_the_equation_of_connor(n: int, differing: int) -> None:
    difference = float(score_detectable(differing, 0, n, alpha=0.05))
    share = max((differing + 1) / (n + 2), difference)
    test, power = scipy.stats.norm.ppf([0.975, 0.8])
    needed = (test * np.sqrt(share) + power * np.sqrt(share - difference**2)) ** 2 / difference**2
    assert needed == pytest.approx(n, rel=1e-9)


def test_too_few_samples_can_show_nothing() -> None:
    assert np.isnan(score_detectable(0, 0, [0, 1, 3], alpha=0.05)).all()


def test_a_level_outside_0_to_1_is_refused() -> None:
    with pytest.raises(InvalidInput, match="level"):
        score_bounds(1, 1, 10, level=1.5)
