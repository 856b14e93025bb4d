"""Rows of user metrics: every query on both models and the same samples, in a process of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kolena_store.comparisons.pairing import PairedModels, ScoredModel
from kolena_store.database import Session
from kolena_store.metrics.definitions import IntervalRule, MetricDefinition
from kolena_store.metrics.differences.evidence import SmoothEvidence, TestedRows, Testing, tested_by_error, untested
from kolena_store.metrics.differences.sides import PairedRows
from kolena_store.metrics.differences.thin import few_differing
from kolena_store.metrics.user.answers import AnswerSpread, Outcome, difference_kind, outcome
from kolena_store.metrics.user.process import PairedAnswer, run_paired_job
from kolena_store.metrics.user.stored import UserMetric
from kolena_store.statements import Fragment
from kolena_store.statistics.clusters import cluster_note
from kolena_store.test_runs.execute import Setting
from kolena_store.test_runs.measure import Plan
from kolena_store.test_runs.results_table import result_fields
from kolena_store.test_runs.user_rows import UserMetricsPlan, user_metrics_job

__all__ = ["tested_user_metrics"]

NOT_ASKED = "not tested: the metric's header names no interval (interval: proportion, ratio or bootstrap)"
NOT_FOUND = "not tested: most samples like these leave the difference undefined, or its standard error is not finite"
NO_SPREAD = AnswerSpread(kind="bootstrap", error=float("nan"), n_units=0)


def tested_user_metrics(
    session: Session,
    setting: Setting,
    plan: Plan,
    paired: PairedModels,
    *,
    models: tuple[ScoredModel, ScoredModel],
    testing: Testing,
) -> Iterator[TestedRows]:
    """Yield the tested rows of each user metric: linearised where its query is a function of sums, else bootstrapped.

    Raises:
        LimitExceeded: a query took more time or memory than it may; the message names the metric and the test case.
    """
    metrics = setting.own_metrics
    own = UserMetricsPlan(
        version=setting.version,
        workflow=setting.workflow,
        metrics=metrics,
        fields=result_fields(session, setting.request.dataset, setting.version, setting.workflow),
        members=paired.members,
        size=plan.size,
        design=plan.design.by_sample(plan.size) if any(one.columns.rows is not None for one in models) else plan.design,
        limits=setting.request.limits,
    )
    names = [case.name for case in setting.cases]
    job = user_metrics_job(session, own, [one.scored for one in models], names)
    kinds = {metric.name: difference_kind(metric.interval) for metric in metrics}
    spreads = {name: kind for name, kind in kinds.items() if kind is not None}
    answers = run_paired_job(replace(job, spreads=spreads), own.limits)
    for index, metric in enumerate(metrics):
        of_metric = answers[index :: len(metrics)]
        yield _tested(metric, of_metric, paired, unit=own.unit, testing=testing)


def _tested(
    metric: UserMetric,
    answers: Sequence[PairedAnswer],
    paired: PairedModels,
    *,
    unit: str | None,
    testing: Testing,
) -> TestedRows:
    sides = [
        [outcome(metric, getattr(one, side), n_rows=n) for one, n in zip(answers, paired.n_common, strict=True)]
        for side in ("first", "second")
    ]
    rows = _rows(metric, sides[0], sides[1])
    kind = difference_kind(metric.interval)
    has_test = kind is not None and (metric.interval is not None or any(_has_successes(one) for one in answers))
    if not has_test:
        return untested(rows, NOT_ASKED)
    spreads = [one.spread or NO_SPREAD for one in answers]
    n_units = np.array([one.n_units for one in spreads], dtype=np.float64)
    evidence = SmoothEvidence(
        error=np.array([one.error for one in spreads], dtype=np.float64),
        freedom=n_units - 1,
        n_units=n_units,
        n_differing=np.array([np.inf if one.n_differing is None else one.n_differing for one in spreads]),
        unit=unit,
        names=[_name(one, unit) for one in spreads],
        thin=[few_differing(np.inf if one.n_differing is None else one.n_differing) for one in spreads],
    )
    tested = tested_by_error(rows, evidence, testing)
    reasons = [
        NOT_FOUND if reason is not None and spread is NO_SPREAD and known is None else reason
        for reason, spread, known in zip(tested.reasons, spreads, rows.reasons, strict=True)
    ]
    return replace(tested, reasons=reasons)


def _rows(metric: UserMetric, first: Sequence[Outcome], second: Sequence[Outcome]) -> PairedRows:
    whole = np.full(len(first), -1)
    return PairedRows(
        metric=_definition(metric),
        cases=np.arange(len(first)),
        classes=whole,
        second_classes=whole,
        value=_values(first),
        second_value=_values(second),
        n=np.array([one.n for one in first], dtype=np.float64),
        second_n=np.array([one.n for one in second], dtype=np.float64),
        reasons=[
            (one.reason if one.value is None else None) or (other.reason if other.value is None else None)
            for one, other in zip(first, second, strict=True)
        ],
    )


def _definition(metric: UserMetric) -> MetricDefinition:
    """Return a user metric as differences read one: its name, its direction, and that any number is possible."""
    nothing = Fragment("NULL")
    return MetricDefinition(
        name=metric.name,
        level="whole",
        better=metric.better,
        unit=metric.unit,
        value_range="(-inf, inf)",
        n=nothing,
        measured=nothing,
        interval=IntervalRule(kind="linearised"),
        formula=metric.name,
        undefined=metric.undefined or "",
        expression=nothing,
    )


def _values(outcomes: Sequence[Outcome]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([np.nan if one.value is None else one.value for one in outcomes], dtype=np.float64)


def _has_successes(answer: PairedAnswer) -> bool:
    return any(name.lower() == "successes" for name, _ in answer.first.columns)


def _name(spread: AnswerSpread, unit: str | None) -> str:
    note = "" if unit is None else f", {cluster_note(spread.n_units, unit)}"
    return f"paired {spread.kind} t{note}"
