"""Intervals of functions of a confusion matrix: from tables that might have been seen instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.expressions import value_of
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.statistics.draws import dirichlet_tables, multinomial_tables, percentile_bounds
from kolena_store.statistics.smooth import Numbers, dot

__all__ = ["FEW_TRUTHS", "MANY_TRUTHS", "ConfusionTables", "class_table_bounds", "draws_of_class_tables"]

N_DRAWS_OF_FOUR = 2_000
N_DRAWS = 1_000
N_DRAWS_BY_CLASS = 500
FEW_TRUTHS = 10
"""Truths of a class under which an interval over many classes is approximate."""

MANY_TRUTHS = 50
"""Truths of every class from which a linearised interval covers as well as a drawn one, at a fraction of the cost."""

CASES_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """The cells of one confusion matrix that hold samples: class -1 is a prediction outside the classes."""

    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    counts: NDArray[np.int64]


class ConfusionTables:
    """The confusion matrices of every test case, and the metrics of tables drawn from them."""

    def __init__(self, evidence: Evidence) -> None:
        """Take the counts by two labels out of the terms."""
        self._evidence = evidence
        self._n_classes = len(evidence.classes.names)
        pairs = evidence.terms.by_pair["confusion"]
        support, counts = evidence.terms.by_class["support"], pairs.counts.astype(np.int64)
        n_cases = len(evidence.members)
        starts = np.searchsorted(pairs.positions, np.arange(n_cases + 1))
        self._cells = [
            _with_outside(pairs.first[start:stop], pairs.second[start:stop], counts[start:stop], support[case])
            for case, (start, stop) in enumerate(pairwise(starts))
        ]

    def bounds(self, metrics: Sequence[MetricDefinition], cases: Sequence[int]) -> tuple[Numbers, Numbers]:
        """Return low[metrics, cases] and high[metrics, cases]; NaN for the cases that are not asked for."""
        found = np.full((2, len(metrics), len(self._cells)), np.nan)

        def bound_part(start: int, stop: int) -> None:
            for case in cases[start:stop]:
                for index, values in enumerate(self._drawn(metrics, self._cells[case])):
                    found[:, index, case] = percentile_bounds(values, self._evidence.level)

        run_in_parts(bound_part, len(cases), smallest_part=4)
        return found[0], found[1]

    def variances(self, metrics: Sequence[MetricDefinition], cases: Sequence[int]) -> Numbers:
        """Return the linearised variance of each metric: [metrics, cases]; NaN for the cases that are not asked for."""
        found = np.full((len(metrics), len(self._cells)), np.nan)
        for index, metric in enumerate(metrics):
            derivatives = self._evidence.gradient(metric).by_term
            for case in cases:
                cells, n = self._cells[case], self._cells[case].counts.sum()
                moved = self._influence(metric, {name: values[case] for name, values in derivatives.items()}, cells)
                found[index, case] = dot(cells.counts.astype(np.float64), moved**2) * n / (n - 1)
        return found

    def _influence(self, metric: MetricDefinition, derivatives: dict[str, Numbers], cells: _Cells) -> Numbers:
        """Return how much one more sample in each cell would move a metric."""
        classes = self._evidence.reported if metric.level == "classes" else list(range(self._n_classes))
        is_hit = cells.truth == cells.predicted
        moved = np.full(len(cells.counts), _slope(derivatives, "n"))
        moved += np.where(is_hit, _slope(derivatives, "n_correct"), 0.0)
        for name, codes, counts in (
            ("support", cells.truth, True),
            ("predicted", cells.predicted, cells.predicted >= 0),
            ("hits", cells.truth, is_hit),
        ):
            if name in derivatives:
                of_class = np.zeros(self._n_classes)
                of_class[classes] = derivatives[name]
                moved += np.where(counts, of_class[codes], 0.0)
        return moved

    def _drawn(self, metrics: Sequence[MetricDefinition], cells: _Cells) -> Iterator[Numbers]:
        """Yield the values of each metric on tables that were drawn once for all of them."""
        if not cells.counts.sum():
            yield from (np.full(1, np.nan) for _ in metrics)
            return
        tables = self._tables(cells)
        for metric in metrics:
            yield value_of(metric.expression, _counts_of(tables, metric, self._evidence)).ravel()

    def _tables(self, cells: _Cells) -> dict[str, Numbers]:
        """Return the counts of drawn tables: by class [draws, classes], of the whole [draws, 1]."""
        if self._n_classes == 2 and not (cells.predicted < 0).any():
            full = np.zeros((2, 2))
            full[cells.truth, cells.predicted] = cells.counts
            drawn = dirichlet_tables(full.ravel(), n_draws=N_DRAWS_OF_FOUR, seed=self._evidence.seed)
            cells = _Cells(
                truth=np.array([0, 0, 1, 1]), predicted=np.array([0, 1, 0, 1]), counts=full.ravel().astype(np.int64)
            )
        else:
            drawn = multinomial_tables(cells.counts, n_draws=N_DRAWS, seed=self._evidence.seed).astype(np.float64)
        is_hit = cells.truth == cells.predicted
        hits = _summed(drawn[:, is_hit], cells.truth[is_hit], self._n_classes)
        inside = cells.predicted >= 0
        return {
            "n": drawn.sum(axis=1, keepdims=True),
            "n_correct": hits.sum(axis=1, keepdims=True),
            "hits": hits,
            "support": _summed(drawn, cells.truth, self._n_classes),
            "predicted": _summed(drawn[:, inside], cells.predicted[inside], self._n_classes),
        }


def class_table_bounds(evidence: Evidence, metric: MetricDefinition) -> tuple[Numbers, Numbers]:
    """Return low[cases, classes] and high[cases, classes] of a metric of each class against the others.

    By quantiles of Dirichlet(counts + 1/2) over true and false positives and negatives.
    """
    found = np.full((2, *evidence.terms.by_class["hits"].shape), np.nan)
    for start in range(0, len(evidence.members), CASES_AT_ONCE):
        cases = slice(start, start + CASES_AT_ONCE)
        drawn = draws_of_class_tables(evidence, cases)
        terms = {name: values for name, values in drawn.items() if name in metric.words()}
        terms |= {name: np.array([[[[value]]]]) for name, value in evidence.constants.items() if name in metric.words()}
        found[:, cases] = percentile_bounds(value_of(metric.expression, terms)[..., 0], evidence.level)
    return found[0], found[1]


def draws_of_class_tables(evidence: Evidence, cases: slice) -> dict[str, Numbers]:
    """Return the counts of drawn 2x2 tables, one for each class against the others: [cases, classes, draws, 1]."""
    hits, support, predicted = (evidence.terms.by_class[name][cases] for name in ("hits", "support", "predicted"))
    n = evidence.terms.by_case["n"][cases][:, np.newaxis]
    counts = np.stack([hits, predicted - hits, support - hits, n - support - predicted + hits], axis=-1)
    drawn = dirichlet_tables(counts, n_draws=N_DRAWS_BY_CLASS, seed=evidence.seed)
    true_positives, false_positives, false_negatives, _ = np.moveaxis(drawn, -1, 0)
    return {
        "n": np.broadcast_to(n[..., np.newaxis, np.newaxis], (*true_positives.shape, 1)),
        "hits": true_positives[..., np.newaxis],
        "support": (true_positives + false_negatives)[..., np.newaxis],
        "predicted": (true_positives + false_positives)[..., np.newaxis],
    }


def _counts_of(tables: dict[str, Numbers], metric: MetricDefinition, evidence: Evidence) -> dict[str, Numbers]:
    words = metric.words()
    is_all = metric.level == "all classes"
    found = {
        name: values if is_all or values.shape[1] == 1 else values[:, evidence.reported]
        for name, values in tables.items()
        if name in words
    }
    return {**found, **{name: np.array([[value]]) for name, value in evidence.constants.items() if name in words}}


def _with_outside(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], counts: NDArray[np.int64], support: Numbers
) -> _Cells:
    """Return the cells with those of predictions outside the classes, which the pairs leave out."""
    inside = np.bincount(truth, weights=counts, minlength=len(support))
    outside = np.rint(support - inside).astype(np.int64)
    classes = np.flatnonzero(outside)
    return _Cells(
        truth=np.concatenate([truth, classes]),
        predicted=np.concatenate([predicted, np.full(len(classes), -1)]),
        counts=np.concatenate([counts, outside[classes]]),
    )


def _slope(derivatives: dict[str, Numbers], term: str) -> float:
    return float(derivatives[term][0]) if term in derivatives else 0.0


def _summed(drawn: Numbers, classes: NDArray[np.int64], n_classes: int) -> Numbers:
    """Return the sum of the cells of each class: [draws, classes]."""
    found = np.zeros((n_classes, len(drawn)))
    np.add.at(found, classes, drawn.T)
    return found.T
