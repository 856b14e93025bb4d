"""What commands that measure share: which scenarios, how models are scored, and the names of the metrics."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from kolena_store.cli.commands import Command

if TYPE_CHECKING:
    from kolena_store.store import Store
    from kolena_store.test_suites import Bins
    from kolena_store.workflows import Configuration

__all__ = [
    "ConfigurationOptions",
    "MeasuringCommand",
    "ScenarioOptions",
    "configuration_of",
    "configuration_options",
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
SCORING = (
    click.option(
        "--threshold",
        metavar="T",
        help="The score from which an answer is positive, e.g. --threshold 0.3, f1_optimal or accuracy_optimal "
        "(chosen once for each model).",
    ),
    click.option(
        "--tune-on",
        metavar="PREDICATE",
        help="The samples to choose the threshold on, e.g. --tune-on \"split = 'tune'\".",
    ),
    click.option(
        "--class",
        "classes",
        multiple=True,
        metavar="LABEL",
        help="A class with rows of its own, and in the averages, e.g. --class billing; repeat it for several. "
        "[default: all]",
    ),
    click.option(
        "--configuration",
        metavar="FILE",
        help="A TOML file with threshold, tune_on, classes, beta or top_k, e.g. --configuration c.toml.",
    ),
)


class ScenarioOptions(TypedDict):
    """Which scenarios: a suite, or fields."""

    suite: str | None
    by: tuple[str, ...]
    cross: bool


class ConfigurationOptions(TypedDict):
    """How models are scored."""

    threshold: str | None
    tune_on: str | None
    classes: tuple[str, ...]
    configuration: str | None


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
                [(name, ", ".join(one.name for one in file.metrics) or OWN) for name, file in files.items()]
            )


def scenario_options(command: F) -> F:
    """Give a command the options that say which scenarios."""
    return _with_options(command, SCENARIOS)


def configuration_options(command: F) -> F:
    """Give a command the options that say how models are scored."""
    return _with_options(command, SCORING)


def configuration_of(options: ConfigurationOptions) -> "Configuration | None":
    """Return the file's options with those of the command line in their place; None when there are none at all.

    A threshold that is a number needs no samples to tune on: those of the file are left out then.
    """
    from kolena_store.formats import read_text
    from kolena_store.workflows import configuration_from_document, read_configuration

    given: dict[str, object] = {}
    if options["threshold"] is not None:
        given["threshold"] = _threshold(options["threshold"])
    if options["tune_on"] is not None:
        given["tune_on"] = options["tune_on"]
    if options["classes"]:
        given["classes"] = list(options["classes"])
    if options["configuration"] is not None:
        read_text(options["configuration"])  # says which files are near when this one is not there
        document = read_configuration(options["configuration"]).document()
        if isinstance(given.get("threshold"), float):
            document.pop("tune_on", None)
        given = {**document, **given}
    elif not given:
        return None
    return configuration_from_document(given)


def _threshold(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


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
