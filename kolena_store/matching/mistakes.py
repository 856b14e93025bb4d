"""What kind of mistake each false positive is, and which objects are missed altogether (TIDE; Bolya et al. 2020)."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.matching.candidates import LEAST_OVERLAP, Candidates
from kolena_store.matching.objects import Detections, Flags, Floats, Integers, Truths, group_starts

__all__ = ["KINDS", "MISSED", "Mistakes", "find_mistakes"]

Codes: TypeAlias = NDArray[np.int8]

KINDS = ("classification", "localisation", "both", "duplicate", "background")
"""The kinds of false positives; the code of one is its place here."""

MISSED = "missed"
CLASSIFICATION, LOCALISATION, BOTH, DUPLICATE, BACKGROUND = range(len(KINDS))


@dataclass(frozen=True, kw_only=True, eq=False)
class Mistakes:
    """The kind of each detection that is a false positive, -1 for the others, and what it would take to mend it.

    `truths` is the object that a detection of the wrong class or place lies on, -1 for the other kinds; `is_mendable`
    are those that would be the true positive of their object: it has none, and no better one of them. `is_missed` are
    the objects without a detection, not even of the wrong class or place.
    """

    kinds: Codes
    truths: Integers
    is_mendable: Flags
    is_missed: Flags


def find_mistakes(
    found: Detections, true: Truths, candidates: Candidates, *, matched: Integers, counts: Flags, threshold: float
) -> Mistakes:
    """Return the mistakes of a matching. Objects that are ignored make no detection right or wrong.

    Args:
        found: the detections.
        true: the objects.
        candidates: the pairs that overlap.
        matched: the object that each detection is matched to, -1 for none.
        counts: which detections count; the others are no mistakes.
        threshold: the overlap from which on a detection of the right class is right.
    """
    is_real = ~(true.is_crowd | true.is_ignored)
    is_taken = np.zeros(true.size, dtype=np.bool_)
    is_taken[matched[(matched >= 0) & counts]] = True
    own = candidates.only(is_real[candidates.truths] & (candidates.overlaps >= LEAST_OVERLAP))
    is_alike = found.labels[own.detections] == true.labels[own.truths]
    alike, other = own.only(is_alike), own.only(~is_alike)
    same, overlap_of_same = _best(found.size, alike)
    wrong, overlap_of_wrong = _best(found.size, other)
    _, overlap_of_taken = _best(found.size, alike.only(is_taken[alike.truths]))
    kinds = np.select(
        [
            (overlap_of_same >= LEAST_OVERLAP) & (overlap_of_same <= threshold),
            overlap_of_wrong >= threshold,
            overlap_of_taken >= threshold,
            np.maximum(overlap_of_same, overlap_of_wrong) <= LEAST_OVERLAP,
        ],
        [LOCALISATION, CLASSIFICATION, DUPLICATE, BACKGROUND],
        BOTH,
    ).astype(np.int8)
    kinds[~counts | (matched >= 0)] = -1
    truths = np.where(kinds == LOCALISATION, same, np.where(kinds == CLASSIFICATION, wrong, -1))
    is_open = truths >= 0
    is_open[is_open] = ~is_taken[truths[is_open]]
    is_missed = is_real & ~is_taken
    is_missed[truths[is_open]] = False
    return Mistakes(kinds=kinds, truths=truths, is_mendable=_first_of_each(found, truths, is_open), is_missed=is_missed)


def _best(n_found: int, pairs: Candidates) -> tuple[Integers, Floats]:
    """Return the object that each detection overlaps most, the earlier one of equals, and by how much: -1 and 0."""
    truths, overlaps = np.full(n_found, -1, dtype=np.int64), np.zeros(n_found)
    order = np.lexsort((pairs.truths, -pairs.overlaps, pairs.detections))
    best = order[group_starts(pairs.detections[order]) == np.arange(len(order))]
    truths[pairs.detections[best]] = pairs.truths[best]
    overlaps[pairs.detections[best]] = pairs.overlaps[best]
    return truths, overlaps


def _first_of_each(found: Detections, truths: Integers, is_open: Flags) -> Flags:
    """Return the detection with the highest score for each object, the earlier one of equals."""
    places = np.flatnonzero(is_open)
    order = places[np.lexsort((places, -found.scores[places], truths[places]))]
    first = np.zeros(len(is_open), dtype=np.bool_)
    first[order[group_starts(truths[order]) == np.arange(len(order))]] = True
    return first
