"""Objects that a page of samples asks for: those of a cell of a confusion matrix, or that one of two models finds."""

from dataclasses import dataclass

import numpy as np

from kolena_store.errors import UnknownName
from kolena_store.inspection.object_matches import object_matches
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.workbench import Look
from kolena_store.matching.objects import Flags, Integers
from kolena_store.membership.bitmaps import Words, from_samples, to_flags
from kolena_store.metrics.differences.found_objects import objects_found
from kolena_store.metrics.objects.confusion import confused_objects
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.confusion import background_beside

__all__ = ["AskedObjects", "AskedShapes", "objects_in_cell", "objects_of_one"]


MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedShapes:
    """The objects of a sample that are asked for, and the detections of the first model, by their places."""

    truths: frozenset[int]
    detections: frozenset[int]


@dataclass(frozen=True, kw_only=True, eq=False)
class AskedObjects:
    """Objects, or detections of the first model, or both where they belong together; -1 for none of the kind."""

    samples: Integers
    truths: Integers
    detections: Integers
    size: int

    @property
    def words(self) -> Words:
        """Return the samples that have any."""
        return from_samples(np.unique(self.samples), self.size)

    def count(self, words: Words) -> int:
        """Return how many there are on some samples."""
        return int(np.count_nonzero(to_flags(words, self.size)[self.samples]))

    def of(self, sample: int) -> AskedShapes:
        """Return those of one sample."""
        here = self.samples == sample
        truths, detections = (frozenset(one[here].tolist()) - {-1} for one in (self.truths, self.detections))
        return AskedShapes(truths=truths, detections=detections)


def objects_in_cell(
    look: Look, scope: SuiteScope, results: ResultsRecord, case: str, *, truth: str | None, predicted: str | None
) -> AskedObjects:
    """Return what a cell of a model's confusion matrix counts; without a label the whole row or column.

    Raises:
        UnknownName: there is no such class, and it is not the background.
        InvalidInput: the model's samples were not scored yet.
    """
    curves = object_matches(look, scope, results, case)
    found = confused_objects(curves)
    chosen = np.ones(len(found.samples), dtype=np.bool_)
    for label, codes in ((truth, found.true_labels), (predicted, found.found_labels)):
        if label is not None:
            chosen &= codes == _code(label, curves.table.classes)
    return _asked(found.samples, found.truths, found.detections, chosen=chosen, size=curves.size)


def objects_of_one(
    look: Look, scope: SuiteScope, pair: tuple[ResultsRecord, ResultsRecord], case: str, *, is_first: bool
) -> AskedObjects:
    """Return the objects that the first model finds and the second does not, or the other way round.

    Raises:
        InvalidInput: the samples of a model were not scored yet.
    """
    first, second = (object_matches(look, scope, one, case) for one in pair)
    is_answered = np.zeros(first.size, dtype=np.bool_)
    is_answered[np.intersect1d(first.table.samples, second.table.samples)] = True
    found = objects_found(first, second, is_answered)
    chosen = found.by_first & ~found.by_second if is_first else found.by_second & ~found.by_first
    nothing = np.full(len(found.samples), -1)
    return _asked(found.samples, found.places, nothing, chosen=chosen, size=first.size)


def _code(label: str, classes: tuple[str, ...]) -> int:
    """Return the code of a class, -1 of the background."""
    background = background_beside(classes)
    if label not in (*classes, background):
        known = ", ".join((*classes[:MOST_NAMED], background))
        raise UnknownName(f"no class of objects is named {label!r}; there are {known}")
    return classes.index(label) if label in classes else -1


def _asked(samples: Integers, truths: Integers, detections: Integers, *, chosen: Flags, size: int) -> AskedObjects:
    return AskedObjects(samples=samples[chosen], truths=truths[chosen], detections=detections[chosen], size=size)
