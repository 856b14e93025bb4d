"""Data sets in the formats of others: brought in with their images and objects, and given out as they came."""

from kolena_store.exchange.documents import COCO, LABEL_STUDIO, VOC, YOLO
from kolena_store.exchange.formats import (
    export_coco,
    export_labelstudio,
    export_voc,
    export_yolo,
    import_tasks,
)
from kolena_store.exchange.further_metadata import FurtherMetadata, further_metadata
from kolena_store.exchange.images import ImageImport, import_images
from kolena_store.exchange.results import upload_answers
from kolena_store.formats.coco import read_instances
from kolena_store.formats.labelstudio import read_tasks
from kolena_store.formats.voc import read_voc
from kolena_store.formats.yolo import read_yolo

__all__ = [
    "COCO",
    "LABEL_STUDIO",
    "VOC",
    "YOLO",
    "FurtherMetadata",
    "ImageImport",
    "export_coco",
    "export_labelstudio",
    "export_voc",
    "export_yolo",
    "further_metadata",
    "import_images",
    "import_tasks",
    "read_instances",
    "read_tasks",
    "read_voc",
    "read_yolo",
    "upload_answers",
]
