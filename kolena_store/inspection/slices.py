"""A slice that nobody made a test case of yet: the samples that a predicate selects, measured at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kolena_store.errors import InvalidInput
from kolena_store.inspection.members import everything, predicate_members
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.scored import scored_model, setting_for
from kolena_store.inspection.workbench import Look
from kolena_store.membership.bitmaps import Words, count
from kolena_store.membership.evaluation import Membership
from kolena_store.metrics.intervals.bounds import intervals, with_bare_rows
from kolena_store.results import ResultsRecord
from kolena_store.statistics.levels import LEVEL
from kolena_store.test_runs.execute import Setting, plan_of
from kolena_store.test_runs.measure import found_evidence
from kolena_store.test_runs.members import Members
from kolena_store.test_runs.rows import RunKeys, metric_rows
from kolena_store.test_suites import ALL

__all__ = ["SLICE", "SliceShown", "measured_slice"]

SLICE, REST = "slice", "rest"
"""The slice, and all other samples: with the whole they are what is measured."""


@dataclass(frozen=True, kw_only=True)
class SliceShown:
    """The samples that a predicate selects: how many, and `rows` by (which samples, model, metric)."""

    predicate: str
    n: int
    n_all: int
    models: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(repr=False)
    notes: tuple[str, ...] = ()


def measured_slice(
    look: Look,
    scope: SuiteScope,
    predicate: str,
    *,
    models: Sequence[str],
    metrics: Sequence[str],
) -> SliceShown:
    """Return metrics of some models on the samples for which a predicate is true, on the others, and on all.

    Args:
        look: at the store.
        scope: the dataset, with the configuration under which models are measured.
        predicate: the condition; empty: every sample.
        models: whose answers.
        metrics: the names; none: the workflow's headlines.

    Raises:
        RefusedStatement: the predicate is none that is allowed.
        LimitExceeded: it takes too long.
        UnknownName: there is no such model or metric.
    """
    whole = everything(look, scope.of)
    chosen = predicate_members(look, scope.of, predicate) & whole if predicate.strip() else whole
    wanted = list(metrics) or list(scope.of.workflow.headlines() if scope.of.workflow else ())
    rows, notes = _rows(look, scope, models, samples=(chosen, whole), metrics=wanted)
    return SliceShown(
        predicate=predicate,
        n=count(chosen),
        n_all=count(whole),
        models=tuple(models),
        metrics=tuple(dict.fromkeys(metric for _, _, metric in rows)),
        rows=rows,
        notes=tuple(dict.fromkeys(notes)),
    )


BYTES_PER_ROW = 2000
Rows = dict[tuple[str, str, str], Mapping[str, Any]]
"""Metric rows by (which samples, model, metric)."""


def _rows(
    look: Look, scope: SuiteScope, models: Sequence[str], *, samples: tuple[Words, Words], metrics: Sequence[str]
) -> tuple[Rows, list[str]]:
    """Return the rows of all models, and why some can't be measured."""
    found: Rows = {}
    notes: list[str] = []
    results = [scope.of.results_labelled(label) for label in models]
    try:
        setting = setting_for(look, scope, results, metrics)
    except InvalidInput as error:
        return found, [str(error)]
    for label, one in zip(models, results, strict=True):
        try:
            found |= _measured(look, scope, setting, one, label=label, samples=samples)
        except InvalidInput as error:
            notes.append(str(error))
    return found, notes


def _measured(
    look: Look,
    scope: SuiteScope,
    setting: Setting,
    results: ResultsRecord,
    *,
    label: str,
    samples: tuple[Words, Words],
) -> Rows:
    chosen, whole = samples
    key = (
        "measured",
        *(scope.of.dataset.dataset_id, scope.of.version.version, scope.configuration_id, setting.metric_set),
        *(results.results_id, results.version, label, *(metric.name for metric in setting.metrics)),
    )
    of_all = look.of_state(
        key,
        lambda: _of_parts(look, scope, setting, results, label=label, parts={ALL: whole}),
        lambda rows: BYTES_PER_ROW * (len(rows) + 1),
    )
    parts = {SLICE: chosen, REST: whole & ~chosen}
    return {**_of_parts(look, scope, setting, results, label=label, parts=parts), **of_all}


def _of_parts(
    look: Look,
    scope: SuiteScope,
    setting: Setting,
    results: ResultsRecord,
    *,
    label: str,
    parts: Mapping[str, Words],
) -> Rows:
    case = next(case for case in scope.cases if case.name == ALL)
    cases = [replace(case, name=name, version=number) for number, name in enumerate(parts)]
    members = {
        one.key: Membership(words=words, n=count(words), n_nan=0)
        for one, words in zip(cases, parts.values(), strict=True)
    }
    of_slice = replace(setting, cases=cases)
    plan = plan_of(look.session, of_slice, Members(of_every_model=members, of_results={}), None)
    model = scored_model(look, of_slice, results, plan.terms)
    found = found_evidence(plan, model.columns, model.scored.facts, plan.chosen, level=LEVEL)
    evidence = found.evidence
    rows = with_bare_rows(zip(found.shown, intervals(found.values, evidence), strict=True), evidence.classes)
    keys = RunKeys(
        run=0,
        model=results.model,
        upload_configuration=results.upload_configuration,
        dataset=scope.of.dataset.name,
        suite=SLICE,
        configuration=scope.configuration,
        test_cases=tuple(parts),
        classes=model.scored.facts.classes,
    )
    table = metric_rows(keys, evidence.terms, rows, order=[metric.name for metric in plan.metrics])
    return {(row["test_case"], label, row["metric"]): row for row in table.to_pylist() if row["class"] is None}
