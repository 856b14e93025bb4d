"""`kolena-store import`: datasets out of the files of others."""

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, record_rows, show
from kolena_store.cli.places import check_free, place_of_new_store

__all__ = ["command"]

REPORT_FIELDS = ("dataset", "version", "n_samples", "added", "changed", "removed", "unchanged")


@click.group(
    "import",
    short_help="Test data in the formats of others.",
    cls=Group,
    examples=("kolena-store import coco street instances.json",),
)
def command() -> None:
    """Make a dataset of files in another format; without a store, one is made."""


@command.command(
    "coco",
    short_help="COCO instances: one JSON file.",
    examples=(
        "kolena-store import coco street instances.json",
        "kolena-store import coco street more.json.gz --metadata weather.csv --on file_name --append",
    ),
)
@click.argument("name")
@click.argument("file")
@click.option(
    "--metadata", metavar="FILE", help="A table with further fields of the images, e.g. --metadata weather.csv."
)
@click.option("--on", metavar="FIELD", help="The field by which it is joined to the images, e.g. --on file_name.")
@click.option("--append", is_flag=True, help="Keep the images that FILE does not have.")
@pass_invocation
def coco(invocation: Invocation, name: str, file: str, *, metadata: str | None, on: str | None, append: bool) -> None:
    """Make the dataset NAME equal to the COCO file FILE: its images are samples, its annotations their objects.

    A new dataset is one of object detection. FILE may be compressed with gzip.
    """
    from kolena_store.store import Store

    place = place_of_new_store(None, invocation.store)
    store = Store(place) if not Store(place).exists else invocation.open_store()
    if not store.exists:
        check_free(place)
    report = store.import_coco(name, file, metadata=metadata, on=on, append_only=append)
    show(
        invocation.format,
        Answer(
            listings=report.listings,
            document=lambda: report.rows()[0],
            rows=lambda: record_rows(REPORT_FIELDS, report.rows()),
        ),
    )
