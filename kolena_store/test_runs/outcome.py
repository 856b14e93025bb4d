"""What a test returns: the metric rows of some runs, as a table, as typed values, and as people read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.display import Listing
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.models import labelled
from kolena_store.plots import Estimate, Plot, Plotted, estimates_plot
from kolena_store.tables import ArrowBacked
from kolena_store.test_runs.conditions import conditions
from kolena_store.test_runs.confusion import ConfusionMatrix, confusion_matrix
from kolena_store.test_runs.records import TestRun
from kolena_store.test_runs.summary import summary

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["MetricValue", "TestResults"]

SHARED = ("run", "dataset", "suite", "configuration")
"""Columns of the metric rows that a single value leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """One metric of one model on one test case; None means undefined, and `reason` says why.

    `n` is the metric's own denominator, `n_samples` the test case's size, `n_missing` the samples without inference,
    `n_null` those left out for a missing label, verdict or score.
    """

    model: str
    upload_configuration: str | None
    test_case: str
    metric: str
    class_name: str | None
    value: float | None
    n: int
    n_samples: int
    n_missing: int
    n_null: int
    ci_low: float | None
    ci_high: float | None
    method: str | None
    better: str
    reason: str | None

    @property
    def label(self) -> str:
        """Return the model's name, followed by its upload configuration when it has one."""
        return labelled(self.model, self.upload_configuration)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TestResults(Plotted, ArrowBacked):
    """The results of one or several test runs on one suite, over an Arrow table of metric rows.

    `results["Night", "v1", "recall"]` is a typed value; a fourth part names a class. `models` are the names of the
    models, each followed by its upload configuration when it has one. `inference_cases` are the test cases that select
    other samples for each model, by how they were shown to it.
    """

    __test__ = False

    dataset: str
    dataset_version: int
    suite: str
    suite_version: int
    models: tuple[str, ...]
    runs: tuple[TestRun, ...]
    headlines: tuple[str, ...]
    metrics: "pa.Table"
    terms: "pa.Table"
    notes: tuple[str, ...]
    inference_cases: tuple[str, ...] = ()

    def arrow(self) -> "pa.Table":
        """Return the metric rows: run, model, dataset, suite, test_case, metric, class, value, n, and so on."""
        return self.metrics

    def table(self) -> "pl.DataFrame":
        """Return one row for each test case and model, with a column for each metric of the whole."""
        import polars

        whole = self.pl().filter(polars.col("class").is_null())
        index = ["test_case", "model", "upload_configuration", "n_samples"]
        if whole["upload_configuration"].is_null().all():
            index.remove("upload_configuration")
        return whole.pivot(on="metric", index=index, values="value")

    def __getitem__(self, key: tuple[str, ...]) -> MetricValue:
        """Return the value of (test case, model, metric) or (test case, model, metric, class).

        Raises:
            InvalidInput: the key has fewer or more parts.
            UnknownName: there is no such row; near names are suggested.
        """
        if not isinstance(key, tuple) or len(key) not in (3, 4):
            raise InvalidInput(
                f"results[{key!r}]: name a test case, a model and a metric, and the class of a metric that has one, "
                "as in results['Night', 'v1', 'recall']"
            )
        wanted = dict(zip(("test_case", "model", "metric", "class"), map(str, key), strict=False))
        found = self._matching(wanted)
        if not found.num_rows:
            raise self._unknown(wanted)
        return _value_of(found.slice(0, 1).to_pylist()[0])

    def values(self, metrics: Sequence[str]) -> list[MetricValue]:
        """Return the values of some metrics as typed values, in the order of the rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pc.is_in(self.metrics.column("metric"), value_set=pa.array(list(metrics), pa.string()))
        return [_value_of(row) for row in self.metrics.filter(wanted).to_pylist()]

    def confusion_matrix(self, test_case: str, model: str) -> ConfusionMatrix:
        """Return how often each true label was answered by each label, on one test case.

        Raises:
            UnknownName: no such test case or model.
        """
        self._check_name("test_case", test_case)
        run = self._run_of(model)
        return confusion_matrix(self.terms, run.run_id, test_case, run.label)

    def listings(self) -> Sequence[Listing | str]:
        """Return the headline metrics, test cases down and models across, worst first, and what the whole hides."""
        return summary(
            [{**row, "model": self._labels[row["run"]]} for row in self.rows()],
            title=f"{self.dataset} · {self.suite} version {self.suite_version}",
            models=self.models,
            headlines=self.headlines,
            conditions=conditions(self.runs, self.inference_cases),
            notes=self.notes,
        )

    def plot(self, metric: str | None = None) -> Plot:
        """Return the values of a metric of the whole with their intervals; None is the first headline that has any.

        Raises:
            InvalidInput: there is no value of it.
        """
        rows = [row for row in self.rows() if row["class"] is None and row["value"] is not None]
        measured = list(dict.fromkeys(row["metric"] for row in rows))
        chosen = metric or next((name for name in (*self.headlines, *measured) if name in measured), "")
        found = [Estimate.of(row, model=self._labels[row["run"]]) for row in rows if row["metric"] == chosen]
        if not found:
            raise InvalidInput(f"no test case has a value of {chosen!r} here, so there is nothing to draw")
        return estimates_plot(f"{chosen} · {self.suite}", chosen, found)

    @property
    def _labels(self) -> Mapping[int, str]:
        return {run.run_id: run.label for run in self.runs}

    def _matching(self, wanted: Mapping[str, str]) -> "pa.Table":
        """Return the rows that have these values; without a class those of the whole."""
        import pyarrow.compute as pc

        found = self.metrics
        for name, value in {**wanted, "run": self._run_of(wanted["model"]).run_id}.items():
            if name != "model":
                found = found.filter(pc.equal(found.column(name), value))
        return found if "class" in wanted else found.filter(pc.is_null(found.column("class")))

    def _unknown(self, wanted: Mapping[str, str]) -> UnknownName:
        for name in ("test_case", "metric", *(("class",) if "class" in wanted else ())):
            self._check_name(name, wanted[name])
        hint = "has no value of its own for a class: leave the class away"
        if "class" not in wanted:
            hint = "has a value for each class: name the class as fourth part"
        return UnknownName(f"{wanted['metric']!r} on {wanted['test_case']!r} {hint}")

    def _run_of(self, model: str) -> TestRun:
        """Return the run of a model, which its name alone tells when it has no other."""
        labelled = [run for run in self.runs if run.label == model]
        named = [run for run in self.runs if run.model == model]
        if len(labelled or named) != 1:
            raise UnknownName.of("model", model, self.models, "print(results.models)")
        return (labelled or named)[0]

    def _check_name(self, column: str, name: str) -> None:
        known = [value for value in self.metrics.column(column).unique().to_pylist() if value is not None]
        if name not in known:
            raise UnknownName.of(column.replace("_", " "), name, known, "print(results.pl())")


def _value_of(row: Mapping[str, Any]) -> MetricValue:
    values = {name: value for name, value in row.items() if name not in SHARED}
    return MetricValue(class_name=values.pop("class"), **values)
