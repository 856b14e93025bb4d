"""The answered samples of one test case: what each adds to the terms, and how much it moves a metric."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import to_samples
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.kernel_influence import SCORE_KERNELS, KernelInfluence
from kolena_store.statistics.smooth import Numbers, dot, summed

__all__ = ["CaseSamples"]

SUMS_KEPT = 1 << 20
"""Of a term over clusters and classes, 8 MB at most."""


class CaseSamples:
    """One test case's samples of one model, in the order of `_sample`."""

    def __init__(self, evidence: Evidence, kernels: KernelInfluence, case: int) -> None:
        """Find the samples that the model answered."""
        self._evidence, self._kernels = evidence, kernels
        self._members = evidence.members[case] & evidence.columns.answered
        self.samples = to_samples(self._members)
        self._weights = evidence.design.weights_of(self.samples)
        self._by_kernel: dict[str, Numbers] = {}
        self._by_cluster: dict[str, Numbers] = {}

    @cached_property
    def clusters(self) -> NDArray[np.int64]:
        """Return the cluster of each sample, numbered from 0 within the test case."""
        clusters = self._evidence.design.clusters
        if clusters is None:
            return np.arange(self.samples.size)
        return np.unique(clusters[self.samples], return_inverse=True)[1].astype(np.int64)

    @property
    def n_clusters(self) -> int:
        """Return how many clusters the samples belong to."""
        return int(self.clusters.max()) + 1 if self.clusters.size else 0

    def by_unit(self, moved: Numbers) -> Numbers:
        """Return the influence of each independent unit: summed over clusters, when there are any."""
        if self._evidence.design.clusters is None:
            return moved
        return summed(self.clusters, moved, self.n_clusters)

    def by_sample(self, moved: Numbers) -> Numbers:
        """Return the influence of each sample: the sum of those of its rows, where there are several."""
        rows = self._evidence.columns.rows
        if rows is None:
            return moved
        places = np.unique(rows.samples[self.samples], return_inverse=True)[1].astype(np.int64)
        return summed(places, moved, int(places.max(initial=-1)) + 1)

    def n_units(self, moved: Numbers, n: float) -> float:
        """Return how many independent units a metric of n samples rests on, given the influence of each unit.

        Unequal weights leave (sum of weights)^2 / (sum of their squares) of the samples (Kish 1965).
        """
        counted = moved != 0
        if self._evidence.design.clusters is not None:
            return float(counted.sum())
        if self._weights is None:
            return n
        weights = self._weights[counted]
        return float(weights.sum() ** 2 / dot(weights, weights)) if weights.size else 0.0

    def influence(self, terms: Sequence[TermDefinition], derivatives: Mapping[str, Numbers]) -> Numbers:
        """Return how much each sample moves a metric: its share of each term times the metric's derivative by it.

        Args:
            terms: those that the metric is made of.
            derivatives: for each a single number, or one for each class.
        """
        total = np.zeros(self.samples.size)
        for term in terms:
            slope = np.nan_to_num(derivatives[term.name])
            if not slope.any():
                continue
            if term.kind == "kernel":
                total += np.einsum("ij,j->i", self._of_kernel(term), slope)
            elif term.each:
                total += self._weighted(self._of_elements(term, slope))
            elif term.by:
                codes = self._codes(term)
                total += self._weighted(np.where(codes >= 0, slope[codes], 0.0))
            elif term.kind in ("count", "sum"):
                total += slope[0] * self._weighted(self.values(term))
        return total

    def strata(self, metric: MetricDefinition, class_place: int) -> "NDArray[np.bool_] | None":
        """Return which of the samples are positives of a metric that is one ranking of positives and negatives.

        None for any other metric: its samples are drawn together, whatever they are.
        """
        term = self._evidence.kernel_term(metric)
        if term is None or term.kernel not in SCORE_KERNELS or not term.is_of_class or class_place < 0:
            return None
        return self._kernels.positives(term, class_place, self.samples)

    def cluster_sums(self, term: TermDefinition, n_classes: int) -> Numbers:
        """Return what the samples of each cluster add to a term: [clusters, 1], or [clusters, classes].

        Several metrics may be made of the same term: small sums are kept for them.
        """
        if term.name in self._by_cluster:
            return self._by_cluster[term.name]
        sums = self._cluster_sums(term, n_classes)
        if sums.size <= SUMS_KEPT:
            self._by_cluster[term.name] = sums
        return sums

    def _cluster_sums(self, term: TermDefinition, n_classes: int) -> Numbers:
        if term.each:
            elements = [self._weighted(self._elements(term, code)) for code in range(n_classes)]
            sums = [summed(self.clusters, one, self.n_clusters) for one in elements]
            return np.stack(sums, axis=1) if sums else np.zeros((self.n_clusters, 0))
        if not term.by:
            return summed(self.clusters, self._weighted(self.values(term)), self.n_clusters)[:, np.newaxis]
        codes = self._codes(term)
        counted = codes >= 0
        places = self.clusters[counted] * n_classes + codes[counted]
        weights = self._weighted(np.ones(self.samples.size))[counted]
        return summed(places, weights, self.n_clusters * n_classes).reshape(-1, n_classes)

    def values(self, term: TermDefinition) -> Numbers:
        """Return what each sample counts for in a term of the whole, before weights."""
        columns = self._evidence.columns
        if term.kind == "count":
            return columns.flags[term.expression][self.samples].astype(np.float64)
        return np.nan_to_num(columns.numbers[term.expression][self.samples], nan=0.0)

    def _of_elements(self, term: TermDefinition, slope: Numbers) -> Numbers:
        """Return the elements of each sample times the slope of their class, added in the order of the classes."""
        total = np.zeros(self.samples.size)
        for code in np.flatnonzero(slope).tolist():
            total += slope[code] * self._elements(term, code)
        return total

    def _elements(self, term: TermDefinition, code: int) -> Numbers:
        columns = self._evidence.columns
        if term.kind == "count":
            return np.asarray(columns.element_flags[term.expression][code, self.samples], dtype=np.float64)
        numbers = columns.element_numbers[term.expression][code, self.samples]
        return np.asarray(np.nan_to_num(numbers, nan=0.0), dtype=np.float64)

    def _of_kernel(self, term: TermDefinition) -> Numbers:
        """Return each sample's influence on a kernel's term, which several metrics may be made of."""
        if term.name not in self._by_kernel:
            self._by_kernel[term.name] = self._kernels.influence(term, self._members, self.samples)
        return self._by_kernel[term.name]

    def _codes(self, term: TermDefinition) -> NDArray[np.int32]:
        columns = self._evidence.columns
        is_counted = columns.flags[term.expression][self.samples]
        return np.where(is_counted, columns.codes[term.by[0]][self.samples], np.int32(-1))

    def _weighted(self, values: Numbers) -> Numbers:
        return values if self._weights is None else values * self._weights
