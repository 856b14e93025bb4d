"""What a model found, as YOLO writes it: the lines of the annotations with a score behind."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.errors import EmptyInput
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, table_of_rows
from kolena_store.formats.yolo.names import Settings
from kolena_store.formats.yolo.reader import label_files, objects_in, sizes_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_yolo_results"]


def read_yolo_results(
    path: str | Path, images: "pa.Table", *, names: Sequence[str], keypoints: tuple[int, int] | None
) -> "pa.Table":
    """Return the detections of a folder of text files: a row each.

    Args:
        path: the folder; a file is called as that of the image, in a folder `labels` or not.
        images: `image_id`, `width` and `height` of the dataset's images.
        names: of the classes, by their numbers.
        keypoints: how many an object has, and how many numbers each has.

    Raises:
        MalformedFile: a line can't be read; the message names file and line.
        EmptyInput: the folder has no text file.
    """
    import pyarrow as pa

    folder = Path(path).expanduser()
    labels = label_files(folder)
    if not labels:
        raise EmptyInput(f"{folder} has no text file; name the folder with a file for each image")
    rows = list(objects_in(labels, Settings(names, keypoints), sizes_of(images), scored=True))
    kinds = {**dict.fromkeys(SIDES, pa.float64()), "score": pa.float64()}
    return table_of_rows(rows, {IMAGE_ID: pa.string(), "label": pa.string(), **kinds})
