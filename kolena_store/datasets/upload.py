"""Uploading a dataset: the input is staged, checked, compared with what is there, and becomes the next version."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kolena_store.database import Transaction
from kolena_store.datasets.attaching import AttachedChanges, SamplesThere, check_tables, enter_tables, tables_after
from kolena_store.datasets.categories import with_categories
from kolena_store.datasets.changes import RowChanges, row_changes, stored_samples
from kolena_store.datasets.collecting import LongTable, collected
from kolena_store.datasets.columns import Columns, check_columns
from kolena_store.datasets.identity import check_id_types, check_ids, missing_ids, resolve_id_fields
from kolena_store.datasets.numbering import add_to_id_map, number_rows
from kolena_store.datasets.objects import OBJECTS, with_object_fields, with_objects
from kolena_store.datasets.records import DatasetRecord, VersionRecord, files_of, find_dataset, version_of
from kolena_store.datasets.sampling import Sampling, check_sampling, check_weights
from kolena_store.datasets.staging import Staged, check_not_empty, stage, with_order, without_columns
from kolena_store.datasets.versions import NewVersion, add_version, check_dataset_name
from kolena_store.datasets.widening import check_names, widened_schema
from kolena_store.display import Listing, counted
from kolena_store.errors import InvalidInput, shown
from kolena_store.formats import TableInput, open_table
from kolena_store.schema import listed, now
from kolena_store.tables import RecordColumn, Tabular, table_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DatasetUpload", "UploadReport", "upload_dataset"]

SAMPLES_KIND = "samples"
NO_VERSION = "no new version, so its tags were not kept"
COUNTS = ("version", "n_samples", "added", "changed", "removed", "unchanged")
REPORT_COLUMNS = (
    RecordColumn(name="dataset"),
    *(RecordColumn(name=name, kind="whole") for name in COUNTS),
    RecordColumn(name="notes", kind="texts"),
)


@dataclass(frozen=True, kw_only=True)
class DatasetUpload:
    """What the caller gave: the input, how to read it, and what to note down with it.

    `left_out` names columns of the input that are no part of the dataset (a wide frame's predictions); `long` says how
    several rows of one sample become one; `objects` is a table with a row for each object of the ground truth; `tables`
    are attached to the samples, and None takes one away.
    """

    name: str
    source: object
    id_fields: Sequence[str] | None = None
    workflow: Mapping[str, Any] | None = None
    columns: Columns | None = None
    sampling: Sampling = field(default_factory=Sampling)
    append_only: bool = False
    types: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    long: LongTable = field(default_factory=LongTable)
    objects: object = None
    tables: Mapping[str, object | None] = field(default_factory=dict)
    message: str | None = None
    version_tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReport(Tabular):
    """What an upload of a dataset did; `version` is the one that now holds."""

    dataset: str
    version: int
    n_samples: int
    added: int
    changed: int
    removed: int
    unchanged: int
    notes: tuple[str, ...] = ()

    def arrow(self) -> "pa.Table":
        """Return the report as a table of one row."""
        return table_of(REPORT_COLUMNS, [self])

    def listings(self) -> Sequence[Listing | str]:
        """Return the report as people read it: one sentence, then the notes."""
        counts = (
            f"{self.added:,} added, {self.changed:,} changed, {self.removed:,} removed, {self.unchanged:,} unchanged"
        )
        n_samples = counted(self.n_samples, "sample")
        return [f"{self.dataset} version {self.version}: {n_samples} ({counts})", *self.notes]


def upload_dataset(transaction: Transaction, upload: DatasetUpload) -> UploadReport:
    """Make the dataset equal to the input (or add the input to it) and return what that changed.

    Raises:
        StoreError: the input can't be used; the transaction then keeps nothing.
    """
    check_tables(upload.tables)
    existing = find_dataset(transaction, upload.name)
    before = version_of(transaction, existing) if existing else None
    source = open_table(
        upload.source, types=upload.types, expected=upload.long.types_of_cells(before.plain_types) if before else None
    )
    check_not_empty(source)
    if upload.objects is not None:
        source = _with_objects(source, existing, before, upload)
    source = with_object_fields(source, _columns(upload, before).ground_truth)
    with collected(transaction, source, upload.long, _sample_keys(source, existing, upload)) as rows:
        return _upload(transaction, rows, existing, before, upload=upload)


def _sample_keys(source: TableInput, existing: DatasetRecord | None, upload: DatasetUpload) -> Sequence[str]:
    """Return the columns whose values several rows of a long table share; they can't be inferred from its rows."""
    given = upload.id_fields or (existing.id_fields if existing else None)
    if upload.long.is_asked_for and not given:
        raise InvalidInput(
            f"{source.name}: name the id fields (id_fields=, --id), since several rows stand for one sample here"
        )
    return given or ()


def _upload(
    transaction: Transaction,
    source: TableInput,
    existing: DatasetRecord | None,
    before: VersionRecord | None,
    *,
    upload: DatasetUpload,
) -> UploadReport:
    schema = _checked_schema(source, upload, before)
    id_fields = _id_fields(source, schema, existing, upload)
    dataset = existing or _new_dataset(transaction, upload.name, id_fields)
    staged = stage(transaction.root, SAMPLES_KIND, source, schema=schema, base=dataset.next_sample)
    try:
        check_ids(transaction, source.name, staged.paths, id_fields)
        report = _compare_and_add(transaction, dataset, before, staged, upload=upload)
    finally:
        staged.remove_unused(transaction)
    return report


def _checked_schema(source: TableInput, upload: DatasetUpload, before: VersionRecord | None) -> "pa.Schema":
    schema = with_categories(without_columns(source.schema, upload.left_out), source.categories)
    check_names(source.name, schema)
    if before is not None:
        schema = widened_schema(source.name, before.schema, schema, keep_missing=upload.append_only)
    columns = _columns(upload, before)
    check_columns(source.name, schema, (*columns.ground_truth, *columns.sample))
    check_sampling(source.name, schema, upload.sampling.after(before.sampled if before else Sampling()))
    return schema


def _columns(upload: DatasetUpload, before: VersionRecord | None) -> Columns:
    """Return what the workflow reads that the dataset will have."""
    return upload.columns or (before.column_needs if before else Columns())


def _with_objects(
    source: TableInput, existing: DatasetRecord | None, before: VersionRecord | None, upload: DatasetUpload
) -> TableInput:
    """Return the samples with their objects, which come as a table of their own."""
    import pyarrow as pa

    if OBJECTS in source.schema.names:
        raise InvalidInput(
            f"{source.name} has a column {OBJECTS!r}, and objects= (--objects) gives the objects; leave one of them out"
        )
    id_fields = _id_fields(source, source.schema, existing, upload)
    return with_objects(source, upload.objects, id_fields, before.schema if before else pa.schema([]))


def _id_fields(
    source: TableInput, schema: "pa.Schema", existing: DatasetRecord | None, upload: DatasetUpload
) -> list[str]:
    given = upload.id_fields or (existing.id_fields if existing else None)
    missing = [name for name in existing.id_fields if name not in schema.names] if existing else []
    if existing and missing and not upload.id_fields:
        raise missing_ids(source.name, existing.name, missing, schema.names, index=source.index)
    id_fields = resolve_id_fields(source.name, schema.names, given, index=source.index)
    if existing and set(id_fields) != set(existing.id_fields):
        raise InvalidInput(
            f"dataset {existing.name!r} identifies samples by {shown(existing.id_fields)}, not by {shown(id_fields)}; "
            "id fields stay as they are: upload under another name to change them"
        )
    check_id_types(source.name, schema, id_fields)
    return existing.id_fields if existing else id_fields


def _new_dataset(transaction: Transaction, name: str, id_fields: list[str]) -> DatasetRecord:
    check_dataset_name(name)
    spelled = unicodedata.normalize("NFC", name)
    dataset_id = transaction.new_id()
    transaction.run("datasets.insert_dataset", dataset_id=dataset_id, name=spelled, id_fields=id_fields, created=now())
    return transaction.records(DatasetRecord, "datasets.dataset_numbered", dataset_id=dataset_id)[0]


def _compare_and_add(
    transaction: Transaction,
    dataset: DatasetRecord,
    before: VersionRecord | None,
    staged: Staged,
    *,
    upload: DatasetUpload,
) -> UploadReport:
    tags = listed("version_tags", upload.version_tags)
    sampling = upload.sampling.after(before.sampled if before else Sampling())
    if sampling.weight:
        check_weights(transaction, dataset.name, staged.paths, sampling.weight)
    numbering = number_rows(transaction, dataset, staged)
    current = files_of(transaction, before.sample_files) if before else []
    changes = row_changes(transaction, staged, numbering.samples, current, is_whole=not upload.append_only)
    if numbering.is_new.any():
        dataset = add_to_id_map(transaction, dataset, staged, numbering)
    attached = _attached(transaction, dataset, before, changes, staged=staged, upload=upload)
    notes = (*_notes(dataset, before, staged, upload), *attached.notes)
    is_same = before is not None and changes.is_empty and not attached.is_changed
    if before is not None and is_same and _is_same_definition(before, staged, upload, sampling):
        return _report(dataset, before, changes, (*notes, *([NO_VERSION] if tags else [])))
    new = NewVersion(
        staged=staged,
        changes=changes,
        workflow=upload.workflow,
        columns=upload.columns,
        sampling=sampling,
        message=upload.message,
        tags=tags,
    )
    version = add_version(transaction, dataset, before, new)
    enter_tables(transaction, version, attached.tables)
    return _report(dataset, version, changes, notes)


def _attached(
    transaction: Transaction,
    dataset: DatasetRecord,
    before: VersionRecord | None,
    changes: RowChanges,
    *,
    staged: Staged,
    upload: DatasetUpload,
) -> AttachedChanges:
    """Return the tables of the next version, once the ids of its samples are entered."""
    import numpy as np

    present = changes.samples
    if before is not None and upload.append_only and upload.tables:
        stored = stored_samples(transaction.root, files_of(transaction, before.sample_files))
        present = np.union1d(present, stored)
    samples = SamplesThere(
        id_types={name: staged.schema.field(name).type for name in dataset.id_fields},
        present=present,
        removed=changes.removed,
    )
    return tables_after(transaction, dataset, before, upload.tables, samples=samples)


def _is_same_definition(before: VersionRecord, staged: Staged, upload: DatasetUpload, sampling: Sampling) -> bool:
    """Return whether workflow, sampling and columns are what they were; the order of the columns does not count."""
    is_same_workflow = upload.workflow is None or upload.workflow == before.workflow_document
    if not is_same_workflow or sampling != before.sampled or set(before.schema.names) != set(staged.schema.names):
        return False
    return bool(before.schema.equals(with_order(staged.schema, before.schema.names), check_metadata=True))


def _notes(
    dataset: DatasetRecord, before: VersionRecord | None, staged: Staged, upload: DatasetUpload
) -> tuple[str, ...]:
    if before is None and not upload.id_fields:
        named = ", ".join(dataset.id_fields)
        return (f"samples are identified by {named} (inferred; name others with --id)",)
    if before is None or upload.append_only:
        return ()
    kept = set(staged.schema.names)
    dropped = [name for name in before.schema.names if name not in kept]
    return (f"columns that the input no longer has left the dataset: {shown(dropped)}",) if dropped else ()


def _report(
    dataset: DatasetRecord, version: VersionRecord, changes: RowChanges, notes: tuple[str, ...]
) -> UploadReport:
    added, changed, removed, unchanged = changes.counts
    return UploadReport(
        dataset=dataset.name,
        version=version.version,
        n_samples=version.n_samples,
        added=added,
        changed=changed,
        removed=removed,
        unchanged=unchanged,
        notes=notes,
    )
