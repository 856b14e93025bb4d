"""How far differences in metrics of objects would vary on other images, both models on the same ones."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.differences.sides import Pair, PairedRows
from kolena_store.metrics.differences.spread import DifferenceSpread
from kolena_store.metrics.expressions import Gradient
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.objects import (
    Moved,
    ObjectImages,
    is_of_one_class,
    spread_of_draws,
    statistic_names,
)
from kolena_store.metrics.objects.resampling import N_RESAMPLES
from kolena_store.metrics.objects.terms import case_statistics
from kolena_store.metrics.objects.values import RANKED, ObjectStatistics
from kolena_store.statistics.smooth import Numbers, dot, summed

__all__ = ["is_resampled", "object_difference_spreads"]

SAME = 1e-12
"""By less than this an image moves both models alike."""


def is_resampled(evidence: Evidence, metric: MetricDefinition) -> bool:
    """Return whether a metric is read off ranked detections, so that it is measured on resamples."""
    return any(name in RANKED for name in statistic_names(evidence, [metric]).values())


def object_difference_spreads(pair: Pair, wanted: Sequence[PairedRows]) -> list[DifferenceSpread]:
    """Return the spread of some metrics' differences; images, or clusters of images, are the units.

    Of counts and ratios it is linearised: an image's influence on the first model's metric less that on the second's
    (Woodruff 1971). What is read off a ranking, as average precision and miss rate, is measured on resamples of the
    images, the same for both models (Efron 1979): a ranking of few objects is too rough for derivatives. Assumes that
    images, or clusters, are independent.
    """
    if not wanted:
        return []
    made = _Differences(pair, wanted)
    run_in_parts(made.spread_part, pair.n_cases)
    return made.found


class _Differences:
    """Fills in the spreads of all metrics, test case by test case."""

    def __init__(self, pair: Pair, wanted: Sequence[PairedRows]) -> None:
        self._wanted = wanted
        self._metrics = [rows.metric for rows in wanted]
        self._sides = [_OneSide(side.evidence, self._metrics) for side in (pair.first, pair.second)]
        self.found = [_unknown(len(rows.cases)) for rows in wanted]

    def spread_part(self, start: int, stop: int) -> None:
        """Fill in the rows of some test cases."""
        for case in range(start, stop):
            first, second = (side.images(case) for side in self._sides)
            for rows, found in zip(self._wanted, self.found, strict=True):
                of_case = np.flatnonzero((rows.cases == case) & np.isfinite(rows.delta))
                if len(of_case) and first.units.n > 1:
                    self._enter(found, rows, of_case, (first, second))

    def _enter(
        self,
        found: DifferenceSpread,
        rows: PairedRows,
        of_case: "np.ndarray",
        images: tuple[ObjectImages, ObjectImages],
    ) -> None:
        n_units = images[0].units.n
        found.n_units[of_case] = n_units
        found.freedom[of_case] = n_units - 1
        if is_resampled(self._sides[0].evidence, rows.metric):
            found.freedom[of_case] = min(n_units, N_RESAMPLES) - 1
            found.variance[of_case] = _of_draws(rows, of_case, images)
            return
        sides = zip(images, (side.gradient(rows.metric) for side in self._sides), strict=True)
        moved = [one.moved(rows.metric, gradient) for one, gradient in sides]
        for row in of_case.tolist():
            first = _by_unit(moved[0], int(rows.classes[row]), rows.metric, n_units)
            second = _by_unit(moved[1], int(rows.second_classes[row]), rows.metric, n_units)
            apart = first - second
            found.variance[row] = dot(apart, apart) * n_units / (n_units - 1)
            found.n_differing[row] = np.count_nonzero(np.abs(apart) > SAME)


class _OneSide:
    """One model's matches, and what gives the images of each test case."""

    def __init__(self, evidence: Evidence, metrics: Sequence[MetricDefinition]) -> None:
        self.evidence, self._metrics = evidence, metrics
        self._resampled = [metric for metric in metrics if is_resampled(evidence, metric)]
        self._gradients = {metric: evidence.gradient(metric) for metric in metrics}

    @cached_property
    def _statistics(self) -> Callable[[int], ObjectStatistics]:
        assert self.evidence.columns.objects is not None
        names = statistic_names(self.evidence, self._metrics)
        return case_statistics(self.evidence.columns.objects, list(dict.fromkeys(names.values())))

    def images(self, case: int) -> ObjectImages:
        """Return the images of a test case."""
        return ObjectImages(
            self.evidence, self._statistics(case), case, metrics=self._metrics, resampled=self._resampled
        )

    def gradient(self, metric: MetricDefinition) -> Gradient:
        """Return a metric's derivatives on every test case."""
        return self._gradients[metric]


def _of_draws(rows: PairedRows, of_case: NDArray[np.int64], images: tuple[ObjectImages, ObjectImages]) -> Numbers:
    first, second = (one.resampled(rows.metric) for one in images)
    is_one = is_of_one_class(rows.metric)
    here = rows.classes[of_case] if is_one else np.zeros(len(of_case), np.int64)
    there = rows.second_classes[of_case] if is_one else here
    return spread_of_draws(first[:, here] - second[:, there])


def _by_unit(moved: Moved, class_place: int, metric: MetricDefinition, n_units: int) -> Numbers:
    """Return how much each unit moves a metric, of one class where it has a row for each."""
    units, labels, amounts = moved
    if is_of_one_class(metric):
        chosen = labels == class_place
        units, amounts = units[chosen], amounts[chosen]
    return summed(units, amounts, n_units)


def _unknown(n_rows: int) -> DifferenceSpread:
    unknown = np.full((3, n_rows), np.nan)
    return DifferenceSpread(
        variance=unknown[0], freedom=unknown[1], n_units=unknown[2], n_differing=np.full(n_rows, np.inf)
    )
