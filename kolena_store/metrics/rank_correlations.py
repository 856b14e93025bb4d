"""Rank correlations per test case, in whole numbers until the last division."""

import math

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags, Samples, Words
from kolena_store.metrics.ordered import (
    Floats,
    KernelValue,
    MeasuredSamples,
    Places,
    SortedColumn,
    begins_group,
    check_lengths,
    group_lengths,
)

__all__ = ["KendallTauB", "Spearman", "count_inversions"]

TOO_FEW = "fewer than two samples are measured"
CONSTANT = "one side is constant"

# Sums of products are split so that each part stays below this, within int64.
LARGEST_PART = 2**62
SPARE_BITS = 64


class Spearman:
    """Correlation of the ranks within the test case, ties sharing their average rank (Spearman 1904)."""

    def __init__(self, x: Floats, y: Floats, measured: Flags) -> None:
        """Prepare for two columns by `_sample`; a sample counts where it is measured and neither side is NaN."""
        is_measured = _both_measured(x, y, measured)
        self._samples = MeasuredSamples(is_measured)
        self._x = SortedColumn(x, is_measured)
        self._y = SortedColumn(y, is_measured)

    def evaluate(self, members: Words) -> KernelValue:
        """Return the rank correlation for the members of a test case."""
        samples = self._samples.of(members)
        if samples.size < 2:
            return KernelValue(value=None, n=samples.size, reason=TOO_FEW)
        x, y = _centred_ranks(self._x, samples), _centred_ranks(self._y, samples)
        x_squares, y_squares = _dot(x, x), _dot(y, y)
        if not x_squares or not y_squares:
            return KernelValue(value=None, n=samples.size, reason=CONSTANT)
        return KernelValue(value=_quotient(_dot(x, y), x_squares, y_squares), n=samples.size)


class KendallTauB:
    """Concordant less discordant pairs, over the pairs without ties on either side (tau-b, Kendall 1945)."""

    def __init__(self, x: Floats, y: Floats, measured: Flags) -> None:
        """Prepare for two columns by `_sample`; a sample counts where it is measured and neither side is NaN."""
        is_measured = _both_measured(x, y, measured)
        self._samples = MeasuredSamples(is_measured)
        # Ties of one side are sorted by the other, so that no tied pair shows as an inversion.
        self._x = SortedColumn(x, is_measured, tie_breaker=y)
        self._y = SortedColumn(y, is_measured, tie_breaker=x)

    def evaluate(self, members: Words) -> KernelValue:
        """Return tau-b for the members of a test case."""
        samples = self._samples.of(members)
        if samples.size < 2:
            return KernelValue(value=None, n=samples.size, reason=TOO_FEW)
        x_ranks, x_sorted = self._x.ranked(samples)
        y_ranks, y_sorted = self._y.ranked(samples)
        y_by_x = np.empty_like(y_ranks)
        y_by_x[x_ranks] = y_ranks
        begins_x = begins_group(x_sorted)
        n_pairs = samples.size * (samples.size - 1) // 2
        x_untied = n_pairs - _tied_pairs(begins_x)
        y_untied = n_pairs - _tied_pairs(begins_group(y_sorted))
        if not x_untied or not y_untied:
            return KernelValue(value=None, n=samples.size, reason=CONSTANT)
        # Neither side tied = all pairs, less those tied in x, in y, and (taken off twice) in both.
        ranked_pairs = x_untied + y_untied - n_pairs + _tied_pairs(begins_x | begins_group(y_sorted[y_by_x]))
        agreement = ranked_pairs - 2 * count_inversions(y_by_x)
        return KernelValue(value=_quotient(agreement, x_untied, y_untied), n=samples.size)


def count_inversions(permutation: Places) -> int:
    """Return how many pairs of a permutation of 0 .. n - 1 stand in descending order, in O(n log n).

    The values are split by their highest bit, then each half by the next one: a pair is counted at the bit that first
    tells its values apart. The groups have equal, known sizes, so that each level is a few passes over one array.
    """
    n = permutation.size
    width = 1 << max(0, n - 1).bit_length()
    values: NDArray[np.signedinteger] = np.arange(width).astype(np.int32 if width <= 2**31 else np.int64)
    values[:n] = permutation
    inversions = 0
    while width > 1:
        half = width // 2
        n_groups = values.size // width
        is_upper = (values & half) != 0
        upper, lower = np.flatnonzero(is_upper), np.flatnonzero(~is_upper)
        # A lower value's column, less its rank among the lower ones, is the number of upper ones before it.
        inversions += int((lower & (width - 1)).sum()) - n_groups * (half * (half - 1) // 2)
        split = np.stack((values[lower].reshape(n_groups, half), values[upper].reshape(n_groups, half)), axis=1)
        # Groups of nothing but the filling behind the last value are in order: drop them.
        values = split.ravel()[: -(-n // half) * half]
        width = half
    return inversions


def _both_measured(x: Floats, y: Floats, measured: Flags) -> Flags:
    check_lengths(x, y, measured)
    return measured & ~np.isnan(x) & ~np.isnan(y)


def _centred_ranks(column: SortedColumn, samples: Samples) -> Places:
    """Return twice (average rank - mean rank) of each sample: a whole number."""
    ranks, in_order = column.ranked(samples)
    lengths = group_lengths(begins_group(in_order))
    starts = np.cumsum(lengths) - lengths
    return np.repeat(2 * starts + lengths - samples.size, lengths)[ranks]


def _dot(x: Places, y: Places) -> int:
    products = x * y
    part = max(1, LARGEST_PART // (x.size * x.size))
    return sum(np.add.reduceat(products, np.arange(0, products.size, part)).tolist())


def _tied_pairs(is_first: Flags) -> int:
    lengths = group_lengths(is_first)
    return int((lengths * (lengths - 1) // 2).sum())


def _quotient(numerator: int, x_squares: int, y_squares: int) -> float:
    # A root of whole numbers, with spare bits: rounded once, the same order gives exactly 1 and nothing exceeds it.
    root = math.isqrt(x_squares * y_squares << (2 * SPARE_BITS))
    return (numerator << SPARE_BITS) / root
