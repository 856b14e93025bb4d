"""What every command has: examples under its help, and the options that all of them take."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import click

from kolena_store.cli.invocation import FORMATS, Invocation
from kolena_store.errors import did_you_mean

__all__ = ["Command", "Group"]

SETTINGS = MappingProxyType({"help_option_names": ["-h", "--help"]})


class Command(click.Command):
    """A command with examples, which takes `--store` and `--debug`, and `--format` when it prints data."""

    def __init__(
        self,
        name: str | None,
        *,
        examples: Sequence[str],
        prints_data: bool = True,
        formats: Sequence[str] = FORMATS,
        **attributes: Any,
    ) -> None:
        """Add the shared options after the command's own."""
        super().__init__(name, **{"context_settings": SETTINGS, **attributes})
        self.examples = tuple(examples)
        self.params += [*([_format_option(formats)] if prints_data else []), *_general_options()]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand."""
        _write_examples(self.examples, formatter)


class Group(click.Group):
    """A group of commands with examples, which takes `--store` and `--debug` for them."""

    command_class = Command
    group_class = type

    def __init__(self, name: str | None = None, *, examples: Sequence[str], **attributes: Any) -> None:
        """Add the shared options."""
        super().__init__(name, **{"context_settings": SETTINGS, **attributes})
        self.examples = tuple(examples)
        self.params += _general_options()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which the commands are defined."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names; near names are suggested."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}{did_you_mean(args[0], names)}")
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand."""
        _write_examples(self.examples, formatter)


def _write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    with formatter.section("Examples" if len(examples) > 1 else "Example"):
        for example in examples:
            formatter.write("".join(f"{'':>{formatter.current_indent}}{line}\n" for line in example.splitlines()))


def _general_options() -> list[click.Option]:
    store = click.Option(
        ["--store"],
        metavar="PATH",
        expose_value=False,
        callback=_remember,
        help="The store, e.g. --store my.store. [default: KOLENA_STORE, else the nearest kolena.store upward]",
    )
    debug = click.Option(
        ["--debug"], is_flag=True, expose_value=False, callback=_remember, help="Show the traceback of an error."
    )
    return [store, debug]


def _format_option(formats: Sequence[str]) -> click.Option:
    return click.Option(
        ["--format"],
        type=click.Choice(formats),
        expose_value=False,
        callback=_remember,
        help="How to print what was found, e.g. --format json. [default: table]",
    )


def _remember(context: click.Context, option: click.Parameter, value: object) -> None:
    """Note an option that was given; a command's own wins over its group's."""
    if value == "":
        raise click.BadParameter("it is empty")
    if value:
        setattr(context.ensure_object(Invocation), str(option.name), value)
