"""The confusion matrix of one model on one test case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.display import Column, Listing, number
from kolena_store.errors import InvalidInput
from kolena_store.tables import Tabular

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ConfusionMatrix", "background_beside", "confusion_matrix"]

TERM = "confusion"
MARGINS = ("support", "objects")
"""Terms that have a value for every class; those of objects have the background as a further one."""

BACKGROUND = "background"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix(Tabular):
    """Counts of samples, or of objects: `counts[i][j]` have the label `labels[i]` and are predicted as `labels[j]`.

    They are sums of weights where the dataset names a weight. Of objects the last label is the background: its row are
    detections without an object, its column objects without a detection.
    """

    model: str
    test_case: str
    labels: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]

    def arrow(self) -> "pa.Table":
        """Return one row for each pair of labels: truth, prediction, n."""
        import pyarrow as pa

        kind = pa.int64() if all(isinstance(count, int) for row in self.counts for count in row) else pa.float64()
        pairs = [(truth, answer) for truth in range(len(self.labels)) for answer in range(len(self.labels))]
        return pa.table(
            {
                "truth": [self.labels[truth] for truth, _ in pairs],
                "prediction": [self.labels[answer] for _, answer in pairs],
                "n": [self.counts[truth][answer] for truth, answer in pairs],
            },
            schema=pa.schema([("truth", pa.string()), ("prediction", pa.string()), ("n", kind)]),
        )

    def listings(self) -> Sequence[Listing | str]:
        """Return the matrix, true labels down and predicted labels across."""
        columns = (Column(title="truth \\ prediction"), *(Column(title=label, align="right") for label in self.labels))
        rows = tuple((label, *map(number, row)) for label, row in zip(self.labels, self.counts, strict=True))
        return [Listing(title=f"{self.model} on {self.test_case}", columns=columns, rows=rows)]


def confusion_matrix(terms: "pa.Table", run: int, test_case: str, model: str) -> ConfusionMatrix:
    """Return the matrix that the terms of a run hold.

    Raises:
        InvalidInput: the workflow has none.
    """
    rows = terms.select(["run", "test_case", "term", "class", "predicted", "value"]).to_pylist()
    of_model = [row for row in rows if row["run"] == run and row["test_case"] == test_case]
    names = list(dict.fromkeys(row["class"] for row in of_model if row["term"] in MARGINS))
    if not names:
        raise InvalidInput("these results have no confusion matrix; only classifications and objects have one")
    background = [] if any(row["term"] == MARGINS[0] for row in of_model) else [None]
    position = {label: index for index, label in enumerate([*names, *background])}
    counts: list[list[float]] = [[0] * len(position) for _ in position]
    for row in of_model:
        if row["term"] == TERM:
            counts[position[row["class"]]][position[row["predicted"]]] = _count(row["value"])
    labels = [*names, *(background_beside(names) for _ in background)]
    return ConfusionMatrix(model=model, test_case=test_case, labels=tuple(labels), counts=tuple(map(tuple, counts)))


def background_beside(classes: Sequence[str]) -> str:
    """Return what the background of some classes of objects is called: in brackets where a class has its name."""
    return f"({BACKGROUND})" if BACKGROUND in classes else BACKGROUND


def _count(value: float) -> float:
    return int(value) if value.is_integer() else value
