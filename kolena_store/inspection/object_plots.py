"""Plots of detections: precision against recall, what mending mistakes would gain, and how well boxes overlap."""

import json

from kolena_store.datasets import files_of
from kolena_store.errors import InvalidInput, StoreError, UnknownName
from kolena_store.inspection.asked_plots import AskedPlot
from kolena_store.inspection.histograms import bars_drawn
from kolena_store.inspection.object_matches import object_matches, overlaps_of_hits
from kolena_store.matching.mistakes import KINDS, MISSED
from kolena_store.plots import Curve, Gain, Plot, curve_plot, mistakes_plot
from kolena_store.test_runs import precision_recall
from kolena_store.workflows import Configuration, configuration_from_document

__all__ = ["mistakes_drawn", "object_curves_drawn", "overlaps_drawn"]

MOST_CLASSES = 8
GAIN = "ap_gain_"
AXES = ("recall", "precision")


def object_curves_drawn(asked: AskedPlot) -> Plot:
    """Return precision against recall: of a class the curve of each model, else of the first model those of classes.

    Raises:
        UnknownName: no model has detections of the class.
        InvalidInput: no model has a detection on the test case.
    """
    wanted = asked.request.class_name
    if wanted is None:
        model = asked.request.models[0]
        curves = _curves_of(asked, model)
        largest = sorted(curves, key=lambda name: -curves[name][0])[:MOST_CLASSES]
        drawn = [_curve(name, curves[name]) for name in largest]
        title = f"Precision and recall of {model}"
        plot = curve_plot("object_curves", asked.titled(title), drawn, axes=AXES, shape="step-after")
        left_out = len(curves) - len(largest)
        notes = (f"{left_out} classes with fewer objects are not shown",) if left_out else ()
        return Plot(kind=plot.kind, title=plot.title, summary=plot.summary, spec=plot.spec, notes=notes)
    found = {model: curves for model in asked.request.models if (curves := _or_nothing(asked, model))}
    drawn = [_curve(model, curves[wanted]) for model, curves in found.items() if wanted in curves]
    if not drawn:
        known = sorted({name for curves in found.values() for name in curves})
        raise UnknownName.of("class with detections here", wanted, known, "the metrics of classes")
    title = asked.titled(f"Precision and recall of {wanted}")
    return curve_plot("object_curves", title, drawn, axes=AXES, shape="step-after")


def mistakes_drawn(asked: AskedPlot) -> Plot:
    """Return what each model's average precision would gain without each kind of mistake.

    Raises:
        InvalidInput: no run measured it.
    """
    request, scope, session = asked.request, asked.scope, asked.look.session
    run_ids, places, file_ids = scope.runs_of(request.models)
    kinds = (*KINDS, MISSED)
    rows = session.rows(
        "inspection.cells",
        files=[str(file.path(session.root)) for file in files_of(session, file_ids)],
        run_ids=run_ids,
        places=places,
        test_cases=[request.case],
        metrics=[f"{GAIN}{kind}" for kind in kinds],
    )
    found = {(place, metric.removeprefix(GAIN)): rest for place, _, metric, *rest in rows}
    gains = [
        Gain(model=model, kind=kind, value=row[0], low=row[1], high=row[2], n=row[3])
        for kind in kinds
        for place, model in enumerate(request.models)
        if (row := found.get((place, kind))) is not None and row[0] is not None
    ]
    if not gains:
        raise InvalidInput("no run has measured what mending mistakes would gain here")
    return mistakes_plot(asked.titled("What mending mistakes would gain"), gains)


def overlaps_drawn(asked: AskedPlot) -> Plot:
    """Return how far right detections overlap with their objects.

    Raises:
        InvalidInput: no detection is right.
    """
    found = {}
    labels = None if asked.request.class_name is None else [asked.request.class_name]
    for model, scored, samples in asked.scored():
        curves = object_matches(asked.look, asked.scope, scored.results, asked.request.case)
        found[model] = overlaps_of_hits(curves, samples, labels)
    title = asked.titled("Overlap of right detections")
    return bars_drawn(found, "overlaps", title=title, axis="intersection over union", unit="detections")


Curves = dict[str, tuple[int, list[float], list[float]]]
"""Class -> how many objects there are, recall, precision"""


def _curves_of(asked: AskedPlot, model: str) -> Curves:
    """Return the curves of a model's classes.

    Raises:
        StoreError: it was not tested so, or has no detection here.
    """
    table = precision_recall(
        asked.look.session,
        asked.scope.of.dataset,
        asked.scope.of.results_labelled(model).model,
        asked.request.case,
        configuration=_configuration(asked),
    )
    columns = (table.column(name).to_pylist() for name in ("class", "objects", "recall", "precision"))
    found: Curves = {}
    for name, n_objects, recall, precision in zip(*columns, strict=True):
        if recall is not None:
            _, x, y = found.setdefault(name or "all", (n_objects, [0.0], [precision]))
            x.append(recall)
            y.append(precision)
    return found


def _or_nothing(asked: AskedPlot, model: str) -> Curves:
    try:
        return _curves_of(asked, model)
    except StoreError:
        return {}


def _configuration(asked: AskedPlot) -> Configuration | None:
    document = asked.scope.configuration
    return None if document is None else configuration_from_document(json.loads(document))


def _curve(name: str, curve: tuple[int, list[float], list[float]]) -> Curve:
    n_objects, recall, precision = curve
    return Curve(model=name, x=recall, y=precision, label=f"{n_objects:,} objects")
