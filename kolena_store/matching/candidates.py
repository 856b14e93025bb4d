"""Candidates: the pairs of a detection and an object of one image that overlap enough to matter to any protocol."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kolena_store.matching.objects import Detections, Flags, Floats, Integers, Truths, group_starts

__all__ = ["LEAST_OVERLAP", "Candidates", "find_candidates"]

LEAST_OVERLAP = 0.1
"""Below it a detection lies on the background (Bolya 2020); no protocol asks for less."""

PAIRS_AT_ONCE = 1_000_000

Overlaps = Callable[[tuple[Integers, Integers]], Floats]
"""Pairs of positions of a detection and an object -> how much they overlap."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Pairs that overlap: the positions of the detection and the object, by detection, and their overlap in (0, 1]."""

    detections: Integers
    truths: Integers
    overlaps: Floats

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.detections)

    def only(self, chosen: Flags) -> "Candidates":
        """Return some of the pairs."""
        return Candidates(
            detections=self.detections[chosen], truths=self.truths[chosen], overlaps=self.overlaps[chosen]
        )


def find_candidates(
    found: Detections, true: Truths, overlaps: Overlaps, *, least: float = LEAST_OVERLAP, alike: bool = False
) -> Candidates:
    """Return all pairs of one image that overlap by `least` or more.

    Args:
        found: the detections.
        true: the objects.
        overlaps: how much some pairs overlap.
        least: the least overlap of a candidate.
        alike: only pairs of the same class; without it a detection of any class may lie on an object of any other.
    """
    parts = []
    for pairs in _pairs(found, true, alike):
        values = overlaps(pairs)
        keep = np.flatnonzero(values >= least)
        parts.append((pairs[0][keep], pairs[1][keep], values[keep]))
    detections, truths, found_overlaps = zip(*parts, strict=True) if parts else ((), (), ())
    empty = np.zeros(0, dtype=np.int64)
    return Candidates(
        detections=np.concatenate([empty, *detections]),
        truths=np.concatenate([empty, *truths]),
        overlaps=np.concatenate([np.zeros(0), *found_overlaps]),
    )


def _pairs(found: Detections, true: Truths, alike: bool) -> Iterator[tuple[Integers, Integers]]:
    """Yield all pairs of a detection and an object of the same image, about a million at a time."""
    of_found, of_true, order = found.images, true.images, None
    if alike:
        n_labels = int(max(found.labels.max(initial=0), true.labels.max(initial=0))) + 1
        of_found, of_true = (one.images * n_labels + one.labels for one in (found, true))
        order = np.argsort(of_true, kind="stable")
        of_true = of_true[order]
    first, counts = _partners(of_found, of_true)
    ends = np.cumsum(counts)
    start = 0
    while start < found.size:
        begun = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, begun + PAIRS_AT_ONCE, side="right")))
        each = counts[start:stop]
        shift = first[start:stop] - (ends[start:stop] - each - begun)
        places = np.arange(int(ends[stop - 1]) - begun) + np.repeat(shift, each)
        yield np.repeat(np.arange(start, stop), each), places if order is None else order[places]
        start = stop


def _partners(of_found: Integers, of_true: Integers) -> tuple[Integers, Integers]:
    """Return where the objects of each detection's group begin among the sorted ones, and how many they are."""
    is_first = group_starts(of_found) == np.arange(len(of_found))
    groups, sizes = of_found[is_first], np.diff(np.append(np.flatnonzero(is_first), len(of_found)))
    first = np.searchsorted(of_true, groups, side="left")
    counts = np.searchsorted(of_true, groups, side="right") - first
    return np.repeat(first, sizes), np.repeat(counts, sizes)
