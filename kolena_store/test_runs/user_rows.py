"""Metric rows of user metrics: every query on every test case of one run, in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kolena_store.database import Session
from kolena_store.datasets import VersionRecord, attached_tables
from kolena_store.membership.bitmaps import Words
from kolena_store.metrics.design import SamplingDesign
from kolena_store.metrics.user.answers import Outcome, SpreadKind, outcome, spread_kind
from kolena_store.metrics.user.fields import SIDES, Fields, named_fields
from kolena_store.metrics.user.loading import ANSWERED, ANSWERED_BY_BASELINE
from kolena_store.metrics.user.process import Job, Limits, run_job
from kolena_store.metrics.user.stored import UserMetric
from kolena_store.predicates import parse_tree, tokenize
from kolena_store.predicates.relations import tables_read
from kolena_store.predicates.tokens import lowered
from kolena_store.statements import statement
from kolena_store.test_runs.measure import Measured
from kolena_store.test_runs.results_table import answered_table, loaded_table, metric_fields
from kolena_store.test_runs.rows import METRIC_SCHEMA, RunKeys
from kolena_store.test_runs.scoring import ScoredResults
from kolena_store.workflows import Workflow

__all__ = ["UserMetricsPlan", "user_metrics_job", "with_user_metrics"]

OF_SAMPLES = Outcome(value=None, n=0, reason="the metric is of samples, and the test case selects objects")


@dataclass(frozen=True, kw_only=True)
class UserMetricsPlan:
    """What the user metrics of all runs of one request share: `members` are the samples to measure, by test case."""

    version: VersionRecord
    workflow: Workflow
    metrics: Sequence[UserMetric]
    fields: Fields
    members: Words
    size: int
    design: SamplingDesign
    limits: Limits

    @property
    def unit(self) -> str | None:
        """Return what a cluster is called, or None when there are none."""
        return None if self.design.clusters is None else self.design.unit


def with_user_metrics(
    session: Session, plan: UserMetricsPlan, scored: ScoredResults, keys: RunKeys, *, measured: Measured
) -> Measured:
    """Return what was measured in a run, with the rows of the user metrics after the others in each test case.

    Raises:
        LimitExceeded: a query took more time or memory than it may; the message names the metric and the test case.
    """
    job = user_metrics_job(session, plan, [scored], keys.test_cases)
    answers = run_job(replace(job, spreads=_spreads(plan)), plan.limits)
    n_answered = measured.n_answered.tolist()
    outcomes = [
        OF_SAMPLES
        if position in scored.cases
        else outcome(
            metric,
            answers[position * len(plan.metrics) + index],
            n_rows=n_answered[position],
            unit=plan.unit,
        )
        for position in range(len(keys.test_cases))
        for index, metric in enumerate(plan.metrics)
    ]
    rows = _merged(measured.metrics, _rows(plan.metrics, outcomes, keys, measured), keys)
    return replace(measured, metrics=rows)


def user_metrics_job(
    session: Session, plan: UserMetricsPlan, scored: Sequence[ScoredResults], test_cases: Sequence[str]
) -> Job:
    """Return the queries of some user metrics on every test case, for one model or for a model and a baseline."""
    schema = plan.workflow.sample_metrics_schema(scored[0].facts)
    learned = plan.fields.get("m", {}) if scored[0].facts.columns is not None else {}
    fields = {**plan.fields, "m": {**metric_fields(session, schema), **learned}}
    named = _named(plan.metrics, fields)
    read = frozenset[str]().union(*(tables_read(metric.query) for metric in plan.metrics))
    tables = [table for table in attached_tables(session, plan.version) if lowered(table.name) in read]
    return Job(
        setup=[
            *(
                answered_table(session, plan.version, one, fields=fields, named=named, table=table)
                for one, table in zip(scored, (ANSWERED, ANSWERED_BY_BASELINE), strict=False)
            ),
            *([statement("queries/user_metrics", "attached_schema").fill()] if tables else []),
            *(loaded_table(session, table) for table in tables),
        ],
        queries={metric.name: metric.query for metric in plan.metrics},
        cases=[f"test case {name!r}" for name in test_cases],
        members=plan.members,
        size=plan.size,
        clusters=plan.design.clusters,
        tables=[table.name for table in tables],
        is_paired=len(scored) > 1,
    )


def _spreads(plan: UserMetricsPlan) -> dict[str, SpreadKind]:
    """Return how the precision of each metric is found, for those whose headers ask for it."""
    kinds = {one.name: spread_kind(one.interval, is_clustered=plan.unit is not None) for one in plan.metrics}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _named(metrics: Sequence[UserMetric], fields: Fields) -> dict[str, list[str]]:
    """Return the fields of each side that any of the queries names, in the order of the side."""
    found: dict[str, set[str]] = {side: set() for side in SIDES}
    for metric in metrics:
        tokens = tokenize(metric.query, where=metric.name)
        for side, names in named_fields(parse_tree(metric.query, where=metric.name), tokens, fields).items():
            found[side].update(names)
    return {side: [name for name in fields[side] if name in names] for side, names in found.items()}


def _rows(metrics: Sequence[UserMetric], outcomes: Sequence[Outcome], keys: RunKeys, measured: Measured) -> pa.Table:
    n_cases, n_rows = len(keys.test_cases), len(outcomes)
    positions = np.repeat(np.arange(n_cases), len(metrics))
    columns = {
        **keys.shared(n_rows),
        "test_case": keys.cases(positions),
        "metric": [metric.name for metric in metrics] * n_cases,
        "class": pa.nulls(n_rows, pa.string()),
        "value": [one.value for one in outcomes],
        "n": [one.n for one in outcomes],
        "n_samples": measured.n_samples[positions],
        "n_missing": (measured.n_samples - measured.n_answered)[positions],
        "n_null": np.zeros(n_rows, dtype=np.int64),
        "ci_low": [one.low for one in outcomes],
        "ci_high": [one.high for one in outcomes],
        "method": [one.method for one in outcomes],
        "better": [metric.better for metric in metrics] * n_cases,
        "configuration": keys.repeated(keys.configuration, n_rows),
        "reason": [one.reason for one in outcomes],
        "upload_configuration": keys.repeated(keys.upload_configuration, n_rows),
    }
    return pa.table(columns, schema=METRIC_SCHEMA)


def _merged(brought: pa.Table, own: pa.Table, keys: RunKeys) -> pa.Table:
    """Return the rows of both tables by test case, those that the workflow brings first."""
    rows = pa.concat_tables([brought, own])
    positions = pc.index_in(rows.column("test_case"), value_set=pa.array(keys.test_cases, pa.string()))
    return rows.take(pa.array(np.argsort(positions.to_numpy(), kind="stable")))
