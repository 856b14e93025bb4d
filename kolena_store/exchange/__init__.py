"""Data sets in the formats of others: brought in with their images and objects, and given out as they came."""

from kolena_store.exchange.coco import export_coco, import_coco, upload_answers
from kolena_store.exchange.further_metadata import FurtherMetadata, further_metadata
from kolena_store.formats.coco import read_instances

__all__ = ["FurtherMetadata", "export_coco", "further_metadata", "import_coco", "read_instances", "upload_answers"]
