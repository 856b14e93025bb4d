"""A difference with a standard error: p-values, interval, detectable effect. Assumes that it is nearly normal."""

import numpy as np

from kolena_store.statistics.distributions import t_cdf, t_quantile
from kolena_store.statistics.smooth import Bounds, Numbers

__all__ = ["difference_bounds", "difference_detectable", "difference_p", "within_tolerance_p"]

POWER_LEVEL = 0.6
"""The level of the two-sided interval that reaches out to the quantile of a power of 80 %."""


def difference_p(difference: Numbers, error: Numbers, freedom: Numbers) -> Numbers:
    """Return the two-sided p-value that a difference is 0, by Student's t; 1 for a difference of 0 without any error.

    NaN for an unknown error, and for a difference where nothing is seen to vary: t then knows nothing of its error.
    """
    is_known = (error > 0) & (freedom > 0) & ~np.isnan(difference)
    safe, degrees = np.where(is_known, error, 1.0), np.where(is_known, freedom, 1.0)
    found = 2 * t_cdf(-np.abs(np.where(is_known, difference, 0.0)) / safe, degrees)
    return np.where(is_known, found, np.where((difference == 0) & (error == 0), 1.0, np.nan))


def difference_bounds(difference: Numbers, error: Numbers, freedom: Numbers, *, level: float, reach: float) -> Bounds:
    """Return difference -+ t * error, kept within +-reach; NaN where the error is unknown or 0."""
    half = t_quantile(level, freedom) * np.where(error > 0, error, np.nan)
    return np.maximum(difference - half, -reach), np.minimum(difference + half, reach)


def within_tolerance_p(difference: Numbers, error: Numbers, freedom: Numbers, *, tolerance: float) -> Numbers:
    """Return the greater p-value of two one-sided t-tests that a difference lies outside +-tolerance (Schuirmann 1987).

    NaN where the error is unknown or 0.
    """
    is_known = (error > 0) & (freedom > 0) & ~np.isnan(difference)
    safe, degrees = np.where(is_known, error, 1.0), np.where(is_known, freedom, 1.0)
    centre = np.where(is_known, difference, 0.0)
    found = np.maximum(t_cdf(-(centre + tolerance) / safe, degrees), t_cdf((centre - tolerance) / safe, degrees))
    return np.where(is_known, found, np.nan)


def difference_detectable(error: Numbers, freedom: Numbers, *, alpha: float) -> Numbers:
    """Return the smallest difference that a two-sided t-test shows with a power of 80 %; NaN for no error above 0.

    The quantiles of test and power, added, times the standard error (Bloom 1995).
    """
    quantiles = t_quantile(1 - alpha, freedom) + t_quantile(POWER_LEVEL, freedom)
    return np.asarray(quantiles * np.where(error > 0, error, np.nan))
