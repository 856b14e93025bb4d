"""The plots of a test case: those that its workflow has, each by name, of some models."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from kolena_store.display import fraction
from kolena_store.errors import InvalidInput, StoreError, UnknownName
from kolena_store.inspection.asked_plots import AskedPlot, PlotRequest
from kolena_store.inspection.class_plots import classes_drawn, sample_metric_drawn
from kolena_store.inspection.confusions import confusion_drawn
from kolena_store.inspection.curves import (
    Points,
    bands_of,
    bars_of,
    calibration_bins,
    cells_of,
    cumulated,
    precision_recall_points,
    roc_points,
)
from kolena_store.inspection.histograms import bar_edges, histogram_drawn
from kolena_store.inspection.object_plots import mistakes_drawn, object_curves_drawn, overlaps_drawn
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.score_arrays import class_scores, field_values, sample_numbers
from kolena_store.inspection.workbench import Look
from kolena_store.plots import (
    Curve,
    Plot,
    calibration_plot,
    curve_plot,
    histogram_plot,
    residual_plot,
)
from kolena_store.statistics.smooth import Numbers
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["PLOT_KINDS", "PlotRequest", "case_plot", "kinds_of"]

OBJECTS = ("object_curves", "mistakes", "overlaps", "confusion_matrix", "classes")
PLOT_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "classification": ("confusion_matrix", "roc", "precision_recall", "calibration", "confidence", "classes"),
        "regression": ("residuals", "errors"),
        "judged": ("scores",),
        "multilabel": ("classes", "roc", "precision_recall", "agreement"),
        "object-detection": OBJECTS,
        "instance-segmentation": OBJECTS,
        "keypoint-detection": OBJECTS,
        "custom": ("sample_metrics",),
    }
)
"""Workflow -> the kinds of plots that it has, in the order in which pages show them."""


def kinds_of(scope: SuiteScope) -> tuple[str, ...]:
    """Return the kinds of plots that a test case of a suite has."""
    return PLOT_KINDS.get(scope.of.workflow.name, ()) if scope.of.workflow else ()


def case_plot(look: Look, scope: SuiteScope, request: PlotRequest) -> Plot:
    """Return a plot of a test case.

    Raises:
        UnknownName: there is no such kind, test case, model, class or field.
        InvalidInput: the samples don't have what it shows, such as scores.
    """
    makers: Mapping[str, Callable[[AskedPlot], Plot]] = {
        "confusion_matrix": confusion_drawn,
        "roc": _roc,
        "precision_recall": _precision_recall,
        "calibration": _calibration,
        "confidence": _confidence,
        "residuals": _residuals,
        "errors": _errors,
        "scores": _scores,
        "agreement": _agreement,
        "classes": classes_drawn,
        "sample_metrics": sample_metric_drawn,
        "object_curves": object_curves_drawn,
        "mistakes": mistakes_drawn,
        "overlaps": overlaps_drawn,
    }
    known = kinds_of(scope)
    if request.kind not in known:
        workflow = scope.of.workflow.name if scope.of.workflow else "none"
        raise UnknownName.of(f"plot of the workflow {workflow}", request.kind, known, "kolena-store plot --help")
    scope.case_named(request.case)
    if not request.models:
        raise InvalidInput("a plot needs a model; name one")
    return makers[request.kind](AskedPlot(look=look, scope=scope, request=request))


def _roc(asked: AskedPlot) -> Plot:
    curves, class_name = _curves(asked, roc_points, "AUC")
    axes = ("false positive rate", "true positive rate")
    return curve_plot("roc", asked.titled(f"ROC of {class_name}"), curves, axes=axes, diagonal=True)


def _precision_recall(asked: AskedPlot) -> Plot:
    curves, class_name = _curves(asked, precision_recall_points, "AP")
    title = asked.titled(f"Precision and recall of {class_name}")
    return curve_plot("precision_recall", title, curves, axes=("recall", "precision"), shape="step-after")


def _curves(
    asked: AskedPlot, points_of: Callable[[tuple[Numbers, Numbers]], Points], area: str
) -> tuple[list[Curve], str]:
    curves, chosen = [], ""
    for label, scored, samples in asked.scored():
        chosen = _class_of(scored, asked.request.class_name)
        points = points_of(_counts(asked, scored, samples, chosen))
        if points.area is not None:
            curves.append(Curve(model=label, x=points.x, y=points.y, label=f"{area} {fraction(points.area)}"))
    if not curves:
        raise InvalidInput(f"no model has scores for samples of {chosen} and of others here")
    return curves, chosen


def _counts(asked: AskedPlot, scored: ScoredResults, samples: "np.ndarray", chosen: str) -> tuple[Numbers, Numbers]:
    """Return what curves of a class are made of, sorted once for all of them."""
    is_multilabel = asked.scope.of.workflow is not None and asked.scope.of.workflow.name == "multilabel"

    def made() -> tuple[Numbers, Numbers]:
        score, is_so = class_scores(asked.look, scored, chosen, asked.size, is_multilabel=is_multilabel)
        known = samples[~(np.isnan(score[samples]) | np.isnan(is_so[samples]))]
        return cumulated(score[known], is_so[known] > 0)

    suite, case = asked.scope.suite, asked.request.case
    key = ("cumulated", *map(str, scored.paths), suite.suite_id, suite.version, case, chosen)
    return asked.look.of_state(key, made, lambda counts: sum(one.nbytes for one in counts))


def _class_of(scored: ScoredResults, wanted: str | None) -> str:
    facts = scored.facts
    known = facts.scored or facts.classes
    if not facts.scored or "scores" in facts.unavailable:
        raise InvalidInput(f"the results of {scored.results.label!r} have no score for each class")
    if wanted is not None and wanted not in facts.classes:
        raise UnknownName.of("class", wanted, known, "the metrics of classes")
    return wanted or facts.positive or facts.classes[0]


def _calibration(asked: AskedPlot) -> Plot:
    bins = []
    for label, scored, samples in asked.scored():
        confidence, correct = sample_numbers(asked.look, scored, ("confidence", "correct"), asked.size)
        known = samples[~(np.isnan(confidence[samples]) | np.isnan(correct[samples]))]
        inside = known[(confidence[known] >= 0) & (confidence[known] <= 1)]
        bins += calibration_bins(label, confidence[inside], correct[inside])
    if not bins:
        raise InvalidInput("no model says how sure it is here")
    return calibration_plot(asked.titled("Calibration"), bins, axes=("confidence", "accuracy"))


def _confidence(asked: AskedPlot) -> Plot:
    model, scored, samples = next(asked.scored())
    confidence, correct = sample_numbers(asked.look, scored, ("confidence", "correct"), asked.size)
    known = samples[np.isfinite(confidence[samples])]
    if not known.size:
        raise InvalidInput(f"{model} does not say how sure it is here")
    edges = bar_edges(confidence[known])
    bars = [
        bar
        for group, is_right in (("right", 1.0), ("wrong", 0.0))
        for bar in bars_of(group, confidence[known][correct[known] == is_right], edges)
    ]
    return histogram_plot("confidence", asked.titled(f"Confidence of {model}"), bars, axis="confidence")


def _residuals(asked: AskedPlot) -> Plot:
    model, scored, samples = next(asked.scored())
    prediction, error = sample_numbers(asked.look, scored, ("prediction", "error"), asked.size)
    x, name = prediction, "prediction"
    if asked.request.against:
        x, name = _numeric_field(asked, asked.request.against), asked.request.against
    known = samples[np.isfinite(x[samples]) & np.isfinite(error[samples])]
    if not known.size:
        raise InvalidInput(f"no sample has both an error of {model} and {name} here")
    cells, n_outside = cells_of(x[known], error[known])
    title = asked.titled(f"Errors of {model} against {name}")
    found = residual_plot(title, cells, bands_of(x[known], error[known]), axes=(name, "prediction - truth"))
    notes = (f"{n_outside:,} samples lie outside the plot",) if n_outside else ()
    return Plot(kind=found.kind, title=found.title, summary=found.summary, spec=found.spec, notes=notes)


def _errors(asked: AskedPlot) -> Plot:
    return histogram_drawn(asked, "error", "errors", title="Errors", axis="prediction - truth")


def _scores(asked: AskedPlot) -> Plot:
    return histogram_drawn(asked, "score", "scores", title="Grades", axis="grade")


def _agreement(asked: AskedPlot) -> Plot:
    title = "Labels shared with the truth"
    return histogram_drawn(asked, "sample_jaccard", "agreement", title=title, axis="Jaccard index of the labels")


def _numeric_field(asked: AskedPlot, name: str) -> Numbers:
    fields = {field.name: field for field in asked.scope.of.version.field_list}
    if name not in fields:
        raise UnknownName.of("field", name, fields, f"kolena-store dataset show {asked.scope.of.dataset.name}")
    try:
        return field_values(asked.look, asked.scope.of, fields[name]).numbers(asked.size)
    except (ValueError, TypeError, StoreError):
        raise InvalidInput(f"the field {name!r} holds no numbers; choose one that does") from None
