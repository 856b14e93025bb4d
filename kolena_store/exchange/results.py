"""Results in the formats of others: the dataset's own format says how a file or folder is read."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store import uploads
from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, dataset_named, download_dataset, version_of
from kolena_store.errors import MissingColumns
from kolena_store.exchange.documents import COCO, VOC, YOLO, document_of
from kolena_store.formats.coco import read_results
from kolena_store.formats.image_sets import IMAGE_ID
from kolena_store.formats.streams import NamedTable
from kolena_store.formats.voc import read_voc_results
from kolena_store.formats.yolo import read_yolo_results
from kolena_store.results import ResultsReport, ResultsUpload
from kolena_store.tables import Records

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["upload_answers"]

JSON_ENDINGS = (".json", ".json.gz")


def upload_answers(transaction: Transaction, given: ResultsUpload) -> ResultsReport | Records[ResultsReport]:
    """Upload results: a table, or the file or folder of the format that the dataset came in.

    Raises:
        StoreError: the input can't be used.
    """
    source = _as_table(transaction, given.dataset, given.source)
    return uploads.upload_answers(transaction, replace(given, source=source))


def _as_table(session: Session, name: str, source: object) -> object:
    """Return the detections of a file or folder as a table, where the dataset's format has such; else the source."""
    if not isinstance(source, (str, os.PathLike)):
        return source
    dataset, path = dataset_named(session, name), os.fsdecode(source)
    coco = document_of(dataset, COCO)
    if path.lower().endswith(JSON_ENDINGS) and coco is not None:
        names = {one["id"]: str(one.get("name", one["id"])) for one in coco["categories"]}
        found = read_results(path, names, version_of(session, dataset).plain_types[IMAGE_ID])
        return NamedTable(path, found)
    if not Path(path).expanduser().is_dir():
        return source
    voc, yolo = document_of(dataset, VOC), document_of(dataset, YOLO)
    if voc is not None:
        found = read_voc_results(path, _labels(session, dataset), first_pixel=int(voc["first_pixel"]))
        return NamedTable(path, found)
    return source if yolo is None else NamedTable(path, _yolo(session, dataset, path, yolo))


def _yolo(session: Session, dataset: DatasetRecord, path: str, document: Mapping[str, Any]) -> "pa.Table":
    shape = document.get("keypoints")
    table = download_dataset(session, dataset)
    missing = [name for name in ("width", "height") if name not in table.column_names]
    if missing:
        raise MissingColumns.of(f"the dataset {dataset.name!r}", missing, table.column_names)
    keypoints = None if shape is None else (int(shape[0]), int(shape[1]))
    return read_yolo_results(path, table, names=document["names"], keypoints=keypoints)


def _labels(session: Session, dataset: DatasetRecord) -> set[str]:
    rows = download_dataset(session, dataset).column("objects").to_pylist()
    return {str(one["label"]) for row in rows for one in row or ()}
