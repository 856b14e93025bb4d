"""Metric rows and term rows: the tables that a run leaves behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kolena_store.metrics.aggregation import MetricValues
from kolena_store.metrics.intervals.bounds import Interval
from kolena_store.metrics.terms import TermValues

__all__ = ["METRIC_SCHEMA", "TERM_SCHEMA", "RunKeys", "metric_rows", "term_rows"]

METRIC_SCHEMA = pa.schema(
    [
        ("run", pa.int64()),
        ("model", pa.string()),
        ("dataset", pa.string()),
        ("suite", pa.string()),
        ("test_case", pa.string()),
        ("metric", pa.string()),
        ("class", pa.string()),
        ("value", pa.float64()),
        ("n", pa.int64()),
        ("n_samples", pa.int64()),
        ("n_missing", pa.int64()),
        ("n_null", pa.int64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("method", pa.string()),
        ("better", pa.string()),
        ("configuration", pa.string()),
        ("reason", pa.string()),
        ("upload_configuration", pa.string()),
    ]
)
TERM_SCHEMA = pa.schema(
    [
        ("run", pa.int64()),
        ("model", pa.string()),
        ("dataset", pa.string()),
        ("suite", pa.string()),
        ("test_case", pa.string()),
        ("term", pa.string()),
        ("class", pa.string()),
        ("predicted", pa.string()),
        ("value", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKeys:
    """What all rows of a run share, and the names that positions stand for."""

    run: int
    model: str
    upload_configuration: str | None
    dataset: str
    suite: str
    configuration: str | None
    test_cases: tuple[str, ...]
    classes: tuple[str, ...]

    def shared(self, n_rows: int) -> dict[str, pa.Array]:
        """Return the columns that repeat in every row."""
        texts = {"model": self.model, "dataset": self.dataset, "suite": self.suite}
        repeated = {name: self.repeated(text, n_rows) for name, text in texts.items()}
        return {"run": pa.repeat(pa.scalar(self.run, pa.int64()), n_rows), **repeated}

    @staticmethod
    def repeated(text: str | None, n_rows: int) -> pa.Array:
        """Return a text, or NULL, in every row."""
        return pa.repeat(pa.scalar(text, pa.string()), n_rows)

    def cases(self, positions: NDArray[np.int64]) -> pa.Array:
        """Return the names of test cases."""
        return pa.array(self.test_cases, pa.string()).take(pa.array(positions))

    def class_names(self, positions: NDArray[np.int64]) -> pa.Array:
        """Return the names of classes; -1 is the whole, NULL."""
        return pa.array(self.classes, pa.string()).take(pa.array(positions, mask=positions < 0))


def metric_rows(
    keys: RunKeys, terms: TermValues, found: Sequence[tuple[MetricValues, Interval]], *, order: Sequence[str]
) -> pa.Table:
    """Return the metric rows of a run: by test case as the suite orders them, then metric by `order`, then class."""
    tables = [_rows_of_metric(keys, terms, values, interval) for values, interval in found]
    if not tables:
        return METRIC_SCHEMA.empty_table()
    order_of = {name: rank for rank, name in enumerate(order)}
    ranks = [np.full(len(values.positions), order_of[values.metric.name]) for values, _ in found]
    positions = np.concatenate([values.positions for values, _ in found])
    classes = np.concatenate([values.class_positions for values, _ in found])
    rows = np.lexsort((classes, np.concatenate(ranks), positions))
    return pa.concat_tables(tables).take(pa.array(rows))


def term_rows(keys: RunKeys, terms: TermValues) -> pa.Table:
    """Return the terms of a run in long form: one row for each number (and each pair of labels that occurs)."""
    sizes = {"n_samples": terms.n_samples.astype(np.float64), "n_answered": terms.n_answered.astype(np.float64)}
    tables = [_case_terms(keys, name, values) for name, values in {**sizes, **terms.by_case}.items()]
    tables += [_class_terms(keys, name, values) for name, values in terms.by_class.items()]
    tables += list(_pair_terms(keys, terms))
    return pa.concat_tables(tables)


def _rows_of_metric(keys: RunKeys, terms: TermValues, values: MetricValues, interval: Interval) -> pa.Table:
    n_rows, metric = len(values.positions), values.metric
    n_samples, n_answered = terms.n_samples[values.positions], terms.n_answered[values.positions]
    columns = {
        **keys.shared(n_rows),
        "test_case": keys.cases(values.positions),
        "metric": pa.repeat(pa.scalar(metric.name), n_rows),
        "class": keys.class_names(values.class_positions),
        "value": pa.array(values.values, from_pandas=True),
        "n": _counts(values.n),
        "n_samples": pa.array(n_samples),
        "n_missing": pa.array(n_samples - n_answered),
        "n_null": _counts(values.n_null),
        "ci_low": pa.array(interval.low, from_pandas=True),
        "ci_high": pa.array(interval.high, from_pandas=True),
        "method": pa.array(interval.methods, pa.string()),
        "better": pa.repeat(pa.scalar(metric.better), n_rows),
        "configuration": keys.repeated(keys.configuration, n_rows),
        "reason": pa.array(interval.reasons, pa.string()),
        "upload_configuration": keys.repeated(keys.upload_configuration, n_rows),
    }
    return pa.table(columns, schema=METRIC_SCHEMA)


def _case_terms(keys: RunKeys, name: str, values: NDArray[np.float64]) -> pa.Table:
    positions, nothing = np.arange(len(values)), np.full(len(values), -1)
    return _term_table(keys, name, positions, first=nothing, second=nothing, values=values)


def _class_terms(keys: RunKeys, name: str, values: NDArray[np.float64]) -> pa.Table:
    n_cases, n_classes = values.shape
    positions, classes = np.repeat(np.arange(n_cases), n_classes), np.tile(np.arange(n_classes), n_cases)
    nothing = np.full(len(positions), -1)
    return _term_table(keys, name, positions, first=classes, second=nothing, values=values.ravel())


def _pair_terms(keys: RunKeys, terms: TermValues) -> Iterator[pa.Table]:
    for name, pairs in terms.by_pair.items():
        counts = pairs.counts.astype(np.float64)
        yield _term_table(keys, name, pairs.positions, first=pairs.first, second=pairs.second, values=counts)


def _term_table(
    keys: RunKeys,
    name: str,
    positions: NDArray[np.int64],
    *,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    values: NDArray[np.float64],
) -> pa.Table:
    columns = {
        **keys.shared(len(positions)),
        "test_case": keys.cases(positions),
        "term": pa.repeat(pa.scalar(name), len(positions)),
        "class": keys.class_names(first),
        "predicted": keys.class_names(second),
        "value": pa.array(values, from_pandas=True),
    }
    return pa.table(columns, schema=TERM_SCHEMA)


def _counts(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(np.nan_to_num(values).astype(np.int64))
