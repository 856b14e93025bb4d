"""What commands that measure share: which scenarios, and the names of the metrics."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from kolena_store.cli.commands import Command

if TYPE_CHECKING:
    from kolena_store.store import Store
    from kolena_store.test_suites import Bins

__all__ = [
    "MeasuringCommand",
    "ScenarioOptions",
    "fields_of",
    "scenario_options",
]

F = TypeVar("F", bound=Callable[..., Any])
OWN = "your own, from kolena-store metrics apply"

SCENARIOS = (
    click.option(
        "--suite",
        metavar="NAME|FILE",
        help="The suite's name, or a file that ends in .sql (applied first), e.g. --suite everyday.sql. "
        "[default: all samples]",
    ),
    click.option(
        "--by",
        multiple=True,
        metavar="FIELD",
        help="In place of a suite: a test case for each value or range of a field, e.g. --by language, "
        "--by age:0,18,65, --by age:quantiles=4, --by age:widths=5, --by taken:month or --by camera.name (a field in "
        "a struct); repeat it for several.",
    ),
    click.option(
        "--cross",
        is_flag=True,
        help="With several --by, e.g. --cross --by language --by topic: a test case for each combination that occurs.",
    ),
)


class ScenarioOptions(TypedDict):
    """Which scenarios: a suite, or fields."""

    suite: str | None
    by: tuple[str, ...]
    cross: bool


class MeasuringCommand(Command):
    """A command whose help lists the metrics that there are."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the metrics of each workflow."""
        from kolena_store.metrics.definitions import load_metrics
        from kolena_store.workflows import WORKFLOWS

        super().format_options(ctx, formatter)
        files = {name: load_metrics(workflow.metric_file) for name, workflow in WORKFLOWS.items()}
        with formatter.section("Metrics"):
            formatter.write_dl(
                [
                    (name, ", ".join(dict.fromkeys(one.name for one in file.metrics)) or OWN)
                    for name, file in files.items()
                ]
            )


def scenario_options(command: F) -> F:
    """Give a command the options that say which scenarios."""
    return _with_options(command, SCENARIOS)


def fields_of(store: "Store", dataset: str, by: tuple[str, ...]) -> "list[str | Bins] | None":
    """Return the fields to make test cases of, each with its cut; None for none."""
    from kolena_store.test_suites import parse_bins

    if not by:
        return None
    names = [field.name for field in store.dataset(dataset).fields]
    return [parse_bins(one, names) for one in by]


def _with_options(command: F, options: tuple[Callable[[F], F], ...]) -> F:
    for option in reversed(options):
        command = option(command)
    return command
