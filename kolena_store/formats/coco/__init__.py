"""COCO's JSON: images, annotations and categories in one file, and what a model found in another."""

from kolena_store.formats.coco.columns import JsonFields
from kolena_store.formats.coco.instances import read_instances
from kolena_store.formats.coco.results import read_results
from kolena_store.formats.coco.writer import write_instances, write_results

__all__ = [
    "JsonFields",
    "read_instances",
    "read_results",
    "write_instances",
    "write_results",
]
