"""`kolena-store metrics`: metrics of the user's own, as SQL files."""

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import printable_answer, show

__all__ = ["command"]


@click.group("metrics", cls=Group, examples=("kolena-store metrics apply tickets metrics.sql",))
def command() -> None:
    """Metrics of your own, as SQL files."""


@command.command("apply", examples=("kolena-store metrics apply tickets metrics.sql",))
@click.argument("dataset")
@click.argument("file", metavar="FILE.sql")
@pass_invocation
def apply(invocation: Invocation, dataset: str, file: str) -> None:
    """Apply a file of metrics to DATASET; an equal one stays as it is."""
    report = invocation.open_store().apply_metrics(dataset, file)
    show(invocation.format, printable_answer(report))
