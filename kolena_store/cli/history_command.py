"""`kolena-store history`: the metrics of a test case over models and runs."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, arrow_rows, show

__all__ = ["command"]


@click.command(
    "history",
    short_help="The metrics of a test case over models and runs.",
    cls=Command,
    examples=(
        "kolena-store history tickets",
        "kolena-store history tickets Short --metric accuracy --model v1 --model v2 --format csv",
    ),
)
@click.argument("dataset")
@click.argument("test_case", default="all", metavar="[TEST_CASE]")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="This one, e.g. --metric recall; repeat it for several. [default: the main metrics]",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="Only this one, e.g. --model v1; repeat it for several. [default: all with results]",
)
@click.option(
    "--configuration",
    metavar="FILE",
    help="The TOML file that runs were scored with, e.g. --configuration c.toml. [default: none, the usual way]",
)
@pass_invocation
def command(
    invocation: Invocation,
    dataset: str,
    test_case: str,
    *,
    metrics: tuple[str, ...],
    models: tuple[str, ...],
    configuration: str | None,
) -> None:
    """Print the metrics of TEST_CASE (default: all samples) of DATASET over models, in the order of their results.

    Results that were not tested are named, and a value is connected with the one before only when both come from the
    same data, definitions and samples.
    """
    from kolena_store.workflows import read_configuration

    history = invocation.open_store().history(
        dataset,
        test_case,
        metrics=list(metrics) or None,
        models=list(models) or None,
        configuration=read_configuration(configuration) if configuration is not None else None,
    )
    answer = Answer(
        listings=history.listings,
        document=lambda: {"history": history.rows()},
        rows=lambda: arrow_rows(history.arrow()),
    )
    show(invocation.format, answer)
