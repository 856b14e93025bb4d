"""Intervals for samples that come in clusters or with weights."""

import numpy as np

from kolena_store.metrics.aggregation import MetricValues
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.medians import MedianBounds
from kolena_store.metrics.intervals.shapes import PROBABILITY, Made, why_not_one, within_range
from kolena_store.statistics.clusters import (
    FEWEST_CLUSTERS,
    cluster_note,
    effective_wilson_bounds,
    too_few_clusters,
)
from kolena_store.statistics.smooth import Numbers, logit_bounds

__all__ = ["bounds_by_units", "median_by_units"]


def bounds_by_units(values: MetricValues, variance: Numbers, units: Numbers, evidence: Evidence) -> Made:
    """Return the intervals of a metric from the variance of each row and the number of units that it rests on.

    Proportions get Wilson's interval with the n that as precise an independent sample would have; the others t on one
    degree of freedom fewer than there are units.
    """
    unit = _unit(evidence)
    is_clustered = unit is not None
    kind, level = values.metric.interval.kind, evidence.level
    variance = np.where(units >= (FEWEST_CLUSTERS if is_clustered else 2), variance, np.nan)
    if kind in ("wilson", "f1"):
        low, high = _effective(values, variance, units, level)
        method = "wilson of J, effective n" if kind == "f1" else "wilson, effective n"
    elif kind == "kernel" and values.metric.value_range == PROBABILITY:
        low, high = logit_bounds(values.values, np.sqrt(variance), units - 1, level=level)
        method = "linearised logit t"
    else:
        low, high = within_range(values, variance, units, level)
        method = "jackknife t" if is_clustered and kind != "kernel" else "linearised t"
    notes = [_note(n, unit) for n in units.tolist()]
    reasons = [_reason(n, one, unit) for n, one in zip(units.tolist(), variance.tolist(), strict=True)]
    return Made(low=low, high=high, methods=[f"{method}, {note}" for note in notes], reasons=reasons)


def median_by_units(values: MetricValues, bounds: MedianBounds, evidence: Evidence) -> Made:
    """Return the intervals of a median that were read off the values."""
    unit = _unit(evidence)
    low, high, units = (one[values.positions] for one in (bounds.low, bounds.high, bounds.n_units))
    is_enough = units >= (2 if unit is None else FEWEST_CLUSTERS)
    return Made(
        low=np.where(is_enough, low, np.nan),
        high=np.where(is_enough, high, np.nan),
        methods=[f"woodruff t, {_note(n, unit)}" for n in units.tolist()],
        reasons=[_reason(n, 0.0, unit) for n in units.tolist()],
    )


def _effective(values: MetricValues, variance: Numbers, units: Numbers, level: float) -> tuple[Numbers, Numbers]:
    """Return Wilson's interval with the n that the variance leaves; F1 by way of J = F1 / (2 - F1)."""
    n, share = np.nan_to_num(values.n), values.values
    if values.metric.interval.kind != "f1":
        return effective_wilson_bounds(share, variance, n=n, units=units, level=level)
    of_j = share / (2 - share)
    slope = 2 / (1 + of_j) ** 2
    low, high = effective_wilson_bounds(of_j, variance / slope**2, n=n, units=units, level=level)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def _unit(evidence: Evidence) -> str | None:
    """Return what a cluster is called, or None when there are none."""
    return None if evidence.design.clusters is None else evidence.design.unit


def _note(units: float, unit: str | None) -> str:
    return "weighted" if unit is None else cluster_note(units, unit)


def _reason(units: float, variance: float, unit: str | None) -> str:
    if unit is not None and units < FEWEST_CLUSTERS:
        return too_few_clusters(units, unit)
    return why_not_one(units, variance)
