"""A test case: its definition, metrics, confusion matrices that lead to samples, and plots."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.display import number
from kolena_store.errors import InvalidInput, LimitExceeded, StoreError
from kolena_store.inspection.asked_plots import PlotRequest
from kolena_store.inspection.case_plots import case_plot, kinds_of
from kolena_store.inspection.cases import CaseShown, case_shown
from kolena_store.inspection.distributions import distribution_of, fields_to_show
from kolena_store.inspection.members import case_members
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.plots import Plot, distribution_plot
from kolena_store.reports.marks import figure, interval_bar, interval_text, scale_of
from kolena_store.web.pages.cells import bounded, joined, said
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named
from kolena_store.web.states import State

__all__ = ["case_page", "metric_rows"]

ONE_MODEL = ("confidence", "residuals", "object_curves")
BY_METRIC = ("classes", "sample_metrics")
MOST_CONFUSIONS = 2
MOST_LABELS = 40
SHADES = 5


def case_page(desk: Desk) -> Response:
    """Return all that is known of a test case."""
    state, scope = desk.state, scope_named(desk)
    case = case_shown(desk.look.session, scope, state.needed("case"), state.texts("model"))
    headlines = set(scope.of.workflow.headlines() if scope.of.workflow else ())
    names = case.metrics
    first = [name for name in names if name in headlines] or list(names[:3])
    plots, unavailable = _plots(desk, scope, case)
    fields = [field.name for field in fields_to_show(scope.of)]
    is_regression = "residuals" in kinds_of(scope)
    return page(
        desk,
        "case.html",
        heading=f"{case.case.name} · {scope.suite.name}",
        here=here_of(scope, desk),
        case=case,
        class_name=state.text("class"),
        field=state.text("field"),
        fields=fields,
        by=state.text("by"),
        by_metrics=list(case.class_metrics) if "classes" in kinds_of(scope) else [],
        against=state.text("against"),
        against_fields=_numeric(scope) if is_regression else [],
        head_rows=metric_rows(case, first),
        more_rows=metric_rows(case, [name for name in names if name not in first]),
        class_rows=_class_rows(case),
        confusions=list(_confusions(desk, scope, case)),
        plots=plots,
        unavailable=unavailable,
        samples_link=state.link("/samples", model=list(case.models[-1:]), **{"class": None, "field": None}),
    )


def metric_rows(case: CaseShown, metrics: Sequence[str]) -> Markup:
    """Return metrics down and models across."""
    lines = []
    for metric in metrics:
        rows = [case.whole.get((metric, model)) for model in case.models]
        lines.append(f'<tr><th scope="row">{escape(metric)}</th>{_cells(metric, rows, case.models)}</tr>')
    return joined(lines)


def _class_rows(case: CaseShown) -> Markup:
    lines = []
    for name in case.class_names:
        for metric in case.class_metrics:
            rows = [case.classes.get((metric, name, model)) for model in case.models]
            if any(rows):
                head = f'<th scope="row">{escape(name)}</th><td>{escape(metric)}</td>'
                lines.append(f"<tr>{head}{_cells(metric, rows, case.models)}</tr>")
    return joined(lines)


def _cells(metric: str, rows: Sequence[Mapping[str, Any] | None], models: Sequence[str]) -> str:
    present = [row for row in rows if row is not None]
    is_bounded, scale = bounded(present), scale_of(present)
    return "".join(
        _cell(row, scale_words=f"{metric} of {model}", is_bounded=is_bounded, scale=scale)
        for row, model in zip(rows, models, strict=True)
    )


def _cell(row: Mapping[str, Any] | None, *, scale_words: str, is_bounded: bool, scale: Any) -> str:
    if row is None:
        return '<td class="num undefined">·</td>'
    if row["value"] is None:
        return f'<td class="num undefined">{number(None)} <span class="note">{escape(row["reason"] or "")}</span></td>'
    words = said(row, is_bounded=is_bounded, what=scale_words)
    return (
        f'<td class="num"><span class="score"><span><span class="value">{figure(row["value"], is_bounded=is_bounded)}'
        f'</span><span class="range">{interval_text(row, is_bounded=is_bounded)}</span></span>'
        f"{interval_bar(row, scale, label=words)}</span></td>"
    )


def _plots(desk: Desk, scope: SuiteScope, case: CaseShown) -> tuple[list[Plot], list[str]]:
    """Return the plots of a test case, and why some can't be drawn."""
    plots: list[Plot] = []
    unavailable: list[str] = []
    for kind in kinds_of(scope):
        if kind == "confusion_matrix":
            continue
        is_of_class = kind == "object_curves" and desk.state.text("class") is not None
        groups = [(model,) for model in case.models] if kind in ONE_MODEL and not is_of_class else [case.models]
        for models in groups:
            request = PlotRequest(
                kind=kind,
                case=case.case.name,
                models=tuple(models),
                class_name=desk.state.text("class"),
                against=desk.state.text("against"),
                metric=desk.state.text("by") if kind in BY_METRIC else None,
            )
            try:
                plots.append(case_plot(desk.look, scope, request))
            except LimitExceeded:
                raise
            except StoreError as error:
                unavailable.append(f"{kind.replace('_', ' ')}: {error}")
    return [*plots, *_spread(desk, scope, case)], list(dict.fromkeys(unavailable))


def _spread(desk: Desk, scope: SuiteScope, case: CaseShown) -> Iterator[Plot]:
    wanted = desk.state.text("field")
    fields = {field.name: field for field in fields_to_show(scope.of)}
    if wanted is None or wanted not in fields:
        return
    results = scope.of.results_labelled(case.models[0]) if case.models else None
    words = case_members(desk.look, scope, case.case.name, results)
    found = distribution_of(desk.look, scope.of, fields[wanted], words)
    if found:
        yield distribution_plot(f"{wanted} in {case.case.name}", wanted, found, case=case.case.name)


def _confusions(desk: Desk, scope: SuiteScope, case: CaseShown) -> Iterator[Mapping[str, Any]]:
    """Yield the confusion matrix of each model as a table whose cells lead to their samples."""
    if "confusion_matrix" not in kinds_of(scope):
        return
    of_objects = scope.of.workflow is not None and scope.of.workflow.matches_objects
    for model in case.models[:MOST_CONFUSIONS]:
        request = PlotRequest(kind="confusion_matrix", case=case.case.name, models=(model,))
        try:
            plot = case_plot(desk.look, scope, request)
        except InvalidInput:
            continue
        cells = {(row["truth"], row["prediction"]): row for row in plot.spec["data"]["values"]}
        labels = list(dict.fromkeys(truth for truth, _ in cells))
        if labels:
            rows = [_confusion_row(label, labels, cells, model=model, state=desk.state) for label in labels]
            yield {
                "model": model,
                "summary": plot.summary,
                "labels": labels,
                "rows": rows,
                "verb": "found as" if of_objects else "answered as",
                "unit": "objects" if of_objects else "samples",
            }


def _confusion_row(
    label: str,
    labels: Sequence[str],
    cells: Mapping[tuple[str, str], Mapping[str, Any]],
    *,
    model: str,
    state: State,
) -> Mapping[str, Any]:
    def cell(answer: str) -> Mapping[str, Any]:
        found = cells[label, answer]
        link = state.link("/samples", model=[model], truth=label, predicted=answer, field=None, **{"class": None})
        return {
            "label": answer,
            "n": found["n"],
            "shade": min(SHADES, round(found["share"] * SHADES + 0.3)) if found["n"] else 0,
            "is_right": answer == label,
            "href": link,
        }

    return {"label": label, "cells": [cell(answer) for answer in labels]}


def _numeric(scope: SuiteScope) -> list[str]:
    kinds = ("INT", "DOUBLE", "FLOAT", "DECIMAL")
    return [field.name for field in fields_to_show(scope.of) if any(kind in field.type for kind in kinds)]
