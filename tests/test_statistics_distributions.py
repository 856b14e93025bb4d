"""Distribution functions and quantiles against scipy's."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput
from kolena_store.statistics.distributions import binomial_cdf, t_cdf, t_quantile
from kolena_store.statistics.special_functions import incomplete_beta, log_gamma

POSITIVE = st.floats(1e-2, 1e5)


@given(st.floats(1e-6, 1e9))
def test_log_gamma_is_that_of_scipy(x: float) -> None:
    assert float(log_gamma(x)) == pytest.approx(float(scipy.special.gammaln(x)), rel=1e-13, abs=1e-13)


@given(POSITIVE, POSITIVE, st.floats(0, 1))
def test_the_incomplete_beta_function_is_that_of_scipy(a: float, b: float, x: float) -> None:
    assert float(incomplete_beta(a, b, x)) == pytest.approx(float(scipy.special.betainc(a, b, x)), abs=1e-8)


def test_the_incomplete_beta_function_is_exact_where_beta_distributions_have_their_mass() -> None:
    rng = np.random.default_rng(3)
    a, b = 10 ** rng.uniform(-1, 3, size=(2, 2_000))
    x = rng.beta(a, b)
    assert np.abs(incomplete_beta(a, b, x) - scipy.special.betainc(a, b, x)).max() < 1e-11


@given(st.floats(-50, 50), st.floats(0.2, 1e6))
def test_the_t_distribution_is_that_of_scipy(t: float, freedom: float) -> None:
    assert float(t_cdf(t, freedom)) == pytest.approx(float(scipy.stats.t.cdf(t, freedom)), abs=1e-9)


@given(st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999]), st.one_of(st.floats(0.3, 1e9), st.integers(1, 2_000)))
def test_the_t_quantile_is_that_of_scipy(level: float, freedom: float) -> None:
    expected = float(scipy.stats.t.isf((1 - level) / 2, freedom))
    assert float(t_quantile(level, freedom)) == pytest.approx(expected, rel=1e-9)


def test_t_quantiles_keep_the_shape_of_the_degrees_of_freedom_and_have_none_without_them() -> None:
    found = t_quantile(0.95, np.array([[1.0, 5.0], [0.0, math.inf]]))
    assert found.shape == (2, 2)
    assert found[1, 1] == pytest.approx(1.959963984540054)
    assert np.isnan(found).tolist() == [[False, False], [True, False]]
    assert np.isnan(t_quantile(0.95, math.nan))


@given(st.integers(0, 500), st.data(), st.floats(0, 1))
def test_the_binomial_distribution_is_that_of_scipy(n: int, data: st.DataObject, p: float) -> None:
    k = data.draw(st.integers(-1, n))
    assert float(binomial_cdf(k, n, p)) == pytest.approx(float(scipy.stats.binom.cdf(k, n, p)), abs=1e-10)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        t_quantile(level, 5)
