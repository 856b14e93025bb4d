"""`kolena-store publish`: what other SQL clients read, for the place where the store is now, or as one file."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation

__all__ = ["command"]


@click.command(
    "publish",
    short_help="Write what BI tools read: after a move, or as one file.",
    cls=Command,
    prints_data=False,
    examples=("kolena-store publish", "kolena-store publish --materialize one-file.duckdb --force"),
)
@click.option(
    "--materialize",
    metavar="FILE",
    help="Write one DuckDB file with native tables that needs no other, e.g. --materialize one-file.duckdb.",
)
@click.option("--force", is_flag=True, help="Let --materialize replace FILE when it is there.")
@pass_invocation
def command(invocation: Invocation, materialize: str | None, *, force: bool) -> None:
    """Write all views, macros and comments again that SQL clients find in store.duckdb.

    They name the store's folder: publish after you have moved it. Our own commands don't need that.
    """
    if force and materialize is None:
        raise click.UsageError("--force says that FILE may be replaced; also give --materialize FILE")
    store = invocation.open_store()
    store.publish(materialize, overwrite=force)
    click.echo(f"wrote {materialize}" if materialize else f"published {store.path}")
