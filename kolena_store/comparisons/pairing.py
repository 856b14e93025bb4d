"""Two models on the samples that both answered: what a comparison measures, each model read once for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolena_store.comparisons.families import same_members
from kolena_store.database import Session
from kolena_store.membership.bitmaps import Words, count, stacked
from kolena_store.membership.evaluation import Membership
from kolena_store.membership.of_results import shared
from kolena_store.metrics.counting import count_many
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.differences.sides import Pair, Side
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.statements import Fragment
from kolena_store.statistics.levels import LEVEL
from kolena_store.test_runs.measure import Plan, found_evidence, loaded_columns, repeats_of, samples_where
from kolena_store.test_runs.records import Repeats
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["Group", "LeftOut", "PairedModels", "ScoredModel", "loaded_model", "paired_models"]


class ScoredModel:
    """One model's samples in memory, and its evidence on the members that it was last asked about.

    `answered` are the samples with an answer that has a value. Models beside one baseline mostly ask for the same.
    """

    def __init__(self, scored: ScoredResults, columns: SampleColumns, answered: Words) -> None:
        """Take the columns."""
        self.scored, self.columns, self.answered = scored, columns, answered
        self._known: tuple[Plan, Words, bool, Side] | None = None

    @property
    def repeats(self) -> Repeats | None:
        """Return how often the model answered each sample, or None when it did so once."""
        return repeats_of(self.columns.rows, self.scored.results.repeat_field)

    def side(self, plan: Plan, members: Words, *, by_sample: bool) -> Side:
        """Return the values of the plan's metrics and their evidence, on some members of the test cases.

        With `by_sample` the other model has several answers to a sample, which is then a cluster for both.
        """
        known = self._known
        if known is not None and known[0] is plan and known[2] == by_sample and _are_equal(known[1], members):
            return known[3]
        found = found_evidence(plan, self.columns, self.scored.facts, members, level=LEVEL, by_sample=by_sample)
        side = Side(evidence=found.evidence, values={one.metric: one for one in found.shown})
        self._known = (plan, members, by_sample, side)
        return side


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many samples of the dataset both models answered, and what the others lack."""

    n_samples: int
    n_common: int
    n_only_model: int
    n_only_baseline: int

    @property
    def n_neither(self) -> int:
        """Return how many samples neither model answered."""
        return self.n_samples - self.n_common - self.n_only_model - self.n_only_baseline


@dataclass(frozen=True, kw_only=True)
class Group:
    """Some metrics that are measured on the same samples of both models."""

    metrics: Sequence[MetricDefinition]
    pair: Pair


@dataclass(frozen=True, kw_only=True)
class PairedModels:
    """A model and the baseline, on each test case: its size, how many samples of it both answered, and the metrics.

    `members` are the samples of each test case that both answered, and `alike` the first test case that has the same.
    """

    groups: Sequence[Group]
    members: Words
    alike: NDArray[np.int64]
    n_samples: Sequence[int]
    n_common: Sequence[int]
    left_out: LeftOut


def loaded_model(session: Session, plan: Plan, scored: ScoredResults, *, when: Fragment) -> ScoredModel:
    """Return a model's samples; `when` says whether an answer has a value."""
    answered = TermDefinition(name="answered", kind="count", kernel=None, by=(), over=None, expression=when)
    terms = (*plan.terms, answered)
    columns = loaded_columns(session, plan.size, scored, terms)
    return ScoredModel(scored, columns, samples_where(columns, when))


def paired_models(plan: Plan, present: Words, model: ScoredModel, baseline: ScoredModel) -> PairedModels:
    """Return what to compare of a model and the baseline: nothing but samples that both answered.

    Args:
        plan: the test cases, metrics and terms; the same object for all models beside one baseline.
        present: the samples of the dataset.
        model: one side.
        baseline: the other side.
    """
    of_pair = _members_of_both(plan, model, baseline)
    n_samples = [one.n for one in of_pair]
    common = model.answered & baseline.answered & present
    members, n_common = stacked([one.words for one in of_pair]), n_samples
    if (present & ~common).any():
        members = members & common
        n_common = count_many(members, common[np.newaxis])[:, 0].tolist()
    answered = [count(one & present) for one in (model.answered, baseline.answered)]
    n_both = count(common)
    return PairedModels(
        groups=list(_groups(plan, members, model, baseline)),
        members=members,
        alike=same_members(members, n_common, apart=model.scored.cases.keys()),
        n_samples=n_samples,
        n_common=n_common,
        left_out=LeftOut(
            n_samples=count(present),
            n_common=n_both,
            n_only_model=answered[0] - n_both,
            n_only_baseline=answered[1] - n_both,
        ),
    )


def _members_of_both(plan: Plan, model: ScoredModel, baseline: ScoredModel) -> Sequence[Membership]:
    """Return the members of each test case; of inference-level ones the samples that were shown so to both models."""
    own = [plan.of_results.get(one.scored.results.results_id, {}) for one in (model, baseline)]
    places = {place: shared([of_model[place] for of_model in own]) for place in own[0]}
    return [places.get(place, one) for place, one in enumerate(plan.members)]


def _groups(plan: Plan, members: Words, model: ScoredModel, baseline: ScoredModel) -> "list[Group]":
    """Return the metrics by the samples that they are measured on: those that can be measured of both models."""
    by_restriction: dict[bytes, tuple[Words, list[MetricDefinition]]] = {}
    for metric in plan.metrics:
        differing = _measured_on_one_side(plan, metric, model.columns, baseline.columns)
        is_needed = differing is not None and bool(count_many(members, differing[np.newaxis]).any())
        key = differing.tobytes() if differing is not None and is_needed else b""
        restricted = members & ~differing if differing is not None and is_needed else members
        by_restriction.setdefault(key, (restricted, []))[1].append(metric)
    return [
        Group(metrics=metrics, pair=_pair(plan, restricted, model, baseline))
        for restricted, metrics in by_restriction.values()
    ]


def _pair(plan: Plan, members: Words, model: ScoredModel, baseline: ScoredModel) -> Pair:
    by_sample = model.columns.rows is not None or baseline.columns.rows is not None
    first, second = (one.side(plan, members, by_sample=by_sample) for one in (model, baseline))
    return Pair(first=first, second=second, members=members)


def _measured_on_one_side(
    plan: Plan, metric: MetricDefinition, first: SampleColumns, second: SampleColumns
) -> Words | None:
    """Return the samples that a metric can be measured on for one of the models alone; None: they are not known."""
    words = set(metric.measured.replace("(", " ").replace(")", " ").split())
    terms = [term for term in plan.terms if term.name in words]
    if len(terms) != 1 or terms[0].kind != "count" or terms[0].by or terms[0].each:
        return None
    here, there = (samples_where(one, terms[0].expression) for one in (first, second))
    return np.asarray(here ^ there)


def _are_equal(one: Words, other: Words) -> bool:
    return one is other or (one.shape == other.shape and bool(np.array_equal(one, other)))
