"""`kolena-store plot`: a plot as a file."""

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note

__all__ = ["command"]


@click.command(
    "plot",
    short_help="Draw a plot as SVG, PNG, PDF or an interactive page.",
    cls=Command,
    prints_data=False,
    examples=(
        "kolena-store plot tickets confusion_matrix v2 --output confusion.svg",
        "kolena-store plot tickets comparison v2 v1 --suite everyday --metric accuracy --output v2.png",
        "kolena-store plot spam roc v1 v2 --suite everyday --case Short --class spam --output roc.html",
        "kolena-store plot homes residuals v1 --against area --output errors.pdf",
    ),
)
@click.argument("dataset")
@click.argument("kind")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--suite", metavar="NAME", help="Such as --suite everyday. [default: the first that someone wrote]")
@click.option("--case", default="all", metavar="CASE", help="The test case, e.g. --case Short. [default: all]")
@click.option(
    "--metric",
    metavar="METRIC",
    help="Of estimates, comparison, history and classes, e.g. --metric recall. [default: the first headline]",
)
@click.option(
    "--class",
    "class_name",
    metavar="LABEL",
    help="The class of a curve, e.g. --class spam. [default: the positive or the first one]",
)
@click.option(
    "--against",
    metavar="FIELD",
    help="The field that residuals stand against, e.g. --against area. [default: the prediction]",
)
@click.option("--field", metavar="FIELD", help="The field of a distribution, e.g. --field length.")
@click.option(
    "--output",
    required=True,
    metavar="FILE",
    help="The file; its ending says how to draw: .svg, .png, .pdf, .html or .json, e.g. --output roc.svg.",
)
@pass_invocation
def command(
    invocation: Invocation,
    dataset: str,
    kind: str,
    *,
    models: tuple[str, ...],
    suite: str | None,
    case: str,
    metric: str | None,
    class_name: str | None,
    against: str | None,
    field: str | None,
    output: str,
) -> None:
    """Draw a plot of models that were tested on DATASET.

    KIND is estimates, comparison (a model and its baseline), history, distribution (with --field), or one of the
    workflow's own: confusion_matrix, roc, precision_recall, calibration, confidence, classes; residuals, errors;
    scores; agreement; object_curves, mistakes, overlaps; sample_metrics.
    """
    plot = invocation.open_store().plot(
        dataset,
        kind,
        list(models) or None,
        suite,
        test_case=case,
        metric=metric,
        class_name=class_name,
        against=against,
        field=field,
    )
    plot.save(output)
    for line in plot.notes:
        note(line)
    note(f"wrote {output}: {plot.summary}")
