"""Two proportions of the same samples: tests, intervals and detectable differences from the samples where they differ.

Of n samples, `first_only` are successes of the first side alone and `second_only` of the second alone; all others say
nothing of the difference. Every method here assumes that the samples are independent of each other.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolena_store.statistics.distributions import binomial_cdf, normal_cdf
from kolena_store.statistics.levels import normal_quantile

__all__ = ["equivalence_p", "mcnemar_exact", "mcnemar_mid_p", "score_bounds", "score_detectable", "score_statistic"]

Numbers: TypeAlias = NDArray[np.float64]

HALVINGS = 60
"""So many bisections of (-1, 1) leave less than the spacing of floats around 0.5."""

POWER_QUANTILE = normal_quantile(0.6)
"""The standard normal quantile of a power of 80 %: a two-sided interval of 60 % reaches out to it."""


def mcnemar_exact(first_only: ArrayLike, second_only: ArrayLike) -> Numbers:
    """Return the two-sided p-value of McNemar's exact test (McNemar 1947): each differing sample falls to either side.

    Conditional on the number of differing samples; it never rejects too often, and by that too seldom.
    """
    least, differing = _discordant(first_only, second_only)
    return np.asarray(np.minimum(1.0, 2 * binomial_cdf(least, differing, 0.5)))


def mcnemar_mid_p(first_only: ArrayLike, second_only: ArrayLike) -> Numbers:
    """Return the two-sided mid-p value of McNemar's test (Fagerland, Lydersen and Laake 2013).

    The exact one less the probability of what was seen. Conditional on the number of differing samples; it rejects as
    often as it says, though nothing guarantees that it never does more. 1 where both sides are alike.
    """
    least, differing = _discordant(first_only, second_only)
    below = binomial_cdf(least - 1, differing, 0.5)
    return np.asarray(np.where(2 * least == differing, 1.0, binomial_cdf(least, differing, 0.5) + below))


def score_statistic(first_only: ArrayLike, second_only: ArrayLike, n: ArrayLike, difference: ArrayLike) -> Numbers:
    """Return how many standard errors the difference of two paired proportions lies above a supposed one (Tango 1998).

    The standard error is the one that would hold if the supposed difference were true. NaN when n is 0; infinite where
    the supposed difference can't be.
    """
    first, second, trials, supposed = _broadcast(first_only, second_only, n, difference)
    with np.errstate(divide="ignore", invalid="ignore"):
        linear = -first - second + (2 * trials - first + second) * supposed
        product = -second * supposed * (1 - supposed)
        root = np.sqrt(np.maximum(linear**2 - 8 * trials * product, 0.0))
        of_second = (root - linear) / (4 * trials)
        variance = trials * np.maximum(2 * of_second + supposed * (1 - supposed), 0.0)
        excess = first - second - trials * supposed
        return np.asarray(np.where((variance <= 0) & (excess == 0), 0.0, excess / np.sqrt(variance)))


def score_bounds(
    first_only: ArrayLike, second_only: ArrayLike, n: ArrayLike, *, level: float
) -> tuple[Numbers, Numbers]:
    """Return the interval of the difference of two paired proportions that inverts the score test (Tango 1998).

    It has a width even where no sample differs. NaN bounds when n is 0.

    Raises:
        InvalidInput: a level outside (0, 1).
    """
    first, second, trials, _ = _broadcast(first_only, second_only, n, 0.0)
    limit = normal_quantile(level)
    high = _upper_bound(first, second, trials, limit)
    low = -_upper_bound(second, first, trials, limit)
    is_empty = trials == 0
    return np.where(is_empty, np.nan, low), np.where(is_empty, np.nan, high)


def equivalence_p(first_only: ArrayLike, second_only: ArrayLike, n: ArrayLike, *, tolerance: float) -> Numbers:
    """Return the greater p-value of two one-sided score tests that the difference lies outside +-tolerance.

    Schuirmann 1987 on two one-sided tests, Tango 1998 on the score statistic. NaN when n is 0.
    """
    above_least = normal_cdf(-score_statistic(first_only, second_only, n, -tolerance))
    below_greatest = normal_cdf(score_statistic(first_only, second_only, n, tolerance))
    return np.asarray(np.maximum(above_least, below_greatest))


def score_detectable(first_only: ArrayLike, second_only: ArrayLike, n: ArrayLike, *, alpha: float) -> Numbers:
    """Return the smallest difference that McNemar's test of n samples shows with a power of 80 % (Connor 1987).

    The share of differing samples is taken as (first_only + second_only + 1) / (n + 2), or as the difference itself
    when that is greater. NaN where no difference would be shown.
    """
    first, second, trials, _ = _broadcast(first_only, second_only, n, 0.0)
    test, power = normal_quantile(1 - alpha), POWER_QUANTILE
    with np.errstate(invalid="ignore"):
        spare = np.sqrt(trials + power**2 - test**2)
        reach = (test * np.sqrt(trials) + power * spare) / (trials + power**2)
        share = np.sqrt((first + second + 1) / (trials + 2))
        found = np.where(reach > share, reach**2, reach * share)
    return np.asarray(np.where(found <= 1, found, np.nan))


def _discordant(first_only: ArrayLike, second_only: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return the smaller of the two counts, and their sum."""
    first, second = np.broadcast_arrays(np.asarray(first_only, np.float64), np.asarray(second_only, np.float64))
    return np.minimum(first, second), first + second


def _upper_bound(first: Numbers, second: Numbers, n: Numbers, limit: float) -> Numbers:
    """Return the greatest difference that lies within `limit` standard errors, found by halving."""
    low = np.where(n > 0, (first - second) / np.maximum(n, 1), 0.0)
    high = np.ones_like(low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_inside = score_statistic(first, second, n, middle) >= -limit
        low, high = np.where(is_inside, middle, low), np.where(is_inside, high, middle)
    return low


def _broadcast(*values: ArrayLike) -> tuple[Numbers, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(one, np.float64) for one in values)))
