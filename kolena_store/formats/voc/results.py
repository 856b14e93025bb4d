"""What a model found, as Pascal VOC's development kit has it: a text file for each class, a line for each box."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import EmptyInput, MalformedFile
from kolena_store.formats.folders import files_in, new_folder, stem_of
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, table_of_rows
from kolena_store.formats.paths import opened
from kolena_store.formats.voc.reader import FIRST_PIXEL, box_of_corners
from kolena_store.formats.voc.writer import corner_texts, number_text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_voc_results", "write_voc_results"]

OBJECTS = "objects"
PREFIX = "det_test_"
REMEDY = "A line holds image, score, xmin, ymin, xmax and ymax; correct it"


def read_voc_results(path: str | Path, labels: Collection[str], *, first_pixel: int = FIRST_PIXEL) -> "pa.Table":
    """Return the detections of a folder of text files: a row each.

    Args:
        path: the folder; a file is called by its class, which may stand behind another word and `_`.
        labels: the classes that there are, of which the longest that a name ends with is its class.
        first_pixel: 1 as in Pascal VOC; 0 takes corners as they are.

    Raises:
        MalformedFile: a line can't be read; the message names file and line.
        EmptyInput: the folder has no text file.
    """
    import pyarrow as pa

    folder = Path(path).expanduser()
    files = files_in(folder, [".txt"])
    if not files:
        raise EmptyInput(f"{folder} has no text file; name the folder with a file for each class")
    rows = [row for file in files for row in _rows(file, _label(file, labels), first_pixel)]
    kinds = {**dict.fromkeys(SIDES, pa.float64()), "score": pa.float64()}
    return table_of_rows(rows, {IMAGE_ID: pa.string(), "label": pa.string(), **kinds})


def write_voc_results(path: str | Path, results: "pa.Table", *, first_pixel: int = FIRST_PIXEL) -> int:
    """Write what a model found as a folder with a file for each class, and return how many detections there are."""
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for row in results.select([IMAGE_ID, OBJECTS]).to_pylist():
        for one in row[OBJECTS] or ():
            numbers = " ".join((number_text(one["score"]), *corner_texts(one, first_pixel)))
            lines[str(one["label"])].append(f"{row[IMAGE_ID]} {numbers}\n")
    with new_folder(path) as folder:
        for label in sorted(lines):
            (folder / f"{PREFIX}{label}.txt").write_text("".join(lines[label]), encoding="utf-8")
    return sum(map(len, lines.values()))


def _label(file: Path, labels: Collection[str]) -> str:
    stem = stem_of(file)
    known = [one for one in labels if stem == one or stem.endswith(f"_{one}")]
    return max(known, key=len) if known else stem.removeprefix(PREFIX)


def _rows(file: Path, label: str, first_pixel: int) -> Iterator[dict[str, Any]]:
    with opened(file) as handle:
        lines = handle.read().decode("utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        parts = line.rsplit(maxsplit=5)
        if not parts:
            continue
        try:
            score, *corners = map(float, parts[1:])
        except ValueError:
            corners = []
        if len(corners) != len(SIDES):
            raise MalformedFile.of(file, number, f"{line!r} can't be read", REMEDY)
        is_finite = all(map(math.isfinite, (score, *corners)))
        box = box_of_corners(parts[2:], first_pixel) if is_finite else []
        if min(box[2:], default=-1.0) < 0:
            raise MalformedFile.of(file, number, f"{line!r} is no box: a number is none, or it ends first", REMEDY)
        yield {IMAGE_ID: parts[0], "label": label, **dict(zip(SIDES, box, strict=True)), "score": score}
