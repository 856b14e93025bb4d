"""Models' scored samples in memory, kept between questions, and the setting in which they are measured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kolena_store.database import Session
from kolena_store.errors import InvalidInput
from kolena_store.inspection.scopes import BYTES_PER_CASE, DatasetScope, SuiteScope
from kolena_store.inspection.workbench import Look
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.execute import Setting, TestRequest, setting_with
from kolena_store.test_runs.object_cases import case_scorer
from kolena_store.test_runs.scoring import ScoredResults, Scoring, stored_scores
from kolena_store.test_suites import CaseRecord
from kolena_store.workflows import Configuration

if TYPE_CHECKING:
    from kolena_store.comparisons.pairing import ScoredModel
    from kolena_store.metrics.sample_columns import SampleColumns

__all__ = ["is_scored", "scored_model", "scores_in_case", "scores_of", "setting_for"]


def setting_for(
    look: Look, scope: SuiteScope, results: Sequence[ResultsRecord], metrics: Sequence[str] | None
) -> Setting:
    """Return what measuring some models on a suite shares; nothing is written.

    Raises:
        UnknownName: the dataset has no such metric.
    """
    request = TestRequest(dataset=scope.of.dataset, suite=scope.suite, results=results, metrics=metrics)
    key = (
        "setting",
        scope.of.dataset.dataset_id,
        *(scope.suite.suite_id, scope.suite.version, scope.configuration_id),
        *((one.results_id, one.version) for one in results),
        None if metrics is None else tuple(metrics),
    )
    return look.of_state(
        key,
        lambda: setting_with(look.session, request, scope.configuration_id),
        lambda setting: BYTES_PER_CASE * (len(setting.cases) + 1),
    )


def scores_of(
    session: Session,
    scope: DatasetScope,
    results: ResultsRecord,
    configuration_id: int | None,
    *,
    case: CaseRecord | None = None,
) -> ScoredResults:
    """Return where a model's sample metrics lie, those of an object-level test case when one is given.

    Raises:
        InvalidInput: its samples were not scored yet, or the dataset has no workflow.
    """
    found = _stored(session, scope, results, configuration_id, case=case)
    if found is None:
        raise InvalidInput(
            f"the answers of {results.label!r} were not scored on version {scope.version.version} of "
            f"{scope.dataset.name!r} yet; run: kolena-store test {scope.dataset.name}"
        )
    return found


def scores_in_case(session: Session, scope: SuiteScope, results: ResultsRecord, case: str) -> ScoredResults:
    """Return where the sample metrics of a model lie as a test case measures them, with the facts of the whole.

    Raises:
        InvalidInput: its samples were not scored yet, or the dataset has no workflow.
    """
    whole = scores_of(session, scope.of, results, scope.configuration_id)
    of_objects = scope.case_of_objects(case)
    if of_objects is None:
        return whole
    found = scores_of(session, scope.of, results, scope.configuration_id, case=of_objects)
    return replace(found, facts=whole.facts)


def is_scored(session: Session, scope: DatasetScope, results: ResultsRecord, configuration_id: int | None) -> bool:
    """Return whether a model's samples were scored on the dataset's newest version.

    Raises:
        InvalidInput: the dataset has no workflow.
    """
    return _stored(session, scope, results, configuration_id) is not None


def _stored(
    session: Session,
    scope: DatasetScope,
    results: ResultsRecord,
    configuration_id: int | None,
    *,
    case: CaseRecord | None = None,
) -> ScoredResults | None:
    if scope.workflow is None:
        raise InvalidInput(f"dataset {scope.dataset.name!r} has no workflow, so nothing says what is right")
    scoring = Scoring(
        version=scope.version,
        workflow=scope.workflow,
        configuration=Configuration(),
        configuration_id=configuration_id,
    )
    scorer = None if case is None else case_scorer(scope.workflow.scorer_key, case.definition_digest)
    return stored_scores(session, scoring, results, scorer=scorer)


def scored_model(
    look: Look, setting: Setting, results: ResultsRecord, terms: Sequence[TermDefinition]
) -> "ScoredModel":
    """Return a model's scored samples with the columns that some terms need, kept in memory."""
    from kolena_store.comparisons.pairing import ScoredModel
    from kolena_store.test_runs.measure import loaded_columns, samples_where

    when, size = setting.workflow.answered, setting.request.dataset.next_sample
    of = DatasetScope(dataset=setting.request.dataset, version=setting.version, results=())
    scored = _with_cases(look.session, of, setting, results)
    answered = TermDefinition(name="answered", kind="count", kernel=None, by=(), over=None, expression=when)
    wanted = (*terms, answered)
    key = (
        "columns",
        *(str(path) for one in (scored, *scored.cases.values()) for path in one.paths),
        size,
        *(f"{one.name} {one.expression}" for one in wanted),
    )
    columns = look.kept.get(
        key,
        lambda: loaded_columns(look.session, size, scored, wanted),
        _bytes_of,
    )
    return ScoredModel(scored, columns, samples_where(columns, when))


def _with_cases(session: Session, of: DatasetScope, setting: Setting, results: ResultsRecord) -> ScoredResults:
    """Return where a model's sample metrics lie, and those of the object-level test cases.

    Raises:
        InvalidInput: they were not scored yet.
    """
    scored = scores_of(session, of, results, setting.configuration_id)
    cases = {
        place: scores_of(session, of, results, setting.configuration_id, case=case)
        for place, case in enumerate(setting.cases)
        if case.selects_objects
    }
    return replace(scored, cases=cases)


def _bytes_of(columns: "SampleColumns") -> int:
    held = (
        columns.flags,
        columns.numbers,
        columns.codes,
        columns.matrices,
        columns.lists,
        columns.element_flags,
        columns.element_numbers,
    )
    return sum(int(np.asarray(array).nbytes) for arrays in held for array in arrays.values()) + columns.answered.nbytes
