"""Medians of samples that come in clusters or with weights: intervals, and how much each sample moves one."""

from dataclasses import dataclass

import numpy as np

from kolena_store.membership.bitmaps import Samples, Words, to_samples
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.design import SamplingDesign
from kolena_store.metrics.element_columns import kernel_arguments
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.statistics.distributions import t_quantile
from kolena_store.statistics.levels import LEVEL
from kolena_store.statistics.order import place_of_share
from kolena_store.statistics.smooth import Numbers, dot, summed

__all__ = ["MedianBounds", "median_bounds", "median_influence"]


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


def median_influence(values: Numbers, design: SamplingDesign, samples: Samples) -> Numbers:
    """Return how much each of some samples moves the median of their values.

    By the side of the median that a sample lies on, over how dense the values are there, which the interval of Woodruff
    1952 tells: its width over that of the share of samples below (Francisco and Fuller 1991). 0 for a NaN value.
    """
    found = np.zeros(samples.size)
    read = _read_off(values, design, samples)
    if np.isfinite(read.reach):
        slope = (read.high - read.low) / (2 * read.reach)
        found[np.searchsorted(samples, read.order)] = -slope * _side(read.weights)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What is read off the measured samples in the order of their values; NaN where it can't be."""

    order: Samples
    weights: Numbers
    n_units: float
    reach: float = np.nan
    low: float = np.nan
    high: float = np.nan


def _of_case(evidence: Evidence, values: Numbers, members: Words) -> tuple[float, float, float]:
    read = _read_off(values, evidence.design, to_samples(members & evidence.columns.answered), evidence.level)
    return read.low, read.high, read.n_units


def _read_off(values: Numbers, design: SamplingDesign, samples: Samples, level: float = LEVEL) -> _Read:
    weights = _weights(design, samples)
    samples = samples[~np.isnan(values[samples]) & (weights > 0)]
    order = samples[np.argsort(values[samples], kind="stable")]
    weights = _weights(design, order)
    n_units = _n_units(design, order, weights)
    reach = _reach(design, order, weights, n_units=n_units, level=level) if n_units >= 2 else np.nan
    if not 0 < reach < 0.5:
        return _Read(order=order, weights=weights, n_units=n_units)
    places = (place_of_share(weights, share) for share in (0.5 - reach, 0.5 + reach))
    low, high = (float(values[order[place]]) for place in places)
    return _Read(order=order, weights=weights, n_units=n_units, reach=reach, low=low, high=high)


def _reach(design: SamplingDesign, order: Samples, weights: Numbers, *, n_units: float, level: float) -> float:
    """Return how far the share of samples below the median may lie from one half."""
    moved = _side(weights)
    if design.clusters is not None:
        places = np.unique(design.clusters[order], return_inverse=True)[1].astype(np.int64)
        moved = summed(places, moved, int(places.max()) + 1)
    error = np.sqrt(dot(moved, moved) * n_units / (n_units - 1))
    return float(t_quantile(level, np.array([n_units - 1.0]))[0] * error)


def _side(weights: Numbers) -> Numbers:
    """Return how much each sample, in the order of the values, adds to the share below the median, about one half."""
    share = np.cumsum(weights) / weights.sum()
    return np.asarray(weights / weights.sum() * ((share <= 0.5) - 0.5))


def _weights(design: SamplingDesign, samples: Samples) -> Numbers:
    weights = design.weights_of(samples)
    return np.ones(samples.size) if weights is None else weights


def _n_units(design: SamplingDesign, samples: Samples, weights: Numbers) -> float:
    """Return the number of clusters, or what weights leave of the samples (Kish 1965)."""
    if design.clusters is not None:
        return float(np.unique(design.clusters[samples]).size)
    return float(weights.sum() ** 2 / dot(weights, weights)) if samples.size else 0.0
