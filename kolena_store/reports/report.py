"""A report as one file: HTML that opens from disk and prints well, or Markdown."""

from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from markupsafe import Markup

from kolena_store.errors import InvalidInput
from kolena_store.inspection.workbench import Workbench
from kolena_store.reports.contents import ReportContent, ReportRequest, report_content
from kolena_store.reports.pictures import bundle_script, pictures, script_digest
from kolena_store.reports.rendering import rendered
from kolena_store.reports.tables import board_rows, comparison_rows, markdown

__all__ = ["FORMATS", "Form", "report"]

Form = Literal["html", "markdown"]
FORMATS: tuple[str, ...] = get_args(Form)
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {scripts}; base-uri 'none'; "
    "form-action 'none'"
)


def report(root: Path, asked: ReportRequest, *, form: str = "html", interactive: bool = False) -> str:
    """Return a report on a suite or a comparison of a store, which it only reads.

    Args:
        root: the store's directory.
        asked: what to report.
        form: `html`, or `markdown` for a pull request.
        interactive: whether plots of HTML answer to the pointer; the page is about a megabyte larger then.

    Raises:
        InvalidInput: another form, or no model was tested yet.
        UnknownName: there is no such dataset, suite, model or metric.
        MissingExtra: HTML needs the packages of the extra `ui`.
    """
    if form not in FORMATS:
        raise InvalidInput(f"format={form!r} is none of {', '.join(FORMATS)}")
    if form == "markdown" and interactive:
        raise InvalidInput("Markdown has no plots that answer to the pointer; leave one of the two away")
    bench = Workbench(root)
    try:
        content = report_content(bench.look(), asked)
    finally:
        bench.close()
    return markdown(content) if form == "markdown" else _page(content, interactive)


def _page(content: ReportContent, interactive: bool) -> str:
    script = bundle_script() if interactive else ""
    scripts = f"'sha256-{script_digest(script)}'" if interactive else "'none'"
    drawn = [Markup("")] * len(content.plots) if interactive else pictures(content.plots)
    return rendered(
        "report.html",
        {
            "content": content,
            "policy": POLICY.format(scripts=scripts),
            "style": Markup(_style()),
            "script": Markup(script),
            "pictures": list(zip(content.plots, drawn, strict=True)),
            "interactive": interactive,
            "board_rows": board_rows,
            "comparison_rows": comparison_rows,
        },
    )


def _style() -> str:
    """Return the style of the web app, and what is other on paper."""
    folder = files("kolena_store.reports").joinpath("templates")
    return folder.joinpath("style.css").read_text(encoding="utf-8") + folder.joinpath("report.css").read_text(
        encoding="utf-8"
    )
