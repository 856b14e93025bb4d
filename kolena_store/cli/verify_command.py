"""`kolena-store verify`: whether a store is as it should be, and repairing it."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import DAMAGED
from kolena_store.cli.output import Answer, arrow_rows, show

__all__ = ["command"]


@click.command(
    "verify",
    short_help="Check the store, and repair what can be computed again.",
    cls=Command,
    examples=("kolena-store verify", "kolena-store verify --quick --format json", "kolena-store verify --repair"),
)
@click.option("--quick", is_flag=True, help="Check catalogue and files alone; compute nothing again.")
@click.option(
    "--repair",
    is_flag=True,
    help="First compute damaged memberships, sample metrics and runs again, and clear away what dead writers left.",
)
@pass_invocation
def command(invocation: Invocation, *, quick: bool, repair: bool) -> None:
    """Check catalogue and data files, compute memberships and runs again, and print what is not as it should be.

    Counts must come out bit for bit as they are stored, sums to 1e-9 relative. It leaves with 3 when something is
    wrong; a repair is followed by a full check. JSON is the whole report, CSV what was found. Files that hold what you
    uploaded are never changed: restore those from a copy.
    """
    report = invocation.open_store().verify(quick=quick, repair=repair)
    show(
        invocation.format,
        Answer(listings=report.listings, document=report.document, rows=lambda: arrow_rows(report.arrow())),
    )
    if not report.is_sound:
        raise SystemExit(DAMAGED)
