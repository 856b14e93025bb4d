"""p-values of differences and of many tests together, against scipy and statsmodels."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from kolena_store.statistics.corrections import benjamini_hochberg, benjamini_yekutieli
from kolena_store.statistics.distributions import normal_cdf, t_cdf
from kolena_store.statistics.permutations import N_SWAPS, swapped_p, swapped_sums
from kolena_store.statistics.smooth_differences import (
    difference_bounds,
    difference_detectable,
    difference_p,
    within_tolerance_p,
)

P_VALUES = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1))


@given(P_VALUES)
def test_corrections_are_those_of_statsmodels(p: np.ndarray) -> None:
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)
    assert benjamini_yekutieli(p) == pytest.approx(multipletests(p, method="fdr_by")[1], abs=1e-12)


@given(P_VALUES, st.randoms())
def test_corrections_leave_out_what_is_no_test_and_don_t_know_an_order(p: np.ndarray, random: object) -> None:
    order = np.random.default_rng(len(p)).permutation(len(p) + 2)
    holes = np.append(p, [np.nan, np.nan])[order]
    found = benjamini_hochberg(holes)
    assert found[~np.isnan(holes)] == pytest.approx(benjamini_hochberg(p)[order[~np.isnan(holes)]], abs=1e-12)
    assert np.isnan(found[np.isnan(holes)]).all()


def test_no_test_needs_no_correction() -> None:
    assert benjamini_hochberg(np.array([])).size == 0
    assert np.isnan(benjamini_yekutieli(np.array([np.nan]))).all()


@given(st.floats(-60, 60), st.one_of(st.integers(1, 999), st.integers(1_000, 10**9)))
@example(t=1e-10, freedom=1)
def test_student_s_t_is_scipy_s_in_both_tails(t: float, freedom: int) -> None:
    # Next to 0 scipy's loses t in 1 + t^2 / freedom; there the curve is as good as straight.
    near_zero = 0.5 + t * scipy.stats.t.pdf(0, freedom)
    expected = near_zero if abs(t) < 1e-4 else scipy.stats.t.cdf(t, freedom)
    assert float(t_cdf(t, freedom)) == pytest.approx(expected, rel=1e-6, abs=1e-290)
    assert float(t_cdf(t, freedom)) == pytest.approx(expected, abs=1e-12)


@given(st.floats(-37, 37))
def test_the_normal_distribution_is_scipy_s_in_both_tails(z: float) -> None:
    assert float(normal_cdf(z)) == pytest.approx(scipy.stats.norm.cdf(z), rel=1e-12)


def drawn_pair(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    first = rng.normal(size=n)
    return first, first * 0.8 + 0.3 * rng.normal(size=n) - 0.05


def error_of(difference: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(difference)
    return np.array([difference.mean()]), np.array([difference.std(ddof=1) / np.sqrt(n)]), np.array([n - 1.0])


@pytest.mark.parametrize("n", [5, 30, 4_000])
def test_the_test_and_the_interval_are_scipy_s_paired_t_test(n: int) -> None:
    first, second = drawn_pair(n)
    expected = scipy.stats.ttest_rel(first, second)
    found = error_of(first - second)
    assert difference_p(*found)[0] == pytest.approx(expected.pvalue, rel=1e-9)
    low, high = difference_bounds(*found, level=0.9, reach=np.inf)
    assert [low[0], high[0]] == pytest.approx(list(expected.confidence_interval(0.9)), rel=1e-9)


@pytest.mark.parametrize("tolerance", [0.02, 0.1, 0.5])
def test_two_one_sided_tests_are_those_of_statsmodels(tolerance: float) -> None:
    first, second = drawn_pair(60)
    expected = ttost_paired(first, second, -tolerance, tolerance)[0]
    assert within_tolerance_p(*error_of(first - second), tolerance=tolerance)[0] == pytest.approx(expected, rel=1e-9)


def test_the_detectable_effect_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(3)
    n, error = 40, 1 / np.sqrt(40)
    effect = difference_detectable(np.array([error]), np.array([n - 1.0]), alpha=0.05)[0]
    drawn = rng.normal(effect, 1, size=(20_000, n))
    assert np.mean(scipy.stats.ttest_1samp(drawn, 0, axis=1).pvalue <= 0.05) == pytest.approx(0.8, abs=0.02)


def test_without_variation_nothing_is_known_but_of_no_difference() -> None:
    zero, freedom = np.zeros(2), np.array([9.0, 9.0])
    assert difference_p(np.array([0.0, 0.5]), zero, freedom) == pytest.approx([1.0, np.nan], nan_ok=True)
    assert np.isnan(difference_bounds(np.array([0.5, 0.5]), zero, freedom, level=0.95, reach=1.0)).all()
    assert np.isnan(difference_detectable(zero, freedom, alpha=0.05)).all()


def test_an_interval_ends_where_the_metric_does() -> None:
    low, high = difference_bounds(np.array([0.9]), np.array([0.4]), np.array([20.0]), level=0.95, reach=1.0)
    assert high.tolist() == [1.0]
    assert low[0] < 0.9


@pytest.mark.parametrize("width", [1, 3])
def test_swapped_sums_are_spread_as_sums_over_coins_are(width: int) -> None:
    changes = np.random.default_rng(1).normal(size=(3_000, width))
    for one in (changes, np.sign(changes)):
        sums = swapped_sums(one, seed=5)
        assert sums.shape == (N_SWAPS, width)
        assert sums.mean(axis=0) == pytest.approx(one.sum(axis=0) / 2, abs=1.2)
        assert sums.std(axis=0) == pytest.approx(np.sqrt((one**2).sum(axis=0)) / 2, rel=0.03)
        assert np.array_equal(sums, swapped_sums(one, seed=5))
        assert not np.array_equal(sums, swapped_sums(one, seed=6))


def test_a_p_value_of_permutations_is_never_0() -> None:
    swapped = np.linspace(-1, 1, 99)
    assert swapped_p(5.0, swapped) == 0.01
    assert swapped_p(0.0, swapped) == 1.0
    assert swapped_p(5.0, np.full(99, np.nan)) == 1.0
