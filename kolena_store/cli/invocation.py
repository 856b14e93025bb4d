"""What one call of the command line shares: which store, in which form to print, and whether to show tracebacks."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from kolena_store.cli.places import find_store
from kolena_store.errors import StoreNotFound

if TYPE_CHECKING:
    from kolena_store.store import Store

__all__ = ["FORMATS", "Invocation", "pass_invocation"]

FORMATS = ("table", "json", "csv")


@dataclass(slots=True)
class Invocation:
    """The options that every command takes, as the groups and the command filled them in."""

    store: str | None = None
    format: str = FORMATS[0]
    debug: bool = False

    def open_store(self) -> "Store":
        """Return the store to work on, which must have been made before.

        Raises:
            StoreNotFound: there is none.
        """
        from kolena_store.store import Store

        place = find_store(self.store)
        store = Store(place)
        if not store.exists:
            raise StoreNotFound(f"no store at {place}; make one with: kolena-store init {shlex.quote(str(place))}")
        return store


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
