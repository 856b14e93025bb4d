"""`kolena-store init`: make an empty store."""

from pathlib import Path

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.places import STORE_NAME, place_of_new_store, store_option
from kolena_store.errors import InvalidInput

__all__ = ["command"]

OWN_NAMES = ("data", "lock")
OWN_PREFIX = "."


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
    _check_free(place)
    store.create()
    click.echo(f"made an empty store: {place}")
    click.echo(f"next: kolena-store dataset upload NAME FILE --workflow classification{store_option(place)}")


def _check_free(place: Path) -> None:
    """Refuse a folder that holds something else: a store removes what nothing in it refers to."""
    names = [entry.name for entry in place.iterdir()] if place.is_dir() else []
    foreign = sorted(name for name in names if name not in OWN_NAMES and not name.startswith(OWN_PREFIX))
    if foreign:
        raise InvalidInput(
            f"{place} holds other files ({', '.join(foreign[:3])}); "
            f"name a folder of its own, such as {place / STORE_NAME}"
        )
