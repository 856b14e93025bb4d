"""The leaderboard of a suite."""

from typing import get_args

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.display import number
from kolena_store.inspection.leaderboard import (
    PAGE_SIZE,
    Leaderboard,
    LeaderboardRequest,
    MetricShown,
    Scenario,
    Sort,
    leaderboard,
)
from kolena_store.reports.marks import Scale, figure, scale_of
from kolena_store.test_suites import ALL
from kolena_store.web.pages.cells import heading, joined, metric_cell
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named
from kolena_store.web.states import State

__all__ = ["leaderboard_page"]

COMPACT, PAGED = "compact", "paged"
COMPACT_SIZE = 5000
MOST_WITH_RANGE = 4


def leaderboard_page(desk: Desk) -> Response:
    """Return test cases down and models across."""
    state, scope = desk.state, scope_named(desk)
    is_compact = state.choice("view", (PAGED, COMPACT), PAGED) == COMPACT
    asked = LeaderboardRequest(
        models=state.texts("model"),
        baseline=state.text("baseline"),
        metrics=state.texts("metric"),
        sort=state.choice("sort", get_args(Sort), "suite"),
        sort_model=state.text("by"),
        descending=state.text("desc") is not None,
        text=state.text("q") or "",
        tag=state.text("tag"),
        page=1 if is_compact else state.page(),
        page_size=COMPACT_SIZE if is_compact else PAGE_SIZE,
    )
    board = leaderboard(desk.look, scope, asked)
    candidate = next((model for model in board.models if model != board.baseline), None)
    return page(
        desk,
        "leaderboard.html",
        heading=f"{scope.suite.name} · {scope.of.dataset.name}",
        here=here_of(scope, desk),
        board=board,
        asked=asked,
        compact=is_compact,
        heads=_heads(board, asked, state),
        rows=_compact_rows(board) if is_compact else _rows(board, state),
        clear=state.link(q=None, tag=None, page=None),
        other_view={
            "href": state.link(view=None if is_compact else COMPACT, page=None),
            "title": "100 a page" if is_compact else "all on one page",
        },
        page_link=lambda number: state.link(page=number),
        compare_link=state.link(
            "/compare", model=candidate, baseline=board.baseline, sort=None, page=None, view=None, by=None, desc=None
        ),
    )


def _heads(board: Leaderboard, asked: LeaderboardRequest, state: State) -> Markup:
    def sorting(kind: str, model: str | None = None, *, falls_first: bool = False) -> tuple[str, str | None]:
        is_this = asked.sort == kind and (model is None or (asked.sort_model or board.models[0]) == model)
        falls = not asked.descending if is_this else falls_first
        link = state.link(sort=kind, by=model, desc="1" if falls else None, page=None)
        return link, ("descending" if asked.descending else "ascending") if is_this else None

    heads = [
        heading("Test case", *sorting("name"), is_number=False),
        heading("n", *sorting("n", falls_first=True), is_number=True),
    ]
    for place, metric in enumerate(board.metrics):
        for model in board.models:
            link, sort = sorting("value", model) if place == 0 else (None, None)
            label = "baseline" if model == board.baseline else ""
            if len(board.metrics) == 1:
                label = f"{metric.name}, baseline" if label else metric.name
            heads.append(heading(model, link, sort, is_number=True, label=label))
    return joined(heads)


def _rows(board: Leaderboard, state: State) -> Markup:
    scales = {
        metric.name: scale_of([row for (_, _, name), row in board.cells.items() if name == metric.name])
        for metric in board.metrics
    }
    link = state.links("/case", "case", sort=None, by=None, desc=None, q=None, tag=None, page=None, view=None)
    return joined(_row(board, scenario, link(scenario.name), scales) for scenario in board.scenarios)


def _row(board: Leaderboard, scenario: Scenario, href: str, scales: dict[str, Scale]) -> str:
    tags = "".join(f' <span class="tag">{escape(tag)}</span>' for tag in scenario.tags)
    note = f'<span class="note">{escape(scenario.description)}</span>' if scenario.description else ""
    cells = [
        _cell(board, scenario.name, model, metric, scales=scales) for metric in board.metrics for model in board.models
    ]
    kind = ' class="whole"' if scenario.name == ALL else ""
    return (
        f'<tr{kind}><th scope="row"><a href="{escape(href)}">{escape(scenario.name)}</a>{tags}{note}</th>'
        f'<td class="num">{number(scenario.n_samples)}</td>{"".join(cells)}</tr>'
    )


def _cell(board: Leaderboard, case: str, model: str, metric: MetricShown, *, scales: dict[str, Scale]) -> str:
    return metric_cell(
        board.cells.get((case, model, metric.name)),
        board.difference(case, model, metric.name),
        scales[metric.name],
        is_bounded=metric.is_bounded,
        what=f"{metric.name} of {model}",
        shows_range=len(board.models) * len(board.metrics) <= MOST_WITH_RANGE,
    )


def _compact_rows(board: Leaderboard) -> Markup:
    """Return values alone: a thousand test cases by twenty models fit on one page."""
    lines = []
    for scenario in board.scenarios:
        cells = []
        for metric in board.metrics:
            for model in board.models:
                row = board.cells.get((scenario.name, model, metric.name))
                cells.append(
                    f'<td class="num">{figure(row["value"], is_bounded=metric.is_bounded) if row else "·"}</td>'
                )
        lines.append(
            f'<tr><th scope="row">{escape(scenario.name)}</th><td class="num">{number(scenario.n_samples)}</td>'
            f"{''.join(cells)}</tr>"
        )
    return joined(lines)
