"""Plots as users ask for them: by kind, from a store that is only read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kolena_store.comparisons.plotting import comparison_plot
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.inspection.asked_plots import PlotRequest
from kolena_store.inspection.case_plots import case_plot, kinds_of
from kolena_store.inspection.compared import compared, ordered
from kolena_store.inspection.distributions import distribution_of, fields_to_show
from kolena_store.inspection.history import past
from kolena_store.inspection.leaderboard import LeaderboardRequest, leaderboard, metrics_shown
from kolena_store.inspection.members import case_members
from kolena_store.inspection.scopes import SuiteScope, suite_scope
from kolena_store.inspection.workbench import Look, Workbench
from kolena_store.plots import Estimate, Plot, distribution_plot, estimates_plot

__all__ = ["PlotOptions", "plotted"]

MOST_CASES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotOptions:
    """Which plot: its kind, of which models (none: all with runs), on which suite and test case, and what it needs."""

    dataset: str
    kind: str
    models: Sequence[str] = ()
    suite: str | None = None
    test_case: str = "all"
    metric: str | None = None
    class_name: str | None = None
    against: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Options with all that answers them."""

    look: Look
    scope: SuiteScope
    options: PlotOptions
    models: tuple[str, ...]

    @property
    def metric(self) -> str:
        """Return the metric that is asked for, else the first headline."""
        known = [one.name for one in metrics_shown(self.look, self.scope, self.scope.models)]
        wanted = self.options.metric
        if wanted is not None and wanted not in known:
            raise UnknownName.of("metric of these runs", wanted, known, "kolena-store test")
        if not known:
            raise InvalidInput(f"no model was tested on the suite {self.scope.suite.name!r} yet; run a test first")
        return wanted or known[0]


def plotted(root: Path, options: PlotOptions) -> Plot:
    """Return a plot of a store.

    Raises:
        UnknownName: there is no such kind, dataset, suite, test case, model, metric, class or field.
        InvalidInput: the samples don't have what it shows.
    """
    bench = Workbench(root)
    try:
        look = bench.look()
        scope = suite_scope(look.session, options.dataset, options.suite)
        models = tuple(dict.fromkeys(options.models)) or scope.models
        asked = _Asked(look=look, scope=scope, options=options, models=models)
        own: Mapping[str, Callable[[_Asked], Plot]] = {
            "estimates": _estimates,
            "comparison": _comparison,
            "history": _history,
            "distribution": _distribution,
        }
        if options.kind in own:
            return own[options.kind](asked)
        if options.kind not in kinds_of(scope):
            raise UnknownName.of("plot", options.kind, [*own, *kinds_of(scope)], "kolena-store plot --help")
        return _of_case(asked)
    finally:
        bench.close()


def _of_case(asked: _Asked) -> Plot:
    options = asked.options
    request = PlotRequest(
        kind=options.kind,
        case=options.test_case,
        models=asked.models,
        class_name=options.class_name,
        against=options.against,
        metric=options.metric,
    )
    return case_plot(asked.look, asked.scope, request)


def _estimates(asked: _Asked) -> Plot:
    metric = asked.metric
    request = LeaderboardRequest(models=asked.models, metrics=[metric], page_size=MOST_CASES)
    board = leaderboard(asked.look, asked.scope, request)
    found = []
    for scenario in board.scenarios:
        for model in board.models:
            row = board.cells.get((scenario.name, model, metric))
            if row is not None and row["value"] is not None:
                found.append(Estimate.of({"test_case": scenario.name, **row}, model=model))
    return estimates_plot(f"{metric} · {asked.scope.suite.name}", metric, found)


def _comparison(asked: _Asked) -> Plot:
    if len(asked.models) != 2:
        raise InvalidInput("the plot comparison takes a model and its baseline, in this order; name both")
    model, baseline = asked.models
    metric = asked.metric
    found = compared(asked.look, asked.scope, model=model, baseline=baseline, metrics=[metric])
    return comparison_plot(ordered(found, metric), metric, model=model, baseline=baseline)


def _history(asked: _Asked) -> Plot:
    case = asked.scope.case_named(asked.options.test_case).name
    return past(asked.look.session, asked.scope, case, asked.metric, models=asked.models).plot()


def _distribution(asked: _Asked) -> Plot:
    fields = {field.name: field for field in fields_to_show(asked.scope.of)}
    wanted, case = asked.options.field, asked.options.test_case
    if wanted not in fields:
        raise UnknownName.of("field", wanted or "", fields, "name one with field= (--field)")
    results = asked.scope.of.results_labelled(asked.models[0]) if asked.models else None
    words = case_members(asked.look, asked.scope, case, results)
    found = distribution_of(asked.look, asked.scope.of, fields[wanted], words)
    return distribution_plot(f"{wanted} · {case}", wanted, found, case=case)
