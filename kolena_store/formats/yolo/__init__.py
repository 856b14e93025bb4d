"""YOLO: a text file beside each image, a line for each object, in shares of the image."""

from kolena_store.formats.yolo.reader import read_yolo, sizes_of
from kolena_store.formats.yolo.results import read_yolo_results
from kolena_store.formats.yolo.writer import write_yolo

__all__ = ["read_yolo", "read_yolo_results", "sizes_of", "write_yolo"]
