"""Which objects one of two models finds and the other does not."""

from dataclasses import dataclass

import numpy as np

from kolena_store.matching.objects import Flags, Integers
from kolena_store.membership.bitmaps import Flags as SampleFlags
from kolena_store.membership.bitmaps import to_flags
from kolena_store.metrics.differences.outcomes import Discordant
from kolena_store.metrics.differences.sides import Pair, PairedRows
from kolena_store.metrics.objects.curves import CaseCurves, ObjectCurves

__all__ = ["FoundObjects", "found_apart", "found_objects", "objects_found"]


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundObjects:
    """The objects of some samples that count: sample, place among its objects, class, and which side finds each.

    `labels` are codes of the first side's classes.
    """

    samples: Integers
    places: Integers
    labels: Integers
    by_first: Flags
    by_second: Flags


def found_apart(pair: Pair, rows: PairedRows) -> Discordant:
    """Return how many objects of each row's test case (and class) are found by one side alone."""
    first_only, second_only = np.zeros(len(rows.cases)), np.zeros(len(rows.cases))
    for case in np.unique(rows.cases).tolist():
        objects = found_objects(pair, case)
        for row in np.flatnonzero(rows.cases == case).tolist():
            of_row = objects.labels == rows.classes[row] if rows.classes[row] >= 0 else np.True_
            first_only[row] = np.count_nonzero(of_row & objects.by_first & ~objects.by_second)
            second_only[row] = np.count_nonzero(of_row & objects.by_second & ~objects.by_first)
    return Discordant(first_only=first_only, second_only=second_only)


def found_objects(pair: Pair, case: int) -> FoundObjects:
    """Return the objects of a test case that count for both sides, and which of them each side finds.

    An object is found when a detection from its class's threshold on is matched to it.
    """
    first, second = (_curves(side.evidence.columns.objects, case) for side in (pair.first, pair.second))
    return objects_found(first, second, to_flags(pair.members[case], first.size))


def objects_found(first: ObjectCurves, second: ObjectCurves, is_member: SampleFlags) -> FoundObjects:
    """Return the same of two models' matches; `is_member` are samples that both answered."""
    here, there = _rows(first, is_member), _rows(second, is_member)
    # Both have the same objects of the samples that both answered, in the same order.
    counts = first.table.truth_counts[here] & second.table.truth_counts[there]
    here, there = here[counts], there[counts]
    return FoundObjects(
        samples=first.table.truths.samples[here],
        places=first.table.truths.places[here],
        labels=first.table.truths.labels[here],
        by_first=_is_found(first)[here],
        by_second=_is_found(second)[there],
    )


def _curves(objects: CaseCurves | None, case: int) -> ObjectCurves:
    assert objects is not None
    return objects.of(case)


def _rows(curves: ObjectCurves, is_member: SampleFlags) -> Integers:
    return np.flatnonzero(is_member[curves.table.truths.samples])


def _is_found(curves: ObjectCurves) -> Flags:
    table, found = curves.table, curves.table.detections
    is_taken = np.zeros(len(table.truths.samples), dtype=np.bool_)
    which = table.is_hit & table.counts & curves.is_sure
    is_taken[table.truth_rows(found.samples[which], found.truths[which])] = True
    return is_taken
