"""`kolena-store runs`: the test runs that the store holds."""

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import listed_answer, show

__all__ = ["command"]


@click.group("runs", short_help="The test runs of the store.", cls=Group, examples=("kolena-store runs list",))
def command() -> None:
    """The test runs that the store holds."""


@command.command(
    "list",
    short_help="List the test runs.",
    examples=("kolena-store runs list", "kolena-store runs list --dataset tickets --format json"),
)
@click.option("--dataset", metavar="NAME", help="Only those on one dataset, e.g. --dataset tickets.")
@pass_invocation
def list_runs(invocation: Invocation, *, dataset: str | None) -> None:
    """List the test runs, oldest first."""
    from kolena_store.tables import Records

    store = invocation.open_store()
    name = store.dataset(dataset).name if dataset is not None else None
    runs = store.test_runs()
    chosen = Records((run for run in runs if name in (None, run.dataset)), runs.layout)
    show(invocation.format, listed_answer("runs", chosen))
