"""Candidates: the pairs of a detection and an object of one image that overlap enough to matter to any protocol."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kolena_store.matching.objects import Detections, Flags, Floats, Integers, Truths

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


def find_candidates(found: Detections, true: Truths, overlaps: Overlaps, *, least: float = LEAST_OVERLAP) -> Candidates:
    """Return all pairs of one image, of whatever classes, that overlap by `least` or more.

    Args:
        found: the detections.
        true: the objects.
        overlaps: how much some pairs overlap.
        least: the least overlap of a candidate.
    """
    parts = []
    for pairs in _pairs(found.images, true.images):
        values = overlaps(pairs)
        keep = values >= least
        parts.append((pairs[0][keep], pairs[1][keep], values[keep]))
    detections, truths, found_overlaps = zip(*parts, strict=True) if parts else ((), (), ())
    empty = np.zeros(0, dtype=np.int64)
    return Candidates(
        detections=np.concatenate([empty, *detections]),
        truths=np.concatenate([empty, *truths]),
        overlaps=np.concatenate([np.zeros(0), *found_overlaps]),
    )


def _pairs(found: Integers, true: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield all pairs of a detection and an object of the same image, about a million at a time."""
    first = np.searchsorted(true, found, side="left")
    counts = np.searchsorted(true, found, side="right") - first
    ends = np.cumsum(counts)
    start = 0
    while start < len(found):
        begun = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, begun + PAIRS_AT_ONCE, side="right")))
        each = counts[start:stop]
        detections = np.repeat(np.arange(start, stop), each)
        within = np.arange(len(detections)) - np.repeat(ends[start:stop] - each - begun, each)
        yield detections, np.repeat(first[start:stop], each) + within
        start = stop
