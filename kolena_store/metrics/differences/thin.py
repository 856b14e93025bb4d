"""Which differences rest on too few truths, or on too few samples that differ, for a normal approximation to hold."""

from dataclasses import dataclass

import numpy as np

from kolena_store.display import counted
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.differences.outcomes import differing, is_counted
from kolena_store.metrics.differences.sides import Pair, PairedRows, is_of_class
from kolena_store.metrics.differences.spread import DifferenceSpread
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.kernel_influence import MEDIAN, SCORE_KERNELS
from kolena_store.metrics.intervals.objects import is_of_objects
from kolena_store.statistics.smooth import Numbers

__all__ = ["SUPPORTS", "Thinness", "few_differing", "thinness"]

FEWEST_DIFFERING = 10
FEWEST_OF_CLASS = 20
FEWEST_OF_EACH = 10
"""Truths of each of three or more classes that enter an average; the benchmark of comparisons shows what fewer do."""

OF_COUNTS, OF_SCORES = "support", "scored_support"
SUPPORTS = (OF_COUNTS, OF_SCORES)
"""The terms that say how many truths of each class there are, among all samples and among those with scores."""


@dataclass(frozen=True, kw_only=True)
class Thinness:
    """Why each row's evidence is too thin for a verdict, or None, and how many samples differ (infinite: not known)."""

    reasons: list[str | None]
    n_differing: Numbers


def thinness(pair: Pair, rows: PairedRows, spread: DifferenceSpread) -> Thinness:
    """Return which rows rest on too little."""
    evidence = pair.first.evidence
    if is_of_objects(evidence, rows.metric):
        return _of_objects(rows, spread)
    n_differing = np.full(len(rows.cases), np.inf)
    if is_counted(evidence, rows.metric):
        n_differing = differing(pair, rows)
    elif _kernel(evidence, rows.metric) == MEDIAN:
        n_differing = spread.n_differing
    truths, needed = _truths(evidence, rows)
    reasons = [
        _few_truths(int(of_class), int(least)) if of_class < least else few_differing(n)
        for of_class, least, n in zip(truths.tolist(), needed.tolist(), n_differing.tolist(), strict=True)
    ]
    return Thinness(reasons=reasons, n_differing=n_differing)


def _of_objects(rows: PairedRows, spread: DifferenceSpread) -> Thinness:
    """Return which rows of a metric of objects rest on too few objects (or detections, or images) or differences."""
    reasons = [
        _few_objects(int(n)) if n < FEWEST_OF_CLASS else few_differing(differing)
        for n, differing in zip(np.minimum(rows.n, rows.second_n).tolist(), spread.n_differing.tolist(), strict=True)
    ]
    return Thinness(reasons=reasons, n_differing=spread.n_differing)


def _few_objects(n: int) -> str:
    return f"too little for a verdict: it rests on {n}, and it takes {FEWEST_OF_CLASS}"


def _few_truths(truths: int, needed: int) -> str:
    return f"too few truths for a verdict: {truths} of a class, and it takes {needed}"


def few_differing(n: float) -> str | None:
    """Return what to say of so few samples that differ; None for enough."""
    if not n < FEWEST_DIFFERING:
        return None
    return f"too few differences for a verdict: {counted(int(n), 'sample', ('differs', 'differ'))}, and it takes 10"


def _truths(evidence: Evidence, rows: PairedRows) -> tuple[Numbers, Numbers]:
    """Return how many truths each row rests on, and how many it needs."""
    none_needed = np.full(len(rows.cases), np.inf), np.zeros(len(rows.cases))
    is_of_scores = any(term.kernel in SCORE_KERNELS for term in evidence.definitions_of(rows.metric))
    support = evidence.terms.by_class.get(OF_SCORES if is_of_scores else OF_COUNTS)
    if support is None or not (is_of_scores or is_counted(evidence, rows.metric)):
        return none_needed
    if is_of_class(rows.metric):
        truths = support[rows.cases, rows.classes]
        others = rows.n - truths if is_of_scores else np.minimum(rows.n, rows.second_n)
        return np.minimum(truths, others), np.full(len(rows.cases), float(FEWEST_OF_CLASS))
    if not rows.metric.level.endswith("classes"):
        return none_needed
    return _of_all_classes(rows, support[:, evidence.reported] if rows.metric.level == "classes" else support)


def _of_all_classes(rows: PairedRows, support: Numbers) -> tuple[Numbers, Numbers]:
    """Return the truths of the smallest class that an average takes in, and how many it needs.

    Sums over three or more classes, in which small classes weigh little, need none.
    """
    fewest = np.where(support > 0, support, np.inf).min(axis=1, initial=np.inf)
    is_of_two = (support > 0).sum(axis=1) <= 2
    is_average = "avg(" in rows.metric.expression
    needed = np.where(is_of_two, FEWEST_OF_CLASS, FEWEST_OF_EACH if is_average else 0).astype(np.float64)
    return fewest[rows.cases], needed[rows.cases]


def _kernel(evidence: Evidence, metric: MetricDefinition) -> str | None:
    term = evidence.kernel_term(metric)
    return term.kernel if term is not None else None
