"""`kolena-store suite`: test cases as SQL views - applied from files, written for fields, listed and compared."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.downloads import write_text
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, listed_answer, record_rows, show
from kolena_store.cli.pairs import read_pairs_from_the_end
from kolena_store.cli.suite_listings import applied_answer, shown_answer, suite_source

if TYPE_CHECKING:
    from kolena_store.store import Store
    from kolena_store.test_suites import SuiteReport

__all__ = ["command"]

FROM_FILES = "file"
CHANGE_FIELDS = ("name", "n_before", "n_after", "rows_in", "rows_out", "change")


@click.group(
    "suite",
    short_help="Test cases as SQL views.",
    cls=Group,
    examples=("kolena-store suite apply tickets everyday.sql",),
)
def command() -> None:
    """Test cases as SQL views: apply files, write views for fields, list and compare suites."""


@command.command(
    "apply",
    short_help="Apply suite files.",
    examples=(
        "kolena-store suite apply tickets everyday.sql",
        "kolena-store suite apply tickets everyday.sql robustness.sql",
        "kolena-store suite apply tickets everyday.sql --ids 'Reported by users=reported.csv' \\\n"
        "  --description 'What users write every day' --tag release",
    ),
)
@click.argument("dataset")
@click.argument("files", nargs=-1, required=True, metavar="FILE.sql...")
@click.option(
    "--ids",
    "cases",
    multiple=True,
    metavar="CASE=FILE",
    callback=read_pairs_from_the_end,
    help="A further test case: the samples whose ids FILE lists, e.g. --ids 'Reported=reported.csv'.",
)
@click.option("--description", metavar="TEXT", help="What the suite asks, e.g. --description 'Every day'.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of the suite, e.g. --tag release.")
@pass_invocation
def apply(
    invocation: Invocation,
    dataset: str,
    *,
    files: tuple[str, ...],
    cases: dict[str, str],
    description: str | None,
    tags: tuple[str, ...],
) -> None:
    """Apply suite files to DATASET, all or none; each suite is named after its file, an equal one stays as it is."""
    for file in files:
        if not file.endswith(".sql"):
            raise click.BadParameter(f"{file!r} does not end in .sql", param_hint="FILE")
    store = invocation.open_store()
    if len(files) == 1:
        reports = [_apply_one(store, dataset, files[0], lists=cases, description=description, tags=tags)]
    elif cases or description is not None or tags:
        raise click.UsageError("--ids, --description and --tag belong to one suite; give one FILE with them")
    else:
        reports = store.apply_suites(dataset, files)
    show(invocation.format, applied_answer(reports))


@command.command(
    "stratify",
    short_help="Make a suite for some fields.",
    examples=(
        "kolena-store suite stratify tickets languages --by language",
        "kolena-store suite stratify people ages --by age:0,18,65 --by income:quantiles=4 --output ages.sql",
        "kolena-store suite stratify photos conditions --by camera.name --by taken:month --cross",
    ),
)
@click.argument("dataset")
@click.argument("name")
@click.option(
    "--by",
    multiple=True,
    required=True,
    metavar="FIELD",
    help="A field with a test case for each value, or range of values, e.g. --by language, --by age:0,18,65 (edges), "
    "--by age:quantiles=4, --by age:widths=5, --by taken:month or --by camera.name (a field in a struct); repeat it "
    "for several.",
)
@click.option("--cross", is_flag=True, help="A test case for each combination of the fields that occurs.")
@click.option("--output", metavar="FILE", help="Also write the views to a file, e.g. --output languages.sql.")
@pass_invocation
def stratify(
    invocation: Invocation, dataset: str, *, name: str, by: tuple[str, ...], cross: bool, output: str | None
) -> None:
    """Make the suite NAME of DATASET, with a test case for each value or range of the fields."""
    from kolena_store.test_suites import parse_bins

    store = invocation.open_store()
    fields = [field.name for field in store.dataset(dataset).fields]
    report = store.stratify(dataset, name, [parse_bins(one, fields) for one in by], cross=cross)
    if output is not None:
        write_text(output, report.source)
    show(invocation.format, applied_answer([report]))


@command.command(
    "show",
    short_help="Show a suite's test cases.",
    examples=(
        "kolena-store suite show tickets everyday",
        "kolena-store suite show tickets everyday --version 1",
        "kolena-store suite show tickets everyday --source > everyday.sql",
    ),
)
@click.argument("dataset")
@click.argument("name")
@click.option("--version", type=int, metavar="N", help="Which version, e.g. --version 1. [default: the newest]")
@click.option("--source", is_flag=True, help="Print the suite's text as it was applied, and nothing else.")
@pass_invocation
def show_suite(invocation: Invocation, dataset: str, *, name: str, version: int | None, source: bool) -> None:
    """Show the test cases of the suite NAME of DATASET: their definitions, and how many samples they select."""
    store = invocation.open_store()
    if source:
        click.echo(suite_source(store, dataset, name, version), nl=False)
    else:
        show(invocation.format, shown_answer(store, dataset, name, version))


@command.command(
    "list",
    short_help="List the suites.",
    examples=("kolena-store suite list tickets", "kolena-store suite list --all --format csv"),
)
@click.argument("dataset", required=False)
@click.option("--all", "everything", is_flag=True, help="Also the suites that `test --by` and plain `test` made.")
@pass_invocation
def list_suites(invocation: Invocation, dataset: str | None, *, everything: bool) -> None:
    """List the suites of DATASET (default: of every dataset) in their newest versions."""
    from kolena_store.tables import Records

    suites = invocation.open_store().test_suites(dataset)
    chosen = Records((suite for suite in suites if everything or suite.origin == FROM_FILES), suites.layout)
    show(invocation.format, listed_answer("suites", chosen))


@command.command(
    "diff",
    short_help="Show which samples came in and went out.",
    examples=(
        "kolena-store suite diff tickets everyday",
        "kolena-store suite diff tickets everyday 1 2",
        "kolena-store suite diff tickets everyday --dataset-versions 1 2",
    ),
)
@click.argument("dataset")
@click.argument("name")
@click.argument("versions", nargs=-1, type=int, metavar="[V1 V2]")
@click.option(
    "--dataset-versions",
    nargs=2,
    type=int,
    metavar="D1 D2",
    help="Between versions of the data, e.g. --dataset-versions 1 2.",
)
@pass_invocation
def diff(
    invocation: Invocation,
    dataset: str,
    *,
    name: str,
    versions: tuple[int, ...],
    dataset_versions: tuple[int, int] | None,
) -> None:
    """Show which samples came into and went out of the test cases of a suite, between versions of suite or data."""
    if len(versions) not in (0, 2):
        raise click.UsageError("name two versions of the suite to compare, V1 V2, or none")
    difference = invocation.open_store().suite_difference(
        dataset,
        name,
        suite_versions=(versions[0], versions[1]) if versions else None,
        dataset_versions=dataset_versions,
    )
    document = asdict(difference)
    show(
        invocation.format,
        Answer(
            listings=difference.listings,
            document=lambda: document,
            rows=lambda: record_rows(CHANGE_FIELDS, document["cases"]),
        ),
    )


def _apply_one(
    store: "Store", dataset: str, file: str, *, lists: dict[str, str], description: str | None, tags: tuple[str, ...]
) -> "SuiteReport":
    from kolena_store.test_suites import ExplicitCase

    cases = [ExplicitCase(name=case, ids=ids) for case, ids in lists.items()]
    return store.apply_suite(dataset, file, cases=cases, description=description, tags=tags or None)
