"""Runs over time: how a metric went on."""

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.display import number
from kolena_store.inspection.history import PastRun, past_runs
from kolena_store.inspection.leaderboard import metrics_shown
from kolena_store.plots import history_plot
from kolena_store.reports.marks import figure, interval_bar, interval_text, scale_of
from kolena_store.test_suites import ALL
from kolena_store.web.pages.cells import joined, said
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named

__all__ = ["runs_page"]


def runs_page(desk: Desk) -> Response:
    """Return the runs of a suite, and how one metric on one test case went on."""
    state, scope = desk.state, scope_named(desk)
    case = state.text("case") or ALL
    scope.case_named(case)
    metrics = [one.name for one in metrics_shown(desk.look.session, scope, scope.models)]
    metric = state.text("metric") or next(iter(metrics), None)
    runs = past_runs(desk.look.session, scope, case, metric) if metric else []
    moments = [moment for run in runs if (moment := run.moment) is not None]
    return page(
        desk,
        "runs.html",
        heading=f"Runs · {scope.suite.name}",
        here=here_of(scope, desk),
        cases=[one.name for one in scope.cases],
        case=case,
        metrics=metrics,
        metric=metric,
        runs=runs,
        rows=_rows(list(reversed(runs)), metric or ""),
        plot=history_plot(f"{metric} on {case}", metric, moments) if metric and moments else None,
    )


def _rows(runs: list[PastRun], metric: str) -> Markup:
    documents = [{"value": run.value, "ci_low": run.ci_low, "ci_high": run.ci_high, "n": run.n or 0} for run in runs]
    is_bounded = all(one["value"] is None or abs(one["value"]) <= 1 for one in documents)
    scale = scale_of(documents)
    return joined(
        f'<tr><td class="num">{run.run_id}</td><th scope="row">{escape(run.model)}</th>'
        f"<td>{run.started:%Y-%m-%d %H:%M}</td>"
        f'<td class="num">{run.dataset_version}</td><td class="num">{run.results_version}</td>'
        f'<td class="num">{run.suite_version}</td><td class="num">{number(run.n)}</td>'
        f'<td class="num"><span class="value">{figure(run.value, is_bounded=is_bounded)}</span>'
        f'<span class="range">{interval_text(row, is_bounded=is_bounded)}</span></td>'
        f"<td>{interval_bar(row, scale, label=said(row, is_bounded=is_bounded, what=metric))}</td></tr>"
        for run, row in zip(runs, documents, strict=True)
    )
