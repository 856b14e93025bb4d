"""The root command: it finds its commands by name, loads them when they are needed, and sees to how a call ends."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation
from kolena_store.cli.outcomes import Outcome

__all__ = ["Application", "Home"]


@dataclass(frozen=True, slots=True)
class Home:
    """Where a command stands, and what it does in a few words: the help of all commands loads none of them."""

    name: str
    module: str
    summary: str


class Application(Group):
    """A group whose commands stand in modules of their own, each as `command`."""

    def __init__(self, *, homes: Sequence[Home], **attributes: Any) -> None:
        """Take the places of the commands, in the order of the help."""
        super().__init__(**attributes)
        self.homes = tuple(homes)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which people meet the commands."""
        return [home.name for home in self.homes]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded now."""
        home = next((home for home in self.homes if home.name == cmd_name), None)
        found = import_module(home.module).command if home else None
        assert found is None or isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does."""
        with formatter.section("Commands"):
            formatter.write_dl([(home.name, home.summary) for home in self.homes])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and hand over all that it printed."""
        with Outcome(ctx.ensure_object(Invocation)):
            result = super().invoke(ctx)
            sys.stdout.flush()
        return result

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the program to its end and leave with its exit code."""
        invocation = Invocation()
        with Outcome(invocation):
            code = super().main(*args, **{**extra, "standalone_mode": False, "obj": invocation})
        sys.exit(code if isinstance(code, int) else 0)
