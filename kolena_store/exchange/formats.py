"""The formats of annotated images, each with the way out; Label Studio has a way in of its own."""

from dataclasses import replace
from pathlib import Path

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, UploadReport, download_dataset
from kolena_store.exchange.documents import COCO, VOC, YOLO, document_of
from kolena_store.exchange.images import ImageImport, import_images, upload_predictions, written_table
from kolena_store.formats.coco import write_instances, write_results
from kolena_store.formats.image_sets import IMAGE_ID
from kolena_store.formats.labelstudio import TaskSet, write_tasks
from kolena_store.formats.voc import write_voc, write_voc_results
from kolena_store.formats.yolo import sizes_of, write_yolo

__all__ = ["export_coco", "export_labelstudio", "export_voc", "export_yolo", "import_tasks"]


def import_tasks(transaction: Transaction, given: ImageImport, found: TaskSet) -> UploadReport:
    """Make a dataset of Label Studio's tasks, and results of the predictions that they hold.

    Raises:
        StoreError: the file can't be used; the transaction then keeps nothing.
    """
    report = import_images(transaction, given, found.truth)
    said = upload_predictions(transaction, report.dataset, found.predictions, found.answered)
    return replace(report, notes=(*report.notes, *said))


def export_coco(session: Session, dataset: DatasetRecord, path: str | Path, *, model: str | None) -> int:
    """Write a dataset as COCO's instances, or what a model found as COCO's results; return how many objects there are.

    Raises:
        InvalidInput: the dataset has no objects with boxes, or its samples are not identified by `image_id`.
    """
    table, document = written_table(session, dataset, model, what="COCO"), document_of(dataset, COCO) or {}
    return write_instances(path, table, document) if model is None else write_results(path, table, document)


def export_voc(session: Session, dataset: DatasetRecord, path: str | Path, *, model: str | None) -> int:
    """Write a dataset as Pascal VOC's annotations, or what a model found as its results: a folder either way.

    Raises:
        InvalidInput: the same; or the folder is there already.
    """
    table, document = written_table(session, dataset, model, what="Pascal VOC"), document_of(dataset, VOC) or {}
    if model is None:
        return write_voc(path, table, document)
    return write_voc_results(path, table, first_pixel=int(document.get("first_pixel", 1)))


def export_yolo(session: Session, dataset: DatasetRecord, path: str | Path, *, model: str | None) -> int:
    """Write a dataset, or what a model found, as YOLO's text files: a folder.

    Raises:
        InvalidInput: the same; or the folder is there already.
        MissingColumns: the images have no width and height.
    """
    table = written_table(session, dataset, model, what="YOLO")
    images = table if model is None else download_dataset(session, dataset)
    sizes = sizes_of(images) if {"width", "height"} <= set(images.column_names) else {}
    return write_yolo(path, table, sizes, document_of(dataset, YOLO) or {})


def export_labelstudio(session: Session, dataset: DatasetRecord, path: str | Path, *, model: str | None) -> int:
    """Write a dataset as Label Studio's tasks with annotations, or with what a model found as predictions.

    Raises:
        InvalidInput: the same.
        MissingColumns: the images have no width and height.
    """
    if model is None:
        return write_tasks(path, written_table(session, dataset, None, what="tasks of Label Studio"), model=None)
    results = written_table(session, dataset, model, what="tasks of Label Studio")
    found = dict(zip(results.column(IMAGE_ID).to_pylist(), results.column("objects").to_pylist(), strict=True))
    return write_tasks(path, download_dataset(session, dataset), model=model, found=found)
