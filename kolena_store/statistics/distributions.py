"""Distribution functions and quantiles that intervals and tests need: normal, Student's t, binomial."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolena_store.statistics.levels import normal_quantile
from kolena_store.statistics.special_functions import incomplete_beta, log_gamma

__all__ = ["binomial_cdf", "normal_cdf", "t_cdf", "t_quantile"]

MOST_STEPS = 100
EXPANDED_FROM = 1_000
"""Degrees of freedom from which expansions about the normal distribution are exact to 13 digits."""


def normal_cdf(z: ArrayLike) -> NDArray[np.float64]:
    """Return the standard normal distribution function at `z`, exact in both tails; NaN stays NaN."""
    value = np.asarray(z, np.float64)
    found = [math.erfc(-one / math.sqrt(2)) / 2 for one in value.ravel().tolist()]
    return np.array(found, dtype=np.float64).reshape(value.shape)


def t_cdf(t: ArrayLike, freedom: ArrayLike) -> NDArray[np.float64]:
    """Return the distribution function of Student's t at `t`, for positive degrees of freedom; exact in both tails."""
    value, degrees = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(freedom, np.float64))
    tail = np.empty(value.shape)
    is_many = degrees >= EXPANDED_FROM
    tail[is_many] = normal_cdf(-_normal_of_t(value[is_many], degrees[is_many]))
    tail[~is_many] = _t_tail(value[~is_many], degrees[~is_many])
    return np.asarray(np.where(value > 0, 1 - tail, tail))


def t_quantile(level: float, freedom: ArrayLike) -> NDArray[np.float64]:
    """Return the quantile of Student's t that a two-sided interval of this level reaches out to.

    Args:
        level: the confidence level.
        freedom: degrees of freedom, whole or not; NaN where not positive.

    Raises:
        InvalidInput: a level outside (0, 1).
    """
    limit = normal_quantile(level)
    degrees = np.asarray(freedom, dtype=np.float64)
    distinct, places = np.unique(degrees.ravel(), return_inverse=True)
    found = np.full_like(distinct, np.nan)
    few, many = (distinct > 0) & (distinct < EXPANDED_FROM), distinct >= EXPANDED_FROM
    found[few] = _t_by_search((1 - level) / 2, tuple(distinct[few].tolist()), limit)
    found[many] = _t_by_expansion(limit, distinct[many])
    return found[places].reshape(degrees.shape)


def binomial_cdf(successes: ArrayLike, n: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
    """Return the probability of at most so many successes in n independent trials of probability p."""
    k, trials, chance = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in (successes, n, p)))
    k = np.floor(k)
    inside = (k >= 0) & (k < trials)
    first, second = np.where(inside, trials - k, 1.0), np.where(inside, k + 1, 1.0)
    return np.asarray(np.where(inside, incomplete_beta(first, second, 1 - chance), np.where(k < 0, 0.0, 1.0)))


def _t_tail(value: NDArray[np.float64], degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance of a value further from 0 on one side."""
    square = value**2
    # Near 0 the first form would take 1 - x of an x that is all but 1.
    far = incomplete_beta(degrees / 2, 0.5, degrees / (degrees + square))
    near = 1 - incomplete_beta(0.5, degrees / 2, square / (degrees + square))
    return np.asarray(0.5 * np.where(square < 1, near, far))


def _normal_of_t(value: NDArray[np.float64], degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the size of the normal value with the tail that t has (Hill 1970); exact for many degrees of freedom."""
    scale = degrees - 0.5
    factor = 48 * scale**2
    y = scale * np.log1p(value**2 / degrees)
    rest = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y**2 + 100.0 + factor)
    return np.asarray(((rest + y + 3.0) / factor + 1.0) * np.sqrt(y))


def _t_by_expansion(z: float, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantile by the expansion of Fisher and Cornish 1960 (Abramowitz and Stegun 1964, 26.7.5)."""
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / degrees + second / degrees**2 + third / degrees**3 + fourth / degrees**4


@lru_cache(maxsize=64)
def _t_by_search(tail: float, freedom: tuple[float, ...], least: float) -> NDArray[np.float64]:
    """Return the t whose upper tail is `tail`: Newton's steps, held within bounds that close in on it.

    Many metrics rest on the same numbers of samples, so what was found is kept.
    """
    degrees = np.array(freedom)
    low, high = np.full_like(degrees, least), np.full_like(degrees, 2 * least)
    while (is_short := 1 - t_cdf(high, degrees) > tail).any():
        high = np.where(is_short, 2 * high, high)
    found = np.clip(_t_by_expansion(least, degrees), low, high)
    for _ in range(MOST_STEPS):
        excess = 1 - t_cdf(found, degrees) - tail
        low, high = np.where(excess > 0, found, low), np.where(excess > 0, high, found)
        step = found + excess / _t_density(found, degrees)
        following = np.where((step > low) & (step < high), step, (low + high) / 2)
        is_settled = np.abs(following - found) <= 1e-15 * found
        found = following
        if np.all(is_settled):
            break
    return found


def _t_density(t: NDArray[np.float64], degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = log_gamma((degrees + 1) / 2) - log_gamma(degrees / 2) - 0.5 * np.log(degrees * np.pi)
    return np.asarray(np.exp(scale - (degrees + 1) / 2 * np.log1p(t**2 / degrees)))
