"""One-to-one matching: each detection asks for the object that it overlaps most, and gets it or nothing.

It is how Pascal VOC counts, and the kolena client. A second choice is never tried: a detection whose object is taken is
a false positive, and one whose object is ignored does not count.
"""

from dataclasses import dataclass

import numpy as np

from kolena_store.matching.candidates import Candidates
from kolena_store.matching.objects import Detections, Flags, Integers, Truths, group_starts

__all__ = ["ONE_TO_ONE_BIT", "OneToOne", "match_confused", "match_one_to_one"]


ONE_TO_ONE_BIT = 63
"""Where stored words of bits hold this matching; COCO's settings have the bits from 0 on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OneToOne:
    """The object that each detection got, -1 for none; `is_ignored` are those that don't count."""

    truths: Integers
    is_ignored: Flags


def match_one_to_one(found: Detections, true: Truths, candidates: Candidates, threshold: float) -> OneToOne:
    """Return the matches within each class.

    Among objects that a detection overlaps alike, one that is not ignored comes first, then the earlier one.

    Args:
        found: the detections.
        true: the objects; crowds count as ignored.
        candidates: the pairs that overlap.
        threshold: the least overlap.
    """
    is_alike = found.labels[candidates.detections] == true.labels[candidates.truths]
    own = candidates.only(is_alike & (candidates.overlaps >= threshold))
    found_here = _matched(found, own, true.is_crowd | true.is_ignored, np.zeros(true.size, dtype=np.bool_))
    if found.is_outside is None:
        return found_here
    is_out = found.is_outside & (found_here.truths < 0)
    return OneToOne(truths=found_here.truths, is_ignored=found_here.is_ignored | is_out)


def match_confused(
    found: Detections, true: Truths, candidates: Candidates, *, threshold: float, within: OneToOne
) -> Integers:
    """Return the object of another class that each detection without one of its own would get, -1 for none.

    Args:
        found: the detections.
        true: the objects.
        candidates: the pairs that overlap.
        threshold: the least overlap.
        within: the matches within classes; what they left over on both sides is matched.
    """
    is_taken = np.zeros(true.size, dtype=np.bool_)
    is_taken[within.truths[within.truths >= 0]] = True
    is_left = (within.truths < 0) & ~within.is_ignored
    is_open = is_left[candidates.detections] & ~is_taken[candidates.truths] & (candidates.overlaps >= threshold)
    again = _matched(found, candidates.only(is_open), true.is_crowd | true.is_ignored, is_taken)
    is_other = (again.truths >= 0) & (found.labels != true.labels[again.truths]) if true.size else again.truths >= 0
    return np.where(is_other, again.truths, -1)


def _matched(found: Detections, own: Candidates, is_ignored: Flags, is_taken: Flags) -> OneToOne:
    truths, ignored = np.full(found.size, -1, dtype=np.int64), np.zeros(found.size, dtype=np.bool_)
    if not own.size:
        return OneToOne(truths=truths, is_ignored=ignored)
    order = np.lexsort((own.truths, is_ignored[own.truths], -own.overlaps, own.detections))
    starts = group_starts(own.detections[order])
    best = order[starts == np.arange(len(starts))]
    detections, wanted = own.detections[best], own.truths[best]
    ignored[detections] = is_ignored[wanted]
    is_open = ~is_ignored[wanted] & ~is_taken[wanted]
    detections, wanted = detections[is_open], wanted[is_open]
    order = np.lexsort((detections, -found.scores[detections], wanted))
    starts = group_starts(wanted[order])
    first = order[starts == np.arange(len(starts))]
    truths[detections[first]] = wanted[first]
    return OneToOne(truths=truths, is_ignored=ignored)
