"""Pascal VOC's annotations out of tables."""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import InvalidInput
from kolena_store.formats.folders import new_folder
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, sides_of
from kolena_store.formats.voc.reader import CORNERS, EXACT, FIRST_PIXEL

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import pyarrow as pa

__all__ = ["corner_texts", "file_names", "number_text", "write_voc"]

OBJECTS = "objects"
SIZE = ("width", "height", "depth")
NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A sign that XML 1.0 can't hold."""

MEANT_OTHERWISE = ("object", "size"), ("name", "bndbox")
"""Fields of images and of objects whose names are those of the format's own parts."""


def write_voc(path: str | Path, samples: "pa.Table", document: Mapping[str, Any]) -> int:
    """Write a folder with one XML file for each sample, called by its id, and return how many objects there are.

    Args:
        path: the folder, which is made.
        samples: `image_id`, further fields, and `objects`.
        document: what `read_voc` said beside the tables.

    Raises:
        InvalidInput: the folder is there already, an id can't name a file, or a text has a sign that XML can't hold.
    """
    from xml.etree.ElementTree import ElementTree, indent

    first_pixel, n_objects = int(document.get("first_pixel", FIRST_PIXEL)), 0
    names = file_names(samples)
    _check_fields(samples)
    with new_folder(path) as folder:
        for row, name in zip(samples.to_pylist(), names, strict=True):
            root = _annotation(row, first_pixel)
            n_objects += len(row[OBJECTS] or ())
            _check_texts(row[IMAGE_ID], root)
            indent(root)
            ElementTree(root).write(folder / f"{name}.xml", encoding="utf-8")
    return n_objects


def _check_fields(samples: "pa.Table") -> None:
    kind = samples.schema.field(OBJECTS).type
    objects = [field.name for field in getattr(kind, "value_type", ())]
    for names, taken in zip((samples.column_names, objects), MEANT_OTHERWISE, strict=True):
        for name in taken:
            if name in names:
                raise InvalidInput(
                    f"the field {name!r} can't be written as Pascal VOC, where it is the name of another thing; "
                    "export as COCO"
                )


def file_names(samples: "pa.Table") -> list[str]:
    """Return the ids as names of files.

    Raises:
        InvalidInput: one can't be a name, or two would name one file.
    """
    names = [str(one) for one in samples.column(IMAGE_ID).to_pylist()]
    for name in names:
        if not name or name.startswith(".") or any(sign in name for sign in "/\\\0:") or len(name) > 200:
            raise InvalidInput(f"the image {name!r} can't be written: its id can't name a file; export it as COCO")
    if len({name.casefold() for name in names}) < len(names):
        raise InvalidInput("two images have ids that differ in capitals alone, and would share a file; export as COCO")
    return names


def number_text(value: float) -> str:
    """Return a number as people write it: whole ones without a fraction."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def corner_texts(one: Mapping[str, Any], first_pixel: int) -> list[str]:
    """Return left, top, right and bottom of an object's box as decimal numbers, which `box_of_corners` gives back."""
    left, top, width, height = (Decimal(repr(side)) for side in sides_of(one))
    starts = [EXACT.add(at, Decimal(first_pixel)) for at in (left, top)]
    ends = [EXACT.add(at, length) for at, length in ((left, width), (top, height))]
    return [_decimal_text(value) for value in (*starts, *ends)]


def _decimal_text(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _annotation(row: Mapping[str, Any], first_pixel: int) -> "Element":
    from xml.etree.ElementTree import Element, SubElement

    root = Element("annotation")
    sizes = [name for name in SIZE if row.get(name) is not None]
    for name, value in row.items():
        if name not in (IMAGE_ID, OBJECTS, *SIZE) and _is_known(value):
            _add(root, "filename" if name == "file_name" else name, value)
    if sizes:
        size = SubElement(root, "size")
        for name in sizes:
            _add(size, name, row[name])
    for one in row[OBJECTS] or ():
        found = SubElement(root, "object")
        _add(found, "name", one["label"])
        for name, value in one.items():
            if name not in ("label", *SIDES) and _is_known(value):
                _add(found, name, value)
        box = SubElement(found, "bndbox")
        for name, text in zip(CORNERS, corner_texts(one, first_pixel), strict=True):
            SubElement(box, name).text = text
    return root


def _is_known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _check_texts(image: object, root: "Element") -> None:
    for element in root.iter():
        sign = NOT_IN_XML.search(element.text or "")
        if sign is not None:
            raise InvalidInput(
                f"the image {image!r} can't be written: its field {element.tag!r} holds {sign.group()!r}, which XML "
                "can't hold; replace it, or export it as COCO"
            )


def _add(parent: "Element", name: str, value: object) -> None:
    from xml.etree.ElementTree import SubElement

    _check_tag(name)
    pairs = _pairs(value)
    element = SubElement(parent, name)
    if pairs is not None:
        _add_pairs(element, pairs)
    else:
        element.text = _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _pairs(value: object) -> "list[Any] | None":
    """Return nested elements as the reader keeps them, or None for any other value."""
    if not isinstance(value, str) or not value.startswith("[["):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if _are_pairs(found) else None


def _are_pairs(found: object) -> bool:
    return isinstance(found, list) and all(
        isinstance(one, list)
        and len(one) == 2
        and isinstance(one[0], str)
        and (isinstance(one[1], str) or _are_pairs(one[1]))
        for one in found
    )


def _add_pairs(parent: "Element", pairs: "list[Any]") -> None:
    from xml.etree.ElementTree import SubElement

    for name, content in pairs:
        _check_tag(name)
        element = SubElement(parent, name)
        if isinstance(content, list):
            _add_pairs(element, content)
        else:
            element.text = content


def _check_tag(name: str) -> None:
    if not _is_tag(name):
        raise InvalidInput(f"the field {name!r} can't be written as XML, whose names are letters, digits, _ - and .")


@cache
def _is_tag(name: str) -> bool:
    """Return whether XML's readers take a name: not all letters of newer alphabets and styles are names to them."""
    from xml.parsers.expat import ExpatError, ParserCreate

    if not all(sign.isalnum() or sign in "_-." for sign in name):
        return False
    try:
        ParserCreate().Parse(f"<{name}/>", True)
    except ExpatError:
        return False
    return True
