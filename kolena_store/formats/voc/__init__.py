"""Pascal VOC: one XML file for each image, and text files for what a model found of each class."""

from kolena_store.formats.voc.reader import read_voc
from kolena_store.formats.voc.results import read_voc_results, write_voc_results
from kolena_store.formats.voc.writer import write_voc

__all__ = ["read_voc", "read_voc_results", "write_voc", "write_voc_results"]
