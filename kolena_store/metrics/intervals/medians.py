"""Intervals of medians of samples that come in clusters or with weights."""

from dataclasses import dataclass

import numpy as np

from kolena_store.membership.bitmaps import Samples, Words, to_samples
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.element_columns import kernel_arguments
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.statistics.distributions import t_quantile
from kolena_store.statistics.order import place_of_share
from kolena_store.statistics.smooth import Numbers, dot, summed

__all__ = ["MedianBounds", "median_bounds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MedianBounds:
    """The interval of the median of each test case, NaN where there is none, and the units that it rests on."""

    low: Numbers
    high: Numbers
    n_units: Numbers


def median_bounds(evidence: Evidence, term: TermDefinition) -> MedianBounds:
    """Return the interval of a median: that of the share of samples below it, read off the values (Woodruff 1952).

    The share has a linearised standard error over clusters, or over samples, and t on one degree of freedom fewer.
    """
    values = evidence.columns.numbers[kernel_arguments(term)[0]]
    found = np.array([_of_case(evidence, values, members) for members in evidence.members]).reshape(-1, 3)
    return MedianBounds(low=found[:, 0], high=found[:, 1], n_units=found[:, 2])


def _of_case(evidence: Evidence, values: Numbers, members: Words) -> tuple[float, float, float]:
    samples = to_samples(members & evidence.columns.answered)
    weights = _weights(evidence, samples)
    samples = samples[~np.isnan(values[samples]) & (weights > 0)]
    order = samples[np.argsort(values[samples], kind="stable")]
    weights = _weights(evidence, order)
    n_units = _n_units(evidence, order, weights)
    if n_units < 2:
        return np.nan, np.nan, n_units
    reach = _reach(evidence, order, weights, n_units=n_units)
    if not 0 < reach < 0.5:
        return np.nan, np.nan, n_units
    places = (place_of_share(weights, share) for share in (0.5 - reach, 0.5 + reach))
    low, high = (float(values[order[place]]) for place in places)
    return low, high, n_units


def _reach(evidence: Evidence, order: Samples, weights: Numbers, *, n_units: float) -> float:
    """Return how far the share of samples below the median may lie from one half."""
    share = np.cumsum(weights) / weights.sum()
    moved = weights / weights.sum() * ((share <= 0.5) - 0.5)
    clusters = evidence.design.clusters
    if clusters is not None:
        places = np.unique(clusters[order], return_inverse=True)[1].astype(np.int64)
        moved = summed(places, moved, int(places.max()) + 1)
    error = np.sqrt(dot(moved, moved) * n_units / (n_units - 1))
    return float(t_quantile(evidence.level, np.array([n_units - 1.0]))[0] * error)


def _weights(evidence: Evidence, samples: Samples) -> Numbers:
    weights = evidence.design.weights_of(samples)
    return np.ones(samples.size) if weights is None else weights


def _n_units(evidence: Evidence, samples: Samples, weights: Numbers) -> float:
    """Return the number of clusters, or what weights leave of the samples (Kish 1965)."""
    if evidence.design.clusters is not None:
        return float(np.unique(evidence.design.clusters[samples]).size)
    return float(weights.sum() ** 2 / dot(weights, weights)) if samples.size else 0.0
