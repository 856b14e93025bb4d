"""`kolena-store init`: make an empty store."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.places import check_free, place_of_new_store, store_option

__all__ = ["command"]


@click.command(
    "init",
    short_help="Make an empty store.",
    cls=Command,
    prints_data=False,
    examples=("kolena-store init", "kolena-store init models/tickets.store"),
)
@click.argument("path", required=False)
@pass_invocation
def command(invocation: Invocation, path: str | None) -> None:
    """Make an empty store in the folder PATH (default: kolena.store); one that is there stays as it is."""
    from kolena_store.store import Store

    place = place_of_new_store(path, invocation.store)
    store = Store(place)
    if store.exists:
        click.echo(f"{place} is a store already; it stays as it is")
        return
    check_free(place)
    store.create()
    click.echo(f"made an empty store: {place}")
    click.echo(f"next: kolena-store dataset upload NAME FILE --workflow classification{store_option(place)}")
