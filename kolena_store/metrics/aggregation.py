"""Metrics from terms: every definition is an SQL expression, evaluated for all test cases at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kolena_store.database import closed_connection
from kolena_store.metrics.definitions import Level, MetricDefinition, TermDefinition
from kolena_store.metrics.terms import TermValues
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["ClassNames", "MetricValues", "compute_metrics"]

Numbers: TypeAlias = NDArray[np.float64]

NOT_FINITE = "the value is not finite"


@dataclass(frozen=True, kw_only=True)
class ClassNames:
    """The classes in order, the ones that have rows of their own, and the positive one of a binary problem.

    `groups` names those among the classes that some metrics are of.
    """

    names: tuple[str, ...]
    reported: tuple[str, ...]
    positive: str | None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def positions(self, group: str) -> list[int]:
        """Return where the classes of a group stand."""
        members = set(self.groups.get(group, ()))
        return [position for position, name in enumerate(self.names) if name in members]


@dataclass(frozen=True, kw_only=True)
class MetricValues:
    """One metric at one level: arrays with one entry for each row.

    `class_positions` is -1 for a row of the whole; NaN means NULL in every array of numbers. `successes` are those
    among n that a Wilson interval is made of; `reasons` say why a value is NULL.
    """

    metric: MetricDefinition
    positions: NDArray[np.int64]
    class_positions: NDArray[np.int64]
    values: Numbers
    n: Numbers
    n_null: Numbers
    successes: Numbers
    reasons: list[str | None]


def compute_metrics(
    terms: TermValues,
    metrics: Sequence[MetricDefinition],
    definitions: Sequence[TermDefinition],
    *,
    classes: ClassNames,
    constants: Mapping[str, float],
    unavailable: Mapping[str, str],
) -> Iterator[MetricValues]:
    """Yield every metric for every test case (and class).

    Args:
        constants: numbers that expressions may name, such as `beta`.
        unavailable: columns of the sample metrics that are NULL throughout, with the reason.
    """
    connection = _connection_with(terms, classes, constants)
    missing = _unavailable_terms(definitions, unavailable)
    try:
        for level, name in _QUERIES:
            wanted = [metric for metric in metrics if metric.level in level]
            if wanted:
                table = _evaluated(connection, name, wanted)
                for index, metric in enumerate(wanted):
                    found = _values(table, index, metric, terms, missing=missing)
                    yield found if metric.among is None else _among(found, classes.positions(metric.among))
    finally:
        connection.close()


_QUERIES: tuple[tuple[tuple[Level, ...], str], ...] = (
    (("whole",), "whole_values"),
    (("class", "class, positive"), "class_values"),
    (("classes",), "reported_values"),
    (("all classes",), "class_averages"),
)
_PARTS = ("value", "n", "measured", "successes")


def _connection_with(
    terms: TermValues, classes: ClassNames, constants: Mapping[str, float]
) -> "duckdb.DuckDBPyConnection":
    """Return a connection with the tables `case_terms` and `class_terms`."""
    connection = closed_connection()
    connection.register("case_terms", _case_table(terms, constants))
    connection.register("class_terms", _class_table(terms, classes))
    return connection


def _case_table(terms: TermValues, constants: Mapping[str, float]) -> pa.Table:
    n_cases = len(terms.n_samples)
    columns = {"position": np.arange(n_cases), "n_samples": terms.n_samples, "n_answered": terms.n_answered}
    numbers = {name: pa.array(values, from_pandas=True) for name, values in terms.by_case.items()}
    repeated = {name: np.full(n_cases, value, dtype=np.float64) for name, value in constants.items()}
    return pa.table({**columns, **numbers, **repeated})


def _class_table(terms: TermValues, classes: ClassNames) -> pa.Table:
    n_cases, n_classes = len(terms.n_samples), len(classes.names)
    is_reported = np.array([name in set(classes.reported) for name in classes.names], dtype=bool)
    keys = {
        "position": np.repeat(np.arange(n_cases), n_classes),
        "class_position": np.tile(np.arange(n_classes), n_cases),
        "is_reported": np.tile(is_reported, n_cases),
    }
    numbers = {name: pa.array(values.ravel(), from_pandas=True) for name, values in terms.by_class.items()}
    return pa.table({**keys, **numbers})


def _evaluated(connection: "duckdb.DuckDBPyConnection", name: str, metrics: Sequence[MetricDefinition]) -> pa.Table:
    columns = [
        Fragment(f"({text})::DOUBLE AS {identifier(f'{part} {index}')}")
        for index, metric in enumerate(metrics)
        for part, text in zip(_PARTS, _texts(metric), strict=True)
    ]
    query = statement("queries/metrics", name).fill(values=joined(columns))
    return connection.sql(query).to_arrow_table()


def _texts(metric: MetricDefinition) -> tuple[Fragment, Fragment, Fragment, Fragment]:
    return (metric.expression, metric.n, metric.measured, metric.interval.successes or Fragment("NULL"))


def _unavailable_terms(definitions: Sequence[TermDefinition], unavailable: Mapping[str, str]) -> dict[str, str]:
    """Return the reason why each term can't be had, for those that read an unavailable column."""
    import re

    found = {}
    for term in definitions:
        words = {*re.findall(r"\w+", term.expression), *term.labels}
        reasons = [reason for column, reason in unavailable.items() if column in words]
        if reasons:
            found[term.name] = reasons[0]
    return found


def _values(
    table: pa.Table,
    index: int,
    metric: MetricDefinition,
    terms: TermValues,
    *,
    missing: Mapping[str, str],
) -> MetricValues:
    positions = table.column("position").to_numpy()
    is_of_class = metric.level.startswith("class") and metric.level != "classes"
    class_positions = table.column("class_position").to_numpy() if is_of_class else np.full(len(positions), -1)
    raw, n, measured, successes = (_floats(table, f"{part} {index}") for part in _PARTS)
    known = _known_reasons(metric, terms, positions, missing)
    return MetricValues(
        metric=metric,
        positions=positions,
        class_positions=class_positions,
        values=np.where(np.isfinite(raw), raw, np.nan),
        n=n,
        n_null=terms.n_answered[positions] - np.nan_to_num(measured),
        successes=successes,
        reasons=[_reason(metric, value, reason) for value, reason in zip(raw.tolist(), known, strict=True)],
    )


def _among(values: MetricValues, positions: Sequence[int]) -> MetricValues:
    """Return the rows of some classes."""
    keep = np.isin(values.class_positions, positions)
    names = ("positions", "class_positions", "values", "n", "n_null", "successes")
    numbers = {name: getattr(values, name)[keep] for name in names}
    return replace(values, reasons=list(compress(values.reasons, keep.tolist())), **numbers)


def _floats(table: pa.Table, name: str) -> Numbers:
    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)


def _known_reasons(
    metric: MetricDefinition, terms: TermValues, positions: NDArray[np.int64], missing: Mapping[str, str]
) -> list[str | None]:
    """Return what is known of why the metric is undefined in each row, beyond the definition's own words."""
    words = metric.words()
    of_terms = [reason for name, reason in missing.items() if name in words]
    if of_terms:
        return [of_terms[0]] * len(positions)
    by_kernel = [reasons for name, reasons in terms.reasons.items() if name in words]
    return [by_kernel[0][position] for position in positions.tolist()] if by_kernel else [None] * len(positions)


def _reason(metric: MetricDefinition, value: float, known: str | None) -> str | None:
    if np.isnan(value):
        return known or metric.undefined
    return NOT_FINITE if np.isinf(value) else None
