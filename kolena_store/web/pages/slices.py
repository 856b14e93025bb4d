"""Slices: a condition that is written or built by choosing values, measured at once, saved as a test case."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kolena_store.display import number
from kolena_store.errors import InvalidInput, LimitExceeded, MissingColumns
from kolena_store.inspection.distributions import fields_to_show
from kolena_store.inspection.members import checked_predicate
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.slices import REST, SLICE, SliceShown, measured_slice
from kolena_store.inspection.suite_files import definition_text
from kolena_store.reports.marks import figure, interval_bar, scale_of
from kolena_store.reports.rendering import address, rendered
from kolena_store.test_suites import ALL
from kolena_store.web.pages.cells import bounded, joined, said
from kolena_store.web.pages.choices import choices_of
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named

__all__ = ["measured_part", "save_slice", "slices_page"]

MOST_MODELS = 5
MOST_OPEN = 6
EXAMPLE_NAME = "New test case"


def slices_page(desk: Desk) -> Response:
    """Return the explorer: a condition, what it selects, and the values to build it from."""
    scope = scope_named(desk)
    values = _values(desk, scope)
    headlines = list(scope.of.workflow.headlines()) if scope.of.workflow else []
    return page(
        desk,
        "slices.html",
        status=422 if values["problem"] else 200,
        heading=f"Slices · {scope.of.dataset.name}",
        models=[one.label for one in scope.of.results],
        chosen=_models(desk, scope),
        metrics=_metric_names(scope),
        chosen_metrics=list(desk.state.texts("metric")) or headlines,
        where=desk.state.text("where") or "",
        example=_example(scope),
        cleared=desk.state.link(where=None, saved=None),
        fields=choices_of(desk, scope, is_usable=values["problem"] is None, most_open=MOST_OPEN),
        **values,
    )


def measured_part(desk: Desk) -> Response:
    """Return the part of the page that shows what a condition selects."""
    scope = scope_named(desk)
    return HTMLResponse(rendered("slice_measured.html", _values(desk, scope)))


def save_slice(desk: Desk, form: Mapping[str, str], models: list[str]) -> Response:
    """Add a slice to the suite file that was named when the app was started.

    Raises:
        InvalidInput: none was named, or the name or the condition can't be used.
    """
    from kolena_store.inspection.scopes import suite_scope

    suite_file = desk.settings.suite_file
    if suite_file is None:
        raise InvalidInput("no suite file was named when the app was started: kolena-store ui --suite-file FILE.sql")
    scope = suite_scope(desk.look.session, form.get("dataset", ""), form.get("suite") or None)
    suite_file.add(
        desk.look.session,
        scope.of,
        name=form.get("name", "").strip(),
        predicate=form.get("where", ""),
        description=form.get("description", ""),
    )
    back = address(
        "/slices",
        dataset=scope.of.dataset.name,
        suite=scope.suite.name,
        where=form.get("where"),
        model=models,
        saved=form.get("name", "").strip(),
    )
    return RedirectResponse(back, status_code=303)


def _values(desk: Desk, scope: SuiteScope) -> dict[str, Any]:
    """Return what the measured part shows."""
    state, settings = desk.state, desk.settings
    where = state.text("where") or ""
    found, problem = None, None
    try:
        found = measured_slice(
            desk.look,
            scope,
            where,
            models=_models(desk, scope),
            metrics=list(state.texts("metric")),
        )
    except (InvalidInput, MissingColumns, LimitExceeded) as error:
        problem = str(error)
    definition = ""
    if found and where.strip():
        definition = definition_text(EXAMPLE_NAME, checked_predicate(desk.look, scope.of, where)).strip()
    saved = state.text("saved")
    file_name = settings.suite_path.name if settings.suite_path else None
    return {
        "here": here_of(scope, desk),
        "problem": problem,
        "slice": found,
        "slice_rows": _slice_rows(found) if found else "",
        "as_sql": definition,
        "as_python": _as_python(scope, definition) if definition else "",
        "samples_link": state.link("/samples", metric=None, saved=None, sort=None),
        "suite_file": file_name,
        "saved": f"{file_name} as {saved}" if saved and file_name else None,
    }


def _models(desk: Desk, scope: SuiteScope) -> list[str]:
    chosen = list(desk.state.texts("model"))
    return chosen or [one.label for one in scope.of.results][-MOST_MODELS:]


def _metric_names(scope: SuiteScope) -> list[str]:
    """Return the metrics of the whole that the workflow has."""
    from kolena_store.metrics.definitions import load_metrics

    if scope.of.workflow is None:
        return []
    metrics = load_metrics(scope.of.workflow.metric_file).metrics
    return [one.name for one in metrics if one.level != "class"]


def _slice_rows(found: SliceShown) -> Markup:
    lines = []
    for metric in found.metrics:
        rows = [row for (_, _, name), row in found.rows.items() if name == metric]
        is_bounded, scale = bounded(rows), scale_of(rows)
        for model in found.models:
            parts = {part: found.rows.get((part, model, metric)) for part in (SLICE, REST, ALL)}
            if parts[SLICE] is None:
                continue
            words = f"{metric} of {model}"
            cells = "".join(
                f'<td class="num value">{figure(row["value"], is_bounded=is_bounded)}</td>'
                f"<td>{interval_bar(row, scale, label=said(row, is_bounded=is_bounded, what=words))}</td>"
                + (f'<td class="num">{number(row["n"])}</td>' if part == SLICE else "")
                for part, row in parts.items()
                if part != ALL and row is not None
            )
            whole = parts[ALL]
            last = f'<td class="num">{figure(whole["value"], is_bounded=is_bounded)}</td>' if whole else "<td></td>"
            lines.append(f'<tr><th scope="row">{escape(metric)}</th><td>{escape(model)}</td>{cells}{last}</tr>')
    return joined(lines)


def _as_python(scope: SuiteScope, definition: str) -> str:
    return (
        f"store.apply_suite({scope.of.dataset.name!r}, {definition!r}, name={EXAMPLE_NAME.lower()!r})\n"
        f"store.test({scope.of.dataset.name!r}, suite={EXAMPLE_NAME.lower()!r})"
    )


def _example(scope: SuiteScope) -> str:
    names = [field.name for field in fields_to_show(scope.of)]
    return f"{names[0]} IS NOT NULL" if names else "_sample < 1000"
