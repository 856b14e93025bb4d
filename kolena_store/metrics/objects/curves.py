"""The curves of precision and recall that metrics of objects are read from, and where each one stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from kolena_store.matching.coco import AREAS, THRESHOLDS
from kolena_store.matching.mistakes import KINDS, MISSED
from kolena_store.matching.objects import Flags, Integers
from kolena_store.matching.one_to_one import ONE_TO_ONE_BIT
from kolena_store.metrics.objects.ranked import Curve, Found, Objects, RankedMatches, ranked_matches
from kolena_store.metrics.objects.table import MatchTable

__all__ = ["GAINS", "CaseCurves", "ObjectCurves"]

GAINS = (*KINDS, MISSED)
"""The mistakes that AP at a single overlap is computed without."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ObjectCurves:
    """The matches of one model, ranked, and what each curve is.

    Detections of equal scores stand by the place of their image in `order`; None: by its number.
    `overlaps` are the thresholds of overlap as the bits of the matches have them, those that the user chose first,
    and `thresholds` the scores from which on detections of each class count. `size` is how many sample numbers there
    are.
    """

    table: MatchTable
    overlaps: Sequence[float]
    thresholds: Mapping[str, float]
    size: int
    n_chosen: int = 1
    order: Integers | None = None

    @property
    def n_classes(self) -> int:
        """Return how many classes there are."""
        return len(self.table.classes)

    @cached_property
    def ranked(self) -> RankedMatches:
        """Return the matches ranked for all curves: those of each range of area, then the one-to-one curve."""
        return self._ranked(self._found, self._objects, self._curves)

    @cached_property
    def places(self) -> Mapping[str, Sequence[int]]:
        """Return the curves of each range of area, at COCO's thresholds, by its name, and others.

        `chosen` are at the user's thresholds, `one_to_one` is that of this matching, and `counting` makes the counts.
        """
        n = len(self.overlaps)
        starts = [0, *(n + len(THRESHOLDS) * nth for nth in range(len(AREAS) - 1))]
        at = {
            name: [start + (self._coco[nth] if start == 0 else nth) for nth in range(len(THRESHOLDS))]
            for (name, _, _), start in zip(AREAS, starts, strict=True)
        }
        last = len(self._curves) - 1
        chosen = list(range(self.n_chosen))
        return {**at, "chosen": chosen, "one_to_one": [last], "counting": [0 if self.table.counting == 0 else last]}

    def gains(self) -> "dict[str, RankedMatches]":
        """Return the matches at a single overlap, as they are (`none`) and with each kind of mistake mended."""
        curve = [Curve(bit=self.table.counting, family=0)]
        mended = {kind: self._ranked(*self._mended(kind), curve) for kind in GAINS}
        return {"none": self._ranked(self._found, self._objects, curve), **mended}

    @property
    def score_thresholds(self) -> "np.ndarray":
        """Return the score from which on detections of each class count."""
        return np.array([self.thresholds.get(name, 0.0) for name in self.table.classes])

    @cached_property
    def is_sure(self) -> Flags:
        """Return whether each detection's score reaches the threshold of its class."""
        found = self.table.detections
        return found.scores >= self.score_thresholds[found.labels] if found.labels.size else np.zeros(0, np.bool_)

    @property
    def _coco(self) -> list[int]:
        """Return where COCO's thresholds stand among the overlaps."""
        return [list(self.overlaps).index(one) for one in THRESHOLDS]

    @cached_property
    def _curves(self) -> list[Curve]:
        """Return all curves, those of the range `all` at every overlap, the others at COCO's."""
        n = len(self.overlaps)
        found = [Curve(bit=bit, family=0) for bit in range(n)]
        for area in range(1, len(AREAS)):
            found += [Curve(bit=area * n + bit, family=area) for bit in self._coco]
        return [*found, Curve(bit=ONE_TO_ONE_BIT, family=len(AREAS))]

    @cached_property
    def _found(self) -> Found:
        found = self.table.detections
        return Found(
            images=found.samples,
            labels=found.labels,
            scores=found.scores,
            ranks=found.ranks,
            matched=found.matched,
            ignored=found.ignored,
        ).sorted(self.order)

    @cached_property
    def _objects(self) -> Objects:
        true = self.table.truths
        return Objects(images=true.samples, labels=true.labels, ignored=true.ignored)

    def _mended(self, kind: str) -> tuple[Found, Objects]:
        """Return the matches without one kind of mistake.

        A detection of the wrong class or place becomes the true positive of its object, if that has none; other false
        positives of the kind go, and objects that are missed need not be found.
        """
        bit = np.uint64(1) << np.uint64(self.table.counting)
        if kind == MISSED:
            missed = np.where(self.table.truths.is_missed, bit, np.uint64(0))
            return self._found, replace(self._objects, ignored=self._objects.ignored | missed)
        stored, found = self.table.detections, self._found
        is_mistake = stored.mistakes == KINDS.index(kind)
        becomes_hit = is_mistake & stored.is_mendable
        rows = self.table.truth_rows(stored.samples[becomes_hit], stored.mistaken_for[becomes_hit])
        labels = found.labels.copy()
        labels[becomes_hit] = self.table.truths.labels[rows]
        keep = ~is_mistake | becomes_hit
        changed = replace(found, labels=labels, matched=found.matched | np.where(becomes_hit, bit, np.uint64(0)))
        return changed.only(keep), self._objects

    def _ranked(self, found: Found, objects: Objects, curves: Sequence[Curve]) -> RankedMatches:
        return ranked_matches(found, objects, curves, n_classes=self.n_classes, n_images=self.size)


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseCurves:
    """The matches of one model as test cases measure them: those of all objects, and of some cases their own.

    An object-level test case, by its place in the suite, has matches with the objects outside of it ignored.
    """

    whole: ObjectCurves
    of_cases: Mapping[int, ObjectCurves] = field(default_factory=dict)

    def of(self, case: int) -> ObjectCurves:
        """Return the matches that a test case measures, by its place in the suite."""
        return self.of_cases.get(case, self.whole)
