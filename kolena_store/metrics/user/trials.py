"""Trying the queries of user metrics on no sample, and on one that has only NULLs, before they are stored."""

from collections.abc import Mapping, Sequence
from itertools import product

from kolena_store.errors import MissingColumns, RefusedStatement
from kolena_store.files import SAMPLE
from kolena_store.metrics.user.answers import Answer, shape_problem
from kolena_store.metrics.user.checks import VIEW, MetricPlace
from kolena_store.metrics.user.fields import PLAIN_COLUMNS, SIDES, Fields, Tables
from kolena_store.metrics.user.files import MetricText
from kolena_store.metrics.user.process import Job, Limits, run_job
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.types import type_fragment
from kolena_store.statements import Fragment, identifier, joined, statement

__all__ = ["try_metrics"]

CASES = ("a test case without samples", "a sample with NULL in every field")
GUARD = "Guard it with nullif, TRY_CAST or CASE"


def try_metrics(
    metrics: Sequence[tuple[MetricText, MetricPlace]], fields: Fields, *, tables: Tables, limits: Limits
) -> None:
    """Run every query where nothing is known, and refuse the metrics that don't answer with one row of numbers.

    Raises:
        RefusedStatement: a query does not fit the columns' types, fails, or returns something else.
        MissingColumns: it names a column that is not there.
        LimitExceeded: it takes too long even there.
    """
    if not metrics:
        return
    answers = run_job(_job([metric for metric, _ in metrics], fields, tables), limits)
    for (case, (metric, place)), answer in zip(product(CASES, metrics), answers, strict=True):
        _check_answer(metric, answer, place, fields, case=case)


def _job(metrics: Sequence[MetricText], fields: Fields, tables: Tables) -> Job:
    import numpy as np

    create = statement("queries/user_metrics", "create_answered")
    sides = {side: _struct_type(fields.get(side, {})) for side in SIDES}
    return Job(
        setup=[
            create.fill(**sides),
            statement("queries/user_metrics", "add_blank_answer").fill(),
            statement("queries/user_metrics", "attached_schema").fill(),
            *(text for name, types in tables.items() for text in _blank_table(name, types)),
        ],
        queries={metric.name: metric.query for metric in metrics},
        cases=CASES,
        members=np.array([[0], [1]], dtype=np.uint64),
        size=1,
        is_summed=False,
        tables=list(tables),
    )


def _blank_table(name: str, types: Mapping[str, str]) -> list[Fragment]:
    """Return what makes an attached table with one row, which holds nothing."""
    columns = {SAMPLE: "BIGINT", **types}
    made = joined(Fragment(f"{identifier(column)} {type_fragment(kind)}") for column, kind in columns.items())
    table = identifier(name)
    return [
        statement("queries/user_metrics", "create_attached").fill(table=table, columns=made),
        statement("queries/user_metrics", "add_blank_row").fill(table=table),
    ]


def _struct_type(fields: Mapping[str, str]) -> Fragment:
    """Return the type of a struct with these fields; without any, that of the column which stands for it."""
    if not fields:
        return Fragment("INTEGER")
    parts = joined(Fragment(f"{identifier(name)} {type_fragment(kind)}") for name, kind in fields.items())
    return Fragment(f"STRUCT({parts})")


def _check_answer(metric: MetricText, answer: Answer, place: MetricPlace, fields: Fields, *, case: str) -> None:
    if answer.missing is not None:
        raise _missing(answer.missing, place, fields)
    if answer.problem is not None:
        raise RefusedStatement(f"{place} {_failure(answer, case)}")
    problem = shape_problem(answer)
    if problem is not None:
        raise RefusedStatement(f"{place} {problem}")
    if metric.interval not in (None, "proportion") and len(answer.columns) > 1 and "successes" in _names(answer):
        raise RefusedStatement(
            f"{place} returns successes, which 'interval: {metric.interval}' does not use; "
            "write 'interval: proportion', or leave that column out"
        )


def _failure(answer: Answer, case: str) -> str:
    if answer.problem and "lambda arrow" in answer.problem:
        return "writes a lambda with an arrow, which DuckDB gave up; write lambda x: x + 1"
    if not answer.is_bound:
        return f"does not fit the columns: {answer.problem}"
    return f"fails on {case}: {answer.problem}. {GUARD}"


def _names(answer: Answer) -> set[str]:
    return {name.lower() for name, _ in answer.columns}


def _missing(name: str, place: MetricPlace, fields: Fields) -> RefusedStatement | MissingColumns:
    sides = [side for side, known in fields.items() if lowered(name) in {lowered(field) for field in known}]
    if sides:
        written = " or ".join(f"{side}.{name}" for side in sides)
        return RefusedStatement(f"{place} names {name!r} without the struct that it is in; write {written}")
    return MissingColumns.of(f"{place}: the view {VIEW}", [name], [*PLAIN_COLUMNS, *SIDES])
