"""`kolena-store report`: a suite or a comparison as one file."""

import sys
from pathlib import Path

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.errors import MissingExtra, UnreadableFile

__all__ = ["command"]

FORMATS = ("html", "markdown")


@click.command(
    "report",
    short_help="Write a suite or a comparison as one HTML file, or as Markdown.",
    cls=Command,
    prints_data=False,
    examples=(
        "kolena-store report tickets v2 --baseline v1 --suite everyday --output report.html",
        "kolena-store report tickets --suite everyday --interactive --output report.html",
        "kolena-store report tickets v2 --baseline v1 --metric accuracy --format markdown",
    ),
)
@click.argument("dataset")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--suite", metavar="NAME", help="Such as --suite everyday. [default: the first that someone wrote]")
@click.option("--baseline", metavar="MODEL", help="Compare with this model, e.g. --baseline v1.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="Report this one, e.g. --metric recall; repeat it for several. [default: the workflow's main metrics]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    help="HTML, or Markdown for a pull request, e.g. --format markdown. [default: html]",
)
@click.option(
    "--interactive", is_flag=True, help="Let plots answer to the pointer; the file is about a megabyte larger."
)
@click.option("--output", metavar="FILE", help="The file to write, e.g. --output report.html. [default: stdout]")
@pass_invocation
def command(
    invocation: Invocation,
    dataset: str,
    *,
    models: tuple[str, ...],
    suite: str | None,
    baseline: str | None,
    metrics: tuple[str, ...],
    form: str,
    interactive: bool,
    output: str | None,
) -> None:
    """Write a report on the tests of models (default: all with runs) on DATASET, to attach to a release.

    The file needs no network and no other file. The models were tested before: kolena-store test.
    """
    try:
        from kolena_store.reports.contents import ReportRequest
        from kolena_store.reports.report import report
    except ImportError:
        raise MissingExtra.of("a report", "ui") from None

    store = invocation.open_store()
    asked = ReportRequest(dataset=dataset, suite=suite, models=models, baseline=baseline, metrics=metrics)
    text = report(store.path, asked, form=form, interactive=interactive)
    if output is None:
        sys.stdout.buffer.write(text.encode("utf-8"))
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreadableFile(f"{output} can't be written ({error.strerror}); name another file") from error
    note(f"wrote {output} ({len(text.encode('utf-8')) / 1024:,.0f} kB)")
