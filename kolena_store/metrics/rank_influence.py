"""How much each sample moves a rank correlation.

The influence of a sample is the derivative of the correlation by the sample's weight; the sum of their squares is its
variance (Hoeffding 1948 on functions of pairs; Croux and Dehon 2010 on rank correlations).
"""

import numpy as np
from numpy.typing import NDArray

from kolena_store.metrics.ordered import begins_group, group_lengths
from kolena_store.statistics.smooth import Numbers

__all__ = ["kendall_tau_b_influence", "spearman_influence"]

Ranks = NDArray[np.int64]


def spearman_influence(x: Numbers, y: Numbers) -> Numbers:
    """Return the influence of each pair on Spearman's correlation, ties sharing their average rank.

    NaN for fewer than two pairs, or a side that is constant.
    """
    u, v = _relative_ranks(x), _relative_ranks(y)
    with np.errstate(invalid="ignore", divide="ignore"):
        product = _moment_influence(x, y, u, v)
        u_square, v_square = _moment_influence(x, x, u, u), _moment_influence(y, y, v, v)
        covariance = float(np.mean(u * v)) - 0.25
        u_variance, v_variance = float(np.mean(u * u)) - 0.25, float(np.mean(v * v)) - 0.25
        scale = np.sqrt(u_variance * v_variance)
        correlation = covariance / scale
        moved = product / scale - correlation / 2 * (u_square / u_variance + v_square / v_variance)
    return np.asarray(moved / len(x))


def kendall_tau_b_influence(x: Numbers, y: Numbers) -> Numbers:
    """Return the influence of each pair on Kendall's tau-b; NaN for fewer than two pairs, or a constant side."""
    n = len(x)
    x_ranks, y_ranks = _dense_ranks(x), _dense_ranks(y)
    agreement = _agreements(x_ranks, y_ranks).astype(np.float64)
    x_untied, y_untied = (n - np.bincount(ranks)[ranks].astype(np.float64) for ranks in (x_ranks, y_ranks))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [one.mean() for one in (agreement, x_untied, y_untied)]
        scale = np.sqrt(means[1] * means[2])
        tau = means[0] / scale
        moved = (agreement - means[0]) / scale
        moved -= tau / 2 * ((x_untied - means[1]) / means[1] + (y_untied - means[2]) / means[2])
    return np.asarray(2 * moved / n)


def _relative_ranks(values: Numbers) -> Numbers:
    """Return the share of values below each one, ties (itself among them) counting half."""
    ranks = _dense_ranks(values)
    lengths = np.bincount(ranks)
    return np.asarray((np.cumsum(lengths) - lengths / 2)[ranks] / len(values))


def _moment_influence(x: Numbers, y: Numbers, u: Numbers, v: Numbers) -> Numbers:
    """Return the influence on the mean of u * v: by the pair's own product, and by moving the ranks of the others."""
    mean = float(np.mean(u * v))
    return np.asarray(u * v - mean + (_mean_above(x, v) - mean) + (_mean_above(y, u) - mean))


def _mean_above(x: Numbers, values: Numbers) -> Numbers:
    """Return for each x the sum of `values` over the samples with a greater x, ties counting half, over n."""
    ranks = _dense_ranks(x)
    totals = np.bincount(ranks, weights=values)
    above = totals.sum() - np.cumsum(totals)
    return np.asarray((above + totals / 2)[ranks] / len(x))


def _dense_ranks(values: Numbers) -> Ranks:
    """Return the position of each value among the distinct ones."""
    order = np.argsort(values, kind="stable")
    is_first = begins_group(values[order])
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.cumsum(is_first) - 1
    return ranks


def _agreements(x: Ranks, y: Ranks) -> Ranks:
    """Return for each sample how many others are on its same side in both, less how many on opposite sides."""
    n = len(x)
    below = _dominated(x, y)
    x_below, y_below = _below(x), _below(y)
    x_tied, y_tied = np.bincount(x)[x], np.bincount(y)[y]
    both_tied = np.bincount(_dense_pairs(x, y))[_dense_pairs(x, y)]
    x_below_y_tied, y_below_x_tied = _below_within(y, x), _below_within(x, y)
    left_above = x_below - below - x_below_y_tied
    right_below = y_below - below - y_below_x_tied
    x_above_y_tied = y_tied - x_below_y_tied - both_tied
    right_above = (n - x_below - x_tied) - right_below - x_above_y_tied
    return np.asarray(below + right_above - left_above - right_below)


def _below(ranks: Ranks) -> Ranks:
    """Return how many samples have a lower rank than each one."""
    lengths = np.bincount(ranks)
    below: Ranks = np.asarray(np.cumsum(lengths) - lengths, dtype=np.int64)[ranks]
    return below


def _dense_pairs(x: Ranks, y: Ranks) -> Ranks:
    pairs = x * (int(y.max(initial=0)) + 1) + y
    positions: Ranks = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return positions


def _below_within(group: Ranks, ranks: Ranks) -> Ranks:
    """Return how many samples of each one's own group have a lower rank."""
    order = np.lexsort((ranks, group))
    starts_group = begins_group(group[order])
    starts_tie = starts_group | begins_group(ranks[order])
    first_of_group = np.repeat(np.flatnonzero(starts_group), group_lengths(starts_group))
    first_of_tie = np.repeat(np.flatnonzero(starts_tie), group_lengths(starts_tie))
    found = np.empty(len(group), dtype=np.int64)
    found[order] = first_of_tie - first_of_group
    return found


def _dominated(x: Ranks, y: Ranks) -> Ranks:
    """Return for each sample how many have both a lower x and a lower y, in O(n log n).

    The samples are put in the order of x, equal ones by falling y, so that an earlier and lower y has a lower x. They
    are then split by the bits of y's rank, highest first: a lower y is told apart at the first bit in which it differs.
    """
    n = len(x)
    order = np.lexsort((-y, x))
    values = y[order]
    places, counts = np.arange(n), np.zeros(n, dtype=np.int64)
    group = np.zeros(n, dtype=np.int64)
    for bit in range(int(y.max(initial=0)).bit_length() - 1, -1, -1):
        is_upper = (values >> bit & 1).astype(bool)
        lower_before = np.cumsum(~is_upper) - ~is_upper
        is_start = begins_group(group)
        at_start = np.repeat(lower_before[is_start], group_lengths(is_start))
        counts[places[is_upper]] += (lower_before - at_start)[is_upper]
        split = np.argsort(group * 2 + is_upper, kind="stable")
        group, values, places = (group * 2 + is_upper)[split], values[split], places[split]
    found = np.empty(n, dtype=np.int64)
    found[order] = counts
    return found
