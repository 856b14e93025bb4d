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
from kolena_store.metrics.sample_columns import SampleColumns, load_sample_columns
from kolena_store.metrics.terms import TermValues, compute_terms
from kolena_store.metrics.weighted_terms import weighted_terms
from kolena_store.statements import Fragment
from kolena_store.statistics.levels import LEVEL, SEED
from kolena_store.test_runs.objects import object_curves
from kolena_store.test_runs.rows import RunKeys, metric_rows, term_rows
from kolena_store.test_runs.scoring import ScoredResults
from kolena_store.workflows import Facts

__all__ = ["Measured", "Plan", "answered_samples", "measure", "members_of"]


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
    """The rows of one run, and how many samples of each test case there are, and were answered."""

    metrics: pa.Table
    terms: pa.Table
    n_samples: NDArray[np.int64]
    n_answered: NDArray[np.int64]


def measure(session: Session, plan: Plan, scored: ScoredResults, keys: RunKeys) -> Measured:
    """Return the metric rows and term rows of one model."""
    columns = load_sample_columns(session, scored.paths, plan.size, terms=plan.terms, classes=scored.facts.classes)
    if any(term.kind == "matches" for term in plan.terms):
        columns = replace(columns, objects=object_curves(session, scored, plan.size))
    members, n_classes = members_of(plan), len(scored.facts.classes)
    counted = terms = compute_terms(columns, plan.terms, members, n_classes)
    found = _metrics(plan, scored, counted)
    if plan.design.weights is not None:
        terms = weighted_terms(columns, plan.terms, members, n_classes, weights=plan.design.weights)
        found = _weighed(found, _metrics(plan, scored, terms))
    evidence = Evidence(
        columns=columns,
        members=members,
        terms=terms,
        definitions=plan.terms,
        classes=_class_names(scored.facts),
        constants=scored.facts.constants,
        design=plan.design,
        level=LEVEL,
        seed=SEED,
    )
    rows = with_bare_rows(zip(found, intervals(found, evidence), strict=True), evidence.classes)
    return Measured(
        metrics=metric_rows(keys, terms, rows, order=[metric.name for metric in plan.metrics]),
        terms=term_rows(keys, terms),
        n_samples=terms.n_samples,
        n_answered=terms.n_answered,
    )


def answered_samples(session: Session, plan_size: int, scored: ScoredResults, *, when: Fragment) -> Words:
    """Return the samples that a model answered with a value: those whose sample metrics satisfy `when`."""
    term = TermDefinition(name="answered", kind="count", kernel=None, by=(), over=None, expression=when)
    columns: SampleColumns = load_sample_columns(session, scored.paths, plan_size, terms=(term,), classes=())
    return from_flags(columns.flags[when])


def members_of(plan: Plan) -> Words:
    """Return the samples of each test case that are to be measured."""
    return plan.chosen


def _metrics(plan: Plan, scored: ScoredResults, terms: TermValues) -> "Sequence[MetricValues]":
    facts = scored.facts
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
