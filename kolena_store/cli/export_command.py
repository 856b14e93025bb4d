"""`kolena-store export`: datasets and results as files of others."""

from collections.abc import Callable

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.display import counted

__all__ = ["command"]


@click.group(
    "export",
    short_help="Test data and results in the formats of others.",
    cls=Group,
    examples=("kolena-store export coco street instances.json",),
)
def command() -> None:
    """Write a dataset, or what a model said of it, to a file in another format."""


def _model_option(function: Callable[..., None]) -> Callable[..., None]:
    text = "What this model found, in place of the truth, e.g. --model v1."
    return click.option("--model", metavar="MODEL", help=text)(function)


@command.command(
    "coco",
    short_help="COCO instances or results.",
    prints_data=False,
    examples=(
        "kolena-store export coco street instances.json.gz",
        "kolena-store export coco street detections.json --model v1",
    ),
)
@click.argument("name")
@click.argument("file")
@_model_option
@pass_invocation
def coco(invocation: Invocation, name: str, file: str, *, model: str | None) -> None:
    """Write the dataset NAME to FILE as COCO instances, or the detections of a model as COCO results."""
    _said(invocation.open_store().export_coco(name, file, model=model), file)


@command.command(
    "voc",
    short_help="A folder of Pascal VOC's files.",
    prints_data=False,
    examples=(
        "kolena-store export voc street Annotations",
        "kolena-store export voc street found --model v1",
    ),
)
@click.argument("name")
@click.argument("folder")
@_model_option
@pass_invocation
def voc(invocation: Invocation, name: str, folder: str, *, model: str | None) -> None:
    """Write the dataset NAME to a new FOLDER: an XML file for each image, or a model's detections by class."""
    _said(invocation.open_store().export_voc(name, folder, model=model), folder)


@command.command(
    "yolo",
    short_help="A folder of YOLO's text files.",
    prints_data=False,
    examples=(
        "kolena-store export yolo street labels",
        "kolena-store export yolo street found --model v1",
    ),
)
@click.argument("name")
@click.argument("folder")
@_model_option
@pass_invocation
def yolo(invocation: Invocation, name: str, folder: str, *, model: str | None) -> None:
    """Write the dataset NAME, or what a model found, to a new FOLDER: data.yaml and a text file for each image."""
    _said(invocation.open_store().export_yolo(name, folder, model=model), folder)


@command.command(
    "labelstudio",
    short_help="Tasks that Label Studio imports.",
    prints_data=False,
    examples=(
        "kolena-store export labelstudio street tasks.json",
        "kolena-store export labelstudio street proposed.json --model v1",
    ),
)
@click.argument("name")
@click.argument("file")
@_model_option
@pass_invocation
def labelstudio(invocation: Invocation, name: str, file: str, *, model: str | None) -> None:
    """Write the dataset NAME to FILE as tasks with annotations, or with a model's detections as predictions."""
    _said(invocation.open_store().export_labelstudio(name, file, model=model), file)


def _said(n_objects: int, place: str) -> None:
    note(f"wrote {counted(n_objects, 'object')} to {place}")
