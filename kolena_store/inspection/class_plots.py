"""Plots that many workflows share: a metric of each class, and how a column of sample metrics is spread."""

from collections.abc import Mapping, Sequence

from kolena_store.datasets import files_of
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.inspection.asked_plots import AskedPlot
from kolena_store.inspection.histograms import histogram_drawn
from kolena_store.plots import Estimate, Plot, estimates_plot

__all__ = ["classes_drawn", "columns_of_samples", "sample_metric_drawn"]

NAMES = ("place", "metric", "class", "value", "ci_low", "ci_high", "n")
NUMERIC = ("BIGINT", "DOUBLE", "BOOLEAN")


def classes_drawn(asked: AskedPlot) -> Plot:
    """Return a metric of each class with its interval; the classes that rest on most come first.

    Raises:
        UnknownName: classes have no such metric.
        InvalidInput: no run measured classes.
    """
    request, scope, session = asked.request, asked.scope, asked.look.session
    run_ids, places, file_ids = scope.runs_of(request.models)
    files = [str(file.path(session.root)) for file in files_of(session, file_ids)]
    found = (
        session.rows("inspection.rows_of_case", files=files, run_ids=run_ids, places=places, test_case=request.case)
        if files
        else []
    )
    rows = [dict(zip(NAMES, row, strict=False)) for row in found]
    of_classes = [row for row in rows if row["class"] is not None and row["value"] is not None]
    known = list(dict.fromkeys(str(row["metric"]) for row in of_classes))
    if not known:
        raise InvalidInput("no class has a value here")
    headlines = scope.of.workflow.headlines() if scope.of.workflow else ()
    metric = request.metric or next((name for name in headlines if name in known), known[0])
    if metric not in known:
        raise UnknownName.of("metric of classes", metric, known, "kolena-store test --format csv")
    chosen = [row for row in of_classes if row["metric"] == metric]
    estimates = [
        Estimate.of({**row, "test_case": row["class"]}, model=request.models[int(str(row["place"]))])
        for row in _in_order(chosen)
    ]
    plot = estimates_plot(asked.titled(f"{metric} of each class"), metric, estimates)
    summary = plot.summary.replace("test cases", "classes")
    notes = tuple(note.replace("test cases", "classes") for note in plot.notes)
    return Plot(kind="classes", title=plot.title, summary=summary, spec=plot.spec, notes=notes)


def _in_order(rows: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Return the rows of the classes that rest on most first, and of each class its models as they were asked for."""
    most: dict[object, int] = {}
    for row in rows:
        most[row["class"]] = max(most.get(row["class"], 0), int(str(row["n"])))
    return sorted(rows, key=lambda row: (-most[row["class"]], str(row["class"]), int(str(row["place"]))))


def columns_of_samples(asked: AskedPlot) -> list[str]:
    """Return the columns of numbers that a scorer of the user's own made."""
    found: dict[str, None] = {}
    for _, scored, _ in asked.scored():
        found |= {name: None for name, kind in (scored.facts.columns or {}).items() if kind in NUMERIC}
    return list(found)


def sample_metric_drawn(asked: AskedPlot) -> Plot:
    """Return how a column of sample metrics is spread; None is the first column of numbers.

    Raises:
        UnknownName: there is no such column.
        InvalidInput: the scorer makes no numbers.
    """
    known = columns_of_samples(asked)
    if not known:
        raise InvalidInput("the samples have no metrics that are numbers; a scorer makes such")
    column = asked.request.metric or known[0]
    if column not in known:
        raise UnknownName.of("column of sample metrics", column, known, "kolena-store sql")
    return histogram_drawn(asked, column, "sample_metrics", title=column, axis=column)
