"""`kolena-store sql`: one SELECT over the store."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, arrow_rows, show

__all__ = ["command"]


@click.command(
    "sql",
    short_help="Ask the store with a SELECT.",
    cls=Command,
    examples=(
        "kolena-store sql \"SELECT test_case, model, value FROM kolena.metrics WHERE metric = 'accuracy'\"",
        'kolena-store sql "DESCRIBE kolena.metrics" --seconds 10 --format csv',
    ),
)
@click.argument("query")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Stop a query that takes longer, e.g. --seconds 10.",
)
@pass_invocation
def command(invocation: Invocation, query: str, *, seconds: float | None) -> None:
    """Print the rows of one SELECT over the store's views; it can neither write nor read anything else.

    JSON is a list of rows. The views are those of schema kolena (datasets, models, test_runs, metrics, ...) and, in a
    schema named after each dataset, test_samples, ground_truths, inferences and results.
    """
    found = invocation.open_store().sql(query, seconds=seconds)
    show(
        invocation.format,
        Answer(
            listings=found.listings,
            document=lambda: arrow_rows(found.arrow()).records(),
            rows=lambda: arrow_rows(found.arrow()),
        ),
    )
