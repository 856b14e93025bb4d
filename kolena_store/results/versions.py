"""Adding a version of one model's results to the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from kolena_store.database import Transaction
from kolena_store.datasets import (
    DatasetRecord,
    Field,
    RowChanges,
    Staged,
    VersionRecord,
    author,
    column_types,
    files_of,
    row_changes,
    widened_schema,
    without_columns,
    write_changes,
)
from kolena_store.digests import canonical_json
from kolena_store.display import Listing, counted
from kolena_store.errors import UnmatchedResults
from kolena_store.models import configuration_id, note_model
from kolena_store.results.answered import count_missing
from kolena_store.results.metadata_fields import check_same_kinds, declared_fields
from kolena_store.results.records import ResultsRecord, results_of_dataset, results_version
from kolena_store.results.repeats import check_kept_answers, check_same_metadata, repeat_field_of
from kolena_store.schema import now
from kolena_store.tables import Layout, RecordColumn, Tabular, table_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["REPORTS", "ModelRows", "ResultsReport", "add_results"]

INFERENCES_KIND = "inferences"
COUNTS = ("version", "inserted", "updated", "unchanged", "unmatched", "missing")
REPORT_COLUMNS = (
    RecordColumn(name="dataset"),
    RecordColumn(name="model"),
    *(RecordColumn(name=name, kind="whole") for name in COUNTS),
)
REPORTS = Layout(fields=REPORT_COLUMNS, shown=REPORT_COLUMNS[1:])


@dataclass(frozen=True, kw_only=True)
class ModelRows:
    """The staged rows of one model: the sample that each answers (-1: not a row of this model, or unmatched).

    `left_out` names staged columns that are no inference: the ids, and the column that names the model. `repeat_field`
    tells several answers to one sample apart: None, when nothing was said of it; the empty text: there are none.
    """

    model: str
    staged: Staged
    samples: "np.ndarray"
    unmatched: int
    left_out: Sequence[str]
    upload_configuration: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None
    tags: Sequence[str]
    metadata_fields: Sequence[str] | None
    repeat_field: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsReport(Tabular):
    """What an upload of results did; `missing` counts the dataset's samples that the model has not answered.

    Where inferences are objects, `without_objects` counts the samples that were answered without one. `answers` counts
    those of this version: with a `repeat_field` a sample may have several.
    """

    dataset: str
    model: str
    version: int
    inserted: int
    updated: int
    unchanged: int
    unmatched: int
    missing: int
    without_objects: int = 0
    repeat_field: str | None = None
    answers: int = 0

    def arrow(self) -> "pa.Table":
        """Return the report as a table of one row."""
        return table_of(REPORT_COLUMNS, [self])

    def listings(self) -> Sequence[Listing | str]:
        """Return the report as people read it: a sentence or two."""
        counts = f"{self.inserted:,} inserted, {self.updated:,} updated, {self.unchanged:,} unchanged"
        notes = []
        if self.repeat_field is not None:
            notes.append(f"{counted(self.answers, 'answer')}: a sample has one for each {self.repeat_field}")
        if self.missing:
            have = "has" if self.missing == 1 else "have"
            notes.append(f"{counted(self.missing, 'sample')} of the dataset {have} no inference")
        if self.without_objects:
            have = "has" if self.without_objects == 1 else "have"
            notes.append(f"{counted(self.without_objects, 'answered sample')} {have} no object")
        if self.unmatched:
            rows = counted(self.unmatched, "row", ("belongs", "belong"))
            notes.append(f"{rows} to no sample of the dataset and {'was' if self.unmatched == 1 else 'were'} not kept")
        return [f"{self.model} on {self.dataset}, results version {self.version}: {counts}", *notes]


def add_results(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, rows: ModelRows
) -> ResultsReport:
    """Add or replace inferences of one model; without a difference the version stays.

    Raises:
        UnmatchedResults: it would be the model's first version, and no row belongs to a sample.
    """
    model = note_model(transaction, rows.model, metadata=rows.metadata, tags=rows.tags)
    configuration = configuration_id(transaction, "upload", rows.upload_configuration)
    results_id, before = _find_results(transaction, dataset, model.model_id, configuration)
    if before is None and not (rows.samples >= 0).any():
        raise UnmatchedResults(
            f"no row of {rows.model!r} belongs to a sample of {dataset.name!r}, so there is nothing to keep; "
            "check that the ids are those of this dataset"
        )
    schema = _schema(rows, before)
    added = _added(transaction, version, rows, before=before, schema=schema)
    changes = added.changes
    if before is None or not added.says_as_much_as(before):
        after = _add_version(transaction, results_id, before, added)
        if before is not None:
            check_kept_answers(transaction, version, before, after)
        check_same_metadata(transaction, f"the results of {after.label!r}", after)
        others = [one for one in results_of_dataset(transaction, dataset) if one.results_id != results_id]
        check_same_kinds(version, after, others if after.metadata_fields else ())
        transaction.touched_datasets.add(dataset.dataset_id)
        before = after
    inserted, updated, _, unchanged = changes.counts
    return ResultsReport(
        dataset=dataset.name,
        model=model.name,
        version=before.version,
        inserted=inserted,
        updated=updated,
        unchanged=unchanged,
        unmatched=rows.unmatched,
        missing=count_missing(transaction, dataset, version, before),
        repeat_field=before.repeat_field,
        answers=before.n_rows,
    )


def _find_results(
    transaction: Transaction, dataset: DatasetRecord, model_id: int, configuration: int | None
) -> tuple[int, ResultsRecord | None]:
    key = {"dataset_id": dataset.dataset_id, "model_id": model_id, "configuration_id": configuration}
    results_id = transaction.value("results.results_of", **key)
    if results_id is not None:
        return int(results_id), results_version(transaction, results_id)
    new_id = transaction.new_id()
    transaction.run("results.insert_results", results_id=new_id, **key)
    return new_id, None


def _schema(rows: ModelRows, before: ResultsRecord | None) -> "pa.Schema":
    schema = without_columns(rows.staged.schema, rows.left_out)
    return widened_schema(rows.model, before.schema, schema, keep_missing=True) if before else schema


@dataclass(frozen=True, kw_only=True)
class _Added:
    """What a version adds to the one before."""

    staged: Staged
    metadata_fields: list[str]
    repeat_field: str | None
    changes: RowChanges
    unmatched: int

    def says_as_much_as(self, before: ResultsRecord) -> bool:
        """Return whether there is nothing to add to a version."""
        return (
            self.changes.is_empty
            and before.schema.equals(self.staged.schema, check_metadata=True)
            and (before.metadata_fields, before.repeat_field) == (self.metadata_fields, self.repeat_field)
        )


def _added(
    transaction: Transaction,
    version: VersionRecord,
    rows: ModelRows,
    *,
    before: ResultsRecord | None,
    schema: "pa.Schema",
) -> _Added:
    declared = declared_fields(
        rows.model, rows.metadata_fields, schema.names, before=before, needs=version.column_needs
    )
    repeat = repeat_field_of(rows.model, rows.repeat_field, before, declared)
    staged = replace(rows.staged, schema=schema)
    current = files_of(transaction, before.inference_files) if before else []
    changes = row_changes(transaction, staged, rows.samples, current, is_whole=False, repeat=repeat)
    return _Added(
        staged=staged, metadata_fields=declared, repeat_field=repeat, changes=changes, unmatched=rows.unmatched
    )


def _add_version(
    transaction: Transaction, results_id: int, before: ResultsRecord | None, added: _Added
) -> ResultsRecord:
    staged, changes = added.staged, added.changes
    current = files_of(transaction, before.inference_files) if before else []
    file_ids = write_changes(transaction, INFERENCES_KIND, staged, changes, current=current)
    paths = [file.path(transaction.root) for file in files_of(transaction, file_ids)]
    types = column_types(transaction, paths, staged.schema)
    inserted, updated, _, unchanged = changes.counts
    transaction.run(
        "results.insert_version",
        results_id=results_id,
        version=before.version + 1 if before else 1,
        fields=canonical_json([asdict(Field(name=name, type=types[name], role="inference")) for name in types]),
        arrow_schema=staged.schema.serialize().to_pybytes(),
        metadata_fields=added.metadata_fields,
        inference_files=file_ids,
        n_answered=(before.n_answered if before else 0) + inserted,
        inserted=inserted,
        updated=updated,
        unchanged=unchanged,
        unmatched=added.unmatched,
        author=author(),
        created=now(),
        repeat_field=added.repeat_field,
        n_rows=sum(file.n_rows for file in files_of(transaction, file_ids)),
    )
    return results_version(transaction, results_id)
