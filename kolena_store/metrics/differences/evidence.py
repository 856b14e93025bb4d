"""Differences with their evidence: p-value, interval and detectable effect, from counts or from a standard error."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags
from kolena_store.metrics.differences.outcomes import Discordant
from kolena_store.metrics.differences.sides import PairedRows
from kolena_store.metrics.intervals.shapes import range_of, why_not_one
from kolena_store.statistics.clusters import FEWEST_CLUSTERS, too_few_clusters
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

__all__ = [
    "SmoothEvidence",
    "TestKind",
    "TestedRows",
    "Testing",
    "chosen_rows",
    "tested_by_counts",
    "tested_by_error",
    "untested",
]

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


@dataclass(frozen=True, kw_only=True)
class SmoothEvidence:
    """The standard errors of some differences, NaN where they are not known, and what they rest on.

    `n_units` counts the independent units, clusters if these have a name (`unit`), and `freedom` the degrees of
    freedom. `n_differing` counts the samples that are not alike for both models, infinite where that is not known;
    `names` say how each error was found.
    """

    error: Numbers
    freedom: Numbers
    n_units: Numbers
    n_differing: Numbers
    unit: str | None
    names: list[str]
    thin: list[str | None]

    @property
    def known(self) -> Numbers:
        """Return the errors that rest on enough units to stand for others."""
        return np.where(self.n_units >= (2 if self.unit is None else FEWEST_CLUSTERS), self.error, np.nan)


def tested_by_counts(rows: PairedRows, counts: Discordant, testing: Testing) -> TestedRows:
    """Return proportions of the same samples with McNemar's test and the score interval."""
    is_known = np.isfinite(rows.delta)
    n, first, second = (np.where(is_known, one, 0.0) for one in (rows.n, counts.first_only, counts.second_only))
    low, high = score_bounds(first, second, n, level=1 - testing.alpha)
    is_exact = testing.kind == "exact"
    p = mcnemar_exact(first, second) if is_exact else mcnemar_mid_p(first, second)
    tolerance = testing.tolerance.get(rows.metric.name)
    within = np.full(len(n), np.nan) if tolerance is None else equivalence_p(first, second, n, tolerance=tolerance)
    detectable = np.where(is_known, score_detectable(first, second, n, alpha=testing.alpha), np.nan)
    basis = f"{testing.power_basis}; share of differing samples (b + c + 1) / (n + 2)"
    return TestedRows(
        rows=rows,
        low=np.where(is_known, low, np.nan),
        high=np.where(is_known, high, np.nan),
        methods=_where(is_known, "tango score"),
        p=np.where(is_known, p, np.nan),
        tests=_where(is_known, "mcnemar exact" if is_exact else "mcnemar mid-p"),
        p_equivalence=within,
        detectable=detectable,
        bases=_where(np.isfinite(detectable), basis),
        first_only=np.where(is_known, counts.first_only, np.nan),
        second_only=np.where(is_known, counts.second_only, np.nan),
        thin=[None] * len(n),
        reasons=rows.reasons,
    )


def tested_by_error(rows: PairedRows, evidence: SmoothEvidence, testing: Testing) -> TestedRows:
    """Return differences with a t-test and an interval from their standard error."""
    delta, freedom = rows.delta, evidence.freedom
    error = np.where(np.isfinite(delta), evidence.known, np.nan)
    counts_otherwise = (evidence.n_differing > 0) & np.isfinite(evidence.n_differing)
    is_alike = (error == 0) & (delta == 0) & ~counts_otherwise
    p = np.where((error > 0) | is_alike, difference_p(delta, error, freedom), np.nan)
    least, greatest = range_of(rows.metric)
    low, high = difference_bounds(delta, error, freedom, level=1 - testing.alpha, reach=greatest - least)
    detectable = difference_detectable(error, freedom, alpha=testing.alpha)
    tolerance, nothing = testing.tolerance.get(rows.metric.name), np.full(len(p), np.nan)
    within = nothing if tolerance is None else within_tolerance_p(delta, error, freedom, tolerance=tolerance)
    return TestedRows(
        rows=rows,
        low=low,
        high=high,
        methods=_named(np.isfinite(low), evidence.names),
        p=p,
        tests=_named(np.isfinite(p), evidence.names),
        p_equivalence=within,
        detectable=detectable,
        bases=_where(np.isfinite(detectable), f"{testing.power_basis}; standard error of the difference"),
        first_only=nothing,
        second_only=nothing,
        thin=evidence.thin,
        reasons=_reasons(rows, evidence, error, is_alike),
    )


def untested(rows: PairedRows, reason: str) -> TestedRows:
    """Return differences without a test, and why there is none."""
    nothing = np.full(len(rows.cases), np.nan)
    no_text: list[str | None] = [None] * len(rows.cases)
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
        reasons=[known or reason for known in rows.reasons],
    )


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


def _reasons(rows: PairedRows, evidence: SmoothEvidence, error: Numbers, is_alike: Flags) -> list[str | None]:
    """Return why each row has no p-value, or no interval."""
    found = []
    for known, units, one, alike in zip(
        rows.reasons, evidence.n_units.tolist(), error.tolist(), is_alike.tolist(), strict=True
    ):
        if known is not None or one > 0:
            found.append(known)
        elif evidence.unit is not None and units < FEWEST_CLUSTERS:
            found.append(too_few_clusters(units, evidence.unit))
        else:
            found.append(NO_DIFFERENCE if alike else why_not_one(units, one))
    return found


def _where(is_known: Flags, text: str) -> list[str | None]:
    return [text if known else None for known in is_known.tolist()]


def _named(is_known: Flags, names: list[str]) -> list[str | None]:
    return [name if known else None for known, name in zip(is_known.tolist(), names, strict=True)]
