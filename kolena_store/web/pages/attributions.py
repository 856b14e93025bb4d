"""Two runs beside each other: what each difference is due to."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.attribution import TITLES, Attribution, Part
from kolena_store.inspection.causes import RunPair, causes
from kolena_store.reports.marks import figure, signed
from kolena_store.web.pages.cells import joined
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named

__all__ = ["attribution_page", "attribution_rows"]

MOST_ROWS = 1000

Row = Mapping[str, Any]


def attribution_page(desk: Desk) -> Response:
    """Return how two runs differ on each test case, and the parts of each difference."""
    state, scope = desk.state, scope_named(desk)
    pair = RunPair(run=state.number("run", 0), baseline=state.number("against", 0))
    found = causes(desk.look, scope, pair)
    metrics = list(dict.fromkeys(row["metric"] for row in found.rows() if row["class"] is None))
    metric = state.choice("metric", metrics, next(iter(found.headlines), ""))
    rows = _ordered(found, metric)
    return page(
        desk,
        "attribution.html",
        heading=f"Run {pair.run} against run {pair.baseline}",
        here=here_of(scope, desk),
        found=found,
        pair=pair,
        metrics=metrics,
        metric=metric,
        parts=[TITLES[part] for part in found.changed],
        sentences=list(found.sentences()),
        rows=attribution_rows(rows[:MOST_ROWS], found.changed),
        plot=found.plot(metric) if any(row["reason"] is None for row in rows) else None,
        compare_link=state.link(
            "/compare", model=found.run.label, baseline=found.baseline.label, run=None, against=None, case=None
        ),
    )


def attribution_rows(rows: Sequence[Row], changed: Sequence[Part]) -> Markup:
    """Return a row for each test case: both values, the difference, and its parts."""
    is_bounded = all(abs(row[name]) <= 1 for row in rows for name in ("value", "baseline") if row[name] is not None)
    return joined(_row(row, changed, is_bounded=is_bounded) for row in rows)


def _ordered(found: Attribution, metric: str) -> list[Row]:
    """Return the rows of the whole, the largest difference first."""
    rows = [row for row in found.rows() if row["metric"] == metric and row["class"] is None]
    return sorted(rows, key=lambda row: (row["delta"] is None, -abs(row["delta"] or 0.0)))


def _row(row: Row, changed: Sequence[Part], *, is_bounded: bool) -> str:
    note = f'<span class="note">{escape(row["reason"])}</span>' if row["reason"] else ""
    values = "".join(
        f'<td class="num">{figure(row[name], is_bounded=is_bounded)}</td>' for name in ("baseline", "value")
    )
    parts = "".join(f'<td class="num">{signed(row[part], is_bounded=is_bounded)}</td>' for part in changed)
    return (
        f'<tr><th scope="row">{escape(row["test_case"])}{note}</th>{values}'
        f'<td class="num value">{signed(row["delta"], is_bounded=is_bounded)}</td>{parts}</tr>'
    )
