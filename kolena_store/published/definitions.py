"""The metrics of a dataset: their macros, and the rows of `kolena.metric_definitions`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import dataset_named
from kolena_store.metrics.definitions import MetricDefinition, MetricFile, load_metrics
from kolena_store.metrics.user.stored import UserMetric, user_metrics
from kolena_store.predicates.messages import plain_message
from kolena_store.predicates.relations import tables_read
from kolena_store.predicates.scratch import scratch_database, with_keys
from kolena_store.predicates.tokens import lowered
from kolena_store.published.macros import metric_macro, why_no_macro
from kolena_store.published.objects import PublishedObject
from kolena_store.published.state import DatasetState
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["PublishedMetric", "objects_of", "published_metrics"]

USER_LEVEL = "whole"
USER_CALL = "_model, _test_case, _upload_configuration := NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMetric:
    """A metric as `kolena.metric_definitions` shows it, and its macro if it has one."""

    metric: str
    level: str
    better: str
    unit: str
    value_range: str
    formula: str
    undefined: str | None
    macro: str | None
    reason: str | None
    definition: str
    made: PublishedObject | None

    def row(self) -> dict[str, object]:
        """Return what the catalogue keeps."""
        before = ("metric", "level", "better", "unit", "value_range", "formula", "undefined")
        kept = {name: getattr(self, name) for name in before}
        facts = {"macro": self.macro, "reason": self.reason, "definition": self.definition}
        return {**kept, "recomputable": self.made is not None, **facts}


def published_metrics(session: Session, state: DatasetState) -> Iterator[PublishedMetric]:
    """Yield the metrics that the dataset's workflow brings, then those that its users defined."""
    if state.workflow is not None:
        file = load_metrics(state.workflow.metric_file)
        brought = {metric.name for metric in file.metrics}
        yield from (_brought(metric, file, state) for metric in file.metrics)
        dataset = dataset_named(session, state.name)
        own = [one for one in user_metrics(session, dataset) if one.name not in brought]
        if own:
            tables = {table.name: with_keys(table.name, table.types) for table in state.tables}
            with scratch_database({"results": _result_types(session, state), **tables}) as trials:
                yield from [_own(trials, one, state) for one in own]


def _brought(metric: MetricDefinition, file: MetricFile, state: DatasetState) -> PublishedMetric:
    reason = why_no_macro(metric, file)
    macro = metric_macro(metric, file, state) if reason is None else None
    comment = f"{metric.formula}. NULL when {metric.undefined}. Unit: {metric.unit}; better: {metric.better}"
    return PublishedMetric(
        metric=metric.name,
        level=metric.level,
        better=metric.better,
        unit=metric.unit,
        value_range=metric.value_range,
        formula=metric.formula,
        undefined=metric.undefined,
        macro=macro.signature(state.name) if macro else None,
        reason=reason,
        definition=str(metric.expression),
        made=_object(state, metric.name, macro.create(state.name), comment) if macro else None,
    )


def _own(trials: "duckdb.DuckDBPyConnection", metric: UserMetric, state: DatasetState) -> PublishedMetric:
    name = identifier(state.name, metric.name)
    query = Fragment(metric.query.strip().rstrip(";"))
    views = {"results": state.view("results"), "members": state.view("test_case_members")}
    tables = _rows_of_tables(metric, state)
    create = statement("macros/metrics", "user_macro").fill(name=name, query=query, tables=tables, **views)
    reason = _why_unbound(trials, query)
    comment = f"A metric of your own (version {metric.version}). Unit: {metric.unit}; better: {metric.better}"
    return PublishedMetric(
        metric=metric.name,
        level=USER_LEVEL,
        better=metric.better,
        unit=metric.unit,
        value_range="(-inf, inf)",
        formula="defined by the users of this dataset",
        undefined=metric.undefined,
        macro=f"{name}({USER_CALL})" if reason is None else None,
        reason=reason,
        definition=metric.source,
        made=_object(state, metric.name, create, comment, is_table=True) if reason is None else None,
    )


def _rows_of_tables(metric: UserMetric, state: DatasetState) -> Fragment:
    """Return the queries that stand for the attached tables which a metric reads: the rows of its own samples."""
    read = tables_read(metric.query) if state.tables else frozenset()
    rows = statement("macros/metrics", "attached_rows")
    return joined(
        (
            rows.fill(name=identifier(table.name), table=state.view(table.name))
            for table in state.tables
            if lowered(table.name) in read
        ),
        "",
    )


def _result_types(session: Session, state: DatasetState) -> dict[str, str]:
    rows = session.rows(statement("queries/test_cases", "columns").fill(query=state.view("results")))
    return {name: kind for name, kind, *_ in rows}


def _why_unbound(trials: "duckdb.DuckDBPyConnection", query: Fragment) -> str | None:
    """Return why the query of a user's metric can't run on `results` as it is now, or None when it can."""
    import duckdb

    try:
        trials.execute(statement("queries/predicates", "explain").fill(query=query))
    except duckdb.Error as error:
        return f"its query does not run on the results as they are now: {plain_message(error)}"
    return None


def _object(
    state: DatasetState, name: str, create: Fragment, comment: str, *, is_table: bool = False
) -> PublishedObject:
    return PublishedObject(
        schema=state.name,
        name=name,
        kind="table_macro" if is_table else "macro",
        made_from=create,
        create=lambda: create,
        comment=comment,
    )


def objects_of(metrics: Sequence[PublishedMetric]) -> list[PublishedObject]:
    """Return the macros."""
    return [one.made for one in metrics if one.made is not None]
