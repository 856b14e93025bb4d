"""`kolena-store rescore`: every model's values on the newest version of a dataset, without new inferences."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.cli.output import listed_answer, show

__all__ = ["command"]


@click.command(
    "rescore",
    short_help="Test again what newer data have made outdated.",
    cls=Command,
    examples=("kolena-store rescore tickets",),
)
@click.argument("dataset")
@pass_invocation
def command(invocation: Invocation, dataset: str) -> None:
    """Test again, on the newest version of DATASET, what was last tested on an older one, as after labels were fixed.

    Every model's newest results are tested on the suites and under the configurations that they were tested with.
    Nothing is inferred, and samples that did not change are not scored again.
    """
    renewed = invocation.open_store().rescore(dataset)
    if renewed or invocation.format != "table":
        show(invocation.format, listed_answer("runs", renewed))
    if renewed:
        note(f"what a change is due to: kolena-store runs compare {renewed[0].run} {renewed[0].run_before}")
    else:
        note("nothing to do: no model was last tested on an older version")
