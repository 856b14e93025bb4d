"""Object-level test cases: the objects outside of each are ignored, so that detections are matched for each anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets import OBJECTS, VersionRecord
from kolena_store.errors import RefusedStatement
from kolena_store.files import SAMPLE
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.answered import AnsweredSamples
from kolena_store.test_runs.scoring import ScoredResults, Scoring, scored_anew, scored_apart, scored_results
from kolena_store.test_suites import CaseRecord
from kolena_store.workflows import GROUND_TRUTH, INFERENCE, Workflow
from kolena_store.workflows.object_columns import marked_outside, object_lists

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.membership.objects import FoundSelection, SelectedObjects

__all__ = ["WITHIN", "case_scorer", "check_object_cases", "scored_cases", "scored_with_cases"]

WITHIN = " within "


def case_scorer(scorer: str, definition_digest: str) -> str:
    """Return what tells the sample metrics of an object-level test case from those of the scorer: its definition."""
    return f"{scorer}{WITHIN}{definition_digest}"


def check_object_cases(workflow: Workflow, cases: Sequence[CaseRecord]) -> None:
    """Check that a workflow can measure the object-level test cases of a suite.

    Raises:
        RefusedStatement: it does not match objects, so that none can be ignored.
    """
    found = [case.name for case in cases if case.selects_objects]
    if found and not workflow.matches_objects:
        raise RefusedStatement(
            f"the test case {found[0]!r} selects objects, and the workflow {workflow.name} matches none, so that the "
            "others can't be ignored; select the samples that have such an object: SELECT * FROM test_samples WHERE "
            "_sample IN (SELECT _sample FROM ground_truths WHERE ...)"
        )


def scored_with_cases(
    transaction: Transaction,
    scoring: Scoring,
    results: ResultsRecord,
    cases: Sequence[CaseRecord],
    *,
    is_kept: bool = True,
) -> ScoredResults:
    """Return the sample metrics of one model, and those of the object-level test cases of a suite with them.

    Args:
        transaction: the open one.
        scoring: how the results are scored.
        results: of one model.
        cases: all test cases of a suite.
        is_kept: False for a version that never was: scored now, and noted nowhere.

    Raises:
        RefusedStatement: a definition of objects fails on these data.
    """
    whole = (scored_results if is_kept else scored_apart)(transaction, scoring, results)
    found = scored_cases(transaction, scoring, [whole], cases, is_kept=is_kept)
    return replace(whole, cases=found.get(results.results_id, {}))


def scored_cases(
    transaction: Transaction,
    scoring: Scoring,
    whole: Sequence[ScoredResults],
    cases: Sequence[CaseRecord],
    *,
    is_kept: bool = True,
) -> dict[int, dict[int, ScoredResults]]:
    """Return the sample metrics of object-level test cases: id of the results -> place of the test case -> metrics.

    Args:
        transaction: the open one.
        scoring: how the results were scored.
        whole: the sample metrics of each model with every object.
        cases: all test cases of a suite.
        is_kept: False for a version that never was.

    Raises:
        RefusedStatement: a definition fails on these data, or can't be asked of detections and has to be.
    """
    from kolena_store.membership.objects import selected_objects

    chosen = {place: case for place, case in enumerate(cases) if case.selects_objects}
    if not chosen:
        return {}
    selected = selected_objects(transaction, scoring.version, list(chosen.values()))
    found: dict[int, dict[int, ScoredResults]] = {one.results.results_id: {} for one in whole}
    for (place, case), objects in zip(chosen.items(), selected, strict=True):
        scorer = case_scorer(scoring.workflow.scorer_key, case.definition_digest) if is_kept else None
        for one in whole:
            found[one.results.results_id][place] = scored_anew(
                transaction,
                scoring,
                one.results,
                scorer=scorer,
                facts=one.facts,
                batches=_batches(transaction, scoring, case, objects),
            )
    return found


def _batches(
    session: Session, scoring: Scoring, case: CaseRecord, objects: "SelectedObjects"
) -> "Callable[[AnsweredSamples], Iterator[pa.RecordBatch]]":
    def marked(inputs: AnsweredSamples) -> "Iterator[pa.RecordBatch]":
        asked = None if scoring.configuration.ignore == "caltech" else _found(session, scoring.version, case)
        try:
            for batch in inputs.batches():
                yield _marked(batch, scoring.workflow, objects, asked)
        finally:
            if asked is not None:
                asked.close()

    return marked


def _found(session: Session, version: VersionRecord, case: CaseRecord) -> "FoundSelection":
    from kolena_store.membership.objects import FoundSelection

    return FoundSelection(session, version, case)


def _marked(
    batch: "pa.RecordBatch", workflow: Workflow, objects: "SelectedObjects", asked: "FoundSelection | None"
) -> "pa.RecordBatch":
    """Return a batch whose objects say whether they are outside, and its detections too where they are asked."""
    batch = _with(batch, GROUND_TRUTH + OBJECTS, _outside(batch, GROUND_TRUTH, objects))
    if asked is None:
        return batch
    found = asked.of(workflow.found_geometry(batch))
    return _with(batch, INFERENCE + OBJECTS, _outside(batch, INFERENCE, found))


def _outside(batch: "pa.RecordBatch", side: str, selected: "SelectedObjects") -> "np.ndarray":
    lists = object_lists(batch.column(side + OBJECTS))
    return ~selected.has(batch.column(SAMPLE).to_numpy()[lists.rows], lists.places)


def _with(batch: "pa.RecordBatch", name: str, is_outside: "np.ndarray") -> "pa.RecordBatch":
    place = batch.schema.get_field_index(name)
    return batch.set_column(place, name, marked_outside(batch.column(name), is_outside))
