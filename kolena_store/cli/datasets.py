"""`kolena-store dataset`: upload test data, and look at it, its versions and what changed between them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.downloads import check_ending, write_table
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, listed_answer, record_rows, show
from kolena_store.cli.pairs import read_pairs, read_pairs_from_the_end
from kolena_store.cli.workflow_options import workflow_options

if TYPE_CHECKING:
    from kolena_store.datasets import UploadReport, VersionDifference
    from kolena_store.workflows import Workflow

__all__ = ["UploadOptions", "command"]

IN_FILE = "yes"
FIELD_FIELDS = ("name", "type", "role")


class UploadOptions(TypedDict):
    """The options of `dataset upload`."""

    workflow: "Workflow | None"
    id_fields: tuple[str, ...]
    predictions: dict[str, str]
    objects: str | None
    cluster: str | None
    weight: str | None
    append: bool
    collect: tuple[str, ...]
    leave_out: tuple[str, ...]
    types: dict[str, str]
    tables: dict[str, str]
    dropped_tables: tuple[str, ...]
    description: str | None
    tags: tuple[str, ...]
    metadata: dict[str, str]
    message: str | None
    version_tags: tuple[str, ...]


@click.group(
    "dataset",
    short_help="Test data and its versions.",
    cls=Group,
    examples=("kolena-store dataset list",),
)
def command() -> None:
    """Upload test data; see its versions and what changed between them."""


@command.command(
    "upload",
    short_help="Make or change a dataset from a file.",
    examples=(
        "kolena-store dataset upload tickets test.csv --workflow classification \\\n"
        "  --id id --ground-truth topic --prediction label",
        "kolena-store dataset upload tickets wide.parquet --workflow classification --id id \\\n"
        "  --ground-truth topic --prediction-of v1=pred_v1 --prediction-of v2=pred_v2",
        "kolena-store dataset upload homes homes.csv --workflow regression --id home_id \\\n"
        "  --ground-truth price --type home_id=VARCHAR --message 'prices corrected'",
        "kolena-store dataset upload tickets more.csv --append --tag nightly --metadata source=mail",
        "kolena-store dataset upload tickets test.csv --table annotations=annotations.csv",
        "kolena-store dataset upload answers questions.csv --workflow judged --verdict votes --graders majority",
    ),
)
@click.argument("name")
@click.argument("file")
@workflow_options
@click.option(
    "--id",
    "id_fields",
    multiple=True,
    metavar="FIELD",
    help="A column that identifies a sample, e.g. --id image_id; repeat it for several. [default: id, *_id, ...]",
)
@click.option(
    "--prediction-of",
    "predictions",
    multiple=True,
    metavar="MODEL=FIELD",
    callback=read_pairs_from_the_end,
    help="FILE's own column with a model's predictions, e.g. --prediction-of v1=pred_v1.",
)
@click.option(
    "--objects",
    metavar="FILE|yes",
    help="A file with a row for each true object, e.g. --objects boxes.csv; yes: FILE's column objects has them.",
)
@click.option(
    "--cluster",
    metavar="FIELD",
    help="FILE's column with the group of samples that vary together, e.g. --cluster patient. Omitted later, it stays.",
)
@click.option(
    "--weight",
    metavar="FIELD",
    help="FILE's column with how much each sample counts, e.g. --weight share. Omitted later, it stays.",
)
@click.option(
    "--collect",
    multiple=True,
    metavar="FIELD",
    help="A column of a long table whose values become a list for each sample, e.g. --collect label.",
)
@click.option(
    "--leave-out",
    multiple=True,
    metavar="FIELD",
    help="A column of FILE that is not kept, e.g. --leave-out model; rows that agree in all others become one.",
)
@click.option("--append", is_flag=True, help="Keep the samples that FILE does not have.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="FIELD=TYPE",
    callback=read_pairs_from_the_end,
    help="Read a column as a SQL type, e.g. --type zip=VARCHAR.",
)
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME=FILE",
    callback=read_pairs,
    help="Attach the rows of another file by their ids, e.g. --table annotations=who.csv. Omitted later, they stay.",
)
@click.option(
    "--drop-table",
    "dropped_tables",
    multiple=True,
    metavar="NAME",
    help="Take an attached table away, e.g. --drop-table annotations.",
)
@click.option("--description", metavar="TEXT", help="What the dataset is, e.g. --description 'Tickets of May'.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of the dataset, e.g. --tag nightly.")
@click.option(
    "--metadata",
    multiple=True,
    metavar="KEY=TEXT",
    callback=read_pairs,
    help="Noted with the dataset, e.g. --metadata source=mail.",
)
@click.option("--message", metavar="TEXT", help="Why this version is made, e.g. --message 'labels corrected'.")
@click.option(
    "--version-tag",
    "version_tags",
    multiple=True,
    metavar="TAG",
    help="A tag of this version, e.g. --version-tag final.",
)
@pass_invocation
def upload(invocation: Invocation, name: str, file: str, **options: Unpack[UploadOptions]) -> None:
    """Make the dataset NAME equal to FILE (CSV, JSON Lines or Parquet), as a new version if anything differs."""
    report = invocation.open_store().upload_dataset(
        name,
        file,
        id_fields=options["id_fields"] or None,
        workflow=options["workflow"],
        predictions=options["predictions"] or None,
        objects=None if options["objects"] == IN_FILE else options["objects"],
        append_only=options["append"],
        collect=options["collect"],
        leave_out=options["leave_out"],
        cluster=options["cluster"],
        weight=options["weight"],
        types=options["types"],
        tables=_tables(options["tables"], options["dropped_tables"]),
        description=options["description"],
        tags=options["tags"] or None,
        metadata=options["metadata"] or None,
        message=options["message"],
        version_tags=options["version_tags"],
    )
    show(invocation.format, _upload_answer(report))


@command.command(
    "list",
    short_help="List the datasets.",
    examples=("kolena-store dataset list", "kolena-store dataset list --format json"),
)
@pass_invocation
def list_datasets(invocation: Invocation) -> None:
    """List the datasets in their newest versions."""
    show(invocation.format, listed_answer("datasets", invocation.open_store().datasets()))


@command.command(
    "show",
    short_help="Show a dataset and its fields.",
    examples=("kolena-store dataset show tickets", "kolena-store dataset show tickets --digest"),
)
@click.argument("name")
@click.option("--digest", is_flag=True, help="Also show the digest of its content, which is equal in any store.")
@pass_invocation
def show_dataset(invocation: Invocation, name: str, *, digest: bool) -> None:
    """Show the dataset NAME: its size, workflow and fields, and the models with results on it (CSV: the fields)."""
    store = invocation.open_store()
    dataset = store.dataset(name)
    found = store.dataset_digest(name, dataset.version) if digest else None
    document = {**asdict(dataset), **({"content_digest": found} if found else {})}
    show(
        invocation.format,
        Answer(
            listings=lambda: [*dataset.listings(), *([f"content digest {found}"] if found else [])],
            document=lambda: document,
            rows=lambda: record_rows(FIELD_FIELDS, document["fields"]),
        ),
    )


@command.command("history", short_help="List a dataset's versions.", examples=("kolena-store dataset history tickets",))
@click.argument("name")
@pass_invocation
def history(invocation: Invocation, name: str) -> None:
    """List the versions of the dataset NAME, oldest first."""
    show(invocation.format, listed_answer("versions", invocation.open_store().dataset_history(name)))


@command.command(
    "diff",
    short_help="Show what changed between versions.",
    examples=("kolena-store dataset diff tickets 1 2", "kolena-store dataset diff tickets 1 2 --format csv"),
)
@click.argument("name")
@click.argument("older", type=int, metavar="V1")
@click.argument("newer", type=int, metavar="V2")
@pass_invocation
def diff(invocation: Invocation, name: str, older: int, newer: int) -> None:
    """Show what changed in the dataset NAME from version V1 to V2 (CSV: each sample that differs)."""
    difference = invocation.open_store().dataset_difference(name, older, newer)
    show(
        invocation.format,
        Answer(
            listings=difference.listings,
            document=lambda: _difference_document(difference),
            rows=lambda: record_rows(difference.arrow().column_names, difference.rows()),
        ),
    )


@command.command(
    "download",
    short_help="Write a dataset to a file.",
    prints_data=False,
    examples=(
        "kolena-store dataset download tickets --output tickets.parquet",
        "kolena-store dataset download tickets --version 1 --output tickets-1.csv",
        "kolena-store dataset download tickets --table annotations --output annotations.csv",
    ),
)
@click.argument("name")
@click.option("--version", type=int, metavar="N", help="Which version, e.g. --version 2. [default: the newest]")
@click.option("--table", metavar="NAME", help="An attached table in place of the samples, e.g. --table annotations.")
@click.option(
    "--output", required=True, metavar="FILE", help="A .csv, .jsonl or .parquet file, e.g. --output test.csv."
)
@pass_invocation
def download(invocation: Invocation, name: str, *, version: int | None, table: str | None, output: str) -> None:
    """Write the samples of the dataset NAME to a file, with the types that they came with."""
    check_ending(output)
    write_table(output, invocation.open_store().download_dataset(name, version, table=table))


def _tables(given: dict[str, str], dropped: tuple[str, ...]) -> dict[str, object | None]:
    both = [name for name in dropped if name in given]
    if both:
        raise click.UsageError(f"--table and --drop-table both name {both[0]!r}; leave one of them out")
    return {**given, **dict.fromkeys(dropped)}


def _upload_answer(report: "UploadReport") -> Answer:
    document = asdict(report)
    return Answer(
        listings=report.listings, document=lambda: document, rows=lambda: record_rows(tuple(document), [document])
    )


def _difference_document(difference: "VersionDifference") -> dict[str, object]:
    names = ("dataset", "older", "newer", "added", "changed", "removed", "changed_fields", "changed_tables")
    return {**{name: getattr(difference, name) for name in names}, "rows": difference.rows()}
