"""How often objects of each class are found as each class: the confusion matrix, with the background as a class.

As in the kolena client, what matching within classes leaves over on both sides is matched across classes. Each object
that counts, and each detection from the threshold on that does, is in exactly one cell.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.matching.objects import Floats, Integers
from kolena_store.membership.bitmaps import Words
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.objects.curves import CaseCurves, ObjectCurves
from kolena_store.metrics.objects.precision import Weights
from kolena_store.metrics.objects.terms import image_weights
from kolena_store.metrics.objects.values import Entries
from kolena_store.metrics.pairs import Pairs

__all__ = ["object_pairs"]

TRUTH_AND_DETECTION = "truth_and_detection"


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
    whole = _entries(curves.whole)
    own = {case: _entries(one) for case, one in curves.of_cases.items()}
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


def _counted(position: int, entries: Entries, weights: Weights, width: int) -> Floats:
    """Return the cells of one test case that are not empty: its position, both classes, and the count, a row each."""
    sums = np.bincount(entries.labels, weights=weights[entries.images], minlength=width * width)
    cells = np.flatnonzero(sums)
    return np.stack([np.full(len(cells), position), cells // width - 1, cells % width - 1, sums[cells]])


def _entries(curves: ObjectCurves) -> Entries:
    """Return the cell of each detection that counts, and of each object without one; a cell is numbered by row."""
    table, found, true = curves.table, curves.table.detections, curves.table.truths
    thresholds = curves.score_thresholds
    counted = table.counts & (found.scores >= thresholds[found.labels] if found.labels.size else True)
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
    cells = np.concatenate(
        [
            _cells(_labels(true.labels, partner[chosen]), found.labels[chosen], curves.n_classes),
            _cells(true.labels[alone], np.full(len(alone), -1), curves.n_classes),
        ]
    )
    images = np.concatenate([found.samples[chosen], true.samples[alone]])
    return Entries(images=images, labels=cells, amounts=np.ones(len(images)))


def _labels(labels: Integers, rows: Integers) -> Integers:
    """Return the labels of some rows; -1 of none."""
    return np.append(labels, -1)[rows]


def _cells(first: Integers, second: Integers, n_classes: int) -> Integers:
    return (first + 1) * (n_classes + 1) + second + 1
