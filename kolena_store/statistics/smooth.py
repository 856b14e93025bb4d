"""Intervals of smooth statistics from their standard errors."""

import numpy as np
from numpy.typing import NDArray

from kolena_store.statistics.distributions import t_quantile

__all__ = ["Bounds", "Numbers", "dot", "jackknife_variance", "logit_bounds", "summed", "t_bounds"]

Numbers = NDArray[np.float64]
Bounds = tuple[Numbers, Numbers]


def t_bounds(
    value: Numbers, error: Numbers, freedom: Numbers, *, level: float, least: float, greatest: float
) -> Bounds:
    """Return value -+ t * error, kept within the statistic's range; NaN where the error is unknown or 0.

    Assumes independent samples (or clusters) and a statistic that is nearly normal.

    Args:
        value: the statistic.
        error: its standard error; 0 says that nothing was seen to vary, and then nothing is known of how it would.
        freedom: degrees of freedom of the error.
        level: the confidence level.
        least: the smallest possible value.
        greatest: the largest possible value.
    """
    reach = t_quantile(level, freedom) * np.where(error > 0, error, np.nan)
    return np.maximum(value - reach, least), np.minimum(value + reach, greatest)


def logit_bounds(value: Numbers, error: Numbers, freedom: Numbers, *, level: float) -> Bounds:
    """Return the bounds of a statistic in (0, 1), nearly normal on the scale of log(value / (1 - value)).

    NaN where the value is 0 or 1, or the error is unknown or 0. Near the ends it covers better than `t_bounds`
    (Agresti 2013, section 3.1, on the delta method; the intervals' benchmark shows it for areas under curves).
    """
    inside = (value > 0) & (value < 1)
    safe = np.where(inside, value, 0.5)
    centre = np.log(safe / (1 - safe))
    reach = t_quantile(level, freedom) * np.where((error > 0) & inside, error, np.nan) / (safe * (1 - safe))
    return _expit(centre - reach), _expit(centre + reach)


def jackknife_variance(left_out: Numbers) -> Numbers:
    """Return the variance of a statistic from its values without each cluster (Efron and Stein 1981).

    Args:
        left_out: values[..., G], one for each of G clusters that was left out; NaN makes the variance NaN.
    """
    n_clusters = left_out.shape[-1]
    if n_clusters < 2:
        return np.full(left_out.shape[:-1], np.nan)
    spread = left_out - left_out.mean(axis=-1, keepdims=True)
    return np.asarray((n_clusters - 1) / n_clusters * (spread**2).sum(axis=-1))


def dot(first: Numbers, second: Numbers) -> float:
    """Return the sum of the products, added by numpy itself: BLAS has threads to wait for, which change last bits."""
    return float((first * second).sum())


def summed(places: NDArray[np.int64], values: Numbers, n_places: int) -> Numbers:
    """Return the sum of the values at each place."""
    return np.bincount(places, values, minlength=n_places).astype(np.float64, copy=False)


def _expit(x: Numbers) -> Numbers:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))
