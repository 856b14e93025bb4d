"""A model's matches of objects in memory, and what pages ask of them."""

from collections.abc import Sequence

import numpy as np

from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.scored import scores_in_case
from kolena_store.inspection.workbench import Look
from kolena_store.metrics.objects.curves import ObjectCurves
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.objects import object_curves

__all__ = ["mistakes_by_sample", "object_matches", "overlaps_of_hits"]

BYTES_PER_DETECTION = 100


def object_matches(look: Look, scope: SuiteScope, results: ResultsRecord, case: str) -> ObjectCurves:
    """Return the matches of a model over all samples, as a test case has them.

    One that selects objects has a matching of its own, in which the others are ignored. Ties of scores are not in the
    order that average precision needs.

    Raises:
        InvalidInput: its samples were not scored yet.
    """
    scored = scores_in_case(look.session, scope, results, case)
    size = scope.of.dataset.next_sample
    return look.kept.get(
        ("matches", *map(str, scored.paths), size),
        lambda: object_curves(look.session, scored, size, None),  # No page ranks detections by them.
        lambda found: BYTES_PER_DETECTION * (len(found.table.detections.samples) + len(found.table.truths.samples) + 1),
    )


def mistakes_by_sample(curves: ObjectCurves) -> np.ndarray:
    """Return how many objects a model missed and detections it got wrong, over `_sample`; NaN where it did not answer.

    A detection counts from the threshold of its class on.
    """
    table, found = curves.table, curves.table.detections
    is_hit = table.is_hit & table.counts & curves.is_sure
    is_missed = table.truth_counts.copy()
    is_missed[table.truth_rows(found.samples[is_hit], found.truths[is_hit])] = False
    mistakes = np.full(curves.size, np.nan)
    mistakes[table.samples] = 0.0
    np.add.at(mistakes, found.samples[table.counts & curves.is_sure & ~table.is_hit], 1.0)
    np.add.at(mistakes, table.truths.samples[is_missed], 1.0)
    return mistakes


def overlaps_of_hits(curves: ObjectCurves, samples: np.ndarray, labels: Sequence[str] | None = None) -> np.ndarray:
    """Return the overlap of each right detection with its object, on some samples (and of some classes)."""
    table, found = curves.table, curves.table.detections
    is_member = np.zeros(curves.size, bool)
    is_member[samples] = True
    chosen = table.is_hit & table.counts & curves.is_sure & is_member[found.samples]
    if labels is not None:
        chosen &= np.isin(found.labels, [table.classes.index(one) for one in labels if one in table.classes])
    return np.asarray(found.overlaps[chosen])
