"""Results of the other store: each model's versions, whose rows find their samples here by id."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, StoredRows, count_changes, count_samples, files_of
from kolena_store.digests import sha256_of_texts
from kolena_store.display import counted
from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.datasets import DatasetPlan
from kolena_store.merging.foreign_text import check_types
from kolena_store.merging.histories import History, VersionMap, compare_histories, taken_versions
from kolena_store.merging.other_store import OtherStore
from kolena_store.merging.report import Conflict
from kolena_store.merging.rows import insert_rows
from kolena_store.merging.sides import described_side, outcome_of
from kolena_store.merging.transfer import Transfer
from kolena_store.results import (
    ResultsRecord,
    content_of_results,
    results_digest,
    results_history,
    results_of_dataset,
    results_version,
    rows_of_results,
)

__all__ = ["ResultsIds", "ResultsPlan", "apply_results", "plan_results"]

KIND = "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPlan:
    """What comes of one model's results: the versions to add, and which version here is which there."""

    theirs: ResultsRecord
    ours: ResultsRecord | None
    taken: Sequence[ResultsRecord]
    versions: VersionMap
    is_counted_again: bool


def plan_results(both: BothStores, plan: DatasetPlan) -> list[ResultsPlan]:
    """Return what comes of the results on a dataset."""
    ours = {_key(one): one for one in results_of_dataset(both.session, plan.ours)} if plan.ours else {}
    found = (
        _plan(both, plan, ours.get(_key(theirs)), theirs)
        for theirs in results_of_dataset(both.other.session, plan.theirs)
    )
    return [one for one in found if one is not None]


def apply_results(
    transfer: Transfer, dataset: DatasetRecord, plan: DatasetPlan, *, one: ResultsPlan, ids: "ResultsIds"
) -> int:
    """Bring the versions of one model's results and return their id here."""
    transaction = transfer.transaction
    results_id = one.ours.results_id if one.ours else transaction.new_id()
    if one.ours is None:
        configuration = one.theirs.upload_configuration_id
        transaction.run(
            "results.insert_results",
            results_id=results_id,
            dataset_id=dataset.dataset_id,
            model_id=ids.models[one.theirs.model_id],
            configuration_id=None if configuration is None else ids.configurations[configuration],
        )
    for version, number in zip(one.taken, one.versions.new_numbers, strict=True):
        _add_version(transfer, plan, one, version, here={"results_id": results_id, "version": number})
    return results_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsIds:
    """The ids there -> here of what results are named by."""

    models: Mapping[int, int]
    configurations: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """The results of the other store on one dataset; `known` are the ids here when no others come."""

    other: OtherStore
    dataset: DatasetRecord
    known: Sequence[Path] | None

    def content(self, results: ResultsRecord) -> str:
        self.other.files(results.inference_files)
        if self.known is None:
            return _content(self.other.session, self.dataset, results)
        found = content_of_results(self.other.session, self.dataset, results, known=self.known)
        return _with_declared(found.digest, results)

    def unmatched(self, results: ResultsRecord) -> int:
        if self.known is None:
            return 0
        found = content_of_results(self.other.session, self.dataset, results, known=self.known)
        return results.n_rows - found.n_rows


def _plan(both: BothStores, plan: DatasetPlan, ours: ResultsRecord | None, theirs: ResultsRecord) -> ResultsPlan | None:
    session, other, ledger = both.session, both.other, both.ledger
    known = None
    if plan.is_partial and plan.ours:
        known = [file.path(session.root) for file in files_of(session, plan.ours.id_map_files)]
    other.files(plan.theirs.id_map_files)
    there = _There(other=other, dataset=plan.theirs, known=known)
    versions = results_history(other.session, theirs.results_id)
    for version in versions:
        check_types(f"version {version.version} of the results of {theirs.label!r}", version.types.values())
    their_history = _history(versions, there.content)
    our_history = History([], [])
    if ours is not None and plan.ours is not None:
        content = partial(_content, session, plan.ours)
        our_history = _history(results_history(session, ours.results_id), content)
    unmatched = there.unmatched(theirs)
    found = compare_histories(our_history, their_history)
    start, is_left = found.start, False
    if unmatched == theirs.n_rows and ours is None:
        ledger.note(KIND, theirs.label, "left out", dataset=plan.name, note="none of its samples is here")
        return None
    if found.relation == "diverged" and ours is not None:
        is_left = ledger.settle(_divergence(plan, ours, theirs)) == "ours"
        start = len(versions) if is_left else len(versions) - 1
    outcome, note = outcome_of(found.relation, len(versions) - start, is_left=is_left)
    if unmatched and outcome in ("added", "extended"):
        note = f"{note}; {counted(unmatched, 'row')} of samples that are not here left out"
    ledger.note(KIND, theirs.label, outcome, dataset=plan.name, note=note)
    return ResultsPlan(
        theirs=theirs,
        ours=ours,
        taken=versions[start:],
        versions=taken_versions(our_history, their_history, start),
        is_counted_again=found.relation == "diverged",
    )


def _history(versions: Sequence[ResultsRecord], content: Callable[[ResultsRecord], str]) -> History:
    return History([one.version for one in versions], [partial(content, one) for one in versions])


def _content(session: Session, dataset: DatasetRecord, results: ResultsRecord) -> str:
    return _with_declared(results_digest(session, dataset, results), results)


def _with_declared(digest: str, results: ResultsRecord) -> str:
    """Return what makes a version what it is: its rows, its inference metadata, and what tells its repeats apart."""
    texts = [digest, *results.metadata_fields]
    if results.repeat_field is not None:
        texts = [sha256_of_texts(texts), "", results.repeat_field]
    return sha256_of_texts(texts) if len(texts) > 1 else digest


def _divergence(plan: DatasetPlan, ours: ResultsRecord, theirs: ResultsRecord) -> Conflict:
    return Conflict(
        kind=KIND,
        dataset=plan.name,
        name=theirs.label,
        problem="went on in both stores",
        ours=described_side(ours.version, ours.created, ours.author),
        theirs=described_side(theirs.version, theirs.created, theirs.author),
        remedy="prefer one, or upload those of one store under another model name",
    )


def _add_version(
    transfer: Transfer, plan: DatasetPlan, one: ResultsPlan, version: ResultsRecord, *, here: dict[str, object]
) -> None:
    transaction = transfer.transaction
    there = transfer.other.row("results_versions", results_id=version.results_id, version=version.version)
    file_ids = transfer.samples(version.inference_files)
    counts: dict[str, int | None] = {}
    if plan.is_partial:
        files = files_of(transaction, file_ids)
        n_rows = sum(file.n_rows for file in files)
        counts = {
            "n_answered": n_rows if version.repeat_field is None else count_samples(transaction.root, files),
            "n_rows": n_rows,
            "unmatched": version.unmatched + version.n_rows - n_rows,
            "content_digest": None,
        }
    if one.is_counted_again and one.ours is not None:
        counts |= _counts(transfer, one.ours, version, file_ids)
    insert_rows(transaction, "results_versions", [{**there, **here, **counts, "inference_files": file_ids}])


def _counts(
    transfer: Transfer, ours: ResultsRecord, version: ResultsRecord, file_ids: Sequence[int]
) -> dict[str, int | None]:
    transaction = transfer.transaction
    paths = [file.path(transaction.root) for file in files_of(transaction, file_ids)]
    new = StoredRows(paths=paths, types=version.types, schema=version.schema)
    before = rows_of_results(transaction, results_version(transaction, ours.results_id))
    found = count_changes(transaction, before, new)
    return {"inserted": found.added, "updated": found.changed, "unchanged": found.unchanged}


def _key(results: ResultsRecord) -> tuple[str, str | None]:
    return results.model, results.upload_configuration
