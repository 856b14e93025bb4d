"""Measuring: from scored samples and memberships to the terms and metrics of a suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kolena_store.database import Session
from kolena_store.membership.bitmaps import Words, from_flags, stacked
from kolena_store.membership.evaluation import Membership
from kolena_store.membership.of_results import shared
from kolena_store.metrics.aggregation import ClassNames, MetricValues, compute_metrics
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.design import INDEPENDENT, SamplingDesign
from kolena_store.metrics.intervals.bounds import intervals, with_bare_rows
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.repeated_rows import RepeatedRows
from kolena_store.metrics.sample_columns import SampleColumns, load_sample_columns
from kolena_store.metrics.terms import TermValues, compute_terms
from kolena_store.metrics.weighted_terms import weighted_terms
from kolena_store.statements import Fragment
from kolena_store.statistics.levels import LEVEL, SEED
from kolena_store.test_runs.objects import curves_of_cases
from kolena_store.test_runs.records import Repeats
from kolena_store.test_runs.rows import RunKeys, metric_rows, term_rows
from kolena_store.test_runs.scoring import ScoredResults
from kolena_store.workflows import Facts

__all__ = [
    "Found",
    "Measured",
    "Plan",
    "answered_samples",
    "found_evidence",
    "loaded_columns",
    "measure",
    "members_of",
    "repeats_of",
    "samples_where",
]

DIGITS = 6
"""Of sums of shares that are kept before these are taken for whole numbers."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to measure for every model: the members of each test case (in order), and the chosen metrics and terms.

    `of_results` has the members of inference-level test cases: id of the results -> place of the test case -> members.
    """

    size: int
    members: Sequence[Membership]
    restriction: Words | None
    metrics: Sequence[MetricDefinition]
    terms: Sequence[TermDefinition]
    design: SamplingDesign = INDEPENDENT
    of_results: Mapping[int, Mapping[int, Membership]] = field(default_factory=dict)

    def for_results(self, results_id: int) -> "Plan":
        """Return the plan with the members that inference-level test cases have for one model.

        Under a restriction to what all models have, those that are members for all.
        """
        own = self.of_results.get(results_id, {})
        if not own:
            return self
        together = list(self.of_results.values()) if self.restriction is not None else [own]
        places = {place: shared([members[place] for members in together]) for place in own}
        return replace(self, members=[places.get(place, one) for place, one in enumerate(self.members)])

    @cached_property
    def chosen(self) -> Words:
        """Return the samples of each test case that are to be measured, the same for every model."""
        words = stacked([membership.words for membership in self.members])
        return words if self.restriction is None else words & self.restriction


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The rows of one run, and how many samples of each test case there are, and were answered; `repeats`, if any."""

    metrics: pa.Table
    terms: pa.Table
    n_samples: NDArray[np.int64]
    n_answered: NDArray[np.int64]
    repeats: Repeats | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """The metrics of one model on some members of the test cases, and the evidence behind them.

    `shown` are the values with the n that people read: of samples, also where some were answered several times.
    """

    values: Sequence[MetricValues]
    shown: Sequence[MetricValues]
    evidence: Evidence


def measure(session: Session, plan: Plan, scored: ScoredResults, keys: RunKeys) -> Measured:
    """Return the metric rows and term rows of one model."""
    columns = loaded_columns(session, plan.size, scored, plan.terms)
    found = found_evidence(plan, columns, scored.facts, members_of(plan), level=LEVEL)
    evidence = found.evidence
    rows = with_bare_rows(zip(found.shown, intervals(found.values, evidence), strict=True), evidence.classes)
    return Measured(
        metrics=metric_rows(keys, evidence.terms, rows, order=[metric.name for metric in plan.metrics]),
        terms=term_rows(keys, evidence.terms),
        n_samples=evidence.terms.n_samples,
        n_answered=evidence.terms.n_answered,
        repeats=repeats_of(columns.rows, scored.results.repeat_field),
    )


def found_evidence(
    plan: Plan, columns: SampleColumns, facts: Facts, members: Words, *, level: float, by_sample: bool = False
) -> Found:
    """Return the metrics of one model on some members of the test cases.

    With `by_sample` a sample is a cluster where there are no others, as beside a model that answered several times.
    """
    units, n_classes = _units(plan, columns, members, by_sample=by_sample), len(facts.classes)
    terms = units.sized(compute_terms(columns, plan.terms, units.members, n_classes))
    values = shown = _metrics(plan, facts, terms)
    weights = units.design.weights
    if weights is not None:
        terms = units.sized(weighted_terms(columns, plan.terms, units.members, n_classes, weights=weights))
        values = shown = _weighed(values, _metrics(plan, facts, terms))
    if columns.rows is not None:
        shown = _counting_samples(values, _metrics(plan, facts, _shared(plan, units, terms, n_classes)))
    evidence = Evidence(
        columns=columns,
        members=units.members,
        terms=terms,
        definitions=plan.terms,
        classes=_class_names(facts),
        constants=facts.constants,
        design=units.design,
        level=level,
        seed=SEED,
    )
    return Found(values=values, shown=shown, evidence=evidence)


def answered_samples(session: Session, plan_size: int, scored: ScoredResults, *, when: Fragment) -> Words:
    """Return the samples that a model answered with a value: those whose sample metrics satisfy `when`."""
    term = TermDefinition(name="answered", kind="count", kernel=None, by=(), over=None, expression=when)
    return samples_where(loaded_columns(session, plan_size, scored, (term,)), when)


def samples_where(columns: SampleColumns, when: Fragment) -> Words:
    """Return the samples that satisfy a condition; of several answers to one sample, one is enough."""
    flags = columns.flags[when]
    return from_flags(flags) if columns.rows is None else columns.rows.samples_of(flags)


def loaded_columns(
    session: Session, size: int, scored: ScoredResults, terms: Sequence[TermDefinition]
) -> SampleColumns:
    """Return what the terms read of one model's sample metrics."""
    columns = load_sample_columns(
        session,
        scored.paths,
        size,
        terms=terms,
        classes=scored.facts.classes,
        has_repeats=scored.results.repeat_field is not None,
    )
    if not any(term.kind in ("matches", "pairs") for term in terms):
        return columns
    return replace(columns, objects=curves_of_cases(session, scored, size))


def members_of(plan: Plan) -> Words:
    """Return the samples of each test case that are to be measured."""
    return plan.chosen


@dataclass(frozen=True, kw_only=True)
class _Units:
    """What is measured: samples, or the answers to them where there are several to one, and how these were drawn.

    `sizes` are those of the test cases in samples, where answers are measured: int64[2, test cases].
    """

    columns: SampleColumns
    members: Words
    design: SamplingDesign
    sizes: NDArray[np.int64] | None = None

    def sized(self, terms: TermValues) -> TermValues:
        """Return the terms with the sizes of test cases in samples."""
        return terms if self.sizes is None else replace(terms, n_samples=self.sizes[0], n_answered=self.sizes[1])


def _units(plan: Plan, columns: SampleColumns, members: Words, *, by_sample: bool) -> _Units:
    rows = columns.rows
    if rows is None:
        design = plan.design.by_sample(plan.size) if by_sample else plan.design
        return _Units(columns=columns, members=members, design=design)
    return _Units(
        columns=columns, members=rows.members(members), design=rows.design(plan.design), sizes=rows.sizes(members)
    )


def _shared(plan: Plan, units: _Units, terms: TermValues, n_classes: int) -> TermValues:
    """Return the terms with each answer counting for its share of the sample, whatever the sample's weight."""
    if plan.design.weights is None or units.columns.rows is None:
        return terms
    shares = units.columns.rows.shares
    return units.sized(weighted_terms(units.columns, plan.terms, units.members, n_classes, weights=shares))


def _counting_samples(found: Sequence[MetricValues], shared: Sequence[MetricValues]) -> Sequence[MetricValues]:
    """Return values with the n of samples that they rest on: a sample of which some answers are left out counts less.

    A part of a sample that is all there is counts as one.
    """
    return [
        replace(
            of,
            n=_whole(by.n),
            n_null=_whole(by.n_null),
        )
        for of, by in zip(found, shared, strict=True)
    ]


def _whole(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    exact = np.round(shares, DIGITS)
    return np.where(exact > 0, np.maximum(np.rint(exact), 1), exact)


def repeats_of(rows: RepeatedRows | None, field: str | None) -> Repeats | None:
    """Return how often a model answered each sample, told apart by a field; None: once."""
    if rows is None or field is None:
        return None
    repeats = rows.repeats if len(rows.samples) else np.zeros(1, dtype=np.int64)
    return Repeats(field=field, fewest=int(repeats.min()), most=int(repeats.max()), n_rows=len(rows.samples))


def _metrics(plan: Plan, facts: Facts, terms: TermValues) -> "Sequence[MetricValues]":
    return list(
        compute_metrics(
            terms,
            plan.metrics,
            plan.terms,
            classes=_class_names(facts),
            constants=facts.constants,
            unavailable=facts.unavailable,
        )
    )


def _weighed(counted: Sequence[MetricValues], weighted: Sequence[MetricValues]) -> Sequence[MetricValues]:
    """Return the weighted values with the n of samples that they rest on."""
    return [replace(of, values=by.values, reasons=by.reasons) for of, by in zip(counted, weighted, strict=True)]


def _class_names(facts: Facts) -> ClassNames:
    return ClassNames(names=facts.classes, reported=facts.reported, positive=facts.positive, groups=facts.groups)
