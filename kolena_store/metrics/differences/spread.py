"""How far the difference of two models would vary: linearised, or by leaving out one cluster after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.counting import Counts
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.differences.outcomes import is_counted
from kolena_store.metrics.differences.patterns import JointPatterns, PatternSide
from kolena_store.metrics.differences.sides import Pair, PairedRows, is_of_class
from kolena_store.metrics.expressions import Gradient
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.kernel_influence import KernelInfluence
from kolena_store.metrics.intervals.samples import CaseSamples
from kolena_store.metrics.intervals.spread import cluster_sums, is_measured, slopes_of_row, values_without
from kolena_store.statistics.smooth import Numbers, dot, jackknife_variance

__all__ = ["DifferenceSpread", "difference_spreads"]

CASES_WORTH_A_THREAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceSpread:
    """The variance of a difference in each row, and the degrees of freedom of its estimate.

    `n_units` is how many independent units (clusters, or samples) each rests on, and `n_differing` how many samples
    lie on different sides of the two models' medians, of a difference of medians.
    """

    variance: Numbers
    freedom: Numbers
    n_units: Numbers
    n_differing: Numbers


class _Counted(Protocol):
    """What moves a metric: samples, or patterns of samples that count alike."""

    def influence(self, terms: Sequence[TermDefinition], derivatives: Mapping[str, Numbers]) -> Numbers:
        """Return how much each one moves a metric."""


def difference_spreads(pair: Pair, wanted: Sequence[PairedRows]) -> list[DifferenceSpread]:
    """Return the spread of some metrics' differences; each test case's samples are read once for all of them.

    A sample's influence on a difference is its influence on the first model's metric less that on the second's (the
    linearisation of Woodruff 1971, paired by sample); for areas under curves positives and negatives vary apart
    (DeLong 1988). With clusters a metric over sums is computed for both without each cluster in turn, and the
    jackknife is that of the difference (Efron and Stein 1981). Assumes that samples, or clusters, are independent.
    """
    made = [_SpreadMaker(pair, rows) for rows in wanted]
    kernels = [KernelInfluence(side.evidence.columns, side.evidence.design) for side in (pair.first, pair.second)]
    by_samples = [one for one in made if not one.uses_patterns]

    def spread_part(start: int, stop: int) -> None:
        for case in range(start, stop):
            of_first, of_second = (
                CaseSamples(side.evidence, kernel, case)
                for side, kernel in zip((pair.first, pair.second), kernels, strict=True)
            )
            for one in by_samples:
                one.spread_samples(case, of_first, of_second)

    for one in made:
        if one.uses_patterns:
            one.spread_patterns()
    if by_samples:
        run_in_parts(spread_part, pair.n_cases, smallest_part=CASES_WORTH_A_THREAD)
    return [one.found for one in made]


class _SpreadMaker:
    """Makes the spread of one metric's difference, row by row."""

    def __init__(self, pair: Pair, rows: PairedRows) -> None:
        self._pair, self._rows = pair, rows
        self._metric = rows.metric
        self._first, self._second = pair.first.evidence, pair.second.evidence
        self._gradients = (self._first.gradient(rows.metric), self._second.gradient(rows.metric))
        unknown = np.full((4, len(rows.cases)), np.nan)
        self.found = DifferenceSpread(
            variance=unknown[0], freedom=unknown[1], n_units=unknown[2], n_differing=unknown[3]
        )

    @cached_property
    def uses_patterns(self) -> bool:
        """Whether the metric is made of counts that few patterns tell."""
        terms = self._first.definitions_of(self._metric)
        is_plain = self._first.design.is_plain and not any(term.each or len(term.by) > 1 for term in terms)
        return is_plain and is_counted(self._first, self._metric) and self._patterns.is_worth_it

    @cached_property
    def _patterns(self) -> JointPatterns:
        among = np.bitwise_or.reduce(self._first.members, axis=0) & self._first.columns.answered
        columns = [self._first.columns, self._second.columns]
        return JointPatterns(columns, self._first.definitions_of(self._metric), among)

    @cached_property
    def _rows_of_case(self) -> list[NDArray[np.int64]]:
        order = np.argsort(self._rows.cases, kind="stable")
        bounds = np.searchsorted(self._rows.cases[order], np.arange(self._pair.n_cases + 1))
        return [order[start:stop] for start, stop in pairwise(bounds)]

    def spread_patterns(self) -> None:
        """Fill in all rows, from the number of samples of each pattern."""
        counts = self._patterns.counts(self._first.members)
        first, second = self._patterns.sides

        def spread_part(start: int, stop: int) -> None:
            for case in range(start, stop):
                for row in self._rows_of_case[case].tolist():
                    self._enter_patterns(row, first, second, counts[case])

        run_in_parts(spread_part, self._pair.n_cases, smallest_part=CASES_WORTH_A_THREAD)

    def _enter_patterns(self, row: int, first: PatternSide, second: PatternSide, counts: Counts) -> None:
        moved = self._moved(row, first, 0) - self._moved(row, second, 1)
        n = min(self._rows.n[row], self._rows.second_n[row])
        variance = dot(counts * moved, moved) * n / (n - 1) if n > 1 else np.nan
        self._enter(row, variance, freedom=n - 1, n_units=n)

    def spread_samples(self, case: int, first: CaseSamples, second: CaseSamples) -> None:
        """Fill in the rows of one test case, from its samples."""
        has_kernel = any(term.kind == "kernel" for term in self._first.definitions_of(self._metric))
        if self._first.design.clusters is not None and not has_kernel:
            self._leave_clusters_out(case, first, second)
            return
        for row in self._rows_of_case[case].tolist():
            with np.errstate(over="ignore", invalid="ignore"):
                moved = (self._moved(row, first, 0), self._moved(row, second, 1))
                self._enter_samples(row, moved, (first, second))

    def _enter_samples(self, row: int, moved: tuple[Numbers, Numbers], sides: tuple[CaseSamples, CaseSamples]) -> None:
        samples = sides[0]
        if self._first.design.is_plain:
            strata = samples.strata(self._metric, int(self._rows.classes[row]))
            if strata is not None:
                self._enter_strata(row, moved[0] - moved[1], strata)
                return
        signs = [np.sign(side.by_sample(one)) for side, one in zip(sides, moved, strict=True)]
        self.found.n_differing[row] = np.count_nonzero(signs[0] != signs[1])
        n = min(self._rows.n[row], self._rows.second_n[row])
        reach = [side.by_unit(np.abs(one)) for side, one in zip(sides, moved, strict=True)]
        n_units = samples.n_units(reach[0] + reach[1], n)
        difference = sides[0].by_unit(moved[0]) - sides[1].by_unit(moved[1])
        variance = dot(difference, difference) * n_units / (n_units - 1) if n_units > 1 else np.nan
        self._enter(row, variance, freedom=n_units - 1, n_units=n_units)

    def _enter_strata(self, row: int, moved: Numbers, is_positive: NDArray[np.bool_]) -> None:
        counted = moved[is_positive], moved[~is_positive]
        sizes = [len(one) for one in counted]
        if min(sizes) > 1:
            variance = sum(dot(one, one) * n / (n - 1) for one, n in zip(counted, sizes, strict=True))
            self._enter(row, variance, freedom=min(sizes) - 1, n_units=sum(sizes))

    def _leave_clusters_out(self, case: int, first: CaseSamples, second: CaseSamples) -> None:
        sides = ((self._first, first), (self._second, second))
        sums = [cluster_sums(evidence, samples, self._metric) for evidence, samples in sides]
        is_left_out = is_measured(sums[0]) | is_measured(sums[1])
        values = [
            values_without(evidence, self._metric, case, of_side, is_left_out=is_left_out)
            for (evidence, _), of_side in zip(sides, sums, strict=True)
        ]
        n_clusters = int(is_left_out.sum())
        for row in self._rows_of_case[case].tolist():
            places = (max(int(self._rows.classes[row]), 0), max(int(self._rows.second_classes[row]), 0))
            difference = values[0][:, places[0]] - values[1][:, places[1]]
            self._enter(row, float(jackknife_variance(difference)), freedom=n_clusters - 1, n_units=n_clusters)

    def _moved(self, row: int, counted: _Counted, side: int) -> Numbers:
        evidence: Evidence = (self._first, self._second)[side]
        gradient: Gradient = self._gradients[side]
        classes = (self._rows.classes, self._rows.second_classes)[side]
        index = int(classes[row]) if is_of_class(self._metric) else None
        slopes = slopes_of_row(evidence, self._metric, gradient, int(self._rows.cases[row]), index=index)
        return counted.influence(evidence.definitions_of(self._metric), slopes)

    def _enter(self, row: int, variance: float, *, freedom: float, n_units: float) -> None:
        self.found.variance[row] = variance if np.isfinite(variance) else np.nan
        self.found.freedom[row], self.found.n_units[row] = freedom, n_units
