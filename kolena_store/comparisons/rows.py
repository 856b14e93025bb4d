"""The rows of a comparison: one for each model, test case, metric and class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kolena_store.comparisons.verdicts import JudgedRows
from kolena_store.statistics.smooth import Numbers

__all__ = ["COMPARISON_SCHEMA", "ComparedKeys", "MetricRows", "difference_rows"]

COMPARISON_SCHEMA = pa.schema(
    [
        ("comparison", pa.int64()),
        ("dataset", pa.string()),
        ("suite", pa.string()),
        ("model", pa.string()),
        ("upload_configuration", pa.string()),
        ("baseline_model", pa.string()),
        ("baseline_upload_configuration", pa.string()),
        ("test_case", pa.string()),
        ("metric", pa.string()),
        ("class", pa.string()),
        ("better", pa.string()),
        ("value", pa.float64()),
        ("baseline", pa.float64()),
        ("delta", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("method", pa.string()),
        ("p", pa.float64()),
        ("test", pa.string()),
        ("q", pa.float64()),
        ("family", pa.string()),
        ("mde", pa.float64()),
        ("mde_basis", pa.string()),
        ("n", pa.int64()),
        ("baseline_n", pa.int64()),
        ("n_samples", pa.int64()),
        ("n_missing", pa.int64()),
        ("n_null", pa.int64()),
        ("n_only_model", pa.int64()),
        ("n_only_baseline", pa.int64()),
        ("tolerance", pa.float64()),
        ("q_equivalence", pa.float64()),
        ("verdict", pa.string()),
        ("detected", pa.bool_()),
        ("reason", pa.string()),
        ("note", pa.string()),
    ]
)
"""In a suite's order: by test case, then metric, then class. NULL is what is not defined."""


@dataclass(frozen=True, kw_only=True)
class ComparedKeys:
    """What all rows of one model beside the baseline share, and the names behind the positions in its arrays."""

    comparison: int
    dataset: str
    suite: str
    model: str
    upload_configuration: str | None
    baseline_model: str
    baseline_upload_configuration: str | None
    test_cases: tuple[str, ...]

    def shared(self, n_rows: int) -> dict[str, pa.Array]:
        """Return the columns that repeat in every row."""
        names = ("dataset", "suite", "model", "upload_configuration", "baseline_model", "baseline_upload_configuration")
        texts = {name: pa.repeat(pa.scalar(getattr(self, name), pa.string()), n_rows) for name in names}
        return {"comparison": pa.repeat(pa.scalar(self.comparison, pa.int64()), n_rows), **texts}


@dataclass(frozen=True, kw_only=True)
class MetricRows:
    """The judged rows of one metric, and what else is to be said of their samples.

    `n_samples` and `n_common` count those of each test case, all and those that both models answered; `n_null` of each
    row those that the metric leaves out for a missing value. `classes` are the names of the classes.
    """

    judged: JudgedRows
    n_samples: Sequence[int]
    n_common: Sequence[int]
    n_null: Numbers
    classes: Sequence[str]
    tolerance: float | None


def difference_rows(keys: ComparedKeys, found: Sequence[MetricRows]) -> pa.Table:
    """Return the rows of a comparison: by test case as the suite orders them, then metric as given, then class."""
    tables = [_rows_of_metric(keys, one) for one in found]
    if not tables:
        return COMPARISON_SCHEMA.empty_table()
    cases = np.concatenate([one.judged.tested.rows.cases for one in found])
    classes = np.concatenate([one.judged.tested.rows.classes for one in found])
    ranks = np.repeat(np.arange(len(found)), [table.num_rows for table in tables])
    return pa.concat_tables(tables).take(pa.array(np.lexsort((classes, ranks, cases))))


def _rows_of_metric(keys: ComparedKeys, found: MetricRows) -> pa.Table:
    judged, tested, rows = found.judged, found.judged.tested, found.judged.tested.rows
    n_rows, metric = len(rows.cases), rows.metric
    # A success of a metric of which less is better, such as an error rate, is what the other model got right.
    ours, theirs = tested.first_only, tested.second_only
    only_model, only_baseline = (theirs, ours) if metric.better == "lower" else (ours, theirs)
    n_samples, n_common = (np.array(one, dtype=np.int64)[rows.cases] for one in (found.n_samples, found.n_common))
    columns = {
        **keys.shared(n_rows),
        "test_case": pa.array(keys.test_cases, pa.string()).take(pa.array(rows.cases)),
        "metric": pa.repeat(pa.scalar(metric.name), n_rows),
        "class": pa.array(list(found.classes), pa.string()).take(pa.array(rows.classes, mask=rows.classes < 0)),
        "better": pa.repeat(pa.scalar(str(metric.better)), n_rows),
        "value": _numbers(rows.value),
        "baseline": _numbers(rows.second_value),
        "delta": _numbers(rows.delta),
        "ci_low": _numbers(tested.low),
        "ci_high": _numbers(tested.high),
        "method": pa.array(tested.methods, pa.string()),
        "p": _numbers(tested.p),
        "test": pa.array(tested.tests, pa.string()),
        "q": _numbers(judged.q),
        "family": pa.array(judged.family_names, pa.string()),
        "mde": _numbers(tested.detectable),
        "mde_basis": pa.array(tested.bases, pa.string()),
        "n": _counts(rows.n),
        "baseline_n": _counts(rows.second_n),
        "n_samples": pa.array(n_samples),
        "n_missing": pa.array(n_samples - n_common),
        "n_null": _counts(found.n_null),
        "n_only_model": _known_counts(only_model),
        "n_only_baseline": _known_counts(only_baseline),
        "tolerance": pa.repeat(pa.scalar(found.tolerance, pa.float64()), n_rows),
        "q_equivalence": _numbers(judged.q_equivalence),
        "verdict": pa.array(judged.verdicts, pa.string()),
        "detected": pa.array(judged.detected, pa.bool_()),
        "reason": pa.array(judged.reasons, pa.string()),
        "note": pa.array(judged.notes, pa.string()),
    }
    return pa.table(columns, schema=COMPARISON_SCHEMA)


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def _counts(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(np.nan_to_num(values).astype(np.int64))


def _known_counts(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(np.nan_to_num(values).astype(np.int64), mask=np.isnan(values))
