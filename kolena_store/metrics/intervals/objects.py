"""Variances of metrics of objects: images, or clusters of images, are the units, whose objects vary together."""

from collections.abc import Mapping, Sequence

import numpy as np

from kolena_store.membership.bitmaps import Samples, to_samples
from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.expressions import Gradient
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.spread import Spread
from kolena_store.metrics.objects.influence import entries_of
from kolena_store.metrics.objects.terms import case_statistics, image_weights
from kolena_store.metrics.objects.values import Entries, ObjectStatistics, ObjectValues
from kolena_store.statistics.smooth import Numbers, dot, summed

__all__ = ["is_of_objects", "object_spreads"]


def is_of_objects(evidence: Evidence, metric: MetricDefinition) -> bool:
    """Return whether a metric is made of matched objects."""
    return any(term.kind == "matches" for term in evidence.definitions_of(metric))


def object_spreads(evidence: Evidence, metrics: Sequence[MetricDefinition]) -> list[Spread]:
    """Return the spread of metrics of objects, linearised: the squared influences of the images (or clusters), summed.

    The sum is multiplied by n / (n - 1), n images or clusters being independent (Woodruff 1971).
    """
    if not metrics or evidence.columns.objects is None:
        return []
    gradients = [evidence.gradient(metric) for metric in metrics]
    terms = {term.name: str(term.kernel) for metric in metrics for term in evidence.definitions_of(metric)}
    statistics = case_statistics(evidence.columns.objects, list(dict.fromkeys(terms.values())))
    found = [np.full((2, *gradient.value.shape), np.nan) for gradient in gradients]

    def spread_part(start: int, stop: int) -> None:
        for case in range(start, stop):
            images = _Images(evidence, statistics(case), case, terms)
            for metric, gradient, spread in zip(metrics, gradients, found, strict=True):
                spread[:, case] = images.spread(metric, gradient)

    run_in_parts(spread_part, len(evidence.members))
    return [Spread(variance=variance, n_units=n_units) for variance, n_units in found]


class _Images:
    """The answered images of one test case, and how they move each term."""

    def __init__(self, evidence: Evidence, statistics: ObjectStatistics, case: int, terms: Mapping[str, str]) -> None:
        self._evidence, self._case, self._terms = evidence, case, terms
        members = evidence.members[case] & evidence.columns.answered
        size, weights = evidence.columns.size, evidence.design.weights
        self._values: ObjectValues = statistics.on(image_weights(members, size, weights))
        self._units, self.n_units = _units(evidence, to_samples(members))
        self._entries: dict[str, Entries] = {}

    def spread(self, metric: MetricDefinition, gradient: Gradient) -> Numbers:
        """Return the variance and the number of units, [2, 1] or [2, classes]."""
        n_classes = len(self._evidence.classes.names)
        is_of_class = metric.level == "class"
        parts = [self._moved(name, gradient.by_term[name][self._case], is_of_class) for name in self._named(metric)]
        units, labels, amounts = (np.concatenate(one) for one in zip(*parts, strict=True))
        if is_of_class:
            keys, places = np.unique(labels * (self.n_units + 1) + units, return_inverse=True)
            moved = summed(places, amounts, len(keys))
            squares = summed(keys // (self.n_units + 1), moved * moved, n_classes)
        else:
            moved = summed(units, amounts, self.n_units)
            squares = np.array([dot(moved, moved)])
        factor = self.n_units / (self.n_units - 1) if self.n_units > 1 else np.nan
        return np.stack([squares * factor, np.full(len(squares), float(self.n_units))])

    def _named(self, metric: MetricDefinition) -> list[str]:
        return [term.name for term in self._evidence.definitions_of(metric)]

    def _moved(self, name: str, slopes: Numbers, is_of_class: bool) -> "tuple[Samples, Samples, Numbers]":
        """Return unit, class and amount of what moves the metric by way of one term."""
        if name not in self._entries:
            self._entries[name] = entries_of(self._values, self._terms[name])
        entries = self._entries[name]
        by_class = np.zeros(len(self._evidence.classes.names))
        by_class[slice(None) if is_of_class else self._evidence.reported] = slopes
        amounts = entries.amounts * np.nan_to_num(by_class)[entries.labels]
        return self._units[entries.images], entries.labels, amounts


def _units(evidence: Evidence, samples: Samples) -> tuple[Samples, int]:
    """Return the unit of each sample number, those of a test case numbered from 0, and how many there are."""
    clusters = evidence.design.clusters
    units = np.zeros(evidence.columns.size, dtype=np.int64)
    names = samples if clusters is None else clusters[samples]
    distinct, places = np.unique(names, return_inverse=True)
    units[samples] = places
    return units, len(distinct)
