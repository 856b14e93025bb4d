"""COCO's instances: images, annotations and categories."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import MalformedFile, MissingColumns
from kolena_store.formats.coco.checks import check_box, check_segmentation
from kolena_store.formats.coco.columns import columns_of
from kolena_store.formats.coco.sound import are_sound_annotations, are_sound_images
from kolena_store.formats.collector import collector_off
from kolena_store.formats.entries import Entries
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, ImageSet
from kolena_store.formats.json_stream import JsonStream
from kolena_store.formats.paths import readable_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["boxes_apart", "read_instances"]

ARRAYS = ("images", "annotations", "categories")
OWN = (IMAGE_ID, "category_id", "bbox", "iscrowd")
"""Fields of an annotation that become others."""


def read_instances(path: str | Path) -> ImageSet:
    """Return the images, objects and categories of a file, which may be compressed with gzip.

    Raises:
        MalformedFile: it is no such file; the message names the entry that breaks it.
        UnreadableFile: it can't be read.
    """
    file = Path(path).expanduser()
    readable_file(file)
    with collector_off():
        return _read(file)


def _read(file: Path) -> ImageSet:
    found: dict[str, list[Any]] = {name: [] for name in ARRAYS}
    others: dict[str, Any] = {}
    for key, number, value in JsonStream(file).elements():
        if key in found and number >= 0:
            found[key].append(value)
        elif key is None:
            raise MalformedFile.of(file, None, "it is a JSON array", "Give instances: an object with images")
        elif number >= 0:
            others.setdefault(key, []).append(value)
        else:
            others[key] = value
    if not found["images"]:
        raise MissingColumns(f"{file} has no images; give COCO instances: images, annotations and categories")
    categories = _categories(Entries(file, "category"), found["categories"])
    images, image_json = _images(Entries(file, "image"), found["images"])
    objects, object_json = _objects(Entries(file, "annotation"), found["annotations"], images, categories)
    as_json = {"images": image_json, "annotations": object_json}
    document = {"categories": found["categories"], "others": others, "json": as_json}
    return ImageSet(images=images, objects=objects, document=document)


def boxes_apart(rows: Sequence[Mapping[str, Any]]) -> "dict[str, pa.Array]":
    """Return the columns of the sides of the boxes of some entries."""
    import numpy as np
    import pyarrow as pa

    boxes = np.array([row["bbox"] for row in rows], dtype=np.float64).reshape(-1, len(SIDES))
    return {name: pa.array(np.ascontiguousarray(boxes[:, place])) for place, name in enumerate(SIDES)}


def _categories(entries: Entries, rows: Sequence[Any]) -> dict[object, str]:
    """Return the name of each category by its id; one without a name is called by its id."""
    names: dict[object, str] = {}
    for number, row in enumerate(rows):
        entry = entries.checked(number, row)
        entries.check_new(number, entry, names)
        name = str(entry.get("name", entry["id"]))
        if name in names.values():
            entries.refuse(number, entry, f"its name {name!r} is that of another category")
        names[entry["id"]] = name
    return names


def _images(entries: Entries, rows: Sequence[Any]) -> "tuple[pa.Table, list[str]]":
    import pyarrow as pa

    if not are_sound_images(rows):
        _check_images(entries, rows)
    ordered = sorted(rows, key=lambda row: (str(type(row["id"])), row["id"]))
    names = list(dict.fromkeys(name for row in ordered for name in row if name != "id"))
    columns, as_json = columns_of(ordered, names)
    ids = pa.array([row["id"] for row in ordered])
    return pa.table({IMAGE_ID: ids, **columns}), as_json


def _objects(
    entries: Entries, rows: Sequence[Any], images: "pa.Table", categories: Mapping[object, str]
) -> "tuple[pa.Table, list[str]]":
    import pyarrow as pa

    ids = dict.fromkeys(images.column(IMAGE_ID).to_pylist())
    if not are_sound_annotations(rows, ids, categories):
        _check_annotations(entries, rows, ids, categories)
    for number, row in enumerate(rows):
        if "segmentation" in row:
            check_segmentation(entries, number, row)
    taken = {*OWN, *SIDES, "label", "is_crowd"}
    names = list(dict.fromkeys(name for row in rows for name in row if name not in taken))
    columns, as_json = columns_of(rows, names)
    crowds = [None if row.get("iscrowd") is None else bool(row["iscrowd"]) for row in rows]
    fixed = {
        IMAGE_ID: pa.array([row[IMAGE_ID] for row in rows], images.schema.field(IMAGE_ID).type),
        "label": pa.array([categories[row["category_id"]] for row in rows], pa.string()),
        **boxes_apart(rows),
        "is_crowd": pa.array(crowds, pa.bool_()),
    }
    return pa.table({**fixed, **columns}), as_json


def _check_images(entries: Entries, rows: Sequence[Any]) -> None:
    """Refuse the first image that breaks the format."""
    seen: dict[object, None] = {}
    for number, row in enumerate(rows):
        entry = entries.checked(number, row)
        entries.check_new(number, entry, seen)
        if type(entry["id"]) is not type(rows[0]["id"]):
            entries.refuse(number, entry, f"its id {entry['id']!r} is of another kind than {rows[0]['id']!r}")
        if IMAGE_ID in entry:
            entries.refuse(number, entry, f"it has a field {IMAGE_ID!r}, which its id becomes")
        seen[entry["id"]] = None


def _check_annotations(
    entries: Entries, rows: Sequence[Any], images: Mapping[object, object], categories: Mapping[object, object]
) -> None:
    """Refuse the first annotation that breaks the format, but for its segmentation."""
    seen: dict[object, None] = {}
    for number, row in enumerate(rows):
        entry = entries.checked(number, row)
        entries.check_known(number, entry, IMAGE_ID, images)
        entries.check_known(number, entry, "category_id", categories)
        if "id" in entry:
            entries.check_new(number, entry, seen)
            seen[entry["id"]] = None
        check_box(entries, number, entry)
        if entry.get("iscrowd") not in (0, 1, None):
            entries.refuse(number, entry, f"its iscrowd {entry['iscrowd']!r} is neither 0 nor 1")
