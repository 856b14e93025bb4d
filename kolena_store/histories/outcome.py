"""The history of a test case, as a table and as people read it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kolena_store.display import Column, Listing, interval_cell, number
from kolena_store.errors import InvalidInput
from kolena_store.models import labelled
from kolena_store.plots import Moment, Plot, Plotted, history_plot
from kolena_store.tables import ArrowBacked

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["History", "why_missing"]

Row = Mapping[str, Any]

COLUMNS = (
    Column(title="model"),
    Column(title="run", align="right"),
    Column(title="data", align="right"),
    Column(title="value"),
    Column(title="connected"),
    Column(title="note"),
)
MEANING = (
    "a value is connected when the results before it have one that was made from the same data, definitions and samples"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History(Plotted, ArrowBacked):
    """The metrics of one test case over all results of some models, in the order in which the results came.

    There is a row for each definition under which results were measured, and one, of status `missing` or `lost`, for
    results without a value. Values of one `line` come from the same version of the data, the same definitions of the
    test case and the metric, and the same samples; `differs` says what sets a line apart from the newest one. A value
    is `connected` when the step before has a value on its line: a plot joins no others.
    """

    dataset: str
    test_case: str
    metrics: tuple[str, ...]
    configuration: str | None
    points: "pa.Table" = field(repr=False)

    def arrow(self) -> "pa.Table":
        """Return the rows: dataset, test_case, metric, class, line, step, model, run, value, connected, and so on."""
        return self.points

    def listings(self) -> Sequence[Listing | str]:
        """Return a listing for each metric and class, and what connected means."""
        if not self.points.num_rows:
            return [f"no run has measured {', '.join(self.metrics)} on {self.test_case} of {self.dataset} yet"]
        return [*self._conditions(), *(self._listing(name, rows) for name, rows in self._series()), MEANING]

    def plot(self, metric: str | None = None) -> Plot:
        """Return the plot of a metric of the whole; None is the first.

        Raises:
            InvalidInput: there is no value of it.
        """
        chosen = metric or self.metrics[0]
        rows = [row for row in self.rows() if row["metric"] == chosen and row["class"] is None]
        if all(row["value"] is None for row in rows):
            raise InvalidInput(f"no run has measured {chosen} on {self.test_case} of {self.dataset} yet; run a test")
        several = Counter(model for model, _ in {(_label(row), row["results_version"]) for row in rows})
        moments = [_moment(row, is_only=several[_label(row)] == 1) for row in rows]
        return history_plot(f"{chosen} · {self.test_case}", chosen, moments)

    def _conditions(self) -> Iterator[str]:
        if self.configuration is not None:
            given = json.loads(self.configuration)
            yield f"configuration: {', '.join(f'{name} = {value}' for name, value in given.items())}"

    def _series(self) -> Iterator[tuple[str, list[Row]]]:
        series: dict[tuple[str, str | None], list[Row]] = {}
        for row in self.rows():
            series.setdefault((row["metric"], row["class"]), []).append(row)
        for (metric, class_name), rows in series.items():
            yield metric if class_name is None else f"{metric} of {class_name}", rows

    def _listing(self, name: str, rows: Sequence[Row]) -> Listing:
        is_bounded = all(row["value"] is None or abs(row["value"]) <= 1 for row in rows)
        width = max(len(number(row["n"])) if row["n"] is not None else 0 for row in rows)
        on_line = {(row["line"], row["step"]): _label(row) for row in rows}
        lines = tuple(
            _cells(row, on_line.get((row["line"], row["step"] - 1)), is_bounded=is_bounded, n_width=width)
            for row in rows
        )
        return Listing(title=f"{self.dataset} · {self.test_case} · {name}", columns=COLUMNS, rows=lines)


def _moment(row: Row, *, is_only: bool) -> Moment:
    """Return a row as a point; `is_only`: its model has no other results."""
    model = _label(row)
    return Moment(
        step=row["step"],
        label=model if is_only else f"{model} · {row['results_version']}",
        model=model,
        value=row["value"],
        low=row["ci_low"],
        high=row["ci_high"],
        run=row["run"],
        started=row["started"],
        line=row["line"],
        connected=row["connected"],
        differs=row["differs"],
    )


def _label(row: Row) -> str:
    return labelled(row["model"], row["upload_configuration"])


def _cells(row: Row, before: str | None, *, is_bounded: bool, n_width: int) -> tuple[str, ...]:
    """Return the cells of a row; `before` is what the step before has on the same line."""
    model = _label(row)
    run = "" if row["run"] is None else str(row["run"])
    if row["status"] != "measured":
        return (model, run, "", "", "", why_missing(row))
    ends = (row["ci_low"], row["ci_high"])
    value = interval_cell(row["value"], *ends, row["n"], bounded=is_bounded, n_width=n_width)
    note = "; ".join(part for part in (_difference(row), row["reason"] if row["value"] is None else None) if part)
    return (model, run, str(row["dataset_version"]), value, f"to {before}" if row["connected"] else "", note)


def why_missing(row: Row) -> str:
    """Return why a row of a history has no value."""
    return "not tested" if row["status"] == "missing" else "its rows are lost; test it again"


def _difference(row: Row) -> str | None:
    return None if row["differs"] is None else f"other {row['differs']}"
