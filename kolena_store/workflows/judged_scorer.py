"""The sample metrics of judged answers: the verdict and the grade, and what several graders said."""

from typing import TYPE_CHECKING

from kolena_store.workflows.base import INFERENCE, Facts
from kolena_store.workflows.graders import Grades
from kolena_store.workflows.numbers import numbers_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.workflows.judged import Judged

__all__ = ["sample_metrics_schema", "score_judged"]


def sample_metrics_schema() -> "pa.Schema":
    """Return the columns of the sample metrics."""
    import pyarrow as pa

    return pa.schema(
        [
            ("verdict", pa.bool_()),
            ("score", pa.float64()),
            ("n_verdicts", pa.int64()),
            ("n_passes", pa.int64()),
            ("first_verdict", pa.bool_()),
            ("second_verdict", pa.bool_()),
            ("n_grades", pa.int64()),
            ("grade_sum", pa.float64()),
            ("grade_squares", pa.float64()),
            ("lowest_grade", pa.float64()),
            ("highest_grade", pa.float64()),
            ("grades", pa.list_(pa.float64())),
        ]
    )


def score_judged(workflow: "Judged", batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
    """Return the columns of `sample_metrics_schema` for a batch of answered samples."""
    verdict, *of_verdicts = _verdicts(workflow, batch, facts)
    score, *of_grades = _scores(workflow, batch, facts)
    return [verdict, score, *of_verdicts, *of_grades]


def _verdicts(workflow: "Judged", batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
    """Return the verdict, how many graders gave one and let the answer pass, and those of two graders."""
    import numpy as np
    import pyarrow as pa

    if workflow.verdict_rule is None:
        given = batch.column(INFERENCE + workflow.verdict) if workflow.verdict else pa.nulls(batch.num_rows)
        return [given.cast(pa.bool_()), *_nothing(batch, pa.int64(), 2), *_nothing(batch, pa.bool_(), 2)]
    grades = Grades.of_column(batch.column(f"{INFERENCE}{workflow.verdict}"))
    n_verdicts, n_passes = grades.counts, grades.sums_of(grades.values).astype(np.int64)
    if workflow.verdict_rule == "unanimous":
        verdict = pa.array(n_passes == n_verdicts, mask=n_verdicts == 0)
    else:
        verdict = pa.array(2 * n_passes > n_verdicts, mask=2 * n_passes == n_verdicts)
    counts = [pa.array(n_verdicts), pa.array(n_passes)]
    if "first_verdict" in facts.unavailable:
        return [verdict, *counts, *_nothing(batch, pa.bool_(), 2)]
    return [verdict, *counts, *(pa.array(one == 1, mask=np.isnan(one)) for one in (grades.at(0), grades.at(1)))]


def _scores(workflow: "Judged", batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
    """Return the grade, how many graders gave one, and how far theirs lie apart."""
    import numpy as np
    import pyarrow as pa

    if workflow.score_rule is None:
        none = pa.nulls(batch.num_rows, pa.list_(pa.float64()))
        given = batch.column(INFERENCE + workflow.score) if workflow.score else pa.nulls(batch.num_rows)
        return [_known(numbers_of(given)), *_nothing(batch, pa.int64(), 1), *_nothing(batch, pa.float64(), 4), none]
    grades = Grades.of_column(batch.column(f"{INFERENCE}{workflow.score}"))
    away = grades.values - facts.centres["grade"]
    with np.errstate(over="ignore", invalid="ignore"):
        one = grades.mean() if workflow.score_rule == "mean" else grades.quantile(0.5)
        numbers = (grades.sums_of(away), grades.sums_of(away * away), grades.quantile(0), grades.quantile(1))
    return [_known(one), pa.array(grades.counts), *map(_known, numbers), grades.lists()]


def _known(numbers: "np.ndarray") -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    return pa.array(numbers, mask=~np.isfinite(numbers))


def _nothing(batch: "pa.RecordBatch", kind: "pa.DataType", n_columns: int) -> "list[pa.Array]":
    import pyarrow as pa

    return [pa.nulls(batch.num_rows, kind)] * n_columns
