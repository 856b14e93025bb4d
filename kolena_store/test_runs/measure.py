"""Measuring: from scored samples and memberships to the terms and metrics of a suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kolena_store.database import Session
from kolena_store.membership.bitmaps import Words, from_flags, stacked
from kolena_store.membership.evaluation import Membership
from kolena_store.metrics.aggregation import ClassNames, MetricValues, compute_metrics
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.sample_columns import SampleColumns, load_sample_columns
from kolena_store.metrics.terms import TermValues, compute_terms
from kolena_store.statements import Fragment
from kolena_store.test_runs.rows import RunKeys, metric_rows, term_rows
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["Measured", "Plan", "answered_samples", "measure", "members_of"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to measure for every model: the members of each test case (in order), and the chosen metrics and terms."""

    size: int
    members: Sequence[Membership]
    restriction: Words | None
    metrics: Sequence[MetricDefinition]
    terms: Sequence[TermDefinition]

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
    terms = compute_terms(columns, plan.terms, members_of(plan), len(scored.facts.classes))
    found = list(_metrics(plan, scored, terms))
    return Measured(
        metrics=metric_rows(keys, terms, found, order=[metric.name for metric in plan.metrics]),
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
    constants: Mapping[str, float] = facts.constants
    classes = ClassNames(names=facts.classes, reported=facts.reported, positive=facts.positive)
    return list(
        compute_metrics(
            terms, plan.metrics, plan.terms, classes=classes, constants=constants, unavailable=facts.unavailable
        )
    )
