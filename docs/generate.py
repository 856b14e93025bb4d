"""Writes the parts of the pages that follow from the code: the workflows, their metrics, the commands, the views.

    python docs/generate.py             brings the pages up to date
    python docs/generate.py --check     changes nothing; leaves with 1 and names the pages that are out of date

A generated part stands between `<!-- generated: its name -->` and `<!-- end -->`; people write all else on a page.
It describes the checkout that it stands in, whatever is installed.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import click

import kolena_store as ks
from kolena_store.cli import command_line
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition, load_metrics
from kolena_store.workflows import WORKFLOWS, Workflow

__all__ = ["commands", "main", "parts", "stale_pages"]

PART = re.compile(r"(?P<start><!-- generated: (?P<name>[^\n]+) -->\n)(?P<body>.*?)(?P<end><!-- end -->)", re.DOTALL)
COLUMNS_OF_A_TERMINAL = 78
METRIC_TITLES = ("name", "of", "better", "unit", "range", "n", "formula", "interval", "undefined when")
TERM_TITLES = ("term", "how", "of")
NONE = "no interval: "
INTERVALS: Mapping[str, str] = MappingProxyType(
    {
        "wilson": "Wilson",
        "f1": "Wilson of J",
        "table": "from drawn tables",
        "linearised": "linearised",
        "kernel": "of the kernel",
        "bootstrap": "bootstrap of images",
    }
)
OWNER_OF_VIEWS = "photos"
"""The dataset whose views are described."""


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` only compare them, and return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    is_check = bool(arguments)
    stale = stale_pages(DOCS)
    for page, text in stale.items():
        if is_check:
            sys.stderr.write(f"{page.name} is out of date; run: python docs/generate.py\n")
        else:
            page.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {page.name}\n")
    return 1 if is_check and stale else 0


def stale_pages(folder: Path) -> dict[Path, str]:
    """Return the pages of a folder whose generated parts are not what the code says, with the text they should have.

    Raises:
        ValueError: a page asks for a part that there is not, or no page has one that there is.
    """
    made = parts()
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(folder.glob("*.md"))}
    wanted = {match["name"] for text in pages.values() for match in PART.finditer(text)}
    if wanted != set(made):
        raise ValueError(f"on one side only, of the pages and this script: {sorted(wanted ^ set(made))}")
    written = {name: make() for name, make in made.items()}
    fresh = {page: PART.sub(partial(_filled, written), text) for page, text in pages.items()}
    return {page: text for page, text in fresh.items() if text != pages[page]}


def parts() -> dict[str, Callable[[], str]]:
    """Return name -> how to make it, of every generated part."""
    return {
        "workflows": _workflows_part,
        "metrics of the workflows": _metrics_part,
        "commands": _commands_part,
        "views of a dataset": _dataset_views,
        "views of the store": _store_views,
        "published views": _published_views,
        "published macros": _published_macros,
    }


def commands() -> dict[str, click.Context]:
    """Return path -> the context of every command and group, as `dataset upload`; the root is the empty path."""
    settings = {**command_line.context_settings, "terminal_width": COLUMNS_OF_A_TERMINAL}
    root = click.Context(command_line, info_name="kolena-store", **settings)
    return dict(_walk("", root))


def _walk(path: str, context: click.Context) -> Iterator[tuple[str, click.Context]]:
    yield path, context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _walk(f"{path} {name}".strip(), click.Context(command, info_name=name, parent=context))


def _filled(written: Mapping[str, str], match: "re.Match[str]") -> str:
    return f"{match['start']}\n{written[match['name']]}\n{match['end']}"


def _workflows_part() -> str:
    return _table(("workflow", "in Python", "for"), map(_workflow_cells, WORKFLOWS.values()))


def _workflow_cells(workflow: type[Workflow]) -> tuple[str, ...]:
    options = ", ".join(workflow.option_help)
    return f"`{workflow.name}`", f"`ks.{workflow.__name__}({options})`", (workflow.__doc__ or "").split("\n")[0]


def _metrics_part() -> str:
    return "\n".join(map(_metrics_of, WORKFLOWS.values()))


def _metrics_of(workflow: type[Workflow]) -> str:
    file = load_metrics(workflow.metric_file)
    if not file.metrics:
        return f"### {workflow.__name__}\n\nAll its metrics are of [your own](custom.md).\n"
    metrics = _table(METRIC_TITLES, map(_metric_cells, file.metrics))
    terms = _table(TERM_TITLES, map(_term_cells, file.terms))
    return f"### {workflow.__name__}\n\n{metrics}\nIts terms, which `n` is written in:\n\n{terms}"


def _metric_cells(metric: MetricDefinition) -> tuple[str, ...]:
    facts = (metric.level, metric.better, metric.unit, metric.value_range)
    return (f"`{metric.name}`", *facts, f"`{metric.n}`", metric.formula, _interval(metric), metric.undefined)


def _interval(metric: MetricDefinition) -> str:
    rule = metric.interval
    if rule.kind == "none":
        return f"none: {str(rule.reason).removeprefix(NONE)}"
    return f"{INTERVALS[rule.kind]}, of `{rule.successes}` in n" if rule.successes is not None else INTERVALS[rule.kind]


def _term_cells(term: TermDefinition) -> tuple[str, ...]:
    kind = term.kernel or term.kind
    of_classes = f" for each {' and '.join(term.by)}" if term.by else ""
    return f"`{term.name}`", f"{kind}{of_classes}", f"`{' '.join(term.expression.split())}`"


def _commands_part() -> str:
    found = [(path, context) for path, context in commands().items() if path]
    overview = _table(
        ("command", "what it does"),
        (
            (f"[`{path}`](#{path.replace(' ', '-')})", context.command.get_short_help_str(200))
            for path, context in found
        ),
    )
    sections = (f"## {path}\n\n```text\n{context.command.get_help(context)}\n```\n" for path, context in found)
    return "\n".join([overview, *sections])


def _dataset_views() -> str:
    return _views(OWNER_OF_VIEWS)


def _store_views() -> str:
    return _views("kolena")


def _views(schema: str) -> str:
    """Return the views of a schema, in a store with one small dataset that one model was tested on."""
    store = _example_store()
    query = (
        "SELECT table_name, list(column_name || ' ' || data_type ORDER BY column_index) AS columns "
        f"FROM duckdb_columns() WHERE schema_name = '{schema}' GROUP BY table_name ORDER BY table_name"
    )
    rows = store.sql(query).rows()
    return _table(
        ("view", "columns"), ((f"`{row['table_name']}`", ", ".join(map(_code, row["columns"]))) for row in rows)
    )


@cache
def _example_store() -> ks.Store:
    store = ks.Store()
    samples = [{"id": number, "animal": "cat", "light": "day", "guess": "cat"} for number in range(3)]
    workflow = ks.Classification(ground_truth="animal", prediction="guess")
    store.upload_dataset(OWNER_OF_VIEWS, samples, workflow=workflow, predictions={"v1": "guess"})
    store.test(OWNER_OF_VIEWS)
    return store


def _published_views() -> str:
    """Return every view and column of the published database with its comment."""
    store = _example_store()
    views = "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
    query = (
        "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE NOT internal ORDER BY schema_name, table_name, column_index"
    )
    columns = store.sql(query).rows()
    sections = []
    for view in store.sql(views).rows():
        own = [
            row
            for row in columns
            if (row["schema_name"], row["table_name"]) == (view["schema_name"], view["view_name"])
        ]
        cells = ((f"`{row['column_name']}`", f"`{row['data_type']}`", row["comment"]) for row in own)
        title = f"### {view['schema_name']}.{view['view_name']}\n\n{view['comment']}."
        sections.append(f"{title}\n\n{_table(('column', 'type', 'what it is'), cells)}")
    return "\n".join(sections)


def _published_macros() -> str:
    """Return how the macros of each workflow are called, in the simplest dataset of each."""
    query = "SELECT metric, level, macro, reason FROM kolena.metric_definitions WHERE dataset = $$photos$$"
    sections = []
    for workflow in (
        ks.Classification(ground_truth="animal", prediction="guess"),
        ks.Regression(ground_truth="animal", prediction="guess"),
        ks.Judged(verdict="guess"),
    ):
        store, kind = ks.Store(), type(workflow).__name__
        value: object = "cat" if kind == "Classification" else 1.0 if kind == "Regression" else True
        samples = [{"id": number, "animal": value} for number in range(3)]
        store.upload_dataset(OWNER_OF_VIEWS, samples, id_fields=["id"], workflow=workflow)
        store.upload_results(OWNER_OF_VIEWS, "v1", [{"id": number, "guess": value} for number in range(3)])
        store.test(OWNER_OF_VIEWS)
        rows = store.sql(query).rows()
        cells = ((f"`{row['metric']}`", row["level"], _call(row["macro"]) or row["reason"]) for row in rows)
        sections.append(f"### {kind}\n\n{_table(('metric', 'of', 'macro'), cells)}")
    return "\n".join(sections)


def _call(macro: str | None) -> str:
    return f"`{macro.replace(chr(34), '')}`" if macro else ""


def _code(text: str) -> str:
    return f"`{text}`"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows)
    return "".join(f"| {line} |\n" for line in (" | ".join(titles), " | ".join("---" for _ in titles), *lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
