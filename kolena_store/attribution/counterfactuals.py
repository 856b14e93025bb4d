"""Measuring states that never were a run: one run's labels with another's test cases, options or answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from kolena_store.attribution.chain import Link
from kolena_store.attribution.sides import Side
from kolena_store.database import Transaction
from kolena_store.datasets import VersionRecord, has_other_samples, mixed_version
from kolena_store.errors import MissingColumns
from kolena_store.files import FileRecord
from kolena_store.results import ResultsRecord, results_version
from kolena_store.test_runs.answered import check_answers
from kolena_store.test_runs.execute import Setting, measured_run, plan_of
from kolena_store.test_runs.members import ensured_members
from kolena_store.test_runs.object_cases import scored_with_cases
from kolena_store.test_runs.scoring import ScoredResults, Scoring, scored_results
from kolena_store.workflows import Configuration, workflow_from_document

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.membership.bitmaps import Words

__all__ = ["Values", "leaving_no_files", "measured_link", "values_of"]

Values: TypeAlias = Mapping[tuple[str, str, str | None], float | None]
"""(test case, metric, class) -> value"""


def measured_link(transaction: Transaction, setting: Setting, link: Link) -> Values:
    """Return the values of a state: the metrics of `setting`, on the data, samples and answers of a link.

    Raises:
        MissingColumns: the older version lacks a column that the newer workflow reads.
        StoreError: the answers can't be scored so.
    """
    version, is_of_store = _version(transaction, setting, link)
    request = replace(
        setting.request, results=[link.model.results], configuration=link.configuration.configuration, metrics=None
    )
    state = replace(
        setting,
        request=request,
        version=version,
        configuration_id=link.configuration.run.configuration_id,
        cases=link.membership.cases,
    )
    scored = _scored(transaction, state, link.model.results, is_of_store=is_of_store)
    members = ensured_members(
        transaction,
        request.dataset,
        link.membership.version,
        link.membership.cases,
        results=[link.model.results],
    )
    plan = plan_of(transaction, state, members, _restriction(transaction, state, link.membership))
    return values_of(measured_run(transaction, state, plan, scored, run_id=link.model.run.run_id).metrics)


def values_of(rows: "pa.Table") -> Values:
    """Return the values of metric rows."""
    columns = (rows.column(name).to_pylist() for name in ("test_case", "metric", "class", "value"))
    return {(case, metric, class_name): value for case, metric, class_name, value in zip(*columns, strict=True)}


@contextmanager
def leaving_no_files(transaction: Transaction) -> Iterator[None]:
    """Take the data files that were made for versions that never were out of the store again."""
    first = transaction.next_id
    yield
    for file in transaction.records(FileRecord, "cleaning.unreferenced_files", keep=None):
        path = file.path(transaction.root)
        if file.file_id >= first:
            transaction.run("cleaning.drop_file", file_id=file.file_id)
            if path in transaction.new_files:  # one that lay there before may be read by an older session
                path.unlink(missing_ok=True)


def _version(transaction: Transaction, setting: Setting, link: Link) -> tuple[VersionRecord, bool]:
    """Return the version of the data, and whether it is one of the store, scored by its own workflow."""
    of_labels, of_members, newer = link.labels.version, link.membership.version, setting.version
    if of_labels.version == newer.version:
        is_mixed = of_members.version != newer.version and has_other_samples(transaction, of_members, newer)
        return (mixed_version(transaction, of_members, newer), False) if is_mixed else (newer, True)
    older = of_labels
    missing = [need.name for need in newer.column_needs.ground_truth if need.name not in older.types]
    if missing:
        remedy = "Compare runs on versions that have it"
        raise MissingColumns.of(f"version {older.version} of the dataset", missing, older.types, remedy=remedy)
    sampling = newer.sampling if _has_sampling(older, newer) else older.sampling
    is_same = (older.workflow, older.sampling) == (newer.workflow, sampling)
    return replace(older, workflow=newer.workflow, columns=newer.columns, sampling=sampling), is_same


def _has_sampling(older: VersionRecord, newer: VersionRecord) -> bool:
    fields = (newer.sampled.cluster, newer.sampled.weight)
    return all(name is None or name in older.types for name in fields)


def _scored(transaction: Transaction, state: Setting, results: ResultsRecord, *, is_of_store: bool) -> ScoredResults:
    check_answers(state.version, results, state.workflow.columns())
    return scored_with_cases(transaction, state.scoring, results, state.cases, is_kept=is_of_store)


def _restriction(transaction: Transaction, state: Setting, side: Side) -> "Words | None":
    """Return the samples that a run was restricted to, by the answers that it named, as it was scored."""
    if side.run.restriction is None:
        return None
    import numpy as np

    from kolena_store.test_runs.measure import answered_samples

    workflow = workflow_from_document(side.version.workflow_document or {})
    scoring = Scoring(
        version=side.version,
        workflow=workflow,
        configuration=side.configuration or Configuration(),
        configuration_id=side.run.configuration_id,
    )
    compared = [results_version(transaction, *one) for one in side.run.compared]
    scored = [scored_results(transaction, scoring, one) for one in compared]
    size = state.request.dataset.next_sample
    answered = [answered_samples(transaction, size, one, when=workflow.answered) for one in scored]
    return np.asarray(np.bitwise_and.reduce(np.stack(answered)), dtype=np.uint64)
