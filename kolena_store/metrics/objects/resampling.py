"""Terms of matched objects on images that are drawn again: images are the units, or clusters of images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kolena_store.matching.objects import Floats
from kolena_store.membership.bitmaps import Samples, Words, to_samples
from kolena_store.metrics.design import SamplingDesign
from kolena_store.metrics.objects.hits import Weights
from kolena_store.metrics.objects.values import ObjectStatistics
from kolena_store.statistics.draws import resampled_units

__all__ = ["N_RESAMPLES", "Units", "resampled_terms", "units_of"]

N_RESAMPLES = 200
"""Their standard error is off by a twentieth by chance (one in the square root of twice as many)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """The images of a test case and the unit of each: units are numbered from 0.

    `size` is how many sample numbers there are, and `weights` how much each sample counts; None when all count alike.
    """

    samples: Samples
    of_sample: Samples
    n: int
    size: int
    weights: Floats | None

    @property
    def by_number(self) -> Samples:
        """Return the unit by sample number; of those outside the test case it says nothing."""
        found = np.zeros(self.size, dtype=np.int64)
        found[self.samples] = self.of_sample
        return found

    @property
    def is_member(self) -> "np.ndarray":
        """Return which sample numbers belong to the test case."""
        found = np.zeros(self.size, dtype=np.bool_)
        found[self.samples] = True
        return found

    def draws(self, seed: int) -> Iterator[Weights]:
        """Yield how often each sample counts in each resample of the units; one array, which is written again.

        The same test case gives the same draws, so that two models are measured on the same ones.
        """
        plain, own = np.zeros(self.size, dtype=np.int32), np.ones(1)
        weights: Weights = plain
        if self.weights is not None:
            weights, own = np.zeros(self.size), self.weights[self.samples]
        for drawn in resampled_units(self.n, n_draws=N_RESAMPLES, seed=seed):
            weights[self.samples] = drawn[self.of_sample] * own
            yield weights


def units_of(members: Words, design: SamplingDesign, size: int) -> Units:
    """Return the units of a test case: its samples, or the clusters that they belong to."""
    samples = to_samples(members)
    names = samples if design.clusters is None else design.clusters[samples]
    distinct, of_sample = np.unique(names, return_inverse=True)
    return Units(samples=samples, of_sample=of_sample, n=len(distinct), size=size, weights=design.weights)


def resampled_terms(
    statistics: ObjectStatistics, units: Units, terms: Mapping[str, str], *, seed: int
) -> dict[str, Floats]:
    """Return terms on each resample of a test case's units: float64[resamples, classes] by the term's name.

    Args:
        statistics: those of one model, the wanted ones among them.
        units: the test case's.
        terms: name of each term -> its statistic.
        seed: of the draws.
    """
    within = statistics.within(units.is_member, tuple(terms.values()))
    found = {name: np.empty((N_RESAMPLES, statistics.curves.n_classes)) for name in terms}
    for nth, weights in enumerate(units.draws(seed)):
        values = within.on(weights)
        for name, statistic in terms.items():
            found[name][nth] = values.value(statistic)
    return found
