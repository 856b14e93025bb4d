"""What a report says: a suite or a comparison, read from a store that it does not change."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kolena_store.comparisons.plotting import comparison_plot
from kolena_store.errors import InvalidInput, StoreError
from kolena_store.inspection.asked_plots import PlotRequest
from kolena_store.inspection.case_plots import case_plot, kinds_of
from kolena_store.inspection.compared import ComparedShown, compared, ordered
from kolena_store.inspection.leaderboard import Leaderboard, LeaderboardRequest, findings, leaderboard
from kolena_store.inspection.scopes import SuiteScope, suite_scope
from kolena_store.inspection.workbench import Look
from kolena_store.plots import Estimate, Plot, estimates_plot
from kolena_store.schema import now
from kolena_store.test_suites import ALL

__all__ = ["ReportContent", "ReportRequest", "report_content"]

MOST_CASES = 1000
MOST_MODELS = 8
MOST_DETAILED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """What to report: a suite (None: the first) of a dataset, on some models, beside a baseline if one is named."""

    dataset: str
    suite: str | None = None
    models: tuple[str, ...] = ()
    baseline: str | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """All that a report shows."""

    title: str
    made: datetime.datetime
    board: Leaderboard
    compared: Sequence[ComparedShown]
    rows: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]] = field(repr=False)
    findings: tuple[str, ...]
    plots: Sequence[Plot] = field(repr=False)
    notes: tuple[str, ...]

    @property
    def scope(self) -> SuiteScope:
        """Return what it is about."""
        return self.board.scope


def report_content(look: Look, asked: ReportRequest) -> ReportContent:
    """Return what a report shows.

    Raises:
        UnknownName: there is no such dataset, suite, model or metric.
        InvalidInput: no model was tested on the suite yet.
    """
    scope = suite_scope(look.session, asked.dataset, asked.suite)
    if not scope.runs:
        raise InvalidInput(
            f"no model was tested on the suite {scope.suite.name!r} yet, so there is nothing to report; run: "
            f"kolena-store test {scope.of.dataset.name} --suite {scope.suite.name}"
        )
    models = _models(scope, asked)
    metrics = asked.metrics or _headlines(look, scope, models)
    request = LeaderboardRequest(models=models, baseline=asked.baseline, metrics=metrics, page_size=MOST_CASES)
    board = leaderboard(look, scope, request)
    names = [metric.name for metric in board.metrics]
    found = _compared(look, scope, models, baseline=asked.baseline, metrics=names)
    return ReportContent(
        title=_title(scope, models, asked.baseline),
        made=now(),
        board=board,
        compared=found,
        rows={(one.model, name): ordered(one, name) for one in found for name in names},
        findings=tuple(findings({one.model: one for one in found}, board.metrics)),
        plots=_plots(look, board, found),
        notes=tuple(dict.fromkeys([*board.notes, *(note for one in found for note in one.notes)])),
    )


def _models(scope: SuiteScope, asked: ReportRequest) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(asked.models)) or scope.models[-MOST_MODELS:]
    if asked.baseline is None or asked.baseline in chosen:
        return chosen
    return (asked.baseline, *chosen)


def _headlines(look: Look, scope: SuiteScope, models: Sequence[str]) -> tuple[str, ...]:
    board = leaderboard(look, scope, LeaderboardRequest(models=models, page_size=1))
    wanted = scope.of.workflow.headlines() if scope.of.workflow else ()
    known = [metric.name for metric in board.known_metrics]
    return tuple(name for name in wanted if name in known) or tuple(known[:2])


def _compared(
    look: Look,
    scope: SuiteScope,
    models: Sequence[str],
    *,
    baseline: str | None,
    metrics: Sequence[str],
) -> list[ComparedShown]:
    if baseline is None:
        return []
    others = [model for model in models if model != baseline]
    return [compared(look, scope, model=model, baseline=baseline, metrics=metrics) for model in others]


def _plots(look: Look, board: Leaderboard, found: Sequence[ComparedShown]) -> list[Plot]:
    first = board.metrics[0].name if board.metrics else None
    plots = []
    if first is not None and found:
        plots += [comparison_plot(ordered(one, first), first, model=one.model, baseline=one.baseline) for one in found]
    elif first is not None:
        plots.append(_estimates(board, first))
    for kind in kinds_of(board.scope):
        for model in (
            board.models[:MOST_DETAILED] if kind in ("confusion_matrix", "residuals", "object_curves") else [None]
        ):
            models = (model,) if model is not None else board.models
            if kind == "confidence":
                continue
            try:
                plots.append(case_plot(look, board.scope, PlotRequest(kind=kind, case=ALL, models=tuple(models))))
            except StoreError:
                continue  # A plot that these results can't have, as of scores that they lack, is left out.
    return plots


def _estimates(board: Leaderboard, metric: str) -> Plot:
    found = []
    for scenario in board.scenarios:
        for model in board.models:
            row = board.cells.get((scenario.name, model, metric))
            if row is not None and row["value"] is not None:
                found.append(Estimate.of({"test_case": scenario.name, **row}, model=model))
    return estimates_plot(f"{metric} by test case", metric, found)


def _title(scope: SuiteScope, models: Sequence[str], baseline: str | None) -> str:
    others = [model for model in models if model != baseline]
    beside = f" beside {baseline}" if baseline is not None else ""
    return f"{', '.join(others)}{beside} on {scope.of.dataset.name} / {scope.suite.name}"
