"""`kolena-store import`: datasets out of the files of others."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, record_rows, show
from kolena_store.cli.pairs import read_labels
from kolena_store.cli.places import check_free, store_to_make
from kolena_store.cli.workflow_options import image_workflow_options

if TYPE_CHECKING:
    from kolena_store.datasets import UploadReport
    from kolena_store.store import Store
    from kolena_store.workflows import Workflow

__all__ = ["ImportOptions", "command"]

REPORT_FIELDS = ("dataset", "version", "n_samples", "added", "changed", "removed", "unchanged")


class ImportOptions(TypedDict):
    """The options that all formats share."""

    workflow: "Workflow | None"
    metadata: str | None
    on: str | None
    append_only: bool


@click.group(
    "import",
    short_help="Test data in the formats of others.",
    cls=Group,
    examples=("kolena-store import coco street instances.json",),
)
def command() -> None:
    """Make a dataset of files in another format; without a store, one is made."""


def _image_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of annotated images to a command."""
    metadata = click.option(
        "--metadata", metavar="FILE", help="A table with further fields of the images, e.g. --metadata weather.csv."
    )
    field = click.option("--on", metavar="FIELD", help="The field by which it is joined, e.g. --on file_name.")
    append = click.option(
        "--append", "append_only", is_flag=True, help="Keep the images that are not in the files, e.g. --append."
    )
    return image_workflow_options(metadata(field(append(function))))


@command.command(
    "coco",
    short_help="COCO instances: one JSON file.",
    examples=(
        "kolena-store import coco street instances.json",
        "kolena-store import coco street more.json.gz --metadata weather.csv --on file_name --append",
        "kolena-store import coco people keypoints.json --workflow keypoint-detection",
    ),
)
@click.argument("name")
@click.argument("file")
@_image_options
@pass_invocation
def coco(invocation: Invocation, name: str, file: str, **options: Unpack[ImportOptions]) -> None:
    """Make the dataset NAME equal to the COCO file FILE: its images are samples, its annotations their objects.

    A new dataset is one of object detection. FILE may be compressed with gzip.
    """
    _import(invocation, lambda store: store.import_coco(name, file, **options))


@command.command(
    "voc",
    short_help="Pascal VOC: a folder of XML files.",
    examples=(
        "kolena-store import voc street VOC2012",
        "kolena-store import voc street drawn --first-pixel 0 --metadata weather.csv --on file_name",
    ),
)
@click.argument("name")
@click.argument("folder")
@click.option(
    "--first-pixel",
    type=click.IntRange(0, 1),
    default=1,
    show_default=True,
    help="1: corners count from 1, and the last pixel is in the box; 0: they are taken as they are, --first-pixel 0.",
)
@_image_options
@pass_invocation
def voc(invocation: Invocation, name: str, folder: str, *, first_pixel: int, **options: Unpack[ImportOptions]) -> None:
    """Make the dataset NAME equal to the XML files in FOLDER, or in a folder Annotations inside it.

    An image is called by the name of its file. Objects that are difficult are ignored.
    """
    _import(invocation, lambda store: store.import_voc(name, folder, first_pixel=first_pixel, **options))


@command.command(
    "yolo",
    short_help="YOLO: a folder of images and text files.",
    examples=(
        "kolena-store import yolo street datasets/street",
        "kolena-store import yolo street labels --names car,person --sizes sizes.csv",
    ),
)
@click.argument("name")
@click.argument("folder")
@click.option(
    "--names",
    metavar="NAME,NAME",
    help="Of the classes by their numbers, e.g. --names car,person. [default: those of data.yaml or classes.txt]",
)
@click.option(
    "--sizes",
    metavar="FILE",
    help="A table with image_id, width and height, where FOLDER has no images, e.g. --sizes sizes.csv.",
)
@_image_options
@pass_invocation
def yolo(
    invocation: Invocation,
    name: str,
    folder: str,
    *,
    names: str | None,
    sizes: str | None,
    **options: Unpack[ImportOptions],
) -> None:
    """Make the dataset NAME equal to the images and text files in FOLDER: boxes, polygons or poses.

    An image is called by its path without the ending and without a folder images.
    """
    known = read_labels(names) if names else None
    _import(invocation, lambda store: store.import_yolo(name, folder, names=known, sizes=sizes, **options))


@command.command(
    "labelstudio",
    short_help="Label Studio's tasks: one JSON file.",
    examples=("kolena-store import labelstudio street project.json",),
)
@click.argument("name")
@click.argument("file")
@_image_options
@pass_invocation
def labelstudio(invocation: Invocation, name: str, file: str, **options: Unpack[ImportOptions]) -> None:
    """Make the dataset NAME equal to the tasks that Label Studio exported to FILE as JSON.

    Predictions in it become results of the models that made them. FILE may be compressed with gzip.
    """
    _import(invocation, lambda store: store.import_labelstudio(name, file, **options))


def _import(invocation: Invocation, change: "Callable[[Store], UploadReport]") -> None:
    """Import into the store that is named or near, or into a new one, and print what that changed."""
    from kolena_store.store import Store

    place = store_to_make(invocation.store)
    store = Store(place)
    if not store.exists:
        check_free(place)
    report = change(store)
    show(
        invocation.format,
        Answer(
            listings=report.listings,
            document=lambda: report.rows()[0],
            rows=lambda: record_rows(REPORT_FIELDS, report.rows()),
        ),
    )
