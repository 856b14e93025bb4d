"""`kolena-store merge`: what another store has, in this one."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, arrow_rows, show

if TYPE_CHECKING:
    from kolena_store.merging import MergeReport, Side

__all__ = ["command"]


@click.command(
    "merge",
    short_help="Bring in what another store has.",
    cls=Command,
    examples=(
        "kolena-store merge ../theirs.store --dry-run",
        "kolena-store merge ../theirs.store",
        "kolena-store merge ../theirs.store --prefer ours --format json",
    ),
)
@click.argument("other")
@click.option(
    "--prefer",
    type=click.Choice(("ours", "theirs")),
    help="Which side wins where both stores hold different things under one name, e.g. --prefer ours. "
    "[default: refuse, and name the conflicts]",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would be done, conflicts included.")
@pass_invocation
def command(invocation: Invocation, other: str, *, prefer: "Side | None", dry_run: bool) -> None:
    """Bring the datasets, results, suites, metrics and runs of the store OTHER into this one, in one commit.

    Versions are matched by their content. OTHER is only read.
    """
    report = invocation.open_store().merge(other, prefer=prefer, dry_run=dry_run)
    show(
        invocation.format,
        Answer(
            listings=report.listings,
            document=lambda: _document(report),
            rows=lambda: arrow_rows(report.arrow()),
        ),
    )


def _document(report: "MergeReport") -> dict[str, object]:
    return {
        "other": report.other,
        "prefer": report.prefer,
        "dry_run": report.is_dry_run,
        "things": report.rows(),
        "conflicts": [asdict(conflict) for conflict in report.conflicts],
    }
