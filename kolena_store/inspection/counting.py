"""What each sample counts for, model by model, in the metric that a page speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.inspection.members import everything
from kolena_store.inspection.object_matches import mistakes_by_sample, object_matches
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.scored import scored_model, setting_for
from kolena_store.inspection.workbench import Look
from kolena_store.membership.evaluation import Membership
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.execute import plan_of
from kolena_store.test_runs.members import Members
from kolena_store.test_suites import ALL

__all__ = ["SampleCounts", "counted_samples"]


@dataclass(frozen=True, kw_only=True)
class SampleCounts:
    """What samples count for in a metric: `values[model]` over `_sample`, NaN where they count for nothing."""

    metric: str
    better: str
    is_proportion: bool
    values: tuple[np.ndarray, ...]


def counted_samples(
    look: Look, scope: SuiteScope, models: Sequence[ResultsRecord], metric: str | None = None, *, case: str = ALL
) -> SampleCounts | None:
    """Return what samples count for with some models, in a metric or the first headline that says so.

    None when no metric says anything of single samples, or the samples were not scored yet. Objects count as the test
    case has them: one that selects objects ignores the others.
    """
    if scope.of.workflow is None or not models:
        return None
    if scope.of.workflow.matches_objects:
        return _mistakes(look, scope, models, case)
    names = [metric] if metric else list(scope.of.workflow.headlines())
    for name in names:
        try:
            found = _counted(look, scope, models, name)
        except InvalidInput:
            return None
        if found is not None:
            return found
    return None


def _mistakes(look: Look, scope: SuiteScope, models: Sequence[ResultsRecord], case: str) -> SampleCounts | None:
    """Return how many mistakes each model made on each sample: objects that it missed, and wrong detections."""
    try:
        found = [mistakes_by_sample(object_matches(look, scope, one, case)) for one in models]
    except InvalidInput:
        return None
    return SampleCounts(metric="mistakes", better="lower", is_proportion=False, values=tuple(found))


def _counted(look: Look, scope: SuiteScope, models: Sequence[ResultsRecord], name: str) -> SampleCounts | None:
    from kolena_store.metrics.differences.sample_values import sample_values

    setting = setting_for(look, scope, models, [name])
    if not setting.metrics or setting.metrics[0].level != "whole":
        return None
    whole = everything(look, scope.of)
    cases = [case for case in scope.cases if case.name == ALL]
    members = {case.key: Membership(words=whole, n=0, n_nan=0) for case in cases}
    of_whole = replace(setting, cases=cases)
    plan = plan_of(look.session, of_whole, Members(of_every_model=members, of_results={}), None)
    values = []
    for results in models:
        key = ("counts", results.results_id, results.version, setting.version.version, scope.configuration, name)

        def made(results: ResultsRecord = results) -> np.ndarray | None:
            model = scored_model(look, of_whole, results, plan.terms)
            side = model.side(plan, plan.chosen, by_sample=False)
            return sample_values(side.evidence, setting.metrics[0], -1)

        found = look.kept.get(key, made, lambda array: 0 if array is None else array.nbytes)
        if found is None:
            return None
        values.append(found)
    metric = setting.metrics[0]
    return SampleCounts(
        metric=name,
        better=metric.better,
        is_proportion=metric.interval.kind == "wilson",
        values=tuple(values),
    )
