"""The terms of metrics of objects on one selection of images: a number for each class."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from kolena_store.matching.coco import THRESHOLDS
from kolena_store.matching.mistakes import KINDS
from kolena_store.matching.objects import Flags, Floats, Integers
from kolena_store.metrics.objects.curves import GAINS, ObjectCurves
from kolena_store.metrics.objects.hits import Hits, Weights, hits_of
from kolena_store.metrics.objects.precision import area_under, interpolated_precision, log_average_miss_rate
from kolena_store.metrics.objects.ranked import RankedMatches

__all__ = ["ADDITIVE", "RANKED", "STATISTICS", "Entries", "ObjectStatistics", "ObjectValues"]

ELEVEN = 11
AVERAGE_PRECISION: Mapping[str, tuple[str, int | None]] = MappingProxyType(
    {
        "average_precision": ("all", None),
        "average_precision_50": ("all", THRESHOLDS.index(0.5)),
        "average_precision_75": ("all", THRESHOLDS.index(0.75)),
        "average_precision_small": ("small", None),
        "average_precision_medium": ("medium", None),
        "average_precision_large": ("large", None),
        "average_precision_chosen": ("chosen", None),
    }
)
"""Curves, and the place of a single one among them; None: the mean over all, which are COCO's ten or those chosen."""

AVERAGE_RECALL: Mapping[str, tuple[str, int | None, int | None]] = MappingProxyType(
    {
        "average_recall_1": ("all", None, 1),
        "average_recall_10": ("all", None, 10),
        "average_recall": ("all", None, None),
        "average_recall_50": ("all", THRESHOLDS.index(0.5), None),
        "average_recall_75": ("all", THRESHOLDS.index(0.75), None),
        "average_recall_small": ("small", None, None),
        "average_recall_medium": ("medium", None, None),
        "average_recall_large": ("large", None, None),
    }
)
"""The same, and how many detections of an image and class count; None: as many as the matching looked at."""

ADDITIVE = (
    *("images", "objects", "true_positives", "false_positives", "overlap_of_matches"),
    *(f"{kind}_mistakes" for kind in KINDS),
    "missed_objects",
)
"""Terms that are sums over images."""

MISS_RATE = "log_average_miss_rate"
OTHERS = ("voc_average_precision", "voc_average_precision_11", MISS_RATE)
GAIN = "gain_"
RANKED = (*AVERAGE_PRECISION, *OTHERS, *(f"{GAIN}{kind}" for kind in GAINS))
"""Terms that are read off the ranking of all detections, which is no smooth function of how often an image counts."""

STATISTICS = (*ADDITIVE, *AVERAGE_RECALL, *RANKED)
"""All terms that there are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Entries:
    """What images add to a term: the image, the class and the amount of each part."""

    images: Integers
    labels: Integers
    amounts: Floats

    def only(self, chosen: Flags) -> "Entries":
        """Return some of them."""
        return Entries(images=self.images[chosen], labels=self.labels[chosen], amounts=self.amounts[chosen])


class ObjectStatistics:
    """The terms of one model: what does not depend on the selection of images is made once."""

    def __init__(self, curves: ObjectCurves, wanted: Sequence[str]) -> None:
        """Rank what the wanted terms need."""
        self.curves = curves
        self.wanted = tuple(wanted)
        self.ranked: RankedMatches = curves.ranked
        self.gains = curves.gains() if any(name.startswith(GAIN) for name in wanted) else {}
        self.entries = {name: _entries(curves, name) for name in wanted if name in ADDITIVE}

    def within(self, is_chosen: Flags, wanted: Sequence[str]) -> "ObjectStatistics":
        """Return some of the terms, of some images alone: those of a test case, to draw from many times."""
        found = copy(self)
        found.wanted = tuple(wanted)
        found.ranked = self.ranked.within(is_chosen, found._asked_curves())
        gains = self.gains if any(name.startswith(GAIN) for name in wanted) else {}
        found.gains = {kind: one.within(is_chosen, [0]) for kind, one in gains.items()}
        entries = ((name, one) for name, one in self.entries.items() if name in wanted)
        found.entries = {name: one.only(is_chosen[one.images]) for name, one in entries}
        return found

    def _asked_curves(self) -> set[int]:
        """Return the curves that the wanted terms are read from."""
        places, curves = self.curves.places, set()
        for name in self.wanted:
            if name in AVERAGE_PRECISION:
                area, threshold = AVERAGE_PRECISION[name]
                curves |= set(places[area] if threshold is None else [places[area][threshold]])
            elif name in AVERAGE_RECALL:
                curves |= set(places[AVERAGE_RECALL[name][0]])
            elif name in OTHERS:
                curves |= set(places["counting" if name == MISS_RATE else "one_to_one"])
        return curves

    def on(self, weights: Weights) -> "ObjectValues":
        """Return the terms on a selection of images, or on images that count several times.

        Args:
            weights: how often each sample counts; only those that the model answered are looked at.
        """
        return ObjectValues(self, weights)


class ObjectValues:
    """The terms of one model on one selection of images."""

    def __init__(self, statistics: ObjectStatistics, weights: Weights) -> None:
        """Take the selection; nothing is computed yet."""
        self.statistics, self.weights = statistics, weights
        self.curves = statistics.curves

    def value(self, name: str) -> Floats:
        """Return a term by its name: a number for each class, NaN where it is not defined."""
        if name in ADDITIVE:
            return self._sum(name)
        if name in AVERAGE_PRECISION:
            return self._mean_over(self.precision, *AVERAGE_PRECISION[name])
        if name in AVERAGE_RECALL:
            area, threshold, most = AVERAGE_RECALL[name]
            recall = self.hits.whole_recall if most is None else self.hits.recall_within(most, self._n_first)
            return self._mean_over(recall, area, threshold)
        if name.startswith(GAIN):
            return self._gain(name.removeprefix(GAIN))
        found: dict[str, Callable[[], Floats]] = {
            "voc_average_precision": lambda: area_under(self.hits)[self._place("one_to_one")],
            "voc_average_precision_11": lambda: interpolated_precision(self.hits, ELEVEN)[self._place("one_to_one")],
            MISS_RATE: lambda: log_average_miss_rate(
                self.hits, self._place("counting"), float(self.weights[self.curves.table.samples].sum())
            ),
        }
        return found[name]()

    @cached_property
    def hits(self) -> Hits:
        """Return the true positives of all curves."""
        return hits_of(self.statistics.ranked, self.weights)

    @cached_property
    def precision(self) -> Floats:
        """Return COCO's average precision of every curve: [curves, classes]."""
        return interpolated_precision(self.hits)

    @property
    def _n_first(self) -> int:
        return len(self.curves.overlaps)

    def _place(self, name: str) -> int:
        return self.curves.places[name][0]

    def _mean_over(self, values: Floats, area: str, threshold: int | None) -> Floats:
        places = self.curves.places[area]
        return np.asarray(values[places].mean(axis=0) if threshold is None else values[places[threshold]])

    def _sum(self, name: str) -> Floats:
        if name == "images":
            total = float(self.weights[self.curves.table.samples].sum())
            return np.full(self.curves.n_classes, total)
        entries = self.statistics.entries[name]
        amounts = self.weights[entries.images] * entries.amounts
        return np.bincount(entries.labels, weights=amounts, minlength=self.curves.n_classes).astype(np.float64)

    def _gain(self, kind: str) -> Floats:
        return np.maximum(self._precision_without(kind) - self._precision_without("none"), 0.0)

    def _precision_without(self, kind: str) -> Floats:
        if kind not in self._without:
            self._without[kind] = interpolated_precision(hits_of(self.statistics.gains[kind], self.weights))[0]
        return self._without[kind]

    @cached_property
    def _without(self) -> dict[str, Floats]:
        return {}


def _entries(curves: ObjectCurves, name: str) -> Entries:
    """Return what images add to an additive term: a row of each detection or object that it counts."""
    table, found, true = curves.table, curves.table.detections, curves.table.truths
    if name in ("objects", "missed_objects"):
        chosen = table.truth_counts if name == "objects" else table.truth_counts & true.is_missed
        return _chosen(true.samples, true.labels, chosen)
    if name == "images":
        return _chosen(table.samples, np.zeros(len(table.samples), dtype=np.int64), np.ones(len(table.samples), bool))
    counted = table.counts & curves.is_sure
    if name == "overlap_of_matches":
        return _chosen(found.samples, found.labels, counted & table.is_hit, found.overlaps)
    if name in ("true_positives", "false_positives"):
        return _chosen(found.samples, found.labels, counted & (table.is_hit == (name == "true_positives")))
    kind = KINDS.index(name.removesuffix("_mistakes"))
    return _chosen(found.samples, found.labels, counted & (found.mistakes == kind))


def _chosen(images: Integers, labels: Integers, chosen: Flags, amounts: Floats | None = None) -> Entries:
    rows = np.flatnonzero(chosen)
    each = np.ones(len(rows)) if amounts is None else amounts[rows]
    return Entries(images=images[rows], labels=labels[rows], amounts=each)
