"""`kolena-store check`: whether a model passes a quality standard."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import FORMATS, Invocation, pass_invocation
from kolena_store.cli.outcomes import FAILED_GATE, note
from kolena_store.cli.output import Answer, arrow_rows, show, write_text

if TYPE_CHECKING:
    from kolena_store.standards import CheckReport

__all__ = ["command"]

MARKDOWN = "markdown"
IN_ACTIONS = "GITHUB_ACTIONS"
WORKSPACE = "GITHUB_WORKSPACE"


@click.command(
    "check",
    short_help="Check a model against a quality standard.",
    cls=Command,
    formats=(*FORMATS, MARKDOWN),
    examples=(
        "kolena-store check router.standard.toml --model v2 --baseline v1",
        "kolena-store check router.standard.toml --model v2 --junit gates.xml --format markdown > summary.md",
    ),
)
@click.argument("file", metavar="FILE.standard.toml")
@click.option("--model", required=True, metavar="MODEL", help="The model to check, e.g. --model v2.")
@click.option("--baseline", metavar="MODEL", help="The model that gates compare it with, e.g. --baseline v1.")
@click.option("--junit", metavar="FILE", help="Also write the results as JUnit XML, e.g. --junit gates.xml.")
@pass_invocation
def command(invocation: Invocation, file: str, *, model: str, baseline: str | None, junit: str | None) -> None:
    """Check a model against the gates of a quality standard (FILE), and print what each of them says.

    It leaves with 0 when no gate failed, 1 when one did, and 2 when the standard can't be used as it is. A gate that
    the data can't decide counts as the standard says (`undecided`). Markdown is a summary for a pull request. In GitHub
    Actions, annotations of the gates that did not pass are written to stderr.
    """
    report = invocation.open_store().check(file, model, baseline)
    if junit is not None:
        Path(junit).write_text(report.junit(), encoding="utf-8")
    _annotate(report)
    if invocation.format == MARKDOWN:
        write_text(report.markdown())
    else:
        answer = Answer(listings=report.listings, document=report.document, rows=lambda: arrow_rows(report.arrow()))
        show(invocation.format, answer)
    if not report.passed:
        raise SystemExit(FAILED_GATE)


def _annotate(report: "CheckReport") -> None:
    """Write annotations where GitHub Actions reads them: from stderr too, so that what is printed stays whole."""
    if os.environ.get(IN_ACTIONS) != "true":
        return
    workspace = os.environ.get(WORKSPACE)
    for line in report.annotations(Path(workspace) if workspace else None):
        note(line)
