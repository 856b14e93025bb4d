"""Annotated images in and out of a store, whatever file they came in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kolena_store import uploads
from kolena_store.database import Session, Transaction
from kolena_store.datasets import (
    OBJECTS,
    DatasetRecord,
    DatasetUpload,
    UploadReport,
    download_dataset,
    find_dataset,
    version_of,
)
from kolena_store.errors import InvalidInput
from kolena_store.exchange.documents import VOC
from kolena_store.exchange.further_metadata import FurtherMetadata
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, ImageSet
from kolena_store.results import ResultsUpload, download_results
from kolena_store.workflows import Workflow
from kolena_store.workflows.object_detection import ObjectDetection

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ImageImport", "import_images", "upload_predictions", "written_table"]

DIFFICULT = "difficult"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageImport:
    """What is to become of files of annotated images: a dataset.

    Args:
        name: the dataset's name.
        kind: the format, under which the dataset's metadata keep what is neither image nor object.
        workflow: None leaves that of the dataset; a new one is then object detection.
        further: metadata of the images from a table.
        append_only: keep the images that the files do not have.
    """

    name: str
    kind: str
    workflow: Workflow | None
    further: FurtherMetadata | None
    append_only: bool


def import_images(transaction: Transaction, given: ImageImport, found: ImageSet) -> UploadReport:
    """Make a dataset of annotated images, and return what that changed.

    Pascal VOC's difficult objects are ignored, as its protocol has it, unless the workflow names another field.

    Raises:
        StoreError: the files can't be used; the transaction then keeps nothing.
    """
    images = found.images if given.further is None else given.further.joined(found.images)
    existing = find_dataset(transaction, given.name)
    has_workflow = existing is not None and version_of(transaction, existing).workflow_document is not None
    upload = DatasetUpload(
        name=given.name, source=images, id_fields=[IMAGE_ID], objects=found.objects, append_only=given.append_only
    )
    known = json.loads(existing.metadata) if existing is not None and existing.metadata else {}
    report = uploads.upload(
        transaction,
        upload,
        workflow=_as_the_format_has_it(given) if given.workflow or not has_workflow else None,
        predictions=None,
        notes=uploads.Notes(metadata={**known, given.kind: found.document}),
    )
    return replace(report, notes=(*report.notes, *found.notes))


def _as_the_format_has_it(given: ImageImport) -> Workflow:
    workflow = given.workflow or ObjectDetection()
    if given.kind == VOC and isinstance(workflow, ObjectDetection) and workflow.ignored == ObjectDetection.ignored:
        return replace(workflow, ignored=DIFFICULT)
    return workflow


def upload_predictions(
    transaction: Transaction, name: str, predictions: "Mapping[str, pa.Table]", answered: Mapping[str, Any]
) -> list[str]:
    """Upload what models found that came in the file of the truth, and return a sentence on each.

    Args:
        transaction: the open one.
        name: the dataset's name.
        predictions: model -> a row for each detection.
        answered: model -> the ids of the images that it looked at.
    """
    said = []
    for model, table in predictions.items():
        given = ResultsUpload(dataset=name, source=table, model=model, answered=list(dict.fromkeys(answered[model])))
        reports = uploads.upload_answers(transaction, given)
        said += [str(line) for line in reports.listings()]
    return said


def written_table(session: Session, dataset: DatasetRecord, model: str | None, *, what: str) -> "pa.Table":
    """Return the samples of a dataset with their objects, or with those that a model found, to be written.

    Raises:
        InvalidInput: there are no objects with boxes, or samples are not identified by `image_id`.
    """
    table = download_dataset(session, dataset) if model is None else download_results(session, dataset, model)
    kind = table.schema.field(OBJECTS).type if OBJECTS in table.column_names else None
    fields = [field.name for field in kind.value_type] if kind is not None else []
    missing = [name for name in ("label", *SIDES) if name not in fields]
    if missing or IMAGE_ID not in table.column_names:
        raise InvalidInput(
            f"{dataset.name!r} can't be written as {what}, which needs samples with {IMAGE_ID} and objects with label, "
            f"x, y, width and height; write it in another form: kolena-store dataset download {dataset.name}"
        )
    return table
