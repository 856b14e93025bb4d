"""Uploading results: rows are matched to test samples by id and become the next version of a model's inferences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kolena_store.database import Transaction
from kolena_store.datasets import (
    OBJECTS,
    DatasetRecord,
    LongTable,
    Staged,
    VersionRecord,
    check_columns,
    check_label_types,
    check_names,
    check_not_empty,
    check_same_id_types,
    collected,
    dataset_named,
    field_types,
    files_of,
    find_numbers,
    missing_ids,
    stage,
    version_of,
    with_categories,
    with_object_fields,
    without_columns,
)
from kolena_store.errors import InvalidInput, MissingColumns
from kolena_store.formats import TableInput, open_table, renamed_input
from kolena_store.models import normal_name
from kolena_store.results.objects import Answered, object_results
from kolena_store.results.records import results_of_dataset
from kolena_store.results.repeats import check_keys, check_repeat_column
from kolena_store.results.unmatched import Incoming, unmatched_error
from kolena_store.results.versions import ModelRows, ResultsReport, add_results
from kolena_store.schema import document_text
from kolena_store.statements import identifier, statement

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["ResultsUpload", "upload_results"]

INCOMING_KIND = "incoming"


@dataclass(frozen=True, kw_only=True)
class ResultsUpload:
    """What the caller gave: the inferences, whose they are, and how strictly to match them.

    Either `model` names the model, or `model_field` the column that does. `renames` maps inference columns to the
    input's columns (a wide frame's prediction column of one model). `long` says how several rows of one sample become
    one. Where inferences are objects, `answered` says which samples were answered: those without a row have none.
    `metadata_fields` are the columns that say how a sample was shown to the model; None leaves what was declared.
    `repeat_field` tells several answers to one sample apart; None leaves what the model's results have, and the empty
    text stands for one answer each.
    """

    dataset: str
    source: object
    model: str | None = None
    model_field: str | None = None
    renames: Mapping[str, str] | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    allow_unmatched: bool = False
    long: LongTable = field(default_factory=LongTable)
    answered: Answered = None
    upload_configuration: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    tags: Sequence[str] = ()
    metadata_fields: Sequence[str] | None = None
    repeat_field: str | None = None

    def keys(self, dataset: DatasetRecord) -> list[str]:
        """Return the columns that tell the samples, and the models, of the rows apart."""
        return [*([self.model_field] if self.model_field else []), *dataset.id_fields]


def upload_results(transaction: Transaction, upload: ResultsUpload) -> list[ResultsReport]:
    """Add or replace the inferences of one model, or of every model that the model field names.

    Raises:
        StoreError: the input can't be used; the transaction then keeps nothing.
    """
    if (upload.model is None) == (upload.model_field is None):
        raise InvalidInput("name either the model or the column that holds it (model_field), and not both")
    dataset = dataset_named(transaction, upload.dataset)
    version = version_of(transaction, dataset)
    upload = replace(upload, repeat_field=_repeat_field(transaction, dataset, upload))
    source, n_silent = _opened(transaction, dataset, version, upload), 0
    source = with_object_fields(source, version.column_needs.inference)
    are_collected = version.column_needs.has_objects and OBJECTS not in source.schema.names
    if are_collected:
        source, n_silent = _collected(transaction, dataset, version, source, upload=upload)
    elif upload.answered is not None:
        raise InvalidInput(
            "answered= says which samples were answered where each row is an object (Custom(objects=True)); here a "
            "sample without a row is not answered, so leave it away"
        )
    keys = [*upload.keys(dataset), *([upload.repeat_field] if upload.repeat_field else [])]
    with collected(transaction, source, replace(upload.long, owner=upload.model_field), keys) as rows:
        reports = _upload(transaction, dataset, version, rows, upload=upload, are_collected=are_collected)
    return [replace(report, without_objects=n_silent) for report in reports] if n_silent else reports


def _upload(
    transaction: Transaction,
    dataset: DatasetRecord,
    version: VersionRecord,
    source: TableInput,
    *,
    upload: ResultsUpload,
    are_collected: bool,
) -> list[ResultsReport]:
    schema = _checked_schema(source, dataset, version, upload)
    staged = stage(transaction.root, INCOMING_KIND, source, schema=schema, base=0)
    try:
        check_keys(transaction, source.name, staged.paths, upload.keys(dataset), field=upload.repeat_field or None)
        incoming = Incoming(name=source.name, staged=staged, are_collected=are_collected)
        return _match_and_add(transaction, dataset, version, incoming, upload=upload)
    finally:
        staged.remove_unused(transaction)


def _repeat_field(transaction: Transaction, dataset: DatasetRecord, upload: ResultsUpload) -> str | None:
    """Return the field that tells repeats apart: the given one, else that of the model's results before."""
    if upload.repeat_field is not None or upload.model is None:
        return upload.repeat_field
    named = upload.upload_configuration
    configuration = None if named is None else document_text("the upload configuration", named)
    for record in results_of_dataset(transaction, dataset):
        if (record.model, record.upload_configuration) == (normal_name(upload.model), configuration):
            return record.repeat_field
    return None


def _opened(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, upload: ResultsUpload
) -> TableInput:
    records = results_of_dataset(transaction, dataset)
    of_model = [record for record in records if upload.model is None or record.model == normal_name(upload.model)]
    known = {name: kind for record in of_model for name, kind in record.plain_types.items()}
    if version.column_needs.has_objects:
        known |= {name: kind for record in of_model for name, kind in field_types(record.schema).items()}
    labels = version.column_needs.expected_labels(version.plain_types)
    ids = {name: version.plain_types[name] for name in dataset.id_fields}
    expected = {**known, **labels, **ids}
    if upload.renames is not None:
        expected.update({old: expected[new] for new, old in upload.renames.items() if new in expected})
    source = open_table(upload.source, types=upload.types, expected=upload.long.types_of_cells(expected))
    if not version.column_needs.has_objects:
        check_not_empty(source)
    if upload.renames is None:
        return source
    return renamed_input(source, {**{name: name for name in dataset.id_fields}, **upload.renames})


def _collected(
    transaction: Transaction,
    dataset: DatasetRecord,
    version: VersionRecord,
    source: TableInput,
    *,
    upload: ResultsUpload,
) -> tuple[TableInput, int]:
    """Return the objects of each sample as one list, and how many samples are answered without a row."""
    if upload.model_field is not None:
        raise InvalidInput(
            "model_field (--model-field) takes one row for each sample, and here each row is an object; upload the "
            "objects of each model by themselves"
        )
    _check_present(source, dataset, dataset.id_fields)
    return object_results(transaction, dataset, version, source, answered=upload.answered)


def _checked_schema(
    source: TableInput, dataset: DatasetRecord, version: VersionRecord, upload: ResultsUpload
) -> "pa.Schema":
    wanted = upload.keys(dataset)
    _check_present(source, dataset, wanted)
    id_types = {name: version.plain_types[name] for name in dataset.id_fields}
    check_same_id_types(source.name, source.schema, id_types)
    inferences = without_columns(source.schema, wanted)
    if not inferences.names:
        raise MissingColumns(f"{source.name} has no column beside the ids; add the model's answers")
    check_names(source.name, inferences)
    needs = version.column_needs
    check_columns(source.name, inferences, needs.inference, optional=needs.optional)
    check_label_types(source.name, inferences, needs.expected_labels(version.plain_types))
    if upload.repeat_field:
        check_repeat_column(source.name, source.schema, upload.repeat_field, keys=wanted, needs=needs)
    return with_categories(source.schema, source.categories)


def _check_present(source: TableInput, dataset: DatasetRecord, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in source.schema.names]
    ids = [name for name in missing if name in dataset.id_fields]
    if ids:
        raise missing_ids(source.name, dataset.name, ids, source.schema.names, index=source.index)
    if missing:
        raise MissingColumns.of(source.name, missing, source.schema.names)


def _match_and_add(
    transaction: Transaction,
    dataset: DatasetRecord,
    version: VersionRecord,
    incoming: Incoming,
    *,
    upload: ResultsUpload,
) -> list[ResultsReport]:
    import numpy as np

    staged = incoming.staged
    paths = [file.path(transaction.root) for file in files_of(transaction, version.sample_files)]
    samples = find_numbers(transaction, staged, paths, dataset.id_fields)
    unmatched = samples < 0
    if unmatched.any() and not upload.allow_unmatched:
        raise unmatched_error(transaction, incoming, dataset, paths=paths, unmatched=unmatched)
    reports, n_given = [], incoming.n_given() if unmatched.any() else np.zeros(staged.n_rows, dtype=np.int64)
    for model, is_of_model in _models_of_rows(transaction, staged, upload):
        rows = ModelRows(
            model=model,
            staged=staged,
            samples=_only(samples, is_of_model),
            unmatched=int(n_given[unmatched & is_of_model].sum()),
            left_out=upload.keys(dataset),
            upload_configuration=upload.upload_configuration,
            metadata=upload.metadata,
            tags=upload.tags,
            metadata_fields=upload.metadata_fields,
            repeat_field=upload.repeat_field,
        )
        reports.append(add_results(transaction, dataset, version, rows))
    return reports


def _models_of_rows(transaction: Transaction, staged: Staged, upload: ResultsUpload) -> "list[tuple[str, np.ndarray]]":
    import numpy as np
    import pyarrow.compute as pc

    if upload.model is not None:
        return [(upload.model, np.ones(staged.n_rows, dtype=bool))]
    query = statement("queries/results", "model_of_rows").fill(model_field=identifier(str(upload.model_field)))
    column = transaction.table(query, files=[str(path) for path in staged.paths]).column("model")
    names = pc.unique(column).to_pylist()
    return [(name, pc.equal(column, name).to_numpy()) for name in names]


def _only(samples: "np.ndarray", wanted: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.where(wanted, samples, -1)
