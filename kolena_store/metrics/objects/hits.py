"""True positives of a selection of images, or of images that count several times, without matching again."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.matching.objects import Floats, Integers
from kolena_store.metrics.objects.ranked import Positions, RankedMatches

__all__ = ["Hits", "Weights", "hits_of", "of_few", "of_many"]

Numbers: TypeAlias = NDArray[Any]
Weights: TypeAlias = "NDArray[np.int32] | NDArray[np.float64]"
"""How often each image counts: 0 or 1 of a test case, any number of a resample."""

ROUNDING = 1e-9
"""How far sums of weights that are no whole numbers may be off, as a share of the whole."""

LARGEST_SUM, MOST_OF_AN_IMAGE = 2.0**62, 1 << 20
"""What sums of whole numbers stay below, and how many detections an image may have for that."""

MOST = 0.2
"""The share of the images from which on the places of all true positives, which are known, save more than they cost."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """The true positives of all curves that count, by curve, class and falling score.

    `bounds` are where those of each curve and class begin, and at last where they end. `found` counts the true
    positives of the same curve and class up to each, `seen` the detections, and `weights` says how often each counts
    itself. `positives` are the objects of each family and class: [families, classes].
    """

    ranked: RankedMatches
    places: Positions
    segments: Positions
    bounds: Integers
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
    def firsts(self) -> Integers:
        """Return the place of the first true positive of each curve and class that has any."""
        starts, ends = self.bounds[:-1], self.bounds[1:]
        return starts[ends > starts]

    @property
    def slack(self) -> float:
        """Return by how much a recall may miss one that it equals: sums of whole numbers are exact."""
        return 0.0 if np.issubdtype(self.weights.dtype, np.integer) else ROUNDING

    @cached_property
    def envelope(self) -> Floats:
        """Return at each true positive the highest precision there or at a lower score of the same curve and class."""
        # Weights far smaller than others may add nothing to a sum.
        precision = self.found / (np.maximum(self.seen, self.weights) if self.slack else self.seen)
        # Segments are kept apart by adding their number, the last one's being the smallest: exact to 1e-11.
        apart = (self.ranked.n_segments - self.segments).astype(np.float64)
        highest = np.maximum.accumulate((precision + apart)[::-1])[::-1]
        return np.asarray(highest - apart, dtype=np.float64)

    @cached_property
    def recall(self) -> Floats:
        """Return at each true positive the share of the objects that is found by then."""
        return np.asarray(self.found / np.repeat(self.of_segment, np.diff(self.bounds)), dtype=np.float64)

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
        starts, ends = self.bounds[:-1], self.bounds[1:]
        last = np.concatenate([self.found, [0.0]])[np.maximum(ends - 1, 0)]
        return self._share(np.where(ends > starts, last, 0.0).reshape(shape))

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
    chosen = of_many if np.count_nonzero(weights) > MOST * len(weights) else of_few
    return chosen(ranked, weights)


def of_many(ranked: RankedMatches, weights: Weights) -> Hits:
    """Return the same from running sums over all detections, of which those of other images add nothing."""
    at = ranked.hit_places
    of_hit = weights[at.images]
    counts = of_hit != 0
    alive = slice(None) if counts.all() else np.flatnonzero(counts)
    segments, of_hit = at.segments[alive], of_hit[alive]
    bounds = np.searchsorted(segments, np.arange(ranked.n_segments + 1))
    sizes = np.diff(bounds)
    counted = _counted(ranked, slice(None), weights[ranked.images], sizes)
    seen = counted[at.counted_until[alive]] - np.repeat(counted[at.counted_before], sizes)
    if len(at.changes):
        changed = _sums(weights[ranked.event_images[at.changes]] * ranked.change[at.changes])
        seen += changed[at.changed_until[alive]] - np.repeat(changed[at.changed_before], sizes)
    return Hits(
        ranked=ranked,
        places=at.places[alive],
        segments=segments,
        bounds=bounds,
        weights=of_hit,
        found=_running(of_hit, bounds),
        seen=seen,
        positives=_positives(ranked, weights),
    )


def of_few(ranked: RankedMatches, weights: Weights) -> Hits:
    """Return the same from the detections of the images that count alone."""
    counts = weights != 0
    live = np.flatnonzero(counts[ranked.images])
    each = weights[ranked.images[live]]
    events = np.flatnonzero(counts[ranked.event_images])
    of_event, is_hit = weights[ranked.event_images[events]], ranked.is_hit[events]
    hits = events[is_hit]
    starts = np.searchsorted(events, ranked.segment_starts)
    seen = _running(np.where(ranked.change[events], ranked.change[events] * of_event, 0), starts)[is_hit]
    found = _running(np.where(is_hit, of_event, 0), starts)[is_hit]
    bounds = np.searchsorted(hits, ranked.segment_starts)
    seen += _counted_before(ranked, live, each, hits, n_hits=np.diff(bounds))
    return Hits(
        ranked=ranked,
        places=ranked.places[hits],
        segments=ranked.segments[hits],
        bounds=bounds,
        weights=of_event[is_hit],
        found=found,
        seen=seen,
        positives=_positives(ranked, weights),
    )


def _positives(ranked: RankedMatches, weights: Weights) -> Floats:
    """Return the objects of each family and class: [families, classes]."""
    groups, of_object = ranked.n_families * ranked.n_classes, weights[ranked.truth_images]
    sums = np.bincount(ranked.truth_groups, weights=of_object, minlength=groups)
    return sums.astype(np.float64, copy=False).reshape(ranked.n_families, ranked.n_classes)


def _as_whole_numbers(weights: Weights) -> Numbers:
    """Return weights as whole numbers where they are such, so that their sums are exact."""
    if np.issubdtype(weights.dtype, np.integer) or not (weights == np.floor(weights)).all():
        return weights
    if weights.sum() * MOST_OF_AN_IMAGE >= LARGEST_SUM:
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
    sums = _counted(ranked, live, each, n_hits)
    compact = np.zeros(len(ranked.images) + 1, dtype=np.int32)
    compact[live + 1] = 1
    np.cumsum(compact, out=compact)
    families = ranked.families_of_segments * total
    ends = compact[ranked.places[hits] + 1] + np.repeat(families, n_hits)
    before = sums[families + compact[ranked.class_starts[ranked.classes_of_segments]]]
    return np.asarray(sums[ends] - np.repeat(before, n_hits))


def _counted(ranked: RankedMatches, live: Integers | slice, each: Weights, n_hits: Integers) -> Numbers:
    """Return the running sums of the detections that count in each family with hits, one family behind the other."""
    sums = np.zeros((ranked.n_families, len(each) + 1), dtype=each.dtype)
    for family in np.unique(ranked.families_of_segments[n_hits > 0]):
        np.cumsum(each * ranked.counted[family, live], out=sums[family, 1:])
    return sums.ravel()


def _running(values: Numbers, bounds: Integers) -> Numbers:
    """Return the running sums of some values, those between two bounds by themselves."""
    sums = _sums(values)
    return np.asarray(sums[1:] - np.repeat(sums[bounds[:-1]], np.diff(bounds)))


def _sums(values: Numbers) -> Numbers:
    """Return the running sums of some values, begun with 0."""
    sums = np.zeros(len(values) + 1, dtype=values.dtype)
    np.cumsum(values, out=sums[1:])
    return sums
