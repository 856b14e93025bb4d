"""Differences with their evidence: a test, an interval and a detectable effect for each row, by the metric's kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.differences.outcomes import Discordant, discordant
from kolena_store.metrics.differences.permuted import permutation_p
from kolena_store.metrics.differences.sides import Pair, PairedRows, paired_rows
from kolena_store.metrics.differences.spread import DifferenceSpread, difference_spreads
from kolena_store.metrics.differences.thin import thinness
from kolena_store.metrics.intervals.kernel_influence import MEDIAN
from kolena_store.metrics.intervals.shapes import range_of, why_not_one
from kolena_store.statistics.clusters import FEWEST_CLUSTERS, cluster_note, too_few_clusters
from kolena_store.statistics.paired_proportions import (
    equivalence_p,
    mcnemar_exact,
    mcnemar_mid_p,
    score_bounds,
    score_detectable,
)
from kolena_store.statistics.smooth import Numbers
from kolena_store.statistics.smooth_differences import (
    difference_bounds,
    difference_detectable,
    difference_p,
    within_tolerance_p,
)

__all__ = ["Testing", "TestKind", "TestedRows", "chosen_rows", "tested_differences"]

TestKind = Literal["default", "exact", "permutation"]

NO_DIFFERENCE = "no sample differs between the two models, so nothing is known of how far others would"


@dataclass(frozen=True, slots=True, kw_only=True)
class Testing:
    """How to test: at which level, by which test, within which tolerance by metric, with which seed of draws."""

    __test__ = False

    alpha: float
    kind: TestKind
    seed: int
    tolerance: Mapping[str, float] = field(default_factory=dict)

    @property
    def power_basis(self) -> str:
        """Return on what a detectable effect rests, whatever the metric."""
        return f"two-sided alpha {self.alpha:g} without correction, power 0.8"


@dataclass(frozen=True, kw_only=True)
class TestedRows:
    """The rows of one metric with their evidence; NaN and None where there is none, and a reason.

    `thin` says why a row can't have more than an inconclusive verdict, though it has a p-value. `first_only` and
    `second_only` count the samples that are a success of one side alone, where samples are successes or not.
    """

    __test__ = False

    rows: PairedRows
    low: Numbers
    high: Numbers
    methods: list[str | None]
    p: Numbers
    tests: list[str | None]
    p_equivalence: Numbers
    detectable: Numbers
    bases: list[str | None]
    first_only: Numbers
    second_only: Numbers
    thin: list[str | None]
    reasons: list[str | None]


def tested_differences(pair: Pair, metrics: Sequence[MetricDefinition], testing: Testing) -> list[TestedRows]:
    """Return the differences of some metrics with their evidence, in the order of the metrics."""
    wanted = [paired_rows(pair, metric) for metric in metrics]
    counted = {rows.metric.name: _discordant(pair, rows) for rows in wanted}
    smooth = [rows for rows in wanted if counted[rows.metric.name] is None and _has_spread(rows)]
    spreads = dict(zip([rows.metric.name for rows in smooth], difference_spreads(pair, smooth), strict=True))
    found = []
    for rows in wanted:
        of_counts, spread = counted[rows.metric.name], spreads.get(rows.metric.name)
        if of_counts is not None:
            tested = _by_counts(rows, of_counts, testing)
        elif spread is not None:
            tested = _by_spread(pair, rows, spread, testing)
        else:
            tested = _untested(rows)
        found.append(_permuted(pair, tested, testing) if testing.kind == "permutation" else tested)
    return found


def chosen_rows(tested: TestedRows, places: NDArray[np.int64], *, is_whole: bool) -> TestedRows:
    """Return some of the rows; as rows of the whole, of which a class is what the metric is about, with `is_whole`."""
    rows = tested.rows
    numbers = {
        name: getattr(rows, name)[places]
        for name in ("cases", "classes", "second_classes", "value", "second_value", "n", "second_n")
    }
    if is_whole:
        numbers |= {name: np.full(len(places), -1) for name in ("classes", "second_classes")}
    chosen = replace(rows, reasons=[rows.reasons[place] for place in places.tolist()], **numbers)
    arrays = ("low", "high", "p", "p_equivalence", "detectable", "first_only", "second_only")
    lists = ("methods", "tests", "bases", "thin", "reasons")
    found: dict[str, Any] = {name: getattr(tested, name)[places] for name in arrays}
    found |= {name: [getattr(tested, name)[place] for place in places.tolist()] for name in lists}
    return replace(tested, rows=chosen, **found)


def _discordant(pair: Pair, rows: PairedRows) -> Discordant | None:
    """Return the discordant samples of a proportion that McNemar's test fits."""
    is_fit = rows.metric.interval.kind == "wilson" and pair.first.evidence.design.is_plain and len(rows.cases) > 0
    return discordant(pair, rows) if is_fit else None


def _has_spread(rows: PairedRows) -> bool:
    return rows.metric.interval.kind != "none" and bool(np.isfinite(rows.delta).any())


def _by_counts(rows: PairedRows, counts: Discordant, testing: Testing) -> TestedRows:
    is_known = np.isfinite(rows.delta)
    n, first, second = (np.where(is_known, one, 0.0) for one in (rows.n, counts.first_only, counts.second_only))
    low, high = score_bounds(first, second, n, level=1 - testing.alpha)
    is_exact = testing.kind == "exact"
    p = mcnemar_exact(first, second) if is_exact else mcnemar_mid_p(first, second)
    tolerance = testing.tolerance.get(rows.metric.name)
    nothing = np.full(len(n), np.nan)
    detectable = score_detectable(first, second, n, alpha=testing.alpha)
    basis = f"{testing.power_basis}; share of differing samples (b + c + 1) / (n + 2)"
    return TestedRows(
        rows=rows,
        low=np.where(is_known, low, np.nan),
        high=np.where(is_known, high, np.nan),
        methods=_where(is_known, "tango score"),
        p=np.where(is_known, p, np.nan),
        tests=_where(is_known, "mcnemar exact" if is_exact else "mcnemar mid-p"),
        p_equivalence=nothing if tolerance is None else equivalence_p(first, second, n, tolerance=tolerance),
        detectable=np.where(is_known, detectable, np.nan),
        bases=_where(is_known & np.isfinite(detectable), basis),
        first_only=np.where(is_known, counts.first_only, np.nan),
        second_only=np.where(is_known, counts.second_only, np.nan),
        thin=[None] * len(n),
        reasons=rows.reasons,
    )


def _by_spread(pair: Pair, rows: PairedRows, spread: DifferenceSpread, testing: Testing) -> TestedRows:
    is_clustered = pair.first.evidence.design.clusters is not None
    is_enough = spread.n_units >= (FEWEST_CLUSTERS if is_clustered else 2)
    error = np.sqrt(np.where(is_enough & np.isfinite(rows.delta), spread.variance, np.nan))
    found = thinness(pair, rows, spread)
    thin = found.reasons
    term = pair.first.evidence.kernel_term(rows.metric)
    if term is not None and term.kernel == MEDIAN:  # few samples between the medians say nothing of how they vary
        error = np.where([one is None for one in thin], error, np.nan)
    p = difference_p(rows.delta, error, spread.freedom)
    is_alike = (error == 0) & (rows.delta == 0) & ~((found.n_differing > 0) & np.isfinite(found.n_differing))
    p = np.where((error > 0) | is_alike, p, np.nan)
    least, greatest = range_of(rows.metric)
    low, high = difference_bounds(rows.delta, error, spread.freedom, level=1 - testing.alpha, reach=greatest - least)
    detectable = difference_detectable(error, spread.freedom, alpha=testing.alpha)
    tolerance = testing.tolerance.get(rows.metric.name)
    nothing = np.full(len(p), np.nan)
    within = (
        nothing if tolerance is None else within_tolerance_p(rows.delta, error, spread.freedom, tolerance=tolerance)
    )
    return TestedRows(
        rows=rows,
        low=low,
        high=high,
        methods=_methods(pair, rows.metric, spread, np.isfinite(low)),
        p=p,
        tests=_methods(pair, rows.metric, spread, np.isfinite(p)),
        p_equivalence=within,
        detectable=detectable,
        bases=_where(np.isfinite(detectable), f"{testing.power_basis}; standard error of the difference"),
        first_only=nothing,
        second_only=nothing,
        thin=thin,
        reasons=_reasons(rows, spread, error, is_alike, is_clustered=is_clustered),
    )


def _untested(rows: PairedRows) -> TestedRows:
    nothing = np.full(len(rows.cases), np.nan)
    no_text: list[str | None] = [None] * len(rows.cases)
    why = str(rows.metric.interval.reason or "").removeprefix("no interval: ")
    return TestedRows(
        rows=rows,
        low=nothing,
        high=nothing,
        methods=no_text,
        p=nothing,
        tests=no_text,
        p_equivalence=nothing,
        detectable=nothing,
        bases=no_text,
        first_only=nothing,
        second_only=nothing,
        thin=no_text,
        reasons=[known or f"not tested: {why}" for known in rows.reasons],
    )


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


def _methods(pair: Pair, metric: MetricDefinition, spread: DifferenceSpread, is_known: Flags) -> list[str | None]:
    """Return how the standard error behind each row was found."""
    design = pair.first.evidence.design
    if design.clusters is None:
        return _where(
            is_known, "paired linearised t, weighted" if design.weights is not None else "paired linearised t"
        )
    has_kernel = any(term.kind == "kernel" for term in pair.first.evidence.definitions_of(metric))
    kind = "paired linearised t" if has_kernel else "paired jackknife t"
    return [
        f"{kind}, {cluster_note(units)}" if known else None
        for known, units in zip(is_known.tolist(), spread.n_units.tolist(), strict=True)
    ]


def _reasons(
    rows: PairedRows, spread: DifferenceSpread, error: Numbers, is_alike: Flags, *, is_clustered: bool
) -> list[str | None]:
    """Return why each row has no p-value, or no interval."""
    found = []
    for known, units, one, alike in zip(
        rows.reasons, spread.n_units.tolist(), error.tolist(), is_alike.tolist(), strict=True
    ):
        if known is not None or one > 0:
            found.append(known)
        elif is_clustered and units < FEWEST_CLUSTERS:
            found.append(too_few_clusters(units))
        else:
            found.append(NO_DIFFERENCE if alike else why_not_one(units, one))
    return found


def _where(is_known: Flags, text: str) -> list[str | None]:
    return [text if known else None for known in is_known.tolist()]
