"""Two models on the same samples, and the rows of a metric that both have."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Words
from kolena_store.metrics.aggregation import MetricValues
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.statistics.smooth import Numbers

__all__ = ["PairedRows", "Pair", "Side", "codes_in_first", "is_of_class", "paired_rows"]

Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One model on the samples that both answered: its evidence, and its values by metric."""

    evidence: Evidence
    values: Mapping[MetricDefinition, MetricValues]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two models on the same members (samples) of the same test cases; differences are first less second.

    A model that answered samples several times has rows of its own; both are then drawn by sample, or in clusters.
    """

    first: Side
    second: Side
    members: Words

    @property
    def n_cases(self) -> int:
        """Return how many test cases there are."""
        return len(self.members)


@dataclass(frozen=True, kw_only=True)
class PairedRows:
    """The rows of one metric that both models have: their test cases, and their classes as each model numbers them.

    `classes` and `second_classes` are -1 for a row of the whole.
    """

    metric: MetricDefinition
    cases: Places
    classes: Places
    second_classes: Places
    value: Numbers
    second_value: Numbers
    n: Numbers
    second_n: Numbers
    reasons: list[str | None]

    @property
    def delta(self) -> Numbers:
        """Return first less second, NaN where either is not defined."""
        return self.value - self.second_value

    @property
    def class_pairs(self) -> list[tuple[int, int]]:
        """Return the classes that rows are about, as both models number them: (-1, -1) is the whole."""
        pairs = zip(self.classes.tolist(), self.second_classes.tolist(), strict=True)
        return list(dict.fromkeys(pairs))


def paired_rows(pair: Pair, metric: MetricDefinition) -> PairedRows:
    """Return the rows of a metric that both models have, by test case, then class as the first model orders them."""
    first, second = pair.first.values[metric], pair.second.values[metric]
    mapping = codes_in_first(pair)
    # A class that only the second model knows gets a number behind those of the first.
    stride = max(len(pair.first.evidence.classes.names), int(mapping.max(initial=-1)) + 1) + 1
    of_first = first.positions * stride + first.class_positions + 1
    named = np.where(second.class_positions < 0, -1, mapping[second.class_positions] if mapping.size else -1)
    of_second = second.positions * stride + named + 1
    _, here, there = np.intersect1d(of_first, of_second, assume_unique=True, return_indices=True)
    reasons = [
        one or other
        for one, other in zip((first.reasons[row] for row in here), (second.reasons[row] for row in there), strict=True)
    ]
    return PairedRows(
        metric=metric,
        cases=first.positions[here],
        classes=first.class_positions[here],
        second_classes=second.class_positions[there],
        value=first.values[here],
        second_value=second.values[there],
        n=np.nan_to_num(first.n[here]),
        second_n=np.nan_to_num(second.n[there]),
        reasons=reasons,
    )


def codes_in_first(pair: Pair) -> Places:
    """Return for each class of the second model its number in the first; one that the first lacks gets a new one."""
    names = pair.first.evidence.classes.names
    numbers = {name: number for number, name in enumerate(names)}
    found = [numbers.setdefault(name, len(numbers)) for name in pair.second.evidence.classes.names]
    return np.array(found, dtype=np.int64)


def is_of_class(metric: MetricDefinition) -> bool:
    """Return whether a metric has a row for each class."""
    return metric.level in ("class", "class, positive")
