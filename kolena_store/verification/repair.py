"""Repairing a store: what was computed is computed again; what people uploaded is never touched."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from kolena_store.database import DERIVED_KINDS, Database, Transaction, stray_log
from kolena_store.datasets import DatasetRecord, version_of
from kolena_store.display import counted
from kolena_store.errors import StoreError
from kolena_store.files import FileRecord
from kolena_store.results import results_version
from kolena_store.test_runs.members import ensured_members
from kolena_store.test_runs.rescore import forget_scores, score_again, scores_in
from kolena_store.test_suites import CaseRecord
from kolena_store.verification.checking import verify
from kolena_store.verification.data_files import all_files, file_findings
from kolena_store.verification.lost_runs import runs_again
from kolena_store.verification.report import VerifyReport

__all__ = ["repair"]


def repair(database: Database) -> VerifyReport:
    """Repair what can be repaired, and return what a check finds then, with what was done.

    A stray write-ahead log is moved aside, leftovers of dead writers go, and damaged files of memberships, sample
    metrics and runs are computed again; a run that can't be is forgotten, so that the next test makes it anew. Files
    that hold what people uploaded stay as they are, and so does what was computed from damaged ones of them.

    Raises:
        DamagedStore: the catalogue can't be opened.
        StoreLocked: another process is writing, or has the catalogue open for writing.
        ReadOnlyStore: the store's directory can't be written.
    """
    done: list[str] = []
    if stray_log(database.root) is not None:
        done.append(f"moved the write-ahead log to {database.move_log_aside()}")
    with database.transaction(makes_store=False) as transaction:
        done += [f"removed {path}, left by a writer that died" for path in transaction.leftovers]
        damaged = [file for file, _ in file_findings(transaction, all_files(transaction), is_quick=True)]
        done += _computed_again(transaction, damaged)
        unused = _without_use(transaction, damaged)
        transaction.files_to_remove += [file.path(database.root) for file in unused]
    return replace(verify(database), repaired=tuple(done))


def _computed_again(transaction: Transaction, damaged: Sequence[FileRecord]) -> Iterator[str]:
    uploaded = [file.file_id for file in damaged if file.kind not in DERIVED_KINDS]
    derived = [file.file_id for file in damaged if file.kind in DERIVED_KINDS]
    untouched = {row[0] for row in transaction.rows("verification.datasets_using", file_ids=uploaded)}
    yield from _memberships(transaction, derived, untouched)
    yield from _scores(transaction, derived, untouched)
    yield from runs_again(transaction, derived, unreadable=untouched)
    yield from _comparisons(transaction, derived)


def _memberships(transaction: Transaction, file_ids: Sequence[int], untouched: Collection[int]) -> Iterator[str]:
    lost = []
    for dataset_id, number, *of_results in transaction.rows("verification.versions_with_members_in", file_ids=file_ids):
        if dataset_id not in untouched:
            key = {"dataset_id": dataset_id, "dataset_version": number}
            key |= dict(zip(("results_id", "results_version"), of_results, strict=True))
            cases = transaction.records(CaseRecord, "verification.cases_with_members_in", **key, file_ids=file_ids)
            transaction.run("verification.drop_memberships_in", **key, file_ids=file_ids)
            lost.append((key, cases))
    for key, cases in lost:  # once all are dropped: a version is made from those of other versions
        of_dataset = {"dataset_id": key["dataset_id"]}
        (dataset,) = transaction.records(DatasetRecord, "datasets.dataset_numbered", **of_dataset)
        what = f"{counted(len(cases), 'membership')} on {dataset.name} version {key['dataset_version']}"
        yield _attempted(what, partial(_select_again, transaction, dataset, key, cases))


def _scores(transaction: Transaction, file_ids: Sequence[int], untouched: Collection[int]) -> Iterator[str]:
    lost = [stored for stored in scores_in(transaction, file_ids) if stored.dataset_id not in untouched]
    for stored in lost:
        forget_scores(transaction, stored)
    for stored in lost:
        what = f"the sample metrics of {stored.model} on {stored.dataset} version {stored.dataset_version}"
        yield _attempted(what, partial(score_again, transaction, stored))


def _comparisons(transaction: Transaction, file_ids: Sequence[int]) -> Iterator[str]:
    for number, model, baseline, dataset in transaction.rows("verification.comparisons_in", file_ids=file_ids):
        transaction.run("verification.forget_comparison", comparison_id=number)
        transaction.has_new_runs = True
        yield f"forgot the comparison of {model} with {baseline} on {dataset}, for the next one to make"


def _select_again(
    transaction: Transaction, dataset: DatasetRecord, key: Mapping[str, int | None], cases: Sequence[CaseRecord]
) -> None:
    version = version_of(transaction, dataset, key["dataset_version"])
    results_id = key["results_id"]
    results = [] if results_id is None else [results_version(transaction, results_id, key["results_version"])]
    ensured_members(transaction, dataset, version, cases, results=results)


def _attempted(what: str, compute: Callable[[], None]) -> str:
    try:
        compute()
    except StoreError as error:
        return f"removed {what}, for the next test to make ({error})"
    return f"computed {what} again"


def _without_use(transaction: Transaction, damaged: Sequence[FileRecord]) -> list[FileRecord]:
    """Take damaged files that nothing needs any more out of the catalogue, and return them."""
    unused = {row[0] for row in transaction.rows("cleaning.unreferenced_files", keep=None)}
    found = [file for file in damaged if file.file_id in unused]
    for file in found:
        transaction.run("cleaning.drop_file", file_id=file.file_id)
    return found
