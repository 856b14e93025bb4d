"""What all ways to make intervals share: their result, the rows of tables, and the range of a metric."""

import re
from dataclasses import dataclass

import numpy as np

from kolena_store.metrics.aggregation import MetricValues
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.statistics.reasons import NO_SPREAD, ONE_SAMPLE, UNKNOWN_ERROR
from kolena_store.statistics.smooth import Numbers, t_bounds

__all__ = ["PROBABILITY", "Made", "range_of", "rows_of", "why_not", "why_not_one", "within_range"]

PROBABILITY = "[0, 1]"
RANGE = re.compile(r"^[\[(](?P<low>[^,]+), (?P<high>[^\])]+)[\])]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Bounds for each row of a metric, NaN where there are none; each row's method, or why it has none."""

    low: Numbers
    high: Numbers
    methods: list[str]
    reasons: list[str]


def rows_of(values: MetricValues, table: Numbers) -> Numbers:
    """Return the entries of a table [cases, 1] or [cases, classes] that belong to a metric's rows."""
    columns = np.where(values.class_positions < 0, 0, values.class_positions)
    found: Numbers = table[values.positions, columns]
    return found


def within_range(values: MetricValues, variance: Numbers, units: Numbers, level: float) -> tuple[Numbers, Numbers]:
    """Return t intervals on units - 1 degrees of freedom, kept within the metric's range."""
    least, greatest = range_of(values.metric)
    return t_bounds(values.values, np.sqrt(variance), units - 1, level=level, least=least, greatest=greatest)


def range_of(metric: MetricDefinition) -> tuple[float, float]:
    """Return the smallest and the greatest value that a metric can have."""
    match = RANGE.match(metric.value_range)
    return (float(match["low"]), float(match["high"])) if match else (-np.inf, np.inf)


def why_not(n: Numbers, variance: Numbers) -> list[str]:
    """Return for each row why there would be no interval."""
    return [why_not_one(count, one) for count, one in zip(n.tolist(), variance.tolist(), strict=True)]


def why_not_one(n: float, variance: float) -> str:
    """Return why there would be no interval for n independent samples or clusters and this variance."""
    if n < 2:
        return ONE_SAMPLE
    return NO_SPREAD if np.isfinite(variance) else UNKNOWN_ERROR
