"""Precision and recall of a selection of images, or of images that count several times, without matching again."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.matching.objects import Floats, Integers
from kolena_store.metrics.objects.ranked import Positions, RankedMatches

__all__ = [
    "COCO_RECALLS",
    "Hits",
    "Weights",
    "area_under",
    "hits_of",
    "interpolated_precision",
    "log_average_miss_rate",
]

Numbers: TypeAlias = NDArray[Any]
Weights: TypeAlias = "NDArray[np.int32] | NDArray[np.float64]"
"""How often each image counts: 0 or 1 of a test case, any number of a resample."""

COCO_RECALLS = 101
"""At how many recalls from 0 to 1 COCO reads off the precision."""


ROUNDING = 1e-9
"""How far sums of weights that are no whole numbers may be off, as a share of the whole."""

LEAST_MISS_RATE = 1e-10
"""What a miss rate of 0 counts as in the geometric mean, as in the Caltech code."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """The true positives of all curves that count, by curve, class and falling score.

    `found` counts the true positives of the same curve and class up to each, `seen` the detections, and `weights` says
    how often each counts itself. `positives` are the objects of each family and class: [families, classes].
    """

    ranked: RankedMatches
    places: Positions
    segments: Positions
    weights: Numbers
    found: Numbers
    seen: Numbers
    positives: Floats

    @cached_property
    def of_segment(self) -> Floats:
        """Return the objects that there are for each curve and class: [curves * classes]."""
        families = [curve.family for curve in self.ranked.curves]
        return self.positives[families].ravel()

    @property
    def slack(self) -> float:
        """Return by how much a recall may miss one that it equals: sums of whole numbers are exact."""
        return 0.0 if np.issubdtype(self.weights.dtype, np.integer) else ROUNDING

    @cached_property
    def envelope(self) -> Floats:
        """Return at each true positive the highest precision there or at a lower score of the same curve and class."""
        precision = self.found / self.seen
        # Segments are kept apart by adding their number, the last one's being the smallest: exact to 1e-11.
        apart = (len(self.ranked.curves) * self.ranked.n_classes - self.segments).astype(np.float64)
        highest = np.maximum.accumulate((precision + apart)[::-1])[::-1]
        return np.asarray(highest - apart, dtype=np.float64)

    @cached_property
    def recall(self) -> Floats:
        """Return at each true positive the share of the objects that is found by then."""
        return np.asarray(self.found / self.of_segment[self.segments], dtype=np.float64)

    def summed(self, values: Floats, segments: Positions | None = None) -> Floats:
        """Return the sums of some values over the true positives of each curve and class: [curves, classes].

        Args:
            values: one for each true positive.
            segments: their curves and classes; None: of all true positives.
        """
        where = self.segments if segments is None else segments
        sums = np.bincount(where, weights=values, minlength=self.ranked.n_segments).astype(np.float64, copy=False)
        return sums.reshape(len(self.ranked.curves), self.ranked.n_classes)

    def recall_within(self, most: int, n_curves: int) -> Floats:
        """Return the recall with at most so many detections of an image and class: [the first curves, classes]."""
        end = int(np.searchsorted(self.segments, n_curves * self.ranked.n_classes))
        chosen = np.flatnonzero(self.ranked.ranks[self.places[:end]] < most)
        return self._share(self.summed(self.weights[chosen], self.segments[chosen]))[:n_curves]

    @cached_property
    def whole_recall(self) -> Floats:
        """Return the share of the objects that is found at all: [curves, classes]; NaN without an object."""
        shape = (len(self.ranked.curves), self.ranked.n_classes)
        ends = np.searchsorted(self.segments, np.arange(self.ranked.n_segments + 1))
        last = np.concatenate([self.found, [0.0]])[np.maximum(ends[1:] - 1, 0)]
        return self._share(np.where(ends[1:] > ends[:-1], last, 0.0).reshape(shape))

    def _share(self, values: Floats) -> Floats:
        total = self.of_segment.reshape(values.shape)
        return np.divide(values, total, out=np.full_like(values, np.nan), where=total > 0)


def hits_of(ranked: RankedMatches, weights: Weights) -> Hits:
    """Return the true positives of the images that count.

    Args:
        ranked: the matches.
        weights: how often each image counts, whole numbers or not; one for each of `ranked.n_images`.
    """
    weights = _as_whole_numbers(weights)
    counts = weights != 0
    live = np.flatnonzero(counts[ranked.images])
    each = weights[ranked.images[live]]
    events = np.flatnonzero(counts[ranked.event_images])
    of_event, is_hit = weights[ranked.event_images[events]], ranked.is_hit[events]
    hits = events[is_hit]
    starts = np.searchsorted(events, ranked.segment_starts)
    seen = _running(np.where(ranked.change[events], ranked.change[events] * of_event, 0), starts)[is_hit]
    found = _running(np.where(is_hit, of_event, 0), starts)[is_hit]
    seen += _counted_before(ranked, live, each, hits, n_hits=np.diff(np.searchsorted(hits, ranked.segment_starts)))
    positives = np.bincount(
        ranked.truth_groups, weights=weights[ranked.truth_images], minlength=ranked.n_families * ranked.n_classes
    )
    return Hits(
        ranked=ranked,
        places=ranked.places[hits],
        segments=ranked.segments[hits],
        weights=of_event[is_hit],
        found=found,
        seen=seen,
        positives=positives.astype(np.float64, copy=False).reshape(ranked.n_families, ranked.n_classes),
    )


def _as_whole_numbers(weights: Weights) -> Numbers:
    """Return weights as whole numbers where they are such, so that their sums are exact."""
    if np.issubdtype(weights.dtype, np.integer) or not (weights == np.floor(weights)).all():
        return weights
    return weights.astype(np.int64)


def _counted_before(
    ranked: RankedMatches, live: Integers, each: Weights, hits: Integers, *, n_hits: Integers
) -> Numbers:
    """Return for each hit how many detections count in its family and class up to it, itself among them.

    Args:
        ranked: the matches.
        live: the places of the detections of images that count.
        each: how often each of these counts.
        hits: the events that are hits.
        n_hits: how many of them each segment has.
    """
    total = len(live) + 1
    sums = np.zeros((ranked.n_families, total), dtype=each.dtype)
    for family in np.unique(ranked.families_of_segments[n_hits > 0]):
        np.cumsum(each * ranked.counted[family, live], out=sums[family, 1:])
    compact = np.zeros(len(ranked.images) + 1, dtype=np.int32)
    compact[live + 1] = 1
    np.cumsum(compact, out=compact)
    families = ranked.families_of_segments * total
    ends = compact[ranked.places[hits] + 1] + np.repeat(families, n_hits)
    before = sums.ravel()[families + compact[ranked.class_starts[ranked.classes_of_segments]]]
    return np.asarray(sums.ravel()[ends] - np.repeat(before, n_hits))


def interpolated_precision(hits: Hits, n_recalls: int = COCO_RECALLS) -> Floats:
    """Return the mean of the highest precision at each recall and beyond: [curves, classes]; NaN without an object.

    It is COCO's average precision (101 recalls), or with 11 recalls the older one of Pascal VOC.
    """
    recalls, total = np.linspace(0.0, 1.0, n_recalls), hits.of_segment[hits.segments]
    before = (hits.found - hits.weights) / total
    reached = _levels(recalls, hits.recall + hits.slack)
    earlier = np.where(before > hits.slack, _levels(recalls, before + hits.slack), 0)
    summed = hits.summed(hits.envelope * (reached - earlier))
    is_known = hits.of_segment.reshape(summed.shape) > 0
    return np.where(is_known, summed / n_recalls, np.nan)


def area_under(hits: Hits) -> Floats:
    """Return the area under the highest precision at each recall and beyond: [curves, classes], as Pascal VOC 2010."""
    summed = hits.summed(hits.envelope * hits.weights)
    total = hits.of_segment.reshape(summed.shape)
    return np.divide(summed, total, out=np.full_like(summed, np.nan), where=total > 0)


def log_average_miss_rate(hits: Hits, curve: int, n_images: float) -> Floats:
    """Return the geometric mean of the miss rates at nine rates of false positives (Dollar 2012), for each class.

    At 0.01 to 1 false positives an image, evenly spaced in the logarithm, it is the share of the objects that the
    detections up to there miss. NaN without an object or image.

    Args:
        hits: the true positives.
        curve: the curve to follow.
        n_images: how many images there are, as they are weighted.
    """
    n_classes = hits.ranked.n_classes
    bounds = np.searchsorted(hits.segments, curve * n_classes + np.arange(n_classes + 1))
    part = slice(bounds[0], bounds[-1])
    labels = hits.segments[part] - curve * n_classes
    false = hits.seen[part] - hits.found[part]
    total = hits.of_segment[curve * n_classes : (curve + 1) * n_classes]
    most = n_images * (1 + hits.slack)
    found = [
        np.bincount(labels, weights=np.where(false <= rate * most, hits.weights[part], 0.0), minlength=n_classes)
        for rate in np.logspace(-2.0, 0.0, 9)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = 1 - np.stack(found) / total
    logarithms = np.log(np.maximum(missed, LEAST_MISS_RATE))
    return np.where((total > 0) & (n_images > 0), np.exp(logarithms.mean(axis=0)), np.nan)


def _levels(recalls: Floats, reached: Floats) -> Integers:
    """Return how many of the evenly spaced recalls are reached."""
    last = len(recalls) - 1
    guess = np.minimum((reached * last).astype(np.int64), last)
    guess -= recalls[guess] > reached
    following = np.minimum(guess + 1, last)
    return np.asarray(guess + 1 + ((following > guess) & (recalls[following] <= reached)))


def _running(values: Numbers, bounds: Integers) -> Numbers:
    """Return the running sums of some values, those between two bounds by themselves."""
    sums = np.zeros(len(values) + 1, dtype=values.dtype)
    np.cumsum(values, out=sums[1:])
    return np.asarray(sums[1:] - np.repeat(sums[bounds[:-1]], np.diff(bounds)))
