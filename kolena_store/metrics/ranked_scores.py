"""Scores sorted once per model: for each test case, the positives and negatives at each distinct score."""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Flags, Samples, Words
from kolena_store.metrics.counting import Codes, Counts
from kolena_store.metrics.ordered import (
    Floats,
    MeasuredSamples,
    Places,
    ascending,
    begins_group,
    check_lengths,
    group_lengths,
)

__all__ = ["RankedEntries", "RankedScores", "ScoreTally"]

Integers: TypeAlias = NDArray[np.signedinteger]

# With so many entries per distinct score, a histogram over all distinct scores beats reading the members in order.
HISTOGRAM_FACTOR = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTally:
    """The members of a test case at each of their distinct scores, from the lowest score to the highest.

    Positives and negatives are counts, or sums of weights.
    """

    positives: Counts | Floats
    negatives: Counts | Floats
    n_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedEntries:
    """The members of a test case, one row each: the position of each of their scores among the distinct ones."""

    samples: Samples
    groups: Places
    is_positive: Flags
    n_groups: int


class RankedScores:
    """Scores with their truths, prepared once per model; one sample may hold several entries (one per class)."""

    def __init__(self, scores: Floats, positive: Flags, measured: Flags) -> None:
        """Sort the scores of the measured samples; a NaN score is never measured.

        Args:
            scores: one score per `_sample`, or one row of scores.
            positive: whether each score belongs to a positive, of the same shape.
            measured: one flag per `_sample`.

        Raises:
            InvalidInput: the columns differ in length.
        """
        check_lengths(scores, positive, measured)
        entries = scores if scores.ndim == 2 else scores[:, np.newaxis]
        is_measured = measured & ~np.isnan(entries).any(axis=1)
        self._samples = MeasuredSamples(is_measured)
        self._per_sample = entries.shape[1]
        self._sort(entries.ravel(), positive.ravel(), np.repeat(is_measured, self._per_sample))

    @classmethod
    def of_classes(cls, scores: Floats, codes: Codes, measured: Flags) -> Self:
        """Return every (sample, class) of scores[N, K] as an entry, positive where the class is the sample's code.

        A sample with the code -1 is not measured.

        Raises:
            InvalidInput: a measured code is no column of the scores, or the columns differ in length.
        """
        check_lengths(scores, codes, measured)
        is_measured = measured & (codes != -1)
        found = codes[is_measured]
        if found.size and (found.min() < 0 or found.max() >= scores.shape[1]):
            raise InvalidInput(
                f"class codes from {found.min()} to {found.max()} don't fit scores of {scores.shape[1]} classes; "
                "give the scores of every class that occurs"
            )
        return cls(scores, codes[:, np.newaxis] == np.arange(scores.shape[1]), is_measured)

    def tally(self, members: Words, weights: Floats | None = None) -> ScoreTally:
        """Return the positives and negatives among the measured members at each of their distinct scores.

        Args:
            members: the test case.
            weights: how much each `_sample` counts; None when all count alike.
        """
        if weights is not None:
            return self._weighted(members, weights)
        samples = self._samples.of(members)
        return self._by_histogram(samples) if self._places is None else self._in_order(samples, self._places)

    def entries(self, members: Words) -> RankedEntries:
        """Return the measured members with their entries: groups[n, k] and is_positive[n, k]."""
        samples = self._samples.of(members)
        rows = (self._codes if self._places is None else self._places).reshape(-1, self._per_sample)[samples]
        codes = rows if self._places is None else self._codes[rows]
        groups, is_positive = (codes >> 1).astype(np.int64), (codes & 1).astype(np.bool_)
        if codes.size * HISTOGRAM_FACTOR >= self._n_groups:
            return RankedEntries(samples=samples, groups=groups, is_positive=is_positive, n_groups=self._n_groups)
        distinct, places = np.unique(groups, return_inverse=True)
        places = places.reshape(groups.shape)
        return RankedEntries(samples=samples, groups=places, is_positive=is_positive, n_groups=distinct.size)

    def _weighted(self, members: Words, weights: Floats) -> ScoreTally:
        entries = self.entries(members)
        of_entries = np.repeat(weights[entries.samples], self._per_sample)
        places = (entries.groups * 2 + entries.is_positive).ravel()
        per_group = np.bincount(places, of_entries, minlength=2 * entries.n_groups).reshape(-1, 2)
        negatives, positives = per_group[per_group.any(axis=1)].T.copy()
        return ScoreTally(positives=positives, negatives=negatives, n_samples=entries.samples.size)

    def _sort(self, scores: Floats, positive: Flags, measured: Flags) -> None:
        entries = np.flatnonzero(measured)
        order = entries[np.argsort(scores[entries])]
        groups = np.cumsum(begins_group(scores[order])) - 1
        self._n_groups = int(groups[-1]) + 1 if groups.size else 0
        # One code says an entry's distinct score and, in the last bit, whether it is positive.
        codes: Integers = (groups * 2 + positive[order]).astype(np.int32 if order.size < 2**30 else np.int64)
        if self._n_groups * HISTOGRAM_FACTOR <= order.size:
            self._places, self._codes = None, _scattered(codes, order, scores.size)
        else:
            self._places, self._codes = _scattered(np.arange(order.size, dtype=codes.dtype), order, scores.size), codes

    def _by_histogram(self, samples: Samples) -> ScoreTally:
        codes = _rows(self._codes, samples, self._per_sample)
        per_group = np.bincount(codes, minlength=2 * self._n_groups).reshape(-1, 2)
        negatives, positives = per_group[per_group.any(axis=1)].T.copy()
        return ScoreTally(positives=positives, negatives=negatives, n_samples=samples.size)

    def _in_order(self, samples: Samples, places: Places) -> ScoreTally:
        codes = self._codes[ascending(_rows(places, samples, self._per_sample), self._codes.size)]
        if self._n_groups == self._codes.size:  # no two scores are equal
            positives = (codes & 1).astype(np.int64)
            return ScoreTally(positives=positives, negatives=1 - positives, n_samples=samples.size)
        totals = group_lengths(begins_group(codes >> 1))
        positives = np.diff(np.cumsum(codes & 1)[np.cumsum(totals) - 1], prepend=0)
        return ScoreTally(positives=positives, negatives=totals - positives, n_samples=samples.size)


def _scattered(values: Integers, order: Places, size: int) -> Integers:
    by_entry = np.zeros(size, dtype=values.dtype)
    by_entry[order] = values
    return by_entry


def _rows(by_entry: Integers, samples: Samples, per_sample: int) -> Integers:
    return by_entry.reshape(-1, per_sample)[samples].ravel() if per_sample > 1 else by_entry[samples]
