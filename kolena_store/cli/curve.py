"""`kolena-store curve`: precision and recall at every score."""

from typing import TYPE_CHECKING

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.configuration_options import configuration_options
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, arrow_rows, show

if TYPE_CHECKING:
    from kolena_store.workflows import Configuration

__all__ = ["command"]


@click.command(
    "curve",
    short_help="Print precision and recall of detections.",
    cls=Command,
    examples=(
        "kolena-store curve street v1 --format csv",
        "kolena-store curve street v1 --test-case Night --iou 0.75 --format json",
    ),
)
@click.argument("dataset")
@click.argument("model")
@click.option(
    "--test-case",
    metavar="CASE",
    default="all",
    show_default=True,
    help="On which samples or objects, e.g. --test-case Night.",
)
@configuration_options
@pass_invocation
def command(
    invocation: Invocation, dataset: str, *, model: str, test_case: str, configuration: "Configuration | None"
) -> None:
    """Print the curve of each class of MODEL on DATASET: a row for each score from which on detections are looked at.

    The model must have been tested with the same options; they say how, not which threshold is looked at.
    """
    found = invocation.open_store().precision_recall(dataset, model, test_case, configuration=configuration)
    show(
        invocation.format,
        Answer(
            listings=found.listings,
            document=lambda: {"curve": arrow_rows(found.arrow()).records()},
            rows=lambda: arrow_rows(found.arrow()),
        ),
    )
