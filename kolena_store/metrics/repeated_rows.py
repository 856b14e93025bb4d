"""Rows of sample metrics where a model answered samples several times: each counts for its share of the sample."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags, Samples, Words, from_flags, from_samples, to_flags
from kolena_store.metrics.counting import Counts, count_many
from kolena_store.metrics.design import SamplingDesign
from kolena_store.metrics.sums import Floats

__all__ = ["RepeatedRows"]

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, kw_only=True)
class RepeatedRows:
    """The sample of each row, ascending, among the sample numbers [0, size).

    What is measured on rows is dense over `n_places`: there is a place even where there is no row.
    """

    samples: Samples
    size: int

    @property
    def n_places(self) -> int:
        """Return how long columns over the rows are."""
        return max(1, len(self.samples))

    @cached_property
    def answered_samples(self) -> Words:
        """Return the samples that have a row."""
        return from_samples(self.samples, self.size)

    @cached_property
    def repeats(self) -> Counts:
        """Return how many rows the sample of each row has, 1 where there is no row."""
        counts = np.bincount(self.samples, minlength=self.size)[self.samples]
        return self._filled(counts, np.int64(1))

    @property
    def shares(self) -> Floats:
        """Return the share of its sample that each row stands for."""
        return 1 / self.repeats

    def members(self, members: Words) -> Words:
        """Return the rows of the samples of each test case: words[C, W]."""
        found = [from_flags(self._filled(to_flags(one, self.size)[self.samples], np.False_)) for one in members]
        return np.stack(found)

    def samples_of(self, flags: Flags) -> Words:
        """Return the samples that have a row whose flag is set."""
        return from_samples(self.samples[flags[: len(self.samples)]], self.size)

    def design(self, of_samples: SamplingDesign) -> SamplingDesign:
        """Return the design of the rows: they share the weight of their sample, and vary with it.

        The sample is the cluster, unless the dataset names another one.
        """
        weights = np.ones(len(self.samples)) if of_samples.weights is None else of_samples.weights[self.samples]
        clustered = of_samples.by_sample(self.size)
        assert clustered.clusters is not None
        return replace(
            clustered,
            clusters=self._filled(clustered.clusters[self.samples], np.int32(0)),
            weights=self._filled(weights, np.float64(0)) / self.repeats,
        )

    def averages(self, values: Floats) -> Floats:
        """Return the mean over those rows of each sample that have a value, by sample; NaN where none has one."""
        is_known = ~np.isnan(values[: len(self.samples)])
        samples = self.samples[is_known]
        totals = np.bincount(samples, weights=values[: len(self.samples)][is_known], minlength=self.size)
        with np.errstate(invalid="ignore"):
            return np.asarray(totals / np.bincount(samples, minlength=self.size))

    def sizes(self, members: Words) -> Counts:
        """Return how many samples each test case has, and how many of them were answered: int64[2, test cases]."""
        planes = np.stack([~np.zeros_like(self.answered_samples), self.answered_samples])
        return count_many(members, planes).T

    def _filled(self, values: NDArray[Scalar], filling: Scalar) -> NDArray[Scalar]:
        """Return values of the rows as a column, which has a place even where there is no row."""
        return values if len(values) else np.full(self.n_places, filling, dtype=values.dtype)
