"""How often objects of each class are found as each class: the confusion matrix, with the background as a class.

As in the kolena client, what matching within classes leaves over on both sides is matched across classes. Each object
that counts, and each detection from the threshold on that does, is in exactly one cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.matching.objects import Floats, Integers
from kolena_store.membership.bitmaps import Words
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.objects.curves import CaseCurves, ObjectCurves
from kolena_store.metrics.objects.hits import Weights
from kolena_store.metrics.objects.terms import image_weights
from kolena_store.metrics.pairs import Pairs

__all__ = ["ConfusedObjects", "confused_objects", "object_pairs"]

TRUTH_AND_DETECTION = "truth_and_detection"


@dataclass(frozen=True, kw_only=True, eq=False)
class ConfusedObjects:
    """What the cells of a confusion matrix count, an entry each: the sample, the object and the detection.

    `truths` and `detections` are places among those of the sample, `true_labels` and `found_labels` the codes of their
    classes; -1 stands for the background.
    """

    samples: Integers
    truths: Integers
    detections: Integers
    true_labels: Integers
    found_labels: Integers


def object_pairs(
    curves: CaseCurves | None, terms: Sequence[TermDefinition], members: Words, *, weights: Floats | None = None
) -> Mapping[str, Pairs]:
    """Return the terms of pairs among some terms: the class of the object, and that of the detection; -1 for none.

    Args:
        curves: the matches of one model; None when no term needs them.
        terms: of any kind.
        members: the samples of each test case.
        weights: how much each `_sample` counts; None when all count alike.

    Raises:
        InvalidInput: a term names pairs that do not exist.
    """
    wanted = [term for term in terms if term.kind == "pairs"]
    if curves is None or not wanted:
        return {}
    if unknown := [term.kernel for term in wanted if term.kernel != TRUTH_AND_DETECTION]:
        raise InvalidInput(f"a term names the pairs {unknown[0]!r} of matches; there are {TRUTH_AND_DETECTION}")
    whole = confused_objects(curves.whole)
    own = {case: confused_objects(one) for case, one in curves.of_cases.items()}
    width = curves.whole.n_classes + 1
    found = [
        _counted(position, own.get(position, whole), image_weights(one, curves.whole.size, weights), width)
        for position, one in enumerate(members)
    ]
    positions, first, second, counts = np.concatenate([np.empty((4, 0)), *found], axis=1)
    codes = [one.astype(np.int64) for one in (positions, first, second)]
    kind = np.int64 if weights is None else np.float64
    pairs = Pairs(positions=codes[0], first=codes[1], second=codes[2], counts=counts.astype(kind))
    return {term.name: pairs for term in wanted}


def _counted(position: int, entries: ConfusedObjects, weights: Weights, width: int) -> Floats:
    """Return the cells of one test case that are not empty: its position, both classes, and the count, a row each."""
    places = (entries.true_labels + 1) * width + entries.found_labels + 1
    sums = np.bincount(places, weights=weights[entries.samples], minlength=width * width)
    cells = np.flatnonzero(sums)
    return np.stack([np.full(len(cells), position), cells // width - 1, cells % width - 1, sums[cells]])


def confused_objects(curves: ObjectCurves) -> ConfusedObjects:
    """Return each detection that counts with its object, and each object that counts and is left without one."""
    table, found, true = curves.table, curves.table.detections, curves.table.truths
    counted = table.counts & curves.is_sure
    is_hit, is_taken = counted & table.is_hit, np.zeros(len(true.samples), dtype=np.bool_)
    partner = np.full(len(found.samples), -1, dtype=np.int64)
    partner[is_hit] = table.truth_rows(found.samples[is_hit], found.truths[is_hit])
    is_taken[partner[is_hit]] = True
    other = np.flatnonzero(counted & ~table.is_hit & (found.confused_with >= 0))
    rows = table.truth_rows(found.samples[other], found.confused_with[other])
    is_open = table.truth_counts[rows] & ~is_taken[rows]
    partner[other[is_open]] = rows[is_open]
    is_taken[rows[is_open]] = True
    alone = np.flatnonzero(table.truth_counts & ~is_taken)
    chosen = np.flatnonzero(counted)
    rows, nothing = np.concatenate([partner[chosen], alone]), np.full(len(alone), -1)
    return ConfusedObjects(
        samples=np.concatenate([found.samples[chosen], true.samples[alone]]),
        truths=_of_rows(true.places, rows),
        detections=np.concatenate([found.places[chosen], nothing]),
        true_labels=_of_rows(true.labels, rows),
        found_labels=np.concatenate([found.labels[chosen], nothing]),
    )


def _of_rows(values: Integers, rows: Integers) -> Integers:
    """Return the values of some rows; -1 of none."""
    return np.append(values, -1)[rows]
