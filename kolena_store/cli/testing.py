"""`kolena-store test`: metrics of every test case, for every model."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import click

from kolena_store.cli.configuration_options import configuration_options
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.cli.output import show
from kolena_store.cli.result_listings import results_answer
from kolena_store.cli.scenarios import MeasuringCommand, ScenarioOptions, fields_of, scenario_options
from kolena_store.errors import UnknownName

if TYPE_CHECKING:
    from kolena_store.store import Store
    from kolena_store.test_runs import ConfusionMatrix, TestResults
    from kolena_store.workflows import Configuration

__all__ = ["TestOptions", "command"]


class TestOptions(ScenarioOptions):
    """The options of `test`."""

    metrics: tuple[str, ...]
    configuration: "Configuration | None"
    common: bool
    confusion_matrices: tuple[str, ...]


@click.command(
    "test",
    short_help="Print the metrics of every test case.",
    cls=MeasuringCommand,
    examples=(
        "kolena-store test tickets v1 v2 --suite everyday.sql",
        "kolena-store test tickets --by language --by length:quantiles=4 --cross --metric accuracy",
        "kolena-store test spam v1 v2 --suite everyday --threshold f1_optimal --tune-on \"split = 'tune'\"",
        "kolena-store test tickets v1 v2 --class billing --common --confusion-matrix all",
        "kolena-store test spam v1 --configuration strict.toml --format json",
        "kolena-store test street v1 --iou 0.3 --iou 0.6 --metric ap_iou --matching one_to_one",
    ),
)
@click.argument("dataset")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@scenario_options
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="Only this one, e.g. --metric recall; repeat it for several.",
)
@configuration_options
@click.option("--common", is_flag=True, help="Count only samples that all these models answered.")
@click.option(
    "--confusion-matrix",
    "confusion_matrices",
    multiple=True,
    metavar="CASE",
    help="Also how often each label was answered by each, e.g. --confusion-matrix all (CSV: that alone).",
)
@pass_invocation
def command(invocation: Invocation, dataset: str, *, models: tuple[str, ...], **options: Unpack[TestOptions]) -> None:
    """Test models (default: all with results) on DATASET, and print the metrics of every test case.

    The table shows the main metrics, worst test case first; JSON and CSV hold every row, in the suite's order.
    """
    results = _tested(invocation.open_store(), dataset, models, options)
    matrices = _matrices(results, options["confusion_matrices"])
    if invocation.format != "table":
        for line in results.notes:
            note(line)
    show(invocation.format, results_answer(results, matrices))


def _tested(store: "Store", dataset: str, models: tuple[str, ...], options: TestOptions) -> "TestResults":
    """Test, and say on stderr what left a suite whose file was applied first."""
    by = fields_of(store, dataset, options["by"])
    with store.transaction():
        suite = options["suite"]
        report = store.apply_suite(dataset, suite) if suite and suite.endswith(".sql") and by is None else None
        results = store.test(
            dataset,
            list(models) or None,
            report or suite,
            by=by,
            cross=options["cross"],
            configuration=options["configuration"],
            metrics=list(dict.fromkeys(options["metrics"])) or None,
            common=options["common"],
        )
    for line in report.notes if report else ():
        note(line)
    return results


def _matrices(results: "TestResults", cases: Sequence[str]) -> "list[ConfusionMatrix]":
    if not cases:
        return []
    known = results.arrow().column("test_case").unique().to_pylist()
    for case in cases:
        if case not in known:
            listing = f"kolena-store suite show {shlex.quote(results.dataset)} {shlex.quote(results.suite)}"
            raise UnknownName.of("test case", case, known, listing)
    return [results.confusion_matrix(case, model) for case in dict.fromkeys(cases) for model in results.models]
