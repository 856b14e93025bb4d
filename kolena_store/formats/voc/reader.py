"""Pascal VOC's annotations: an XML file for each image."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kolena_store.errors import EmptyInput, MalformedFile
from kolena_store.formats.folders import files_in, stem_of
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, ImageSet, table_of_rows
from kolena_store.formats.paths import opened, readable_file
from kolena_store.progress import track

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["CORNERS", "EXACT", "FIRST_PIXEL", "box_of_corners", "read_voc"]

CORNERS = ("xmin", "ymin", "xmax", "ymax")
FIRST_PIXEL = 1
"""Pascal VOC counts pixels from 1, and the last one is part of the box."""

ANNOTATIONS = "Annotations"
REMEDY = "Correct the file, or leave it out"
WHOLE = re.compile(r"[+-]?\d{1,15}")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LARGEST = 1e12
EXACT = Context(prec=60, traps=[])
"""Enough for the sum of any two numbers that pixels are given in, whatever context the caller has."""


def read_voc(path: str | Path, *, first_pixel: int = FIRST_PIXEL) -> ImageSet:
    """Return the images and objects of a folder of XML files, or of one inside it that is called Annotations.

    Args:
        path: the folder; files may be compressed with gzip.
        first_pixel: 1 as in Pascal VOC, where a box from 1 to 10 covers ten pixels; 0 takes corners as they are.

    Raises:
        MalformedFile: a file is none of Pascal VOC's; the message names it and the object.
        EmptyInput: the folder has no XML file.
    """
    folder = Path(path).expanduser()
    inside = folder / ANNOTATIONS
    files = files_in(inside if inside.is_dir() else folder, [".xml"])
    if not files:
        raise EmptyInput(f"{folder} has no XML file; name the folder with Pascal VOC's annotations, one for each image")
    images: dict[str, dict[str, Any]] = {}
    objects: list[dict[str, Any]] = []
    with track(len(files), "reading annotations") as advance:
        for file in files:
            name = stem_of(file)
            if name in images:
                raise MalformedFile.of(file, None, f"another file is called {name!r} too", "Give each its own name")
            root = _root(file)
            try:
                images[name] = {IMAGE_ID: name, **dict(_image_fields(file, root))}
                objects += _objects(file, root, name, first_pixel)
            except RecursionError:
                raise MalformedFile.of(file, None, "its elements are nested too deeply", REMEDY) from None
            advance(1)
    return _image_set([images[name] for name in sorted(images)], objects, first_pixel)


def box_of_corners(corners: Sequence[str], first_pixel: int) -> list[float]:
    """Return left, top, width and height; a length is negative where the box ends before it begins.

    Decimal numbers are taken as such: what is written with a fraction comes back to the last digit.

    Args:
        corners: left, top, right and bottom, each a finite number.
        first_pixel: 1 as in Pascal VOC; 0 takes corners as they are.
    """
    left, top, right, bottom = map(_decimal, corners)
    first = Decimal(first_pixel)
    starts = [EXACT.subtract(at, first) for at in (left, top)]
    lengths = [EXACT.add(EXACT.subtract(end, start), first) for start, end in ((left, right), (top, bottom))]
    return list(map(float, starts + lengths))


def _decimal(text: str) -> Decimal:
    """Return a number as it is written; of forms that only floats have, and far too long ones, as a float."""
    found = EXACT.create_decimal(text)
    return found if found.is_finite() else Decimal(repr(float(text)))


def _image_set(images: list[dict[str, Any]], objects: list[dict[str, Any]], first_pixel: int) -> ImageSet:
    import pyarrow as pa

    fixed = {IMAGE_ID: pa.string(), "label": pa.string(), **dict.fromkeys(SIDES, pa.float64())}
    return ImageSet(
        images=table_of_rows(images, {IMAGE_ID: pa.string()}),
        objects=table_of_rows(objects, fixed),
        document={"first_pixel": first_pixel},
    )


def _root(file: Path) -> "Element":
    """Return the annotation in a file. What declares a type of document or entities is refused: none is needed."""
    from xml.etree.ElementTree import ParseError, TreeBuilder, XMLParser

    class Undeclared(TreeBuilder):
        def doctype(self, *_: object) -> NoReturn:
            """Refuse it."""
            raise MalformedFile.of(file, None, "it declares a type of document or entities", "Remove the declaration")

    readable_file(file)
    with opened(file) as handle:
        content = handle.read()
    parser = XMLParser(target=Undeclared())  # noqa: S314 - what makes XML dangerous is declared in a doctype
    try:
        parser.feed(content)
        root: Element = parser.close()
    except ParseError as error:
        raise MalformedFile.of(file, error.position[0], f"it is no XML ({error})", REMEDY) from error
    if root.tag != "annotation":
        raise MalformedFile.of(file, None, f"it holds <{root.tag}>, not <annotation>", "Give Pascal VOC's annotations")
    return root


def _image_fields(file: Path, root: "Element") -> Iterator[tuple[str, object]]:
    for child in root:
        if child.tag == "object":
            continue
        if child.tag == IMAGE_ID:
            raise MalformedFile.of(file, None, f"it has a field {IMAGE_ID!r}, which its name becomes", REMEDY)
        if child.tag == "size":
            yield from ((one.tag, _value(one)) for one in child)
        else:
            yield ("file_name" if child.tag == "filename" else child.tag), _value(child)


def _objects(file: Path, root: "Element", image: str, first_pixel: int) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(root.findall("object")):
        label = (one.findtext("name") or "").strip()
        place = _Place(file, number, label)
        if not label:
            place.refuse("it has no name")
        box = _box(place, one.find("bndbox"), first_pixel)
        further = {child.tag: _value(child) for child in one if child.tag not in ("name", "bndbox")}
        taken = sorted({IMAGE_ID, "label", *SIDES} & further.keys())
        if taken:
            place.refuse(f"it has a field {taken[0]!r}, which its box or name becomes")
        yield {IMAGE_ID: image, "label": label, **dict(zip(SIDES, box, strict=True)), **further}


@dataclass(frozen=True, slots=True)
class _Place:
    """An object of a file, as messages name it."""

    file: Path
    number: int
    label: str

    def refuse(self, problem: str) -> NoReturn:
        raise MalformedFile.of(self.file, None, f"object {self.number} ({self.label!r}): {problem}", REMEDY)


def _box(place: _Place, box: "Element | None", first_pixel: int) -> list[float]:
    if box is None:
        place.refuse("it has no bndbox")
    corners = []
    for name in CORNERS:
        text = (box.findtext(name) or "").strip()
        if not NUMBER.fullmatch(text) or not math.isfinite(float(text)) or abs(float(text)) > LARGEST:
            place.refuse(f"its {name} {text!r} is no finite number")
        corners.append(text)
    found = box_of_corners(corners, first_pixel)
    if min(found[2:]) < 0:
        place.refuse("its box ends before it begins: {:g}, {:g} to {:g}, {:g}".format(*map(float, corners)))
    return found


def _value(element: "Element") -> object:
    """Return what an element holds: a whole number, a number, a text, JSON text of what is nested, or None."""
    if len(element):
        return json.dumps(_nested(element), ensure_ascii=False)
    text = (element.text or "").strip()
    if WHOLE.fullmatch(text) and str(int(text)) == text:
        return int(text)
    if NUMBER.fullmatch(text) and repr(float(text)) == text:  # a text that a number gives back as it is
        return float(text)
    return text or None


def _nested(element: "Element") -> object:
    """Return nested elements as JSON: a list of pairs of name and content, since a name may come several times."""
    if not len(element):
        return (element.text or "").strip()
    return [[child.tag, _nested(child)] for child in element]
