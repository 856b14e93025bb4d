"""A folder of images with a text file for each, as Ultralytics and Darknet lay it out."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import EmptyInput, MalformedFile, MissingColumns, UnmatchedResults, shown
from kolena_store.formats.folders import files_in, stem_of
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, ImageSet, table_of_rows
from kolena_store.formats.image_sizes import IMAGE_ENDINGS, image_size
from kolena_store.formats.paths import opened
from kolena_store.formats.yolo.lines import parsed_line
from kolena_store.formats.yolo.names import LISTS, Settings, settings_of
from kolena_store.progress import track

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Sizes", "label_files", "objects_in", "read_yolo", "sizes_of"]

IMAGES, LABELS = "images", "labels"
OTHERS = frozenset((*LISTS, "train.txt", "val.txt", "test.txt", "readme.txt", "readme.roboflow.txt"))
"""Text files of a data set that hold no objects."""

Sizes = Mapping[str, tuple[float, float]]
"""Id of an image -> width and height in pixels."""


def read_yolo(path: str | Path, *, names: Sequence[str] | None = None, further: "pa.Table | None" = None) -> ImageSet:
    """Return the images and objects of a folder.

    An image is called by its path in the folder without the ending and without a folder `images`.

    Args:
        path: the folder, with images and labels side by side or in folders of these names.
        names: of the classes, by their numbers; None: those of data.yaml or classes.txt in the folder.
        further: `image_id`, `width` and `height` of images, where the folder has none.

    Raises:
        MalformedFile: a line can't be read; the message names file and line.
        MissingColumns: the names of the classes, or the size of an image, are not said.
        UnmatchedResults: a text file belongs to no image.
        EmptyInput: there is neither an image nor a text file.
    """
    import pyarrow as pa

    folder = Path(path).expanduser()
    images, labels = _images(folder), label_files(folder)
    if not images and not labels:
        raise EmptyInput(f"{folder} has neither an image nor a text file; name the folder of a YOLO data set")
    settings = settings_of(folder, names)
    strange = sorted(set(labels) - set(images)) if images else []
    if strange:
        raise UnmatchedResults(
            f"{folder}: {shown(strange)} have text files and no image; add the images, or remove the text files"
        )
    rows = [_image_row(folder, name, images[name]) for name in sorted(images)]
    rows = rows or [{IMAGE_ID: name} for name in sorted(labels)]
    sizes = sizes_of(further) if further is not None else {}
    sizes = {**sizes, **{row[IMAGE_ID]: (row["width"], row["height"]) for row in rows if "width" in row}}
    objects = list(objects_in(labels, settings, sizes, scored=False))
    fixed = {IMAGE_ID: pa.string(), "label": pa.string(), **dict.fromkeys(SIDES, pa.float64())}
    shape = {"keypoints": list(settings.keypoints)} if settings.keypoints else {}
    return ImageSet(
        images=table_of_rows(rows, {IMAGE_ID: pa.string()}),
        objects=table_of_rows(objects, fixed),
        document={"names": list(settings.names), **shape},
    )


def sizes_of(images: "pa.Table") -> dict[str, tuple[float, float]]:
    """Return width and height of each image in a table, as far as they are known."""
    missing = [name for name in (IMAGE_ID, "width", "height") if name not in images.column_names]
    if missing:
        raise MissingColumns.of("the sizes of the images", missing, images.column_names)
    columns = (images.column(name).to_pylist() for name in (IMAGE_ID, "width", "height"))
    return {str(name): (width, height) for name, width, height in zip(*columns, strict=True) if width and height}


def label_files(folder: Path) -> dict[str, Path]:
    """Return the text files with objects by the ids of their images."""
    files = [file for file in files_in(folder, [".txt"]) if file.name.lower() not in OTHERS]
    return _by_id(folder, files, LABELS)


def objects_in(
    labels: Mapping[str, Path], settings: Settings, sizes: Sizes, *, scored: bool
) -> Iterator[dict[str, Any]]:
    """Yield the objects of some text files, which may be compressed with gzip.

    Raises:
        MalformedFile: a line can't be read.
        MissingColumns: the size of an image with objects is not known.
    """
    with track(len(labels), "reading annotations") as advance:
        for name, file in labels.items():
            with opened(file) as handle:
                lines = handle.read().decode("utf-8", errors="replace").splitlines()
            for number, line in enumerate(lines, 1):
                if line.strip() and name not in sizes:
                    raise MissingColumns(
                        f"{file}: width and height of the image {name!r} are not known; put the images beside the text "
                        "files, or give a table with image_id, width and height (sizes=, --sizes)"
                    )
                size = sizes.get(name, (1.0, 1.0))
                found = parsed_line(file, number, line, settings=settings, size=size, scored=scored)
                if found is not None:
                    yield {IMAGE_ID: name, **found}
            advance(1)


def _images(folder: Path) -> dict[str, Path]:
    return _by_id(folder, files_in(folder, IMAGE_ENDINGS), IMAGES)


def _by_id(folder: Path, files: Sequence[Path], kind: str) -> dict[str, Path]:
    """Return files by their paths in the folder, without the ending and the folder of their kind."""
    found: dict[str, Path] = {}
    for file in files:
        parts = list(file.relative_to(folder).parts[:-1])
        if kind in parts:
            parts.pop(len(parts) - 1 - parts[::-1].index(kind))
        name = "/".join([*parts, stem_of(file)])
        if name in found:
            raise MalformedFile.of(file, None, f"{found[name]} is called so too", "Give each image its own name")
        found[name] = file
    return found


def _image_row(folder: Path, name: str, file: Path) -> dict[str, Any]:
    width, height = image_size(file)
    return {IMAGE_ID: name, "file_name": file.relative_to(folder).as_posix(), "width": width, "height": height}
