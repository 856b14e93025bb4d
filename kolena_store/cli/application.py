"""The root command: it finds its commands by name, loads them when they are needed, and sees to how a call ends."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation
from kolena_store.cli.outcomes import Outcome

__all__ = ["Application"]


class Application(Group):
    """A group whose commands stand in modules of their own, each as `command`."""

    def __init__(self, *, homes: Sequence[tuple[str, str]], **attributes: Any) -> None:
        """Take the commands' names, in the order of the help, and their modules."""
        super().__init__(**attributes)
        self.homes = tuple(homes)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which people meet the commands."""
        return [name for name, _ in self.homes]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded now."""
        home = dict(self.homes).get(cmd_name)
        found = import_module(home).command if home else None
        assert found is None or isinstance(found, click.Command)
        return found

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
