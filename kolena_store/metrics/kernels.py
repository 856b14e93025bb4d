"""Metrics that are no function of sums: prepared once per model, evaluated once per test case.

Each kernel takes columns that are dense by `_sample`, and `evaluate` takes a test case's bitmap. A NaN is never
measured; -0.0 equals 0.0; a metric that is not defined is None with a reason.
"""

import math
from abc import ABC, abstractmethod
from typing import Self

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Flags, Words
from kolena_store.metrics.counting import Codes
from kolena_store.metrics.ordered import (
    NOTHING_MEASURED,
    Floats,
    KernelValue,
    MeasuredSamples,
    SortedColumn,
    check_lengths,
)
from kolena_store.metrics.rank_correlations import KendallTauB, Spearman
from kolena_store.metrics.ranked_scores import RankedScores, ScoreTally
from kolena_store.metrics.score_influence import (
    ScoreInfluence,
    average_precision_influence,
    roc_auc_influence,
)
from kolena_store.statistics.levels import LEVEL
from kolena_store.statistics.order import median_ranks, middle_places
from kolena_store.statistics.smooth import dot

__all__ = [
    "AveragePrecision",
    "ExpectedCalibrationError",
    "KendallTauB",
    "KernelValue",
    "Median",
    "RocAuc",
    "Spearman",
    "Unweighable",
]

NO_POSITIVE = "no positive sample is measured"
NO_NEGATIVE = "no negative sample is measured"
NO_WEIGHTS = "a rank correlation is not defined for weighted samples"


class _ScoreKernel(ABC):
    """What the metrics over ranked scores have in common: how they are prepared."""

    def __init__(self, scores: Floats, positive: Flags, measured: Flags) -> None:
        """Prepare for one score per sample; infinite scores are extreme ones."""
        self._ranked = RankedScores(scores, positive, measured)

    @classmethod
    def micro(cls, scores: Floats, codes: Codes, measured: Flags) -> Self:
        """Return the metric over all (sample, class) entries of scores[N, K]; `n` still counts samples."""
        return cls.over(RankedScores.of_classes(scores, codes, measured))

    @classmethod
    def over(cls, ranked: RankedScores) -> Self:
        """Return the metric over scores that are ranked already: several metrics can share them."""
        kernel = cls.__new__(cls)
        kernel._ranked = ranked
        return kernel

    def evaluate(self, members: Words) -> KernelValue:
        """Return the metric for the members of a test case."""
        return self.of_tally(self._ranked.tally(members))

    @classmethod
    def of_tally(cls, tally: ScoreTally) -> KernelValue:
        """Return the metric for scores that are tallied already: several metrics can share one tally."""
        n_positive, n_negative = tally.positives.sum().item(), tally.negatives.sum().item()
        reason = cls._undefined(tally.n_samples, n_positive, n_negative)
        if reason is not None:
            return KernelValue(value=None, n=tally.n_samples, reason=reason)
        return KernelValue(
            value=cls._value(tally, n_positive, n_negative),
            n=tally.n_samples,
            error=cls._error(tally, n_positive, n_negative),
            freedom=int(min(n_positive, n_negative)) - 1,
        )

    @classmethod
    def _undefined(cls, n_samples: int, n_positive: float, n_negative: float) -> str | None:
        if not n_samples:
            return NOTHING_MEASURED
        return None if n_positive else NO_POSITIVE

    @classmethod
    @abstractmethod
    def influence(cls, positives: Floats, negatives: Floats) -> ScoreInfluence:
        """Return how much one more sample at each distinct score would move the metric."""

    @classmethod
    def _error(cls, tally: ScoreTally, n_positive: float, n_negative: float) -> float | None:
        """Return the standard error, positives and negatives varying apart (DeLong 1988).

        None for fewer than two of either, and for weights, which say nothing of how many there are.
        """
        if min(n_positive, n_negative) < 2 or isinstance(n_positive, float):
            return None
        of_positive, of_negative = cls._squares(tally)
        return math.sqrt(of_positive * n_positive / (n_positive - 1) + of_negative * n_negative / (n_negative - 1))

    @classmethod
    def _squares(cls, tally: ScoreTally) -> tuple[float, float]:
        """Return the sum of the squared influences of the positives, and that of the negatives."""
        positives, negatives = tally.positives.astype(np.float64), tally.negatives.astype(np.float64)
        found = cls.influence(positives, negatives)
        return dot(positives, found.of_positive**2), dot(negatives, found.of_negative**2)

    @classmethod
    @abstractmethod
    def _value(cls, tally: ScoreTally, n_positive: float, n_negative: float) -> float:
        """Return the metric where it is defined."""


class RocAuc(_ScoreKernel):
    """Area under the ROC curve: how often a positive scores above a negative, ties counting half (Hanley 1982)."""

    @classmethod
    def _undefined(cls, n_samples: int, n_positive: float, n_negative: float) -> str | None:
        return super()._undefined(n_samples, n_positive, n_negative) or (None if n_negative else NO_NEGATIVE)

    @classmethod
    def _value(cls, tally: ScoreTally, n_positive: float, n_negative: float) -> float:
        # Whole numbers, unless they are weights: each positive wins two half points from each negative below, and one
        # from each tie.
        negatives_below = np.cumsum(tally.negatives) - tally.negatives
        half_points = (tally.positives * (2 * negatives_below + tally.negatives)).sum().item()
        return float(half_points / (2 * n_positive * n_negative))

    @classmethod
    def _squares(cls, tally: ScoreTally) -> tuple[float, float]:
        positives, negatives = tally.positives.astype(np.float64), tally.negatives.astype(np.float64)
        n_positive, n_negative = positives.sum(), negatives.sum()
        # Twice the negatives below each positive, and twice the positives above each negative, ties counting one.
        below = 2 * np.cumsum(negatives) - negatives
        above = 2 * (n_positive - np.cumsum(positives)) + positives
        scale = 2 * float(n_positive * n_negative)
        return _spread(below, positives, scale), _spread(above, negatives, scale)

    @classmethod
    def influence(cls, positives: Floats, negatives: Floats) -> ScoreInfluence:
        """Return the placements of DeLong 1988."""
        return roc_auc_influence(positives, negatives)


class AveragePrecision(_ScoreKernel):
    """Precision at each distinct score, weighted by the recall gained there; no interpolation (as scikit-learn)."""

    @classmethod
    def _value(cls, tally: ScoreTally, n_positive: float, n_negative: float) -> float:
        gained = tally.positives[::-1]
        found = np.cumsum(gained)
        precision = found / (found + np.cumsum(tally.negatives[::-1]))
        return float((gained * precision).sum()) / n_positive

    @classmethod
    def influence(cls, positives: Floats, negatives: Floats) -> ScoreInfluence:
        """Return the influences on average precision."""
        return average_precision_influence(positives, negatives)


class ExpectedCalibrationError:
    """Mean distance between confidence and accuracy over equal-width bins, weighted by their size (Guo 2017).

    The bins are (0, 1/b], (1/b, 2/b], ... (1 - 1/b, 1]; a confidence of 0 is in the first.
    """

    def __init__(
        self, confidence: Floats, correct: Flags, measured: Flags, *, bins: int = 15, weights: Floats | None = None
    ) -> None:
        """Prepare for the confidence of the top label and whether it is correct; `weights` say how much each counts.

        Raises:
            InvalidInput: fewer than one bin, or the columns differ in length.
        """
        check_lengths(confidence, correct, measured)
        if bins < 1:
            raise InvalidInput(f"a calibration error over {bins} bins is not defined; ask for at least one bin")
        self._samples = MeasuredSamples(measured & ~np.isnan(confidence))
        self._confidence = confidence
        self._correct = correct
        self._n_bins = bins
        self._weights = weights
        upper_edges = np.arange(1, bins + 1) / bins
        self._bins = np.searchsorted(upper_edges, confidence, side="left")

    def evaluate(self, members: Words) -> KernelValue:
        """Return the expected calibration error for the members of a test case."""
        samples = self._samples.of(members)
        confidence = self._confidence[samples]
        reason = self._reason(confidence)
        if reason is not None:
            return KernelValue(value=None, n=samples.size, reason=reason)
        excess, total = self._correct[samples] - confidence, float(samples.size)
        if self._weights is not None:
            excess, total = excess * self._weights[samples], math.fsum(self._weights[samples])
        # Added in the order of `_sample`, one after the other, so that the sum repeats.
        gaps = np.bincount(self._bins[samples], weights=excess, minlength=self._n_bins)
        return KernelValue(value=math.fsum(np.abs(gaps)) / total, n=samples.size)

    @staticmethod
    def _reason(confidence: Floats) -> str | None:
        if not confidence.size:
            return NOTHING_MEASURED
        least, greatest = float(confidence.min()), float(confidence.max())
        if least < 0 or greatest > 1:
            return f"confidences from {least:g} to {greatest:g} are no probabilities"
        return None


class Median:
    """The middle value, or the mean of the two middle ones.

    With weights it is the value at which the sum of the weights, in the order of the values, passes half of them all,
    and the mean of that and the next one where it meets the half exactly.
    """

    def __init__(self, values: Floats, measured: Flags, weights: Floats | None = None) -> None:
        """Prepare for one value per sample; `weights` say how much each counts, more than 0."""
        check_lengths(values, measured)
        is_measured = measured & ~np.isnan(values)
        self._samples = MeasuredSamples(is_measured)
        self._column = SortedColumn(values, is_measured)
        self._weights = weights

    def evaluate(self, members: Words) -> KernelValue:
        """Return the median for the members of a test case."""
        samples = self._samples.of(members)
        if not samples.size:
            return KernelValue(value=None, n=0, reason=NOTHING_MEASURED)
        values = self._column.sorted_values(samples)
        below, above = (values.size - 1) // 2, values.size // 2
        if self._weights is not None:
            below, above = middle_places(self._weights[self._column.sorted_samples(samples)])
        median = _mean(float(values[below]), float(values[above]))
        if not math.isfinite(median):
            return KernelValue(value=None, n=samples.size, reason="the middle values are infinite")
        if self._weights is not None:
            return KernelValue(value=median, n=samples.size)
        ranks = median_ranks(samples.size, LEVEL)
        bounds = (float(values[ranks[0]]), float(values[ranks[1]])) if ranks is not None else None
        return KernelValue(value=median, n=samples.size, bounds=bounds)


class Unweighable:
    """A metric that is not defined for samples that don't count alike."""

    def __init__(self, measured: Flags, reason: str = NO_WEIGHTS) -> None:
        """Prepare for the samples that would be measured."""
        self._samples, self._reason = MeasuredSamples(measured), reason

    def evaluate(self, members: Words) -> KernelValue:
        """Return no value, and why."""
        return KernelValue(value=None, n=self._samples.of(members).size, reason=self._reason)


def _spread(places: Floats, counts: Floats, scale: float) -> float:
    """Return the sum of the squared distances of some places from their mean, each as often as it was counted."""
    is_counted = counts > 0
    places, counts = places[is_counted], counts[is_counted]
    distances = places - dot(counts, places) / counts.sum()
    return dot(distances * distances, counts) / scale**2


def _mean(low: float, high: float) -> float:
    # Halved before adding only where the sum leaves the range of floats, which keeps the usual case exact.
    return (low + high) / 2 if math.isfinite(low + high) else low / 2 + high / 2
