"""Curves of precision and recall: what the view `precision_recall` of a dataset holds for one model and test case."""

from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, version_of
from kolena_store.digests import canonical_json
from kolena_store.errors import EmptyInput, InvalidInput, UnknownName, shown
from kolena_store.results import ResultsRecord, results_of_model
from kolena_store.statements import identifier, statement
from kolena_store.test_runs.execute import workflow_of
from kolena_store.workflows import Configuration

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["precision_recall"]

VIEW = "precision_recall"


def precision_recall(
    session: Session, dataset: DatasetRecord, model: str, test_case: str, *, configuration: Configuration | None
) -> "pa.Table":
    """Return a row for each class and each score of its detections, falling.

    Raises:
        InvalidInput: the workflow matches no objects, or the model has several upload configurations.
        UnknownName: there is no such model.
        EmptyInput: the model was not tested so, or has no detection on the test case.
    """
    workflow = workflow_of(dataset, version_of(session, dataset))
    if not workflow.matches_objects:
        raise InvalidInput(f"{dataset.name!r} has no curves: {workflow.name} matches no objects")
    results = _results(session, dataset, model)
    document = None if configuration is None else canonical_json(configuration.document())
    found = session.table(
        statement("queries/runs", VIEW).fill(view=identifier(dataset.name, VIEW)),
        test_case=test_case,
        model=results.model,
        upload_configuration=results.upload_configuration,
        configuration=document,
    )
    if not found.num_rows:
        _check_tested(session, dataset, results, document)
        _check_case(session, dataset, test_case)
        raise EmptyInput(f"{results.label} has no detection on {test_case!r}, so there is no curve")
    return found


def _results(session: Session, dataset: DatasetRecord, model: str) -> ResultsRecord:
    found = results_of_model(session, dataset, model)
    if len(found) > 1:
        labels = [one.label for one in found]
        raise InvalidInput(f"{model!r} has results of several upload configurations; name one of {shown(labels)}")
    return found[0]


def _check_tested(session: Session, dataset: DatasetRecord, results: ResultsRecord, document: str | None) -> None:
    rows = session.rows("runs.scored_configurations", results_id=results.results_id, results_version=results.version)
    if (document,) not in rows:
        how = "" if document is None else f" with the configuration {document}"
        raise EmptyInput(
            f"the newest results of {results.label} are not tested{how}; run: kolena-store test {dataset.name} "
            f"{results.label}"
        )


def _check_case(session: Session, dataset: DatasetRecord, test_case: str) -> None:
    names = [name for (name,) in session.rows("publish.case_names", dataset_id=dataset.dataset_id)]
    if test_case not in ("all", *names):
        raise UnknownName.of("test case", test_case, ["all", *names], f"kolena-store suite list {dataset.name}")
