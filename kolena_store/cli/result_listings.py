"""Test results in the three forms in which they are printed."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from kolena_store.cli.output import Answer, Rows, arrow_rows

if TYPE_CHECKING:
    from kolena_store.test_runs import ConfusionMatrix, TestResults

__all__ = ["results_answer"]

MATRIX_FIELDS = ("model", "test_case", "truth", "prediction", "n")


def results_answer(results: "TestResults", matrices: "Sequence[ConfusionMatrix]") -> Answer:
    """Return the metrics of some runs, and the confusion matrices that were asked for (CSV: these alone)."""
    return Answer(
        listings=lambda: [*results.listings(), *(part for matrix in matrices for part in matrix.listings())],
        document=lambda: _document(results, matrices),
        rows=lambda: _matrix_rows(matrices) if matrices else arrow_rows(results.arrow()),
    )


def _document(results: "TestResults", matrices: "Sequence[ConfusionMatrix]") -> dict[str, object]:
    from kolena_store.tables import Records
    from kolena_store.test_runs import RUNS

    runs = Records(results.runs, RUNS).rows()
    shown = {"confusion_matrices": [asdict(matrix) for matrix in matrices]} if matrices else {}
    return {"runs": runs, "metrics": arrow_rows(results.arrow()).records(), **shown}


def _matrix_rows(matrices: "Sequence[ConfusionMatrix]") -> Rows:
    values = [
        (matrix.model, matrix.test_case, *row) for matrix in matrices for row in arrow_rows(matrix.arrow()).values
    ]
    return Rows(names=MATRIX_FIELDS, values=values)
