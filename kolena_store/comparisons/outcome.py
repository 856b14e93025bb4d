"""What a comparison returns: rows as a table, as typed values, and as people read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.comparisons.records import ComparedModel, Correction, Difference, TestKind
from kolena_store.comparisons.summary import summary
from kolena_store.display import Listing
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.tables import ArrowBacked

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["Comparison"]

SHARED = ("dataset", "suite")
"""Columns of the rows that a single difference leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison(ArrowBacked):
    """One or several models beside one baseline on one suite, over an Arrow table of differences.

    `comparison["Night", "v2", "recall"]` is a typed difference; a fourth part names a class. `models` are the names of
    the compared models, each followed by its upload configuration when it has one. `differences` has the columns of
    `Difference` (and dataset and suite), in the order of the suite.
    """

    dataset: str
    dataset_version: int
    suite: str
    suite_version: int
    configuration: str | None
    baseline: str
    models: tuple[str, ...]
    compared: tuple[ComparedModel, ...]
    metrics: tuple[str, ...]
    alpha: float
    correction: Correction
    test: TestKind
    tolerance: Mapping[str, float]
    seed: int
    differences: "pa.Table"
    notes: tuple[str, ...]

    def arrow(self) -> "pa.Table":
        """Return the rows: comparison, dataset, suite, model, test_case, metric, class, value, delta, and so on."""
        return self.differences

    def table(self) -> "pl.DataFrame":
        """Return one row for each test case and model, with delta, q and verdict of each metric of the whole."""
        import polars

        whole = self.pl().filter(polars.col("class").is_null())
        index = ["test_case", "model", "upload_configuration"]
        if whole["upload_configuration"].is_null().all():
            index.remove("upload_configuration")
        return whole.pivot(on="metric", index=index, values=["delta", "q", "verdict"])

    def __getitem__(self, key: tuple[str, ...]) -> Difference:
        """Return the difference of (test case, model, metric) or (test case, model, metric, class).

        Raises:
            InvalidInput: the key has fewer or more parts.
            UnknownName: there is no such row; near names are suggested.
        """
        if not isinstance(key, tuple) or len(key) not in (3, 4):
            raise InvalidInput(
                f"comparison[{key!r}]: name a test case, a model and a metric, and the class of a metric that has one, "
                "as in comparison['Night', 'v2', 'recall']"
            )
        case, model, metric = map(str, key[:3])
        class_name = str(key[3]) if len(key) == 4 else None
        wanted = {"comparison": self._of(model).comparison, "test_case": case, "metric": metric, "class": class_name}
        for row in self.rows():
            if all(row[name] == value for name, value in wanted.items()):
                return _difference_of(row)
        for column, name in (("test_case", case), ("metric", metric), ("class", class_name)):
            known = [one for one in self.differences.column(column).unique().to_pylist() if one is not None]
            if name is not None and name not in known:
                raise UnknownName.of(column.replace("_", " "), name, known, "print(comparison.pl())")
        raise UnknownName(f"{metric!r} on {case!r} has no such row; see print(comparison.pl())")

    def values(self) -> list[Difference]:
        """Return the rows as typed differences, in their order."""
        return [_difference_of(row) for row in self.rows()]

    def listings(self) -> Sequence[Listing | str]:
        """Return the differences, confirmed regressions first, and what is to be known of them."""
        return summary(
            self.rows(),
            self.compared,
            title=f"{self.dataset} · {self.suite} version {self.suite_version}",
            metrics=self.metrics,
            settings={"alpha": self.alpha, "correction": self.correction, "tolerance": self.tolerance},
            notes=self.notes,
        )

    def _of(self, model: str) -> ComparedModel:
        labelled = [one for one in self.compared if one.label == model]
        named = [one for one in self.compared if one.model == model]
        if len(labelled or named) != 1:
            raise UnknownName.of("compared model", model, self.models, "print(comparison.models)")
        return (labelled or named)[0]


def _difference_of(row: Mapping[str, object]) -> Difference:
    """Return a row as a typed difference."""
    values = {name: value for name, value in row.items() if name not in SHARED}
    return Difference(class_name=values.pop("class"), **values)  # type: ignore[arg-type]
