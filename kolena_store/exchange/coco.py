"""COCO's files in and out of a store."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store import uploads
from kolena_store.database import Session, Transaction
from kolena_store.datasets import (
    OBJECTS,
    DatasetRecord,
    DatasetUpload,
    UploadReport,
    dataset_named,
    download_dataset,
    find_dataset,
    version_of,
)
from kolena_store.errors import InvalidInput
from kolena_store.exchange.further_metadata import FurtherMetadata
from kolena_store.formats.coco import CocoInstances, read_results, write_instances, write_results
from kolena_store.formats.coco.instances import IMAGE_ID
from kolena_store.results import ResultsReport, ResultsUpload, download_results
from kolena_store.tables import Records
from kolena_store.workflows import Workflow
from kolena_store.workflows.object_detection import ObjectDetection

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["export_coco", "import_coco", "upload_answers"]

KEY = "coco"
"""Where a dataset's metadata keep what a file holds beside images and annotations."""

JSON_ENDINGS = (".json", ".json.gz")


def import_coco(
    transaction: Transaction,
    name: str,
    found: CocoInstances,
    *,
    workflow: Workflow | None,
    further: FurtherMetadata | None,
    append_only: bool,
) -> UploadReport:
    """Make a dataset of a file of instances, and return what that changed.

    Args:
        name: the dataset's name.
        found: what the file holds.
        workflow: None leaves that of the dataset; a new one is object detection.
        further: metadata of the images from a table.
        append_only: keep the images that the file does not have.

    Raises:
        StoreError: the file can't be used; the transaction then keeps nothing.
    """
    images = found.images if further is None else further.joined(found.images)
    existing = find_dataset(transaction, name)
    has_workflow = existing is not None and version_of(transaction, existing).workflow_document is not None
    given = DatasetUpload(
        name=name, source=images, id_fields=[IMAGE_ID], objects=found.objects, append_only=append_only
    )
    known = json.loads(existing.metadata) if existing is not None and existing.metadata else {}
    return uploads.upload(
        transaction,
        given,
        workflow=workflow or (None if has_workflow else ObjectDetection()),
        predictions=None,
        notes=uploads.Notes(metadata={**known, KEY: found.document}),
    )


def upload_answers(transaction: Transaction, given: ResultsUpload) -> ResultsReport | Records[ResultsReport]:
    """Upload results, which may be a COCO file where the dataset came from COCO.

    Raises:
        StoreError: the input can't be used.
    """
    source = _as_table(transaction, given.dataset, given.source)
    return uploads.upload_answers(transaction, replace(given, source=source))


def _as_table(session: Session, dataset: str, source: object) -> object:
    """Return the detections of a COCO file as a table, where the dataset came from COCO; else the source as it is."""
    if not isinstance(source, (str, os.PathLike)) or not str(os.fspath(source)).lower().endswith(JSON_ENDINGS):
        return source
    document = _document(dataset_named(session, dataset))
    if document is None:
        return source
    names = {one["id"]: str(one.get("name", one["id"])) for one in document["categories"]}
    version = version_of(session, dataset_named(session, dataset))
    return read_results(os.fsdecode(source), names, version.plain_types[IMAGE_ID])


def export_coco(session: Session, dataset: DatasetRecord, path: str | Path, *, model: str | None) -> int:
    """Write a dataset as COCO's instances, or what a model found as COCO's results; return how many objects there are.

    Raises:
        InvalidInput: the dataset has no objects with boxes, or its samples are not identified by `image_id`.
    """
    document = _document(dataset) or {}
    table = download_dataset(session, dataset) if model is None else download_results(session, dataset, model)
    _check_exportable(dataset, table)
    return write_instances(path, table, document) if model is None else write_results(path, table, document)


def _document(dataset: DatasetRecord) -> Mapping[str, Any] | None:
    found = json.loads(dataset.metadata).get(KEY) if dataset.metadata else None
    return found if isinstance(found, dict) else None


def _check_exportable(dataset: DatasetRecord, table: "pa.Table") -> None:
    kind = table.schema.field(OBJECTS).type if OBJECTS in table.column_names else None
    fields = [field.name for field in kind.value_type] if kind is not None else []
    missing = [name for name in ("label", "x", "y", "width", "height") if name not in fields]
    if missing or IMAGE_ID not in table.column_names:
        raise InvalidInput(
            f"{dataset.name!r} can't be written as COCO, which needs samples with {IMAGE_ID} and objects with label, "
            f"x, y, width and height; write it in another form: kolena-store dataset download {dataset.name}"
        )
