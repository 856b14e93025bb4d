"""Quality standards: which gates models pass, and what is waived until when."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.display import number
from kolena_store.errors import UnknownName
from kolena_store.inspection.scopes import dataset_seen
from kolena_store.inspection.standing import StandardFile, Standing, standard_files, standing
from kolena_store.reports.rendering import address
from kolena_store.schema import now
from kolena_store.standards import GateResult, GateSummary, Standard
from kolena_store.standards.wording import found_cell, outcome_of, why
from kolena_store.web.pages.cells import joined
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named

__all__ = ["standards_page"]

MOST_MODELS = 4
MOST_RESULTS = 100
MARKS: Mapping[str, str] = MappingProxyType({"pass": "✓", "warning": "!", "failure": "✗", "waived": "~"})


def standards_page(desk: Desk) -> Response:
    """Return the standards that the app was started with, and how the models stand against one of them."""
    files = standard_files(desk.settings.standards)
    chosen = _chosen(desk, files)
    has_place = desk.state.text("dataset") is not None
    standard = chosen.standard if chosen else None
    return page(
        desk,
        "standards.html",
        heading="Standards",
        here=here_of(scope_named(desk), desk) if has_place else {"dataset": None, "suite": None, "tabs": []},
        files=[_listed(desk, one, is_chosen=one is chosen) for one in files],
        problem=chosen.problem if chosen else None,
        standard=standard,
        shown=_shown(desk, standard) if standard is not None else None,
    )


def _chosen(desk: Desk, files: Sequence[StandardFile]) -> StandardFile | None:
    """Return the file that the address names, else the first, if it can be, of the dataset that it names."""
    wanted = desk.state.text("standard")
    if wanted is not None:
        for one in files:
            if one.path.name == wanted:
                return one
        known = [one.path.name for one in files]
        raise UnknownName.of("file of a standard", wanted, known, "start the app with --standard FILE")
    dataset = desk.state.text("dataset")
    fitting = [one for one in files if one.standard is not None and one.standard.dataset == dataset]
    return next(iter([*fitting, *files]), None)


def _listed(desk: Desk, one: StandardFile, *, is_chosen: bool) -> Mapping[str, Any]:
    name = one.standard.name if one.standard else one.path.name
    about = f"{one.standard.dataset} / {_suite(one.standard)}" if one.standard else "it can't be read"
    href = desk.state.link(standard=one.path.name, model=None, baseline=None)
    return {"name": name, "about": about, "file": one.path.name, "href": href, "is_chosen": is_chosen}


def _suite(standard: Standard) -> str:
    return "all" if standard.suite is None else str(getattr(standard.suite, "name", standard.suite))


def _shown(desk: Desk, standard: Standard) -> Mapping[str, Any]:
    """Return how models stand against a standard, and its waivers."""
    scope = dataset_seen(desk.look, standard.dataset)
    names = list(dict.fromkeys(one.model for one in scope.results))
    baseline = desk.state.text("baseline") or next(iter(names), None)
    chosen = [name for name in desk.state.texts("model") if name in names]
    others = [name for name in names if name != baseline or not standard.needs_baseline]
    models = chosen or others[-MOST_MODELS:]
    found = [standing(desk.look, scope, standard, model, baseline=baseline) for model in models]
    return {
        "models": names,
        "chosen": models,
        "baseline": baseline,
        "found": found,
        "gates": _gates(standard, found),
        "open": [_open(desk, standard, one) for one in found if one.report is not None and one.report.not_passed()],
        "waivers": list(_waivers(standard, found)),
        "undecided": standard.undecided,
        "suite": _suite(standard),
    }


def _gates(standard: Standard, found: Sequence[Standing]) -> Markup:
    """Return gates down and models across."""
    columns = [one.report.summaries if one.report else (None,) * len(standard.gates) for one in found]
    lines = []
    for place, gate in enumerate(standard.gates):
        summaries = [column[place] for column in columns]
        demand = next((one.demand for one in summaries if one is not None), ", ".join(gate.metrics))
        cells = "".join(_gate_cell(one) for one in summaries)
        severity = "" if gate.severity == "fail" else ' <span class="tag">warns</span>'
        head = f'<th scope="row">{escape(gate.id)}{severity}<span class="note">{escape(demand)}</span></th>'
        lines.append(f"<tr>{head}<td>{escape(', '.join(gate.cases))}</td>{cells}</tr>")
    return joined(lines)


def _gate_cell(summary: GateSummary | None) -> str:
    if summary is None:
        return '<td class="undefined">not checked</td>'
    names = ("failed", "undecided", "waived", "passed")
    counts = ", ".join(f"{number(n)} {name}" for name in names if (n := getattr(summary, name)))
    return f'<td>{_mark(summary.counts_as)} <span class="note">{counts}</span></td>'


def _mark(counts_as: str) -> Markup:
    return Markup('<span class="gate {}"><span aria-hidden="true">{}</span> {}</span>').format(
        counts_as, MARKS[counts_as], counts_as
    )


def _open(desk: Desk, standard: Standard, one: Standing) -> Mapping[str, Any]:
    """Return what a model did not pass, what failed first."""
    assert one.report is not None
    left = one.report.not_passed()
    suite = one.report.suite
    rows = joined(_open_row(result, standard.dataset, suite) for result in left[:MOST_RESULTS])
    return {"model": one.model, "n": len(left), "n_more": max(0, len(left) - MOST_RESULTS), "rows": rows}


def _open_row(result: GateResult, dataset: str, suite: str) -> str:
    href = address("/case", dataset=dataset, suite=suite, case=result.test_case, model=result.model)
    return (
        f'<tr><th scope="row">{escape(result.gate)}</th>'
        f"<td>{_mark(result.counts_as)}</td>"
        f'<td><a href="{escape(href)}">{escape(result.test_case)}</a></td><td>{escape(result.subject)}</td>'
        f'<td class="num">{escape(found_cell(result))}</td>'
        f"<td>{escape(outcome_of(result))}: {escape(why(result))}</td></tr>"
    )


def _waivers(standard: Standard, found: Sequence[Standing]) -> Iterator[Mapping[str, Any]]:
    """Yield the waivers, those that end first at first, with the models that need them."""
    today = now().date()
    for waiver in sorted(standard.waivers, key=lambda one: one.expires):
        needing = [
            one.model
            for one in found
            if one.report is not None
            and any(
                result.counts_as != "pass" and (result.gate, result.test_case) == (waiver.gate, waiver.case)
                for result in one.report.results
                if waiver.metric in (None, result.metric)
            )
        ]
        yield {
            "gate": waiver.gate,
            "case": waiver.case,
            "metric": waiver.metric,
            "reason": waiver.reason,
            "expires": waiver.expires,
            "is_expired": waiver.is_expired(today),
            "left": _left(waiver.expires, today),
            "models": needing,
        }


def _left(expires: datetime.date, today: datetime.date) -> str:
    days = (expires - today).days
    if days < 0:
        return "expired"
    return "its last day is today" if days == 0 else f"{days} day{'' if days == 1 else 's'} left"
