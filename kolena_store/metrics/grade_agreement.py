"""How far several graders of a sample agree, when only the order of their grades counts.

Krippendorff's alpha of ordinal data (Krippendorff 2011): the distance of two grades is how many grades of the test case
lie between them, both ends counted half. That is the difference of their average ranks, so alpha of ordinal data is
alpha of interval data over the ranks.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Samples, Words
from kolena_store.metrics.ordered import NOTHING_MEASURED, KernelValue, MeasuredSamples

__all__ = ["OrdinalAlpha", "ordinal_alpha_influence"]

Numbers: TypeAlias = NDArray[np.float64]

ONE_GRADE = "all grades are the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Units:
    """The grades of some samples that have two or more: `of` says of which sample each one is.

    `positions` are those of the grades among their distinct values, `ranks` their average ranks about the mean rank.
    """

    n_units: int
    of: NDArray[np.int64]
    positions: NDArray[np.int64]
    ranks: Numbers
    sizes: Numbers

    def sums(self, values: Numbers) -> Numbers:
        """Return the sum over each sample of a value for each grade."""
        return np.asarray(np.bincount(self.of, weights=values, minlength=self.n_units), dtype=np.float64)

    @property
    def disagreements(self) -> Numbers:
        """Return for each sample the squared differences of all ordered pairs, over the number of other grades."""
        squares, sums = self.sums(self.ranks**2), self.sums(self.ranks)
        return np.asarray(2 * (self.sizes * squares - sums**2) / (self.sizes - 1))

    @property
    def expected(self) -> float:
        """Return the squared differences of all ordered pairs of grades; the ranks add up to 0."""
        return float(2 * len(self.ranks) * np.sum(self.ranks**2))

    @property
    def alpha(self) -> float:
        return float(1 - (len(self.ranks) - 1) * np.sum(self.disagreements) / self.expected)


class OrdinalAlpha:
    """Krippendorff's alpha of ordinal grades: 1 less observed over expected squared differences of average ranks."""

    def __init__(self, grades: Numbers) -> None:
        """Prepare for grades[samples, places]; NaN is no grade."""
        self._grades = grades
        self._samples = MeasuredSamples((~np.isnan(grades)).sum(axis=1) > 1)

    def evaluate(self, members: Words) -> KernelValue:
        """Return alpha for the members of a test case."""
        samples = self._samples.of(members)
        if not samples.size:
            return KernelValue(value=None, n=0, reason=NOTHING_MEASURED)
        units = _units(self._grades[samples])
        if units.expected <= 0:
            return KernelValue(value=None, n=samples.size, reason=ONE_GRADE)
        return KernelValue(value=units.alpha, n=samples.size)


def ordinal_alpha_influence(grades: Numbers, samples: Samples) -> Numbers:
    """Return how much each of some samples moves alpha: its derivative by the sample's weight, about the mean.

    A sample moves alpha by its own differences and by moving the ranks of all other grades.
    """
    found = np.zeros(samples.size)
    is_measured = (~np.isnan(grades[samples])).sum(axis=1) > 1
    if not is_measured.any():
        return found
    units = _units(grades[samples[is_measured]])
    if units.expected <= 0:
        return found
    observed, expected, n = float(units.disagreements.sum()), units.expected, len(units.ranks)
    sizes, sums = units.sizes[units.of], units.sums(units.ranks)[units.of]
    by_rank = 4 * (sizes * units.ranks - sums) / (sizes - 1)
    of_observed = units.disagreements + units.sums(_above(units.positions, by_rank))
    of_squares = units.sums(units.ranks**2 + _above(units.positions, 2 * units.ranks))
    of_expected = 2 * (units.sizes * float(np.sum(units.ranks**2)) + n * of_squares)
    of_ratio = (of_observed - observed / expected * of_expected) / expected
    moved = -(units.sizes * observed / expected + (n - 1) * of_ratio)
    found[is_measured] = moved - moved.mean()
    return found


def _units(grades: Numbers) -> _Units:
    rows, places = np.nonzero(~np.isnan(grades))
    positions = np.unique(grades[rows, places], return_inverse=True)[1].reshape(-1).astype(np.int64)
    counts = np.bincount(positions)
    ranks = (np.cumsum(counts) - counts / 2)[positions] - len(positions) / 2
    return _Units(
        n_units=len(grades),
        of=rows.astype(np.int64),
        positions=positions,
        ranks=ranks,
        sizes=np.bincount(rows, minlength=len(grades)).astype(np.float64),
    )


def _above(positions: NDArray[np.int64], values: Numbers) -> Numbers:
    """Return for each grade the sum of `values` over the grades above it, equal ones counted half."""
    totals = np.bincount(positions, weights=values)
    return np.asarray((totals.sum() - np.cumsum(totals) + totals / 2)[positions])
