"""`kolena-store metrics`: metrics of the user's own, as SQL files."""

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.cli.output import Answer, listed_answer, record_rows, show

__all__ = ["command"]

APPLIED_FIELDS = ("name", "version", "change", "better", "unit", "interval", "is_tried")


@click.group(
    "metrics",
    short_help="Metrics of your own.",
    cls=Group,
    examples=("kolena-store metrics apply tickets metrics.sql",),
)
def command() -> None:
    """Metrics of your own, as SQL files: `test` computes them beside those of the workflow."""


@command.command(
    "apply", short_help="Apply a file of metrics.", examples=("kolena-store metrics apply tickets metrics.sql",)
)
@click.argument("dataset")
@click.argument("file", metavar="FILE.sql")
@pass_invocation
def apply(invocation: Invocation, dataset: str, file: str) -> None:
    """Apply a file of metrics to DATASET; an equal one stays as it is."""
    report = invocation.open_store().apply_metrics(dataset, Path(file))
    records = [asdict(metric) for metric in report.metrics]
    for metric in report.metrics:
        note(f"to print it: kolena-store test {shlex.quote(report.dataset)} --metric {metric.name}")
    show(
        invocation.format,
        Answer(
            listings=report.listings,
            document=lambda: {"dataset": report.dataset, "metrics": records},
            rows=lambda: record_rows(APPLIED_FIELDS, records),
        ),
    )


@command.command("list", short_help="List your metrics.", examples=("kolena-store metrics list tickets",))
@click.argument("dataset")
@pass_invocation
def list_metrics(invocation: Invocation, dataset: str) -> None:
    """List your metrics of DATASET as they stand now."""
    show(invocation.format, listed_answer("metrics", invocation.open_store().user_metrics(dataset)))


@command.command(
    "drop",
    short_help="Compute a metric no longer.",
    prints_data=False,
    examples=("kolena-store metrics drop tickets minutes_saved",),
)
@click.argument("dataset")
@click.argument("name")
@pass_invocation
def drop(invocation: Invocation, dataset: str, name: str) -> None:
    """Compute the metric NAME of DATASET no longer; the runs that have its values keep them."""
    invocation.open_store().drop_metric(dataset, name)
    click.echo(f"{name} is no longer computed on {dataset}")
