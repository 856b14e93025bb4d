"""Variances of metrics of objects: images, or clusters of images, are the units, whose objects vary together."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from kolena_store.membership.bitmaps import Samples
from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.expressions import Gradient, value_of
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.spread import Spread
from kolena_store.metrics.objects.influence import entries_of
from kolena_store.metrics.objects.resampling import resampled_terms, units_of
from kolena_store.metrics.objects.terms import case_statistics, image_weights
from kolena_store.metrics.objects.values import Entries, ObjectStatistics, ObjectValues
from kolena_store.statistics.smooth import Numbers, dot, summed

__all__ = [
    "Moved",
    "ObjectImages",
    "is_of_objects",
    "is_of_one_class",
    "object_spreads",
    "spread_of_draws",
    "squares_by_class",
    "statistic_names",
]

FEWEST_KNOWN = 0.5
"""The share of the resamples that must have a value: those without an object of a rare class have none."""

MOST_CELLS = 1 << 23
"""Pairs of a unit and a class that are all kept at once, 64 MB; of more only those that are there, which are sorted."""

Moved = tuple[Samples, Samples, Numbers]
"""Unit, class and amount of everything that moves a metric."""


def is_of_objects(evidence: Evidence, metric: MetricDefinition) -> bool:
    """Return whether a metric is made of matched objects."""
    return any(term.kind == "matches" for term in evidence.definitions_of(metric))


def is_of_one_class(metric: MetricDefinition) -> bool:
    """Return whether a metric has a row for each class."""
    return metric.level == "class"


def statistic_names(evidence: Evidence, metrics: Sequence[MetricDefinition]) -> dict[str, str]:
    """Return the statistic of matches behind each term of some metrics."""
    return {term.name: str(term.kernel) for metric in metrics for term in evidence.definitions_of(metric)}


def object_spreads(evidence: Evidence, metrics: Sequence[MetricDefinition]) -> list[Spread]:
    """Return the spread of metrics of objects: the squared influences of the images (or clusters), summed.

    The sum is multiplied by n / (n - 1), n images or clusters being independent (Woodruff 1971). A metric whose
    interval is a bootstrap's is measured on images that are drawn again (Efron 1979).
    """
    if not metrics or evidence.columns.objects is None:
        return []
    gradients = [evidence.gradient(metric) for metric in metrics]
    statistics = case_statistics(
        evidence.columns.objects, list(dict.fromkeys(statistic_names(evidence, metrics).values()))
    )
    found = [np.full((2, *gradient.value.shape), np.nan) for gradient in gradients]
    resampled = [metric for metric in metrics if metric.interval.kind == "bootstrap"]

    # Metrics of the same terms follow one another, so that what images add to a term need not be kept for long.
    by_terms = sorted(range(len(metrics)), key=lambda nth: tuple(statistic_names(evidence, [metrics[nth]])))

    def spread_part(start: int, stop: int) -> None:
        for case in range(start, stop):
            images = ObjectImages(evidence, statistics(case), case, metrics=metrics, resampled=resampled)
            for nth in by_terms:
                found[nth][:, case] = images.spread(metrics[nth], gradients[nth])

    run_in_parts(spread_part, len(evidence.members))
    return [Spread(variance=variance, n_units=n_units) for variance, n_units in found]


class ObjectImages:
    """The answered images of one test case for one model: how they move each metric, and resamples of them."""

    def __init__(
        self,
        evidence: Evidence,
        statistics: ObjectStatistics,
        case: int,
        *,
        metrics: Sequence[MetricDefinition],
        resampled: Sequence[MetricDefinition],
    ) -> None:
        """Take the images; `metrics` are all that may be asked for, and `resampled` those measured on resamples."""
        self._evidence, self._case, self._statistics = evidence, case, statistics
        self._names, self._resampled = statistic_names(evidence, metrics), resampled
        members = evidence.members[case] & evidence.columns.answered
        self.units = units_of(members, evidence.design, evidence.columns.size)
        self._members = members
        self._entries: dict[str, Entries] = {}
        self._asked = Counter(term.name for one in metrics for term in evidence.definitions_of(one))

    def spread(self, metric: MetricDefinition, gradient: Gradient) -> Numbers:
        """Return the variance and the number of units, [2, 1] or [2, classes]."""
        n_units, n_rows = self.units.n, gradient.value.shape[1]
        if n_units < 2:
            return np.stack([np.full(n_rows, np.nan), np.full(n_rows, float(n_units))])
        if metric in self._resampled:
            return np.stack([spread_of_draws(self.resampled(metric)), np.full(n_rows, float(n_units))])
        units, labels, amounts = self.moved(metric, gradient)
        if is_of_one_class(metric):
            squares = squares_by_class(units, labels, amounts, n_units=n_units, n_classes=n_rows)
        else:
            moved = summed(units, amounts, n_units)
            squares = np.array([dot(moved, moved)])
        return np.stack([squares * n_units / (n_units - 1), np.full(len(squares), float(n_units))])

    def moved(self, metric: MetricDefinition, gradient: Gradient) -> Moved:
        """Return what moves a metric; a unit and class may have several entries."""
        terms = self._evidence.definitions_of(metric)
        parts = [self._moved_by(term.name, gradient, is_of_one_class(metric)) for term in terms]
        units, labels, amounts = (np.concatenate(one) for one in zip(*parts, strict=True))
        return units, labels, amounts

    def resampled(self, metric: MetricDefinition) -> Numbers:
        """Return a metric on each resample of the units: float64[resamples, 1 or classes]."""
        whole = self._evidence.terms_for(metric, slice(self._case, self._case + 1))
        reported = self._evidence.reported if metric.level == "classes" else slice(None)
        drawn = {name: values[:, reported] for name, values in self._drawn.items() if name in whole}
        with np.errstate(all="ignore"):
            return np.asarray(value_of(metric.expression, {**whole, **drawn}))

    @cached_property
    def _drawn(self) -> dict[str, Numbers]:
        names = statistic_names(self._evidence, self._resampled)
        return resampled_terms(self._statistics, self.units, names, seed=self._evidence.seed)

    @cached_property
    def _values(self) -> ObjectValues:
        size, weights = self._evidence.columns.size, self._evidence.design.weights
        return self._statistics.on(image_weights(self._members, size, weights))

    @cached_property
    def _unit_of_sample(self) -> Samples:
        return self.units.by_number

    def _moved_by(self, name: str, gradient: Gradient, is_of_class: bool) -> Moved:
        """Return what moves the metric by way of one term."""
        entries = self._entries_of(name)
        by_class = np.zeros(len(self._evidence.classes.names))
        by_class[slice(None) if is_of_class else self._evidence.reported] = gradient.by_term[name][self._case]
        amounts = entries.amounts * np.nan_to_num(by_class)[entries.labels]
        return self._unit_of_sample[entries.images], entries.labels, amounts

    def _entries_of(self, name: str) -> Entries:
        """Return what images add to a term; it is kept until the last metric that reads it."""
        found = self._entries.pop(name, None)
        found = entries_of(self._values, self._names[name]) if found is None else found
        self._asked[name] -= 1
        if self._asked[name] > 0:
            self._entries[name] = found
        return found


def squares_by_class(units: Samples, labels: Samples, amounts: Numbers, *, n_units: int, n_classes: int) -> Numbers:
    """Return for each class the sum of the squares of what each unit moves: float64[classes]."""
    cells = labels * n_units + units
    if n_units * n_classes <= MOST_CELLS:
        found, moved = np.arange(n_units * n_classes), summed(cells, amounts, n_units * n_classes)
    else:
        found, places = np.unique(cells, return_inverse=True)
        moved = summed(places, amounts, len(found))
    return summed(found // n_units, moved * moved, n_classes)


def spread_of_draws(values: Numbers) -> Numbers:
    """Return the variance over the resamples of each column; NaN where too few of them have a value."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    means = np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1)
    squares = np.where(known, (values - means) ** 2, 0.0).sum(axis=0)
    return np.where((n > 1) & (n >= FEWEST_KNOWN * len(values)), squares / np.maximum(n - 1, 1), np.nan)
