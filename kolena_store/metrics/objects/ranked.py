"""Matches by class and falling score: what precision and recall of any selection of images are read from."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.matching.coco import Bits
from kolena_store.matching.objects import Detections, Flags, Floats, Integers, falling_order

__all__ = ["Curve", "Found", "HitPlaces", "Objects", "Positions", "RankedMatches", "ranked_matches"]

Positions: TypeAlias = NDArray[np.int32]
Ranks: TypeAlias = NDArray[np.int16]
Signs: TypeAlias = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The detections of one model, by image: in which settings each is matched, and in which it does not count.

    `falling` are their places by falling score, where these are sorted already; ties stand by place.
    """

    images: Integers
    labels: Integers
    scores: Floats
    ranks: Integers
    matched: Bits
    ignored: Bits
    falling: Integers | None = None

    @classmethod
    def of(cls, found: Detections, matched: Bits, ignored: Bits) -> "Found":
        """Return detections with the settings in which each is matched, and those in which it does not count."""
        return cls(
            images=found.images,
            labels=found.labels,
            scores=found.scores,
            ranks=found.ranks,
            matched=matched,
            ignored=ignored,
        )

    def sorted(self, order: Integers | None = None) -> "Found":
        """Return the same with their places by falling score; ties by the place of their image in `order`, if any."""
        if order is None:
            return replace(self, falling=falling_order(self.scores))
        by_image = np.argsort(order[self.images], kind="stable")
        return replace(self, falling=by_image[falling_order(self.scores[by_image])])

    def only(self, chosen: Flags) -> "Found":
        """Return some of the detections."""
        columns = {one.name: getattr(self, one.name)[chosen] for one in fields(self) if one.name != "falling"}
        falling = None if self.falling is None else (np.cumsum(chosen) - 1)[self.falling[chosen[self.falling]]]
        return Found(**columns, falling=falling)


@dataclass(frozen=True, kw_only=True, eq=False)
class Objects:
    """The objects, and in which settings each is ignored."""

    images: Integers
    labels: Integers
    ignored: Bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A setting of the matching whose precision and recall are asked for: its bit.

    Curves of one `family` (a range of area) count nearly the same detections, and share most of the work.
    """

    bit: int
    family: int


@dataclass(frozen=True, kw_only=True, eq=False)
class HitPlaces:
    """Where the true positives of all curves stand, by curve, class and falling score.

    The detections that count up to each, of its own curve's family and class, are between `counted_before` of its
    segment and `counted_until`, in running sums of all detections, one family behind the other, each begun with 0; so
    are the events that are `changes`, which number events, between `changed_before` and `changed_until`.
    """

    images: Positions
    places: Positions
    segments: Positions
    counted_until: Integers
    counted_before: Integers
    changes: Integers
    changed_until: Integers
    changed_before: Integers


@dataclass(frozen=True, kw_only=True, eq=False)
class RankedMatches:
    """Detections by class, then falling score; ties by image, then as they came.

    `counted` has a row for each family: which detections count in its first curve. An event of a curve is a detection
    that is a true positive there (`is_hit`), or that counts otherwise than in the family's first curve (`change` is +1
    or -1). Events stand by curve, and then by place; `segments` number curve and class: curve * n_classes + class.
    """

    n_classes: int
    n_images: int
    curves: Sequence[Curve]
    images: Positions
    ranks: Ranks
    class_starts: Integers
    counted: Flags
    places: Positions
    event_images: Positions
    segments: Positions
    is_hit: Flags
    change: Signs
    truth_images: Positions
    truth_groups: Positions

    def within(self, is_chosen: Flags, curves: Collection[int]) -> "RankedMatches":
        """Return the matches of some images, and only the events of some curves: what many resamples are drawn from.

        Curves, classes and images keep their numbers.
        """
        kept = is_chosen[self.images]
        places = np.cumsum(kept, dtype=np.int32) - 1
        is_asked = np.isin(np.arange(len(self.curves)), list(curves))
        events = is_chosen[self.event_images] & is_asked[self.segments // self.n_classes]
        families = {self.curves[curve].family for curve in curves}
        truths = is_chosen[self.truth_images] & np.isin(self.truth_groups // self.n_classes, list(families))
        return replace(
            self,
            images=self.images[kept],
            ranks=self.ranks[kept],
            class_starts=np.append(0, places + 1)[self.class_starts],
            counted=self.counted[:, kept],
            places=places[self.places[events]],
            event_images=self.event_images[events],
            segments=self.segments[events],
            is_hit=self.is_hit[events],
            change=self.change[events],
            truth_images=self.truth_images[truths],
            truth_groups=self.truth_groups[truths],
        )

    @property
    def n_families(self) -> int:
        """Return how many families the curves have."""
        return len(self.counted)

    @property
    def n_segments(self) -> int:
        """Return how many pairs of a curve and a class there are."""
        return len(self.curves) * self.n_classes

    @cached_property
    def segment_starts(self) -> Integers:
        """Return where the events of each segment begin, and at last where they end."""
        return np.searchsorted(self.segments, np.arange(self.n_segments + 1))

    @cached_property
    def hit_places(self) -> "HitPlaces":
        """Return where all true positives stand, whichever images count."""
        hits, is_changed = np.flatnonzero(self.is_hit), self.change != 0
        n_changed = np.append(0, np.cumsum(is_changed))
        of_segment = self.families_of_segments * (len(self.images) + 1)
        sizes, places = np.diff(np.searchsorted(hits, self.segment_starts)), self.places[hits]
        return HitPlaces(
            images=self.event_images[hits],
            places=places,
            segments=self.segments[hits],
            counted_until=np.repeat(of_segment + 1, sizes) + places,
            counted_before=of_segment + self.class_starts[self.classes_of_segments],
            changes=np.flatnonzero(is_changed),
            changed_until=n_changed[hits + 1],
            changed_before=n_changed[self.segment_starts[:-1]],
        )

    @cached_property
    def labels(self) -> Integers:
        """Return the class of each detection."""
        sizes = np.diff(np.append(self.class_starts, len(self.images)))
        return np.repeat(np.arange(self.n_classes), sizes)

    @cached_property
    def families_of_segments(self) -> Integers:
        """Return the family of each segment's curve."""
        return np.repeat([curve.family for curve in self.curves], self.n_classes)

    @cached_property
    def classes_of_segments(self) -> Integers:
        """Return the class of each segment."""
        return np.tile(np.arange(self.n_classes), len(self.curves))


def ranked_matches(
    found: Found, true: Objects, curves: Sequence[Curve], *, n_classes: int, n_images: int
) -> RankedMatches:
    """Return the matches as selections of images are measured on them.

    Args:
        found: the detections that are within the most that count for an image and class.
        true: the objects.
        curves: those to measure; their families are numbered from 0.
        n_classes: how many classes the labels number.
        n_images: how many images there are, with detections or without.
    """
    order = _order(found, n_classes)
    labels, matched, ignored = found.labels[order], found.matched[order], found.ignored[order]
    images = found.images[order].astype(np.int32)
    firsts = _first_of_family(curves)
    counted = np.stack([(ignored & _bit(first)) == 0 for first in firsts])
    places = np.flatnonzero(matched)
    events = list(_events(matched[places], ignored[places], curves, firsts))
    at = np.concatenate([places[which] for which, _, _ in events])
    of_curve = np.repeat(np.arange(len(curves)), [len(which) for which, _, _ in events])
    truths = [(true.ignored & _bit(first)) == 0 for first in firsts]
    return RankedMatches(
        n_classes=n_classes,
        n_images=n_images,
        curves=tuple(curves),
        images=images,
        ranks=np.minimum(found.ranks, np.iinfo(np.int16).max).astype(np.int16)[order],
        class_starts=np.searchsorted(labels, np.arange(n_classes)),
        counted=counted,
        places=at.astype(np.int32),
        event_images=images[at],
        segments=(of_curve * n_classes + labels[at]).astype(np.int32),
        is_hit=np.concatenate([hit for _, hit, _ in events]),
        change=np.concatenate([change for _, _, change in events]),
        truth_images=np.concatenate([true.images[one] for one in truths]).astype(np.int32),
        truth_groups=np.concatenate(
            [family * n_classes + true.labels[one] for family, one in enumerate(truths)]
        ).astype(np.int32),
    )


def _order(found: Found, n_classes: int) -> Integers:
    by_score = falling_order(found.scores) if found.falling is None else found.falling
    labels = found.labels[by_score]
    small = labels.astype(np.int16) if n_classes < np.iinfo(np.int16).max else labels
    return by_score[np.argsort(small, kind="stable")]


def _first_of_family(curves: Sequence[Curve]) -> list[Curve]:
    """Return a curve for each family from which the others differ least: the last one, which has the fewest matches."""
    by_family = {curve.family: curve for curve in curves}
    return [by_family[family] for family in range(len(by_family))]


def _events(
    matched: Bits, ignored: Bits, curves: Sequence[Curve], firsts: Sequence[Curve]
) -> Iterator[tuple[Integers, Flags, Signs]]:
    """Yield for each curve which of some detections are events, and what they are."""
    is_out = [(ignored & _bit(first)) != 0 for first in firsts]
    for curve in curves:
        is_out_here = (ignored & _bit(curve)) != 0
        is_hit = ((matched & _bit(curve)) != 0) & ~is_out_here
        change = is_out[curve.family].astype(np.int8) - is_out_here.astype(np.int8)
        which = np.flatnonzero(is_hit | (change != 0))
        yield which, is_hit[which], change[which]


def _bit(curve: Curve) -> np.uint64:
    return np.uint64(1) << np.uint64(curve.bit)
