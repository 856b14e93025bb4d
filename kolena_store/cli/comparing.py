"""`kolena-store compare`: models beside a baseline, with verdicts, and the samples behind a difference."""

from typing import TYPE_CHECKING, Unpack

import click

from kolena_store.cli.comparison_listings import comparison_answer, samples_answer
from kolena_store.cli.configuration_options import configuration_options
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.cli.output import show
from kolena_store.cli.pairs import read_numbers_from_the_end
from kolena_store.cli.scenarios import MeasuringCommand, ScenarioOptions, fields_of, scenario_options
from kolena_store.errors import InvalidInput

if TYPE_CHECKING:
    from kolena_store.comparisons import Comparison, DifferingSamples
    from kolena_store.store import Store
    from kolena_store.workflows import Configuration

__all__ = ["CompareOptions", "command"]

ALPHA = 0.05
CORRECTIONS = ("benjamini-hochberg", "benjamini-yekutieli")
TESTS = ("default", "exact", "permutation")


class CompareOptions(ScenarioOptions):
    """The options of `compare`."""

    configuration: "Configuration | None"
    metrics: tuple[str, ...]
    by_class: bool
    tolerances: dict[str, float]
    alpha: float
    correction: str
    test: str
    samples: str | None
    of_class: str | None


@click.command(
    "compare",
    short_help="What improved, what regressed, what nobody can tell yet.",
    cls=MeasuringCommand,
    examples=(
        "kolena-store compare tickets v2 v1 --suite everyday.sql",
        "kolena-store compare tickets v2 v3 v1 --by language --tolerance accuracy=0.01",
        "kolena-store compare tickets v2 v1 --suite everyday --metric accuracy --metric recall --by-class",
        "kolena-store compare tickets v2 v1 --suite everyday --samples Short",
        "kolena-store compare tickets v2 v1 --correction benjamini-yekutieli --test permutation --format json",
    ),
)
@click.argument("dataset")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.argument("baseline")
@scenario_options
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="Compare this one, e.g. --metric recall; repeat it for several. [default: the workflow's main metrics]",
)
@click.option("--by-class", is_flag=True, help="Give metrics of classes a row for each class, too.")
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="METRIC=X",
    callback=read_numbers_from_the_end,
    help="The difference below which two models count as equivalent, in the metric's unit, e.g. --tolerance "
    "accuracy=0.01; repeat it for several.",
)
@click.option(
    "--alpha",
    type=float,
    default=ALPHA,
    metavar="A",
    help="The share of false discoveries that is accepted, e.g. --alpha 0.01. [default: 0.05]",
)
@click.option(
    "--correction",
    type=click.Choice(CORRECTIONS),
    default=CORRECTIONS[0],
    help="How the p-values of all test cases are corrected, e.g. --correction benjamini-yekutieli, which holds however "
    "test cases overlap. [default: benjamini-hochberg]",
)
@click.option(
    "--test",
    type=click.Choice(TESTS),
    default=TESTS[0],
    help="McNemar's exact test or a permutation test, where the metric has one, e.g. --test exact. "
    "[default: by metric]",
)
@click.option(
    "--samples",
    metavar="CASE",
    help="In place of the table: the samples of this test case that only one model got right, e.g. --samples all.",
)
@click.option(
    "--of-class", metavar="LABEL", help="With --samples: the class of a metric of classes, e.g. --of-class billing."
)
@configuration_options
@pass_invocation
def command(
    invocation: Invocation, dataset: str, *, models: tuple[str, ...], baseline: str, **options: Unpack[CompareOptions]
) -> None:
    """Compare models (default: all others with results) with BASELINE on DATASET, on the samples that both answered.

    Each difference has an interval, a corrected p-value q, the smallest effect that n could have shown (mde), and a
    verdict. The table shows confirmed regressions first; JSON and CSV hold every row, in the suite's order.
    """
    store = invocation.open_store()
    if options["samples"] is not None:
        show(invocation.format, samples_answer(_samples(store, dataset, (models, baseline), options)))
        return
    found = _compared(store, dataset, (models, baseline), options)
    if invocation.format != "table":
        for line in found.notes:
            note(line)
    show(invocation.format, comparison_answer(found))


def _compared(store: "Store", dataset: str, pair: tuple[tuple[str, ...], str], options: CompareOptions) -> "Comparison":
    """Compare, and say on stderr what left a suite whose file was applied first."""
    models, baseline = pair
    by, suite = fields_of(store, dataset, options["by"]), options["suite"]
    with store.transaction():
        report = store.apply_suite(dataset, suite) if suite and suite.endswith(".sql") and by is None else None
        found = store.compare(
            dataset,
            list(models) or None,
            baseline,
            report or suite,
            by=by,
            cross=options["cross"],
            configuration=options["configuration"],
            metrics=list(dict.fromkeys(options["metrics"])) or None,
            by_class=options["by_class"],
            tolerance=options["tolerances"],
            alpha=options["alpha"],
            correction=options["correction"],  # type: ignore[arg-type]
            test=options["test"],  # type: ignore[arg-type]
        )
    for line in report.notes if report else ():
        note(line)
    return found


def _samples(
    store: "Store", dataset: str, pair: tuple[tuple[str, ...], str], options: CompareOptions
) -> "DifferingSamples":
    models, baseline = pair
    if len(models) != 1 or len(options["metrics"]) > 1:
        raise InvalidInput(
            "--samples lists those of one model beside the baseline, by one metric; name one model, and at most one "
            "--metric"
        )
    return store.differing_samples(
        dataset,
        models[0],
        baseline,
        options["suite"],
        test_case=str(options["samples"]),
        metric=next(iter(options["metrics"]), None),
        class_name=options["of_class"],
        by=fields_of(store, dataset, options["by"]),
        configuration=options["configuration"],
    )
