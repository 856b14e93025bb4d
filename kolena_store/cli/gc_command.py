"""`kolena-store gc`: removing what nothing needs."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, arrow_rows, show

__all__ = ["command"]


@click.command(
    "gc",
    short_help="Remove files that nothing needs, and make many small ones few.",
    cls=Command,
    examples=("kolena-store gc --dry-run", "kolena-store gc", "kolena-store gc --keep 3 --grace 0"),
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    metavar="HOURS",
    default=24.0,
    show_default=True,
    help="How long a file stays after it was last needed: sessions that are open may still read it.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Drop all but the newest N versions of each dataset and of each model's results; by default none is dropped.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing, and say what would be done.")
@pass_invocation
def command(invocation: Invocation, *, grace: float, keep: int | None, dry_run: bool) -> None:
    """Remove data files that nothing needs any more, and write many small ones as few.

    Test runs on versions that go keep their numbers, but can't be computed again: they are named.
    """
    report = invocation.open_store().gc(grace=grace, keep=keep, dry_run=dry_run)
    show(
        invocation.format,
        Answer(
            listings=report.listings,
            document=lambda: arrow_rows(report.arrow()).records()[0],
            rows=lambda: arrow_rows(report.arrow()),
        ),
    )
