"""The test of each metric's differences, by the metric's kind and by how the samples were drawn."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.differences.evidence import (
    SmoothEvidence,
    TestedRows,
    Testing,
    tested_by_counts,
    tested_by_error,
    untested,
)
from kolena_store.metrics.differences.found_objects import found_apart
from kolena_store.metrics.differences.objects import is_resampled, object_difference_spreads
from kolena_store.metrics.differences.outcomes import Discordant, discordant
from kolena_store.metrics.differences.permuted import permutation_p
from kolena_store.metrics.differences.sides import Pair, PairedRows, paired_rows
from kolena_store.metrics.differences.spread import DifferenceSpread, difference_spreads
from kolena_store.metrics.differences.thin import thinness
from kolena_store.metrics.intervals.kernel_influence import MEDIAN
from kolena_store.metrics.intervals.objects import is_of_objects
from kolena_store.metrics.objects.resampling import N_RESAMPLES
from kolena_store.statistics.clusters import cluster_note

__all__ = ["tested_differences"]


def tested_differences(pair: Pair, metrics: Sequence[MetricDefinition], testing: Testing) -> list[TestedRows]:
    """Return the differences of some metrics with their evidence, in the order of the metrics."""
    wanted = [paired_rows(pair, metric) for metric in metrics]
    counted = {rows.metric: _discordant(pair, rows) for rows in wanted}
    smooth = [rows for rows in wanted if counted[rows.metric] is None and _has_spread(rows)]
    spreads = _spreads(pair, smooth)
    found = []
    for rows in wanted:
        of_counts, spread = counted[rows.metric], spreads.get(rows.metric)
        if of_counts is not None:
            tested = tested_by_counts(rows, of_counts, testing)
        elif spread is not None:
            tested = _with_objects(pair, tested_by_error(rows, _evidence(pair, rows, spread), testing))
        else:
            why = str(rows.metric.interval.reason or "").removeprefix("no interval: ")
            tested = untested(rows, f"not tested: {why}")
        found.append(_permuted(pair, tested, testing) if testing.kind == "permutation" else tested)
    return found


def _spreads(pair: Pair, wanted: Sequence[PairedRows]) -> dict[MetricDefinition, DifferenceSpread]:
    evidence = pair.first.evidence
    of_objects = [rows for rows in wanted if is_of_objects(evidence, rows.metric)]
    others = [rows for rows in wanted if not is_of_objects(evidence, rows.metric)]
    found = [*difference_spreads(pair, others), *object_difference_spreads(pair, of_objects)]
    return {rows.metric: one for rows, one in zip((*others, *of_objects), found, strict=True)}


def _with_objects(pair: Pair, tested: TestedRows) -> TestedRows:
    """Return rows with the objects that one side alone finds, where the metric is one of objects."""
    if not is_of_objects(pair.first.evidence, tested.rows.metric):
        return tested
    apart = found_apart(pair, tested.rows)
    return replace(tested, first_only=apart.first_only, second_only=apart.second_only)


def _discordant(pair: Pair, rows: PairedRows) -> Discordant | None:
    """Return the discordant samples of a proportion that McNemar's test fits."""
    is_fit = rows.metric.interval.kind == "wilson" and pair.first.evidence.design.is_plain and len(rows.cases) > 0
    return discordant(pair, rows) if is_fit else None


def _has_spread(rows: PairedRows) -> bool:
    return rows.metric.interval.kind != "none" and bool(np.isfinite(rows.delta).any())


def _evidence(pair: Pair, rows: PairedRows, spread: DifferenceSpread) -> SmoothEvidence:
    found, error, design = thinness(pair, rows, spread), np.sqrt(spread.variance), pair.first.evidence.design
    term = pair.first.evidence.kernel_term(rows.metric)
    if term is not None and term.kernel == MEDIAN:  # few samples between the medians say nothing of how they vary
        error = np.where([reason is None for reason in found.reasons], error, np.nan)
    return SmoothEvidence(
        error=error,
        freedom=spread.freedom,
        n_units=spread.n_units,
        n_differing=found.n_differing,
        unit=None if design.clusters is None else design.unit,
        names=_names(pair, rows.metric, spread),
        thin=found.reasons,
    )


def _names(pair: Pair, metric: MetricDefinition, spread: DifferenceSpread) -> list[str]:
    """Return how the standard error behind each row was found."""
    evidence, design = pair.first.evidence, pair.first.evidence.design
    is_linearised = any(term.kind in ("kernel", "matches") for term in evidence.definitions_of(metric))
    kind = "paired linearised t" if design.clusters is None or is_linearised else "paired jackknife t"
    if is_resampled(evidence, metric):
        kind = f"paired bootstrap t, {N_RESAMPLES} resamples"
    if design.clusters is None:
        weighted = ", weighted" if design.weights is not None else ""
        return [f"{kind}{weighted}"] * len(spread.n_units)
    return [f"{kind}, {cluster_note(units, design.unit)}" for units in np.nan_to_num(spread.n_units).tolist()]


def _permuted(pair: Pair, tested: TestedRows, testing: Testing) -> TestedRows:
    """Return rows with the p-values of a permutation test, where the metric has one."""
    found = permutation_p(pair, tested.rows, seed=testing.seed)
    if found is None:
        return tested
    is_known = np.isfinite(found.p)
    return replace(
        tested,
        p=np.where(is_known, found.p, tested.p),
        tests=[found.name if known else one for known, one in zip(is_known.tolist(), tested.tests, strict=True)],
    )
