"""Measuring one model beside the baseline: from samples in memory to judged rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from kolena_store.comparisons.families import FamilyKeys
from kolena_store.comparisons.pairing import Group, LeftOut, PairedModels, ScoredModel, paired_models
from kolena_store.comparisons.records import ComparisonOptions, Family
from kolena_store.comparisons.rows import ComparedKeys, MetricRows, difference_rows
from kolena_store.comparisons.user_rows import tested_user_metrics
from kolena_store.comparisons.verdicts import judged
from kolena_store.database import Session, Transaction
from kolena_store.membership.bitmaps import Words
from kolena_store.membership.evaluation import present_samples
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.differences.evidence import TestedRows, Testing, chosen_rows
from kolena_store.metrics.differences.sides import is_of_class
from kolena_store.metrics.differences.tested import tested_differences
from kolena_store.metrics.differences.thin import SUPPORTS
from kolena_store.results import ResultsRecord
from kolena_store.statistics.levels import SEED
from kolena_store.test_runs.conditions import repeats_told
from kolena_store.test_runs.execute import Setting, plan_of
from kolena_store.test_runs.measure import Plan
from kolena_store.test_runs.members import Members, ensured_members
from kolena_store.test_suites import ALL, lacking_notes

__all__ = ["ComparedPair", "ComparisonPlan", "compare_pair", "comparison_plan", "plan_with"]


@dataclass(frozen=True, kw_only=True)
class ComparisonPlan:
    """What all models beside one baseline share: the setting, what to measure, and the samples of the dataset."""

    setting: Setting
    plan: Plan
    present: Words


@dataclass(frozen=True, kw_only=True)
class ComparedPair:
    """The rows of one model beside the baseline, and what is to be said of them."""

    rows: pa.Table
    left_out: LeftOut
    families: tuple[Family, ...]
    notes: tuple[str, ...]


def comparison_plan(transaction: Transaction, setting: Setting, results: Sequence[ResultsRecord]) -> ComparisonPlan:
    """Return what to measure of some models; memberships that are not stored yet are found out and kept."""
    dataset, version = setting.request.dataset, setting.version
    return plan_with(
        transaction, setting, ensured_members(transaction, dataset, version, setting.cases, results=results)
    )


def plan_with(session: Session, setting: Setting, members: Members) -> ComparisonPlan:
    """Return what to measure of some models, on test cases whose members are known."""
    plan = plan_of(session, setting, members, None)
    return ComparisonPlan(
        setting=setting,
        plan=replace(plan, terms=_terms(setting)),
        present=present_samples(session, setting.version, setting.request.dataset.next_sample),
    )


def compare_pair(
    session: Session,
    plan: ComparisonPlan,
    model: ScoredModel,
    baseline: ScoredModel,
    *,
    options: ComparisonOptions,
    number: int,
) -> ComparedPair:
    """Return the rows of a model beside the baseline.

    Args:
        session: that the store is read with.
        plan: what to measure.
        model: whose differences are asked for.
        baseline: what it is compared with.
        options: how to judge.
        number: that of the comparison, in all of its rows.
    """
    paired = paired_models(plan.plan, plan.present, model, baseline)
    testing = Testing(alpha=options.alpha, kind=options.test, seed=SEED, tolerance=options.tolerance)
    tested = list(_tested(paired, testing, by_class=options.by_class))
    if plan.setting.own_metrics:
        own = tested_user_metrics(session, plan.setting, plan.plan, paired, models=(model, baseline), testing=testing)
        tested += [_Tested(rows=rows, n_null=np.zeros(len(rows.rows.cases)), classes=()) for rows in own]
    found = [_judged(plan, paired, one, options) for one in tested]
    return ComparedPair(
        rows=difference_rows(_keys(plan.setting, model, baseline, number), found),
        left_out=paired.left_out,
        families=tuple(family for one in found for family in one.judged.families),
        notes=tuple(_notes(plan, model, baseline, paired)),
    )


@dataclass(frozen=True, kw_only=True)
class _Tested:
    """The tested rows of one metric, how many samples each leaves out, and the names of its classes."""

    rows: TestedRows
    n_null: "np.ndarray"
    classes: tuple[str, ...]


def _terms(setting: Setting) -> tuple[TermDefinition, ...]:
    """Return the terms of the metrics, and those that say how many truths of each class there are."""
    terms = setting.file.terms_of(setting.metrics)
    is_of_classes = any(metric.level != "whole" for metric in setting.metrics)
    names = SUPPORTS if any(term.kind == "kernel" for term in terms) else SUPPORTS[:1]
    more = [term for term in setting.file.terms if term.name in names and term not in terms]
    return (*terms, *(more if is_of_classes else ()))


def _tested(paired: PairedModels, testing: Testing, *, by_class: bool) -> Iterator[_Tested]:
    """Yield the tested rows of each metric that the workflow brings."""
    for group in paired.groups:
        classes = group.pair.first.evidence.classes
        metrics = group.metrics if by_class else _without_twins(group.metrics)
        for tested in tested_differences(group.pair, metrics, testing):
            n_null = _n_null(paired, group, tested)
            is_bare = is_of_class(tested.rows.metric) and tested.rows.metric.level == "class, positive"
            positive = classes.names.index(classes.positive) if is_bare and classes.positive is not None else None
            if positive is not None:
                of_positive = np.flatnonzero(tested.rows.classes == positive)
                bare = chosen_rows(tested, of_positive, is_whole=True)
                yield _Tested(rows=bare, n_null=n_null[of_positive], classes=classes.names)
            if positive is None or by_class:
                yield _Tested(rows=tested, n_null=n_null, classes=classes.names)


def _without_twins(metrics: Sequence[MetricDefinition]) -> Sequence[MetricDefinition]:
    """Return metrics without those of each class that have the same name as one of all classes together."""
    together = {metric.name for metric in metrics if metric.level == "classes"}
    return [metric for metric in metrics if metric.level != "class" or metric.name not in together]


def _n_null(paired: PairedModels, group: Group, tested: TestedRows) -> "np.ndarray":
    """Return how many samples that both answered each row leaves out for a missing value."""
    side = group.pair.first
    values, answered = side.values[tested.rows.metric], side.evidence.terms.n_answered
    measured = dict(
        zip(
            zip(values.positions.tolist(), values.class_positions.tolist(), strict=True),
            (answered[values.positions] - values.n_null).tolist(),
            strict=True,
        )
    )
    keys = zip(tested.rows.cases.tolist(), tested.rows.classes.tolist(), strict=True)
    return np.array([paired.n_common[case] - measured[case, place] for case, place in keys], dtype=np.float64)


def _judged(plan: ComparisonPlan, paired: PairedModels, tested: _Tested, options: ComparisonOptions) -> MetricRows:
    rows, names = tested.rows.rows, [case.name for case in plan.setting.cases]
    keys = FamilyKeys(
        metric=rows.metric.name,
        cases=rows.cases,
        classes=rows.classes,
        alike=paired.alike,
        whole=names.index(ALL) if ALL in names else None,
    )
    return MetricRows(
        judged=judged(tested.rows, keys, alpha=options.alpha, correction=options.correction),
        n_samples=paired.n_samples,
        n_common=paired.n_common,
        n_null=tested.n_null,
        classes=tested.classes,
        tolerance=options.tolerance.get(rows.metric.name),
    )


def _keys(setting: Setting, model: ScoredModel, baseline: ScoredModel, number: int) -> ComparedKeys:
    results, of_baseline = model.scored.results, baseline.scored.results
    return ComparedKeys(
        comparison=number,
        dataset=setting.request.dataset.name,
        suite=setting.request.suite.name,
        model=results.model,
        upload_configuration=results.upload_configuration,
        baseline_model=of_baseline.model,
        baseline_upload_configuration=of_baseline.upload_configuration,
        test_cases=tuple(case.name for case in setting.cases),
    )


def _notes(plan: ComparisonPlan, model: ScoredModel, baseline: ScoredModel, paired: PairedModels) -> Iterator[str]:
    """Yield what is special about the two models, the samples, and the test cases."""
    setting = plan.setting
    for one in (model, baseline):
        results = one.scored.results
        facts = (*one.scored.facts.notes, *lacking_notes(setting.version, results, setting.cases))
        yield from (f"{results.label}: {note}" for note in facts)
    yield from repeats_told((one.scored.results.label, one.repeats) for one in (model, baseline))
    yield from plan.plan.design.notes
    of_model = [case.name for case in setting.cases if case.is_of_model]
    if of_model:
        named = ", ".join(of_model)
        yield f"only the samples that were shown so to both models count on {named}: by inference metadata"
    classes = [set(one.scored.facts.classes) for one in (model, baseline)]
    for one, other, other_classes in ((model, baseline, classes[1]), (baseline, model, classes[0])):
        own = [name for name in one.scored.facts.classes if name not in other_classes]
        if own:
            yield (
                f"only {one.scored.results.label} predicts {', '.join(own)}, so there is no difference from "
                f"{other.scored.results.label} by these classes"
            )
    alike = [place for place, first in enumerate(paired.alike.tolist()) if first != place]
    if alike:
        named = ", ".join(f"{setting.cases[place].name} = {setting.cases[paired.alike[place]].name}" for place in alike)
        yield f"test cases with the same samples count once in a family: {named}"
