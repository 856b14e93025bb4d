"""Two models beside each other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.attribution import TITLES
from kolena_store.comparisons.plotting import comparison_plot
from kolena_store.display import number
from kolena_store.errors import InvalidInput
from kolena_store.inspection.apart import with_counts
from kolena_store.inspection.causes import parts_of, runs_beside
from kolena_store.inspection.compared import ORDER, ComparedShown, compared, ordered
from kolena_store.inspection.leaderboard import MetricShown, findings, metrics_shown
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.reports.marks import delta_bar, figure, signed, verdict
from kolena_store.test_suites import ALL
from kolena_store.web.pages.cells import joined
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named
from kolena_store.web.states import State

__all__ = ["comparison_page"]

PAGE_SIZE = 100


def comparison_page(desk: Desk) -> Response:
    """Return each test case with both values, the difference, and who got which samples right."""
    state, scope = desk.state, scope_named(desk)
    model, baseline = _pair(scope, state)
    known = metrics_shown(desk.look, scope, [one for one in (model, baseline) if one in scope.models])
    metric = _metric(scope, known, state.text("metric"))
    found = compared(desk.look, scope, model=model, baseline=baseline, metrics=[metric.name])
    rows, chosen = ordered(found, metric.name), state.choice("verdict", ORDER, "")
    text = state.text("q") or ""
    listed = [
        row
        for row in rows
        if (not chosen or row["verdict"] == chosen) and text.lower() in str(row["test_case"]).lower()
    ]
    number_of_page = state.page()
    shown = listed[(number_of_page - 1) * PAGE_SIZE : number_of_page * PAGE_SIZE]
    shown = with_counts(desk.look, scope, shown, pair=(model, baseline), metric=metric.name)
    of_objects = scope.of.workflow is not None and scope.of.workflow.matches_objects
    tally = Counter(str(row["verdict"]) for row in rows if row["test_case"] != ALL)
    return page(
        desk,
        "compare.html",
        heading=f"{model} beside {baseline}",
        here=here_of(scope, desk),
        found=found,
        metric=metric,
        metrics=[one.name for one in known],
        models=[one.label for one in scope.of.results],
        verdicts=list(ORDER),
        chosen_verdict=chosen,
        text=text,
        tally=[(name, tally[name]) for name in ORDER if tally[name]],
        verdict_link=lambda name: state.link(verdict=name, page=None),
        findings=findings({model: found}, [metric]),
        plot=comparison_plot(listed, metric.name, model=model, baseline=baseline) if listed else None,
        rows=_rows(shown, found, metric, state=state, of_objects=of_objects),
        of_objects=of_objects,
        attribution=_attribution(desk, scope, model=model, baseline=baseline, metric=metric.name),
        page=number_of_page,
        n_pages=max(1, -(-len(listed) // PAGE_SIZE)),
        page_link=lambda number: state.link(page=number),
    )


def _attribution(desk: Desk, scope: SuiteScope, *, model: str, baseline: str, metric: str) -> Mapping[str, Any] | None:
    """Return what differs between the newest runs of two models, and where the differences are split."""
    pair = runs_beside(scope, model=model, baseline=baseline)
    if pair is None:
        return None
    kept = {"model": None, "baseline": None, "verdict": None, "q": None, "page": None, "metric": metric}
    return {
        "pair": pair,
        "parts": [TITLES[part] for part in parts_of(desk.look, pair)],
        "href": desk.state.link("/attribution", run=pair.run, against=pair.baseline, **kept),
    }


def _pair(scope: SuiteScope, state: State) -> tuple[str, str]:
    labels = [one.label for one in scope.of.results]
    baseline = state.text("baseline") or next(iter(labels), None)
    given = [model for model in state.texts("model") if model != baseline]
    model = given[-1] if given else next((label for label in reversed(labels) if label != baseline), None)
    if model is None or baseline is None:
        raise InvalidInput(
            f"a comparison takes two models with results on {scope.of.dataset.name!r}; upload those of another: "
            f"kolena-store results upload {scope.of.dataset.name} MODEL FILE"
        )
    return model, baseline


def _metric(scope: SuiteScope, known: Sequence[MetricShown], wanted: str | None) -> MetricShown:
    for metric in known:
        if wanted is None or metric.name == wanted:
            return metric
    headlines = scope.of.workflow.headlines() if scope.of.workflow else ()
    name = wanted or next(iter(headlines), None)
    if name is None:
        raise InvalidInput("no model was tested on this suite yet, so there is no metric to compare; run a test first")
    return MetricShown(name=name, better="none", is_bounded=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Links:
    """Where a row leads by its test case: to that, and to the samples of which either model has the better answer."""

    case: Callable[[str], str]
    better: Callable[[str], str]
    worse: Callable[[str], str]


def _rows(
    rows: Sequence[Mapping[str, Any]], found: ComparedShown, metric: MetricShown, *, state: State, of_objects: bool
) -> Markup:
    reach = max(
        (abs(row[name]) for row in rows for name in ("delta", "ci_low", "ci_high") if row[name] is not None),
        default=1.0,
    )
    better, worse = ("gained", "lost") if of_objects else ("better", "worse")
    models = [found.model, found.baseline]
    kept = {"verdict": None, "q": None, "page": None, "baseline": None, "metric": metric.name}
    links = _Links(
        case=state.links("/case", "case", model=models[::-1], **kept),
        better=state.links("/samples", "case", model=models, answers=better, **kept),
        worse=state.links("/samples", "case", model=models, answers=worse, **kept),
    )
    return joined(_row(row, metric, links, reach) for row in rows)


def _row(row: Mapping[str, Any], metric: MetricShown, links: _Links, reach: float) -> str:
    case = str(row["test_case"])

    def samples(link: Callable[[str], str], n: int | None) -> str:
        if n is None:
            return f'<td class="num undefined">{number(None)}</td>'
        return f'<td class="num"><a href="{escape(link(case))}">{number(n)}</a></td>' if n else '<td class="num">0</td>'

    low, high = (signed(row[name], is_bounded=metric.is_bounded) for name in ("ci_low", "ci_high"))
    words = f"{signed(row['delta'], is_bounded=metric.is_bounded)}, 95 % interval {low} to {high}"
    note = row["reason"] or row["note"]
    more = f'<span class="note">{escape(note)}</span>' if note else ""
    n = number(row["n"]) if row["n"] == row["baseline_n"] else f"{number(row['n'])} / {number(row['baseline_n'])}"
    values = "".join(
        f'<td class="num">{figure(row[name], is_bounded=metric.is_bounded)}</td>' for name in ("baseline", "value")
    )
    return (
        f"<tr{' class=whole' if case == ALL else ''}>"
        f'<th scope="row"><a href="{escape(links.case(case))}">{escape(case)}</a>{more}</th>'
        f"<td>{verdict(row['verdict'], detected=bool(row['detected']))}</td>"
        f'<td class="num">{n}</td>{values}'
        f'<td class="num value">{signed(row["delta"], is_bounded=metric.is_bounded)}</td>'
        f"<td>{delta_bar(row, reach, label=words)}</td>"
        f'<td class="num">{figure(row["q"])}</td>'
        f'<td class="num">{figure(row["mde"], is_bounded=metric.is_bounded)}</td>'
        f"{samples(links.better, row['n_only_model'])}{samples(links.worse, row['n_only_baseline'])}</tr>"
    )
