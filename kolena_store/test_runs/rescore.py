"""Scoring once more what was scored before: for sample metrics whose file is damaged."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.database import Session, Transaction
from kolena_store.datasets import version_of_id
from kolena_store.errors import InvalidInput
from kolena_store.results import results_version
from kolena_store.test_runs.object_cases import WITHIN, scored_cases
from kolena_store.test_runs.scoring import Scoring, scored_results
from kolena_store.test_suites import CaseRecord
from kolena_store.workflows import Configuration, configuration_from_document, workflow_from_document

__all__ = ["StoredScores", "forget_scores", "score_again", "scores_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScores:
    """What some sample metrics were made of."""

    dataset_id: int
    dataset_version: int
    results_id: int
    results_version: int
    configuration_id: int | None
    configuration: str | None
    scorer: str
    dataset: str
    model: str

    @property
    def key(self) -> dict[str, object]:
        """Return what identifies them in the catalogue."""
        names = ("dataset_id", "dataset_version", "results_id", "results_version", "configuration_id", "scorer")
        return {name: getattr(self, name) for name in names}


def scores_in(session: Session, file_ids: Sequence[int]) -> list[StoredScores]:
    """Return the sample metrics that lie in some files."""
    return session.records(StoredScores, "runs.sample_metrics_in", file_ids=list(file_ids))


def forget_scores(transaction: Transaction, stored: StoredScores) -> None:
    """Forget sample metrics, and the thresholds that were tuned for them; the next test makes them."""
    transaction.touched_datasets.add(stored.dataset_id)
    transaction.run("runs.drop_sample_metrics", **stored.key)
    if WITHIN in stored.scorer:
        return
    tuned = ("dataset_version", "results_id", "results_version", "configuration_id")
    transaction.run("runs.drop_thresholds", **{name: stored.key[name] for name in tuned})


def score_again(transaction: Transaction, stored: StoredScores) -> None:
    """Make sample metrics anew that were forgotten; those of other versions that are damaged must be forgotten too.

    Raises:
        DamagedStore: a file of samples or inferences is missing or broken.
        InvalidInput: the workflow scores otherwise today.
    """
    version = version_of_id(transaction, stored.dataset_id, stored.dataset_version)
    workflow = workflow_from_document(version.workflow_document or {})
    scorer, _, digest = stored.scorer.partition(WITHIN)
    if scorer != workflow.scorer_key:
        raise InvalidInput(f"the scorer is {workflow.scorer_key} now, it was {scorer}")
    document = None if stored.configuration is None else json.loads(stored.configuration)
    scoring = Scoring(
        version=version,
        workflow=workflow,
        configuration=Configuration() if document is None else configuration_from_document(document),
        configuration_id=stored.configuration_id,
    )
    whole = scored_results(
        transaction, scoring, results_version(transaction, stored.results_id, stored.results_version)
    )
    if digest:
        known = transaction.records(CaseRecord, "suites.case_versions", dataset_id=stored.dataset_id)
        same = [case for case in known if case.selects_objects and case.definition_digest == digest]
        scored_cases(transaction, scoring, [whole], same[:1])
