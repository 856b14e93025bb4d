"""`kolena-store export`: datasets and results as files of others."""

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
@click.option("--model", metavar="MODEL", help="What this model found, in place of the truth, e.g. --model v1.")
@pass_invocation
def coco(invocation: Invocation, name: str, file: str, *, model: str | None) -> None:
    """Write the dataset NAME to FILE as COCO instances, or the detections of a model as COCO results."""
    n_objects = invocation.open_store().export_coco(name, file, model=model)
    note(f"wrote {counted(n_objects, 'object')} to {file}")
