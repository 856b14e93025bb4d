"""Runs over time: how a metric went on, and what each step is due to."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.display import number
from kolena_store.histories import History, why_missing
from kolena_store.inspection.history import past
from kolena_store.inspection.leaderboard import metrics_shown
from kolena_store.models import labelled
from kolena_store.reports.marks import Scale, figure, interval_bar, interval_text, scale_of, signed
from kolena_store.test_suites import ALL
from kolena_store.web.pages.cells import bounded, joined, said
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named
from kolena_store.web.states import State

__all__ = ["runs_page"]

Row = Mapping[str, Any]


def runs_page(desk: Desk) -> Response:
    """Return how one metric on one test case went on, from one version of results to the next."""
    state, scope = desk.state, scope_named(desk)
    case = state.text("case") or ALL
    scope.case_named(case)
    metrics = [one.name for one in metrics_shown(desk.look, scope, scope.models)]
    metric = state.text("metric") or next(iter(metrics), None)
    history = past(desk.look.session, scope, case, metric) if metric else None
    rows = _whole(history)
    return page(
        desk,
        "runs.html",
        heading=f"Runs · {scope.suite.name}",
        here=here_of(scope, desk),
        cases=[one.name for one in scope.cases],
        case=case,
        metrics=metrics,
        metric=metric,
        has_runs=bool(rows),
        rows=_markup(rows, metric or "", state),
        plot=history.plot() if history and any(row["value"] is not None for row in rows) else None,
    )


def _whole(history: History | None) -> list[Row]:
    return [] if history is None else [row for row in history.rows() if row["class"] is None]


def _markup(rows: Sequence[Row], metric: str, state: State) -> Markup:
    """Return the rows, the newest first, each beside what was measured before it."""
    measured = [row for row in rows if row["run"] is not None and row["status"] == "measured"]
    before = {id(later): earlier for earlier, later in pairwise(measured)}
    known = [row for row in rows if row["value"] is not None]
    is_bounded, scale = bounded(known), scale_of(known)
    lines = [
        _row(row, before.get(id(row)), metric, scale=scale, is_bounded=is_bounded, state=state)
        for row in reversed(rows)
    ]
    return joined(lines)


def _row(row: Row, before: Row | None, metric: str, *, scale: Scale, is_bounded: bool, state: State) -> str:
    model = labelled(row["model"], row["upload_configuration"])
    head = f'<tr><th scope="row">{escape(model)}</th>'
    if row["status"] != "measured":
        return f'{head}<td class="undefined" colspan="7">{escape(why_missing(row))}</td></tr>'
    words = said(row, is_bounded=is_bounded, what=f"{metric} of {model}")
    differs = f'<span class="note">other {escape(row["differs"])}</span>' if row["differs"] else ""
    return (
        f'{head}<td class="num">{row["run"]}</td><td>{row["started"]:%Y-%m-%d %H:%M}</td>'
        f'<td class="num">{row["dataset_version"]}</td>'
        f"<td>{escape(row['suite'])} {row['suite_version']}{differs}</td>"
        f'<td class="num">{number(row["n"])}</td>'
        f'<td class="num"><span class="score"><span><span class="value">{figure(row["value"], is_bounded=is_bounded)}'
        f'</span><span class="range">{interval_text(row, is_bounded=is_bounded)}</span></span>'
        f"{interval_bar(row, scale, label=words)}</span></td>"
        f'<td class="num">{_change(row, before, is_bounded=is_bounded, state=state)}</td></tr>'
    )


def _change(row: Row, before: Row | None, *, is_bounded: bool, state: State) -> str:
    """Return the difference from what was measured before, which leads to what it is due to."""
    if before is None:
        return ""
    known = row["value"] is not None and before["value"] is not None
    text = signed(row["value"] - before["value"], is_bounded=is_bounded) if known else number(None)
    if row["run"] == before["run"]:
        return text
    href = state.link("/attribution", run=row["run"], against=before["run"])
    return f'<a href="{escape(href)}">{text}<span class="unseen">: what it is due to</span></a>'
