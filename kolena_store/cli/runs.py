"""`kolena-store runs`: the test runs that the store holds, and what two of them differ by."""

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, arrow_rows, listed_answer, show

__all__ = ["command"]


@click.group(
    "runs",
    short_help="The test runs of the store.",
    cls=Group,
    examples=("kolena-store runs list", "kolena-store runs compare 21 17"),
)
def command() -> None:
    """The test runs that the store holds."""


@command.command(
    "list",
    short_help="List the test runs.",
    examples=("kolena-store runs list", "kolena-store runs list --dataset tickets --format json"),
)
@click.option("--dataset", metavar="NAME", help="Only those on one dataset, e.g. --dataset tickets.")
@pass_invocation
def list_runs(invocation: Invocation, *, dataset: str | None) -> None:
    """List the test runs, oldest first."""
    from kolena_store.tables import Records

    store = invocation.open_store()
    name = store.dataset(dataset).name if dataset is not None else None
    runs = store.test_runs()
    chosen = Records((run for run in runs if name in (None, run.dataset)), runs.layout)
    show(invocation.format, listed_answer("runs", chosen))


@command.command(
    "compare",
    short_help="Split the differences of two runs into what they are due to.",
    examples=("kolena-store runs compare 21 17", "kolena-store runs compare 21 17 --metric accuracy --format csv"),
)
@click.argument("run", type=int)
@click.argument("baseline", type=int)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="Only this one, e.g. --metric recall; repeat it for several. [default: all that both runs have]",
)
@pass_invocation
def compare_runs(invocation: Invocation, run: int, baseline: int, *, metrics: tuple[str, ...]) -> None:
    """Print how the run RUN differs from the run BASELINE on the same dataset, and what each difference is due to.

    A difference is split into what came of the metric's definition, the labels, the membership of the test case, the
    configuration and the model, in this order. Each is a value that is measured again; they add up to the whole. The
    table shows the main metrics; JSON and CSV hold every row.
    """
    found = invocation.open_store().compare_runs(run, baseline, metrics=list(metrics) or None)
    head = {"run": found.run.run_id, "baseline": found.baseline.run_id, "changed": list(found.changed)}
    answer = Answer(
        listings=found.listings,
        document=lambda: {"attribution": {**head, "left_out": list(found.left_out)}, "rows": found.rows()},
        rows=lambda: arrow_rows(found.arrow()),
    )
    show(invocation.format, answer)
