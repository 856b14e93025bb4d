"""What the files of a format held beside images and objects: kept in the dataset's metadata, under its name."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kolena_store.datasets import DatasetRecord
from kolena_store.formats.entries import is_key

__all__ = ["COCO", "LABEL_STUDIO", "VOC", "YOLO", "document_of"]

LARGEST_PIXEL = 10**6
COCO, VOC, YOLO, LABEL_STUDIO = "coco", "voc", "yolo", "labelstudio"


def document_of(dataset: DatasetRecord, kind: str) -> Mapping[str, Any] | None:
    """Return what the files of a format held beside images and objects; None: the dataset did not come from it.

    A user's own metadata may have the name of a format: they are no document of it unless they have its shape.
    """
    found = json.loads(dataset.metadata).get(kind) if dataset.metadata else None
    return found if isinstance(found, dict) and SHAPES[kind](found) else None


def _is_coco(found: Mapping[str, Any]) -> bool:
    categories, as_json = found.get("categories"), found.get("json", {})
    return (
        isinstance(categories, list)
        and all(isinstance(one, dict) and is_key(one.get("id")) for one in categories)
        and isinstance(found.get("others", {}), dict)
        and isinstance(as_json, dict)
        and all(map(_is_texts, as_json.values()))
    )


def _is_voc(found: Mapping[str, Any]) -> bool:
    first = found.get("first_pixel")
    return type(first) is int and abs(first) <= LARGEST_PIXEL


def _is_yolo(found: Mapping[str, Any]) -> bool:
    shape = found.get("keypoints")
    is_shape = isinstance(shape, list) and len(shape) == 2 and type(shape[0]) is int and shape[1] in (2, 3)
    return _is_texts(found.get("names")) and (shape is None or (is_shape and shape[0] > 0))


def _is_texts(given: object) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


SHAPES: Mapping[str, Callable[[Mapping[str, Any]], bool]] = MappingProxyType(
    {COCO: _is_coco, VOC: _is_voc, YOLO: _is_yolo}
)
"""Format -> whether metadata under its name have the shape of its documents."""
