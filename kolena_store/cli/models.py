"""`kolena-store models`: the models that the store knows."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import listed_answer, show

__all__ = ["command"]


@click.command(
    "models",
    short_help="List the models.",
    cls=Command,
    examples=("kolena-store models", "kolena-store models --format json"),
)
@pass_invocation
def command(invocation: Invocation) -> None:
    """List the models with their tags and metadata."""
    show(invocation.format, listed_answer("models", invocation.open_store().models()))
