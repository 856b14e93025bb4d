"""Datasets of the other store: which come here, which versions they bring, and which conflict."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from kolena_store.database import Session
from kolena_store.datasets import (
    DatasetRecord,
    StoredRows,
    VersionRecord,
    attached_tables,
    check_same_id_types,
    check_table_name,
    count_changes,
    dataset_history,
    datasets,
    files_of,
    find_dataset,
    note_dataset,
    rows_of_version,
    version_digest,
    version_of,
)
from kolena_store.datasets.versions import check_dataset_name
from kolena_store.digests import sha256_of_texts
from kolena_store.display import counted
from kolena_store.errors import ChangedType, shown
from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.foreign_text import check_types
from kolena_store.merging.histories import Comparison, History, VersionMap, compare_histories, taken_versions
from kolena_store.merging.left_out import note_left_out
from kolena_store.merging.notes import united_documents
from kolena_store.merging.numbers import SampleNumbers, add_ids, numbers_here
from kolena_store.merging.other_store import OtherStore
from kolena_store.merging.report import Conflict
from kolena_store.merging.rows import insert_rows
from kolena_store.merging.sides import described_side, outcome_of
from kolena_store.merging.transfer import Transfer

__all__ = ["DatasetPlan", "apply_dataset", "plan_datasets"]

KIND = "dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPlan:
    """What comes of one dataset: the versions to add, and which version here is which there.

    `is_partial` says that the two diverged and that ours stays: ids that are unknown here stay so. `metadata` and
    `description` are what it will have here; `table_names` are those of all tables that versions there have attached.
    """

    theirs: DatasetRecord
    ours: DatasetRecord | None
    taken: Sequence[VersionRecord]
    versions: VersionMap
    numbers: SampleNumbers
    is_partial: bool
    is_counted_again: bool
    metadata: dict[str, object]
    description: str | None
    table_names: frozenset[str]

    @property
    def name(self) -> str:
        """Return how the dataset is spelled here."""
        return self.ours.name if self.ours else self.theirs.name


def plan_datasets(both: BothStores) -> list[DatasetPlan]:
    """Return what comes of each dataset of the other store; those that can't be joined are left out."""
    plans = (_plan(both, theirs) for theirs in datasets(both.other.session))
    return [plan for plan in plans if plan is not None]


def apply_dataset(transfer: Transfer, plan: DatasetPlan) -> DatasetRecord:
    """Bring the ids and versions of a dataset, and return it as it is here."""
    transaction = transfer.transaction
    if plan.ours is None:
        dataset = _add_dataset(transfer, plan)
    else:
        add_ids(transfer, plan.ours, plan.theirs, plan.numbers)
        dataset = plan.ours
        tags = list(dict.fromkeys([*dataset.tags, *plan.theirs.tags]))
        metadata = plan.metadata or None
        note_dataset(transaction, dataset, description=plan.description, tags=tags, metadata=metadata)
    for version, number in zip(plan.taken, plan.versions.new_numbers, strict=True):
        _add_version(transfer, plan, dataset, version, number=number)
    transaction.touched_datasets.add(dataset.dataset_id)
    found = find_dataset(transaction, dataset.name)
    assert found is not None
    return found


def _plan(both: BothStores, theirs: DatasetRecord) -> DatasetPlan | None:
    session, other = both.session, both.other
    ours = find_dataset(session, theirs.name)
    their_versions = dataset_history(other.session, theirs)
    for version in their_versions:
        check_types(f"version {version.version} of dataset {theirs.name!r}", version.types.values())
        _check_tables(other, theirs, version)
    their_history = _history(other.session, their_versions, other)
    if ours is None:
        return _whole(both, theirs, their_versions, their_history)
    problem = _id_problem(both, ours, theirs)
    if problem is not None:
        both.ledger.settle(problem)
        both.ledger.note(KIND, theirs.name, "left out", dataset=ours.name, note=problem.problem)
        note_left_out(both, theirs)
        return None
    our_history = _history(session, dataset_history(session, ours))
    found = compare_histories(our_history, their_history)
    sides = _Sides(both=both, ours=ours, theirs=theirs, versions=their_versions)
    return _joined(sides, our_history, their_history, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """A dataset that both stores have."""

    both: BothStores
    ours: DatasetRecord
    theirs: DatasetRecord
    versions: Sequence[VersionRecord]


def _joined(sides: _Sides, our_history: History, their_history: History, found: Comparison) -> DatasetPlan:
    both, ledger = sides.both, sides.both.ledger
    start, is_partial = found.start, False
    if found.relation == "diverged":
        is_partial = ledger.settle(_divergence(sides)) == "ours"
        start = len(their_history) if is_partial else len(their_history) - 1
    documents = {side: _document(getattr(sides, side).metadata) for side in ("ours", "theirs")}
    metadata = united_documents(ledger, KIND, sides.ours.name, **documents)
    prefers_theirs = ledger.prefer == "theirs" and sides.theirs.description
    outcome, note = outcome_of(found.relation, len(their_history) - start, is_left=is_partial)
    ledger.note(KIND, sides.ours.name, outcome, dataset=sides.ours.name, note=note)
    return DatasetPlan(
        theirs=sides.theirs,
        ours=sides.ours,
        taken=sides.versions[start:],
        versions=taken_versions(our_history, their_history, start),
        numbers=numbers_here(both, sides.ours, sides.theirs, is_partial=is_partial),
        is_partial=is_partial,
        is_counted_again=found.relation == "diverged",
        metadata=metadata,
        description=sides.theirs.description if prefers_theirs else sides.ours.description or sides.theirs.description,
        table_names=_table_names(both.other, sides.theirs),
    )


def _whole(both: BothStores, theirs: DatasetRecord, versions: Sequence[VersionRecord], history: History) -> DatasetPlan:
    check_dataset_name(theirs.name)
    both.ledger.note(KIND, theirs.name, "added", dataset=theirs.name, note=counted(len(history), "version"))
    return DatasetPlan(
        theirs=theirs,
        ours=None,
        taken=versions,
        versions=taken_versions(History([], []), history, 0),
        numbers=SampleNumbers(here=None, n_known=0),
        is_partial=False,
        is_counted_again=False,
        metadata=_document(theirs.metadata),
        description=theirs.description,
        table_names=_table_names(both.other, theirs),
    )


def _table_names(other: OtherStore, theirs: DatasetRecord) -> frozenset[str]:
    rows = other.rows("attached_tables")
    return frozenset(str(row["name"]) for row in rows if row["dataset_id"] == theirs.dataset_id)


def _check_tables(other: OtherStore, theirs: DatasetRecord, version: VersionRecord) -> None:
    """Hold the attached tables of a version there to the rules that they were written under."""
    names: list[str] = []
    for table in attached_tables(other.session, version):
        check_table_name(table.name, names)
        where = f"the attached table {table.name!r} of version {version.version} of dataset {theirs.name!r}"
        check_types(where, table.types.values())
        names.append(table.name)


def _history(session: Session, versions: Sequence[VersionRecord], other: OtherStore | None = None) -> History:
    contents = [partial(_content, session, version, other) for version in versions]
    return History([version.version for version in versions], contents)


def _content(session: Session, version: VersionRecord, other: OtherStore | None) -> str:
    """Return what makes a version what it is: its rows, and what they are to the workflow."""
    if other is not None:
        other.files(version.sample_files)
        for table in attached_tables(other.session, version):
            other.files(table.table_files)
    rows = version_digest(session, version)
    return sha256_of_texts([rows, *(text or "" for text in (version.workflow, version.columns, version.sampling))])


def _id_problem(both: BothStores, ours: DatasetRecord, theirs: DatasetRecord) -> Conflict | None:
    remedy = "they are two datasets: upload one of them under another name"
    sides = {"ours": shown(ours.id_fields), "theirs": shown(theirs.id_fields)}
    if set(ours.id_fields) != set(theirs.id_fields):
        problem = "identifies samples by other fields"
    else:
        types = [version_of(one, record).schema for one, record in ((both.session, ours), (both.other.session, theirs))]
        try:
            check_same_id_types(theirs.name, types[1], {name: types[0].field(name).type for name in ours.id_fields})
            return None
        except ChangedType:
            problem = "has ids of other types"
            sides = {
                side: shown(str(schema.field(name).type) for name in ours.id_fields)
                for side, schema in zip(sides, types, strict=True)
            }
    return Conflict(
        kind=KIND, dataset=ours.name, name=ours.name, problem=problem, **sides, remedy=remedy, only_ours=True
    )


def _divergence(sides: _Sides) -> Conflict:
    ours, theirs = version_of(sides.both.session, sides.ours), sides.versions[-1]
    return Conflict(
        kind=KIND,
        dataset=sides.ours.name,
        name=sides.ours.name,
        problem="went on in both stores",
        ours=described_side(ours.version, ours.created, ours.author),
        theirs=described_side(theirs.version, theirs.created, theirs.author),
        remedy="prefer one, or upload what holds for both as a new version there, and merge again",
    )


def _add_dataset(transfer: Transfer, plan: DatasetPlan) -> DatasetRecord:
    transaction = transfer.transaction
    there = transfer.other.row("datasets", dataset_id=plan.theirs.dataset_id)
    dataset_id = transaction.new_id()
    id_map_files = transfer.samples(plan.theirs.id_map_files)
    insert_rows(transaction, "datasets", [{**there, "dataset_id": dataset_id, "id_map_files": id_map_files}])
    return replace(plan.theirs, dataset_id=dataset_id, id_map_files=id_map_files)


def _add_version(
    transfer: Transfer, plan: DatasetPlan, dataset: DatasetRecord, version: VersionRecord, *, number: int
) -> None:
    transaction = transfer.transaction
    there = transfer.other.row("dataset_versions", dataset_id=version.dataset_id, version=version.version)
    file_ids = transfer.samples(version.sample_files)
    counts = {}
    if plan.is_counted_again:
        paths = [file.path(transaction.root) for file in files_of(transaction, file_ids)]
        new = StoredRows(paths=paths, types=version.types, schema=version.schema)
        found = count_changes(transaction, rows_of_version(transaction, version_of(transaction, dataset)), new)
        counts = {name: getattr(found, name) for name in ("added", "changed", "removed", "unchanged")}
    here = {"dataset_id": dataset.dataset_id, "version": number, "sample_files": file_ids}
    insert_rows(transaction, "dataset_versions", [{**there, **here, **counts}])
    key = {"dataset_id": dataset.dataset_id, "version": number}
    tables = [
        {**row, **key, "table_files": transfer.samples(row["table_files"])}
        for row in transfer.other.rows("attached_tables")
        if (row["dataset_id"], row["version"]) == (version.dataset_id, version.version)
    ]
    insert_rows(transaction, "attached_tables", tables)


def _document(text: str | None) -> dict[str, object]:
    return dict(json.loads(text)) if text else {}
