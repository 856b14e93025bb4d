"""Uploads as users ask for them: a dataset with its workflow, and the predictions that a wide frame may carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kolena_store.database import Transaction
from kolena_store.datasets import (
    OBJECTS,
    DatasetRecord,
    DatasetUpload,
    Sampling,
    UploadReport,
    VersionRecord,
    dataset_named,
    describe_dataset,
    files_of,
    find_dataset,
    note_dataset,
    upload_dataset,
    version_of,
)
from kolena_store.errors import InvalidInput
from kolena_store.files import SAMPLE, FileRecord, read_batches
from kolena_store.formats import open_table, restore_types
from kolena_store.predicates import check_predicate
from kolena_store.results import REPORTS, ResultsReport, ResultsUpload, results_of_model, upload_results
from kolena_store.statements import Fragment, identifier, joined, literal, statement
from kolena_store.tables import Records
from kolena_store.test_suites import check_pinned_cases
from kolena_store.workflows import GROUND_TRUTH, INFERENCE, Workflow, check_workflow, workflow_from_document
from kolena_store.workflows.base import WrongObject

__all__ = ["Notes", "Predictions", "upload", "upload_answers"]

Predictions = Mapping[str, "str | Mapping[str, str]"]
"""Model -> the frame's column with its answer, or a mapping inference column -> the frame's column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What is noted down with a dataset; None leaves what is stored."""

    description: str | None = None
    tags: Sequence[str] | None = None
    metadata: Mapping[str, Any] | None = None


def upload(
    transaction: Transaction,
    given: DatasetUpload,
    *,
    workflow: Workflow | None,
    predictions: Predictions | None,
    notes: Notes,
) -> UploadReport:
    """Upload a dataset, then the predictions in its columns, and return what that did.

    Raises:
        StoreError: the input, the workflow or a pinned test case does not allow it.
    """
    if workflow is not None:
        check_workflow(workflow)
    _check_predictions(predictions)
    if predictions and given.long.is_asked_for:
        raise InvalidInput(
            "a long table (collect=, leave_out=) can't carry predictions beside the samples; upload them with "
            "upload_results"
        )
    renames = _renames(transaction, given.name, workflow, predictions)
    source = _readable_twice(given) if renames else given.source
    left_out = [column for columns in renames.values() for column in columns.values()]
    document = workflow.document() if workflow else None
    columns = workflow.columns() if workflow else None
    request = replace(given, source=source, workflow=document, columns=columns, left_out=left_out)
    if workflow is not None and workflow.cluster is not None:
        request = replace(request, sampling=_grouped(transaction, given, workflow.cluster))
    report = upload_dataset(transaction, request)
    dataset = dataset_named(transaction, given.name)
    note_dataset(transaction, dataset, description=notes.description, tags=notes.tags, metadata=notes.metadata)
    version = version_of(transaction, dataset)
    if workflow is not None:
        _check_labels(transaction, version, workflow)
    _check_truths(transaction, dataset, version, is_new_workflow=workflow is not None)
    check_pinned_cases(transaction, dataset, version)
    lines = [line for model in renames for line in _upload_predictions(transaction, request, model, renames[model])]
    return replace(report, notes=(*report.notes, *lines))


def upload_answers(transaction: Transaction, given: ResultsUpload) -> ResultsReport | Records[ResultsReport]:
    """Upload results and return what that did, for each model where the input names several.

    `answered` may be a predicate over the samples, which is checked first.

    Raises:
        StoreError: the input or the predicate can't be used.
    """
    if isinstance(given.answered, str):
        version = version_of(transaction, dataset_named(transaction, given.dataset))
        given = replace(given, answered=check_predicate(given.answered, version.types))
    reports = upload_results(transaction, given)
    dataset = dataset_named(transaction, given.dataset)
    for report in reports:
        _check_answers(transaction, dataset, report)
    return Records(reports, REPORTS) if given.model is None else reports[0]


def _check_truths(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, *, is_new_workflow: bool
) -> None:
    """Refuse true objects that can't be scored: of the files that are new, or of all files for a new workflow."""
    if not version.column_needs.has_objects:
        return
    files = files_of(transaction, version.sample_files)
    chosen = files if is_new_workflow else [file for file in files if file.added_in > transaction.generation]
    _check_objects(transaction, dataset, version, chosen, side=GROUND_TRUTH)


def _check_answers(transaction: Transaction, dataset: DatasetRecord, report: ResultsReport) -> None:
    """Refuse found objects that can't be scored."""
    version = version_of(transaction, dataset)
    if not version.column_needs.has_objects:
        return
    for results in results_of_model(transaction, dataset, report.model):
        files = files_of(transaction, results.inference_files)
        new = [file for file in files if file.added_in > transaction.generation]
        _check_objects(transaction, dataset, version, new, side=INFERENCE)


def _check_objects(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, files: Sequence[FileRecord], *, side: str
) -> None:
    workflow = workflow_from_document(version.workflow_document or {})
    for batch in read_batches([file.path(transaction.root) for file in files], [SAMPLE, OBJECTS]):
        wrong = workflow.wrong_object(side, batch)
        if wrong is not None:
            where = {GROUND_TRUTH: "the ground truth", INFERENCE: "the inferences"}[side]
            raise InvalidInput(
                f"{where}: object {wrong.place} of the sample with {_ids_text(transaction, dataset, version, wrong)} "
                f"{wrong.what}; correct it, or leave the object out"
            )


def _ids_text(transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, wrong: WrongObject) -> str:
    paths = [str(file.path(transaction.root)) for file in files_of(transaction, version.sample_files)]
    is_it = Fragment(f"{identifier(SAMPLE)} = {literal(wrong.sample)}")
    query = statement("queries/results", "ids_where").fill(
        ids=joined(map(identifier, dataset.id_fields)), predicate=is_it
    )
    found = transaction.table(query, files=paths).to_pylist()
    return ", ".join(f"{name} {value!r}" for name, value in (found[0] if found else {}).items())


def _grouped(transaction: Transaction, given: DatasetUpload, cluster: str) -> Sampling:
    """Return how samples were drawn: by the groups of a new workflow, unless the user names another field.

    What was said of samples before stays while the workflow's groups do.
    """
    existing = find_dataset(transaction, given.name)
    before = version_of(transaction, existing) if existing else None
    document = before.workflow_document if before else None
    grouped = workflow_from_document(document).cluster if document else None
    named = given.sampling.cluster is not None or (before is not None and before.sampled.cluster not in (None, grouped))
    return given.sampling if named or grouped == cluster else replace(given.sampling, cluster=cluster)


def _renames(
    transaction: Transaction, name: str, workflow: Workflow | None, predictions: Predictions | None
) -> dict[str, dict[str, str]]:
    """Return model -> inference column -> the frame's column."""
    if not predictions:
        return {}
    existing = find_dataset(transaction, name)
    if workflow is None and (existing is None or describe_dataset(transaction, existing).workflow is None):
        raise InvalidInput(
            "predictions beside the samples (--prediction-of, in Python predictions=) need the dataset's workflow, "
            "which says what a prediction is; name it with --workflow (workflow=)"
        )
    columns = workflow.columns() if workflow else version_of(transaction, dataset_named(transaction, name)).column_needs
    return {
        model: dict(named) if isinstance(named, Mapping) else {columns.answer: named}
        for model, named in predictions.items()
    }


def _check_predictions(predictions: object) -> None:
    """Refuse predictions that don't say which model's they are, or name something else than columns."""
    if predictions is None:
        return
    if not isinstance(predictions, Mapping):
        found = repr(predictions) if isinstance(predictions, (str, list, tuple)) else type(predictions).__name__
        raise InvalidInput(
            f"predictions={found} does not say which model's they are; give the column of each, as in "
            "predictions={'v1': 'pred_v1'}"
        )
    for model, named in predictions.items():
        names = [*named.keys(), *named.values()] if isinstance(named, Mapping) else [named]
        if not all(isinstance(name, str) for name in (model, *names)):
            raise InvalidInput(
                f"predictions={{{model!r}: {named!r}}} must hold names: the model's, and its column's (or several, "
                "as in {'v1': {'label': 'label_v1', 'score': 'score_v1'}})"
            )


def _readable_twice(given: DatasetUpload) -> object:
    """Return the input, in memory when it is a stream that can be read only once."""
    import pyarrow as pa

    is_stream = isinstance(given.source, pa.RecordBatchReader) or hasattr(given.source, "__next__")
    if not is_stream:
        return given.source
    source = open_table(given.source, types=given.types)
    return restore_types(pa.Table.from_batches(source.batches(), source.schema), source.schema, source.categories)


def _check_labels(transaction: Transaction, version: VersionRecord, workflow: Workflow) -> None:
    paths = [str(file.path(transaction.root)) for file in files_of(transaction, version.sample_files)]
    for need in workflow.columns().ground_truth:
        if need.kind == "label":
            query = statement("queries/datasets", "distinct_labels").fill(column=identifier(need.name))
            workflow.check_labels(transaction.table(query, files=paths).column(0).combine_chunks())


def _upload_predictions(
    transaction: Transaction, request: DatasetUpload, model: str, renames: Mapping[str, str]
) -> list[str]:
    results = ResultsUpload(
        dataset=request.name, source=request.source, model=model, renames=renames, types=request.types
    )
    return [str(line) for report in upload_results(transaction, results) for line in report.listings()]
