"""COCO's protocol: by falling score, each detection takes the object that it overlaps most and that is still free.

The rules are those of pycocotools, whose numbers they give. They run for all thresholds and ranges of area at once:
each of these settings is one bit of a word, and each step handles one detection of every image and class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput
from kolena_store.matching.candidates import Candidates
from kolena_store.matching.objects import Detections, Flags, Floats, Integers, Truths, group_starts

__all__ = ["AREAS", "THRESHOLDS", "Bits", "Matches", "Settings", "match_coco"]

Bits: TypeAlias = NDArray[np.uint64]

WORD_BITS = 64
THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""COCO's thresholds of intersection over union."""

AREAS = (("all", 0.0, 1e10), ("small", 0.0, 32.0**2), ("medium", 32.0**2, 96.0**2), ("large", 96.0**2, 1e10))
"""COCO's ranges of area in pixels, both ends within."""

ALMOST_ONE = 1 - 1e-10
MOST_DETECTIONS = 100
ZERO = np.uint64(0)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The thresholds of overlap and the ranges of area, for each pair of which objects are matched.

    `most` is how many detections of one image and class count, the highest scores first.
    """

    thresholds: Sequence[float] = THRESHOLDS
    areas: Sequence[tuple[str, float, float]] = AREAS
    most: int = MOST_DETECTIONS

    def __post_init__(self) -> None:
        """Check that a word has a bit for each setting."""
        if not 0 < len(self.thresholds) * len(self.areas) <= WORD_BITS:
            raise InvalidInput(
                f"{len(self.thresholds)} thresholds on {len(self.areas)} ranges of area are "
                f"{len(self.thresholds) * len(self.areas)} settings; at most {WORD_BITS} are possible at once"
            )

    def bit(self, threshold: int, area: int) -> np.uint64:
        """Return the bit of a threshold and a range of area, by their places."""
        return np.uint64(1) << np.uint64(area * len(self.thresholds) + threshold)

    @cached_property
    def of_threshold(self) -> Bits:
        """Return the bits of each threshold, in all ranges of area."""
        return np.array(
            [sum(int(self.bit(one, area)) for area in range(len(self.areas))) for one in range(len(self.thresholds))],
            dtype=np.uint64,
        )

    @cached_property
    def of_area(self) -> Bits:
        """Return the bits of each range of area, at all thresholds."""
        return np.array(
            [sum(int(self.bit(one, area)) for one in range(len(self.thresholds))) for area in range(len(self.areas))],
            dtype=np.uint64,
        )

    def outside(self, areas: Floats) -> Bits:
        """Return the settings in whose range of area each object is not."""
        found = np.zeros(len(areas), dtype=np.uint64)
        for (_, low, high), bits in zip(self.areas, self.of_area, strict=True):
            found |= np.where((areas < low) | (areas > high), bits, ZERO)
        return found

    def reached(self, overlaps: Floats) -> Bits:
        """Return the settings whose threshold each overlap reaches."""
        found = np.zeros(len(overlaps), dtype=np.uint64)
        for threshold, bits in zip(self.thresholds, self.of_threshold, strict=True):
            found |= np.where(overlaps >= min(threshold, ALMOST_ONE), bits, ZERO)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Matches:
    """For each detection the settings in which it is matched, and those in which it does not count, as bits.

    It does not count where it is matched to an ignored object, or is unmatched and outside the range of area; nor
    anywhere when too many of its image and class score higher (`is_within` is then false). `truths` is the object that
    it takes at the first setting, -1 where it takes none. `ignored_truths` are the settings in which an object may be
    missed.
    """

    matched: Bits
    ignored: Bits
    is_within: Flags
    truths: Integers
    overlaps: Floats
    ignored_truths: Bits


def match_coco(found: Detections, true: Truths, candidates: Candidates, settings: Settings) -> Matches:
    """Return which detections are matched in every setting.

    Args:
        found: the detections.
        true: the objects.
        candidates: the pairs that overlap; those of different labels are left out.
        settings: the thresholds and ranges of area.
    """
    ignored_truths = settings.outside(true.areas)
    ignored_truths[true.is_crowd | true.is_ignored] = ~ZERO
    is_within = found.ranks < settings.most
    chosen = (found.labels[candidates.detections] == true.labels[candidates.truths]) & is_within[candidates.detections]
    state = _State(found.size, true, ignored_truths)
    reached = settings.reached(candidates.overlaps)
    own = np.flatnonzero(chosen & (reached != 0))
    places = _by_preference(candidates, own)
    _match(_Preferences(found, candidates, places, reached[places]), state)
    outside = settings.outside(found.areas)
    if found.is_outside is not None:
        outside[found.is_outside] = ~ZERO
    unmatched_outside = ~state.matched & outside
    return Matches(
        matched=state.matched,
        ignored=np.where(is_within, state.ignored | unmatched_outside, ~ZERO),
        is_within=is_within,
        truths=state.truths,
        overlaps=state.overlaps,
        ignored_truths=ignored_truths,
    )


def _by_preference(candidates: Candidates, places: Integers) -> Integers:
    """Return candidates by detection, the greatest overlap first, and of equal ones the later object."""
    detections = candidates.detections[places]
    is_alone = np.ones(len(places), dtype=np.bool_)
    is_alone[1:] &= detections[1:] != detections[:-1]
    is_alone[:-1] &= detections[1:] != detections[:-1]
    several = np.flatnonzero(~is_alone)
    among = places[several]
    order = np.lexsort((-candidates.truths[among], -candidates.overlaps[among], detections[several]))
    ordered = places.copy()
    ordered[several] = among[order]
    return ordered


class _Preferences:
    """The candidates of each detection, those it overlaps most first, and the detections by their turn."""

    def __init__(self, found: Detections, candidates: Candidates, places: Integers, reached: Bits) -> None:
        self.truths, self.overlaps, self.reached = candidates.truths[places], candidates.overlaps[places], reached
        of_pairs = candidates.detections[places]
        starts = group_starts(of_pairs)
        is_first = starts == np.arange(len(starts))
        self.first = np.flatnonzero(is_first)
        self.detections = of_pairs[self.first]
        self.counts = np.diff(np.append(self.first, len(of_pairs)))
        images, labels = found.images[self.detections], found.labels[self.detections]
        turns = (np.arange(len(self.detections)) - group_starts(images, labels)).astype(np.int32)
        self.by_turn = np.argsort(turns, kind="stable")
        self.turn_ends = np.cumsum(np.bincount(turns)) if len(turns) else np.zeros(0, dtype=np.int64)


class _State:
    """What is taken so far."""

    def __init__(self, n_found: int, true: Truths, ignored_truths: Bits) -> None:
        self.matched = np.zeros(n_found, dtype=np.uint64)
        self.ignored = np.zeros(n_found, dtype=np.uint64)
        self.truths = np.full(n_found, -1, dtype=np.int64)
        self.overlaps = np.zeros(n_found)
        self.ignored_truths = ignored_truths
        self.free = np.full(true.size, ~ZERO, dtype=np.uint64)
        self.is_crowd = true.is_crowd


def _match(preferences: _Preferences, state: _State) -> None:
    """Let every image and class match its detections in turn, the n-th of each at the same time."""
    start = 0
    for end in preferences.turn_ends.tolist():
        turn = preferences.by_turn[start:end]
        left = np.full(len(turn), ~ZERO, dtype=np.uint64)
        for takes_ignored in (False, True):
            left = _take(preferences, state, turn, left, takes_ignored=takes_ignored)
        start = end


def _take(preferences: _Preferences, state: _State, turn: Integers, left: Bits, *, takes_ignored: bool) -> Bits:
    """Let some detections, each of another image or class, take free objects; return the settings still unmatched."""
    first, counts = preferences.first[turn], preferences.counts[turn]
    for nth in range(int(counts.max(initial=0))):
        which = np.flatnonzero(counts > nth)
        pairs = first[which] + nth
        truths = preferences.truths[pairs]
        may = state.free[truths]
        if takes_ignored:
            may = np.where(state.is_crowd[truths], ~ZERO, may) & state.ignored_truths[truths]
        else:
            may = may & ~state.ignored_truths[truths]
        taken = preferences.reached[pairs] & may & left[which]
        if not taken.any():
            continue
        left[which] &= ~taken
        state.free[truths] &= ~taken
        detections = preferences.detections[turn[which]]
        state.matched[detections] |= taken
        if takes_ignored:
            state.ignored[detections] |= taken
        is_at_first = (taken & np.uint64(1)) != 0
        state.truths[detections[is_at_first]] = truths[is_at_first]
        state.overlaps[detections[is_at_first]] = preferences.overlaps[pairs[is_at_first]]
    return left
