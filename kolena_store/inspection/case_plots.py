"""The plots of a test case: those that its workflow has, each by name, of some models."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from kolena_store.datasets import files_of
from kolena_store.display import fraction
from kolena_store.errors import InvalidInput, StoreError, UnknownName
from kolena_store.inspection.curves import (
    Points,
    bands_of,
    bars_of,
    calibration_bins,
    cells_of,
    precision_recall_points,
    roc_points,
)
from kolena_store.inspection.members import case_members
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.score_arrays import class_scores, field_values, sample_numbers
from kolena_store.inspection.scored import scores_of
from kolena_store.inspection.workbench import Look
from kolena_store.membership.bitmaps import to_samples
from kolena_store.plots import (
    Bar,
    Confusion,
    Curve,
    Plot,
    calibration_plot,
    confusion_plot,
    curve_plot,
    histogram_plot,
    residual_plot,
)
from kolena_store.statistics.smooth import Numbers
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["PLOT_KINDS", "PlotRequest", "case_plot", "kinds_of"]

N_BARS = 30
CLASSIFICATION = ("confusion_matrix", "roc", "precision_recall", "calibration", "confidence")
REGRESSION = ("residuals", "errors")
PLOT_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"classification": CLASSIFICATION, "regression": REGRESSION, "judged": ("scores",)}
)
"""Workflow -> the kinds of plots that it has, in the order in which pages show them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRequest:
    """Which plot: its kind, on which test case, of which models; of a class where it needs one; against a field."""

    kind: str
    case: str
    models: tuple[str, ...]
    class_name: str | None = None
    against: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A request with all that answers it."""

    look: Look
    scope: SuiteScope
    request: PlotRequest

    @property
    def size(self) -> int:
        return self.scope.of.dataset.next_sample

    def scored(self) -> Iterator[tuple[str, ScoredResults, np.ndarray]]:
        """Yield each model's label, where its scores lie, and the samples of the test case."""
        configuration = self.scope.runs[0].configuration_id if self.scope.runs else None
        for label in self.request.models:
            results = self.scope.of.results_labelled(label)
            words = case_members(self.look, self.scope, self.request.case, results)
            scored = scores_of(self.look.session, self.scope.of, results, configuration)
            yield label, scored, to_samples(words)

    def titled(self, what: str) -> str:
        return f"{what} · {self.request.case}"


def kinds_of(scope: SuiteScope) -> tuple[str, ...]:
    """Return the kinds of plots that a test case of a suite has."""
    return PLOT_KINDS.get(scope.of.workflow.name, ()) if scope.of.workflow else ()


def case_plot(look: Look, scope: SuiteScope, request: PlotRequest) -> Plot:
    """Return a plot of a test case.

    Raises:
        UnknownName: there is no such kind, test case, model, class or field.
        InvalidInput: the samples don't have what it shows, such as scores.
    """
    makers: Mapping[str, Callable[[_Asked], Plot]] = {
        "confusion_matrix": _confusion,
        "roc": _roc,
        "precision_recall": _precision_recall,
        "calibration": _calibration,
        "confidence": _confidence,
        "residuals": _residuals,
        "errors": _errors,
        "scores": _scores,
    }
    known = kinds_of(scope)
    if request.kind not in known:
        workflow = scope.of.workflow.name if scope.of.workflow else "none"
        raise UnknownName.of(f"plot of the workflow {workflow}", request.kind, known, "kolena-store plot --help")
    scope.case_named(request.case)
    if not request.models:
        raise InvalidInput("a plot needs a model; name one")
    return makers[request.kind](_Asked(look=look, scope=scope, request=request))


def _confusion(asked: _Asked) -> Plot:
    model, scope, session = asked.request.models[0], asked.scope, asked.look.session
    runs = [run for run in scope.runs if run.label == model]
    if not runs:
        scope.runs_of([model])
    files = [str(file.path(session.root)) for file in files_of(session, [runs[-1].term_file])]
    rows = session.rows("inspection.confusion", files=files, run_ids=[runs[-1].run_id], test_case=asked.request.case)
    labels = list(dict.fromkeys(label for term, label, _, _ in rows if term == "support"))
    place = {label: position for position, label in enumerate(labels)}
    counts = [[0.0] * len(labels) for _ in labels]
    for term, truth, answer, value in rows:
        if term == "confusion" and truth in place and answer in place:
            counts[place[truth]][place[answer]] = value
    whole = [[int(one) if one.is_integer() else one for one in row] for row in counts]
    return confusion_plot(asked.titled(f"Confusion of {model}"), Confusion(model=model, labels=labels, counts=whole))


def _roc(asked: _Asked) -> Plot:
    curves, class_name = _curves(asked, roc_points, "AUC")
    axes = ("false positive rate", "true positive rate")
    return curve_plot("roc", asked.titled(f"ROC of {class_name}"), curves, axes=axes, diagonal=True)


def _precision_recall(asked: _Asked) -> Plot:
    curves, class_name = _curves(asked, precision_recall_points, "AP")
    title = asked.titled(f"Precision and recall of {class_name}")
    return curve_plot("precision_recall", title, curves, axes=("recall", "precision"), shape="step-after")


def _curves(asked: _Asked, points_of: "Callable[[Numbers, np.ndarray], Points]", area: str) -> tuple[list[Curve], str]:
    curves, chosen = [], ""
    for label, scored, samples in asked.scored():
        chosen = _class_of(scored, asked.request.class_name)
        score, is_so = class_scores(asked.look, scored, chosen, asked.size)
        known = samples[~(np.isnan(score[samples]) | np.isnan(is_so[samples]))]
        points = points_of(score[known], is_so[known] > 0)
        if points.area is not None:
            curves.append(
                Curve(model=label, x=points.x.tolist(), y=points.y.tolist(), label=f"{area} {fraction(points.area)}")
            )
    if not curves:
        raise InvalidInput(f"no model has scores for samples of {chosen} and of others here")
    return curves, chosen


def _class_of(scored: ScoredResults, wanted: str | None) -> str:
    facts = scored.facts
    known = facts.scored or facts.classes
    if not facts.scored or "scores" in facts.unavailable:
        raise InvalidInput(f"the results of {scored.results.label!r} have no score for each class")
    if wanted is not None and wanted not in facts.classes:
        raise UnknownName.of("class", wanted, known, "the metrics of classes")
    return wanted or facts.positive or facts.classes[0]


def _calibration(asked: _Asked) -> Plot:
    bins = []
    for label, scored, samples in asked.scored():
        confidence, correct = sample_numbers(asked.look, scored, ("confidence", "correct"), asked.size)
        known = samples[~(np.isnan(confidence[samples]) | np.isnan(correct[samples]))]
        inside = known[(confidence[known] >= 0) & (confidence[known] <= 1)]
        bins += calibration_bins(label, confidence[inside], correct[inside])
    if not bins:
        raise InvalidInput("no model says how sure it is here")
    return calibration_plot(asked.titled("Calibration"), bins, axes=("confidence", "accuracy"))


def _confidence(asked: _Asked) -> Plot:
    model, scored, samples = next(asked.scored())
    confidence, correct = sample_numbers(asked.look, scored, ("confidence", "correct"), asked.size)
    known = samples[np.isfinite(confidence[samples])]
    if not known.size:
        raise InvalidInput(f"{model} does not say how sure it is here")
    edges = _bar_edges(confidence[known])
    bars = [
        bar
        for group, is_right in (("right", 1.0), ("wrong", 0.0))
        for bar in bars_of(group, confidence[known][correct[known] == is_right], edges)
    ]
    return histogram_plot("confidence", asked.titled(f"Confidence of {model}"), bars, axis="confidence")


def _residuals(asked: _Asked) -> Plot:
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


def _errors(asked: _Asked) -> Plot:
    return _histogram(asked, "error", "errors", title="Errors", axis="prediction - truth")


def _scores(asked: _Asked) -> Plot:
    return _histogram(asked, "score", "scores", title="Grades", axis="grade")


def _histogram(asked: _Asked, column: str, kind: str, *, title: str, axis: str) -> Plot:
    found: dict[str, Numbers] = {}
    for model, scored, samples in asked.scored():
        (values,) = sample_numbers(asked.look, scored, (column,), asked.size)
        finite = values[samples][np.isfinite(values[samples])]
        if finite.size:
            found[model] = finite
    if not found:
        raise InvalidInput(f"no model has a {axis} here")
    edges = _bar_edges(np.concatenate(list(found.values())))
    bars: list[Bar] = [bar for model, values in found.items() for bar in bars_of(model, values, edges)]
    return histogram_plot(kind, asked.titled(title), bars, axis=axis, stacked=False)


def _bar_edges(values: Numbers) -> Numbers:
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, N_BARS + 1)


def _numeric_field(asked: _Asked, name: str) -> Numbers:
    fields = {field.name: field for field in asked.scope.of.version.field_list}
    if name not in fields:
        raise UnknownName.of("field", name, fields, f"kolena-store dataset show {asked.scope.of.dataset.name}")
    try:
        return field_values(asked.look, asked.scope.of, fields[name]).numbers(asked.size)
    except (ValueError, TypeError, StoreError):
        raise InvalidInput(f"the field {name!r} holds no numbers; choose one that does") from None
