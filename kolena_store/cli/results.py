"""`kolena-store results`: what models said of a dataset, up and down."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.downloads import check_ending, write_table
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, record_rows, show
from kolena_store.cli.pairs import read_json_object, read_pairs, read_pairs_from_the_end

if TYPE_CHECKING:
    from kolena_store.results import ResultsReport

__all__ = ["UploadOptions", "command"]

NO_MODEL = "-"
REPORT_FIELDS = ("dataset", "model", "version", "inserted", "updated", "unchanged", "unmatched", "missing")


class UploadOptions(TypedDict):
    """The options of `results upload`."""

    model_field: str | None
    upload_configuration: dict[str, Any] | None
    metadata_fields: tuple[str, ...]
    metadata: dict[str, str]
    tags: tuple[str, ...]
    types: dict[str, str]
    allow_unmatched: bool
    collect: tuple[str, ...]
    leave_out: tuple[str, ...]
    repeat_field: str | None
    answered: str | None


@click.group(
    "results",
    short_help="What models said of a dataset.",
    cls=Group,
    examples=("kolena-store results upload tickets v1 v1.csv",),
)
def command() -> None:
    """Upload what models said of a dataset, and get it back."""


@command.command(
    "upload",
    short_help="Add what a model said.",
    examples=(
        "kolena-store results upload tickets v1 v1.csv",
        "kolena-store results upload tickets - everyone.parquet --model-field model",
        "kolena-store results upload tickets v1 seeds.csv --repeat seed",
        "kolena-store results upload tickets v1 cold.csv --upload-configuration '{\"temperature\": 0}' \\\n"
        "  --metadata commit=4f2a91 --tag candidate --type label=VARCHAR --allow-unmatched",
    ),
)
@click.argument("dataset")
@click.argument("model")
@click.argument("file")
@click.option(
    "--model-field",
    metavar="FIELD",
    help="FILE's column that names the model of each row, e.g. --model-field model; MODEL is then -.",
)
@click.option(
    "--upload-configuration",
    metavar="JSON",
    callback=read_json_object,
    help="What the model ran with, e.g. --upload-configuration '{\"temperature\": 0}'; such results are kept apart.",
)
@click.option(
    "--metadata-field",
    "metadata_fields",
    multiple=True,
    metavar="FIELD",
    help="A column that says how a sample was shown to the model, e.g. --metadata-field exposure; suites may read it.",
)
@click.option(
    "--metadata",
    multiple=True,
    metavar="KEY=TEXT",
    callback=read_pairs,
    help="Noted with the model, e.g. --metadata commit=4f2a91.",
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of the model, e.g. --tag candidate.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="FIELD=TYPE",
    callback=read_pairs_from_the_end,
    help="Read a column as a SQL type, e.g. --type label=VARCHAR.",
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
@click.option(
    "--repeat",
    "repeat_field",
    metavar="FIELD",
    help="The column that tells several answers to one sample apart, e.g. --repeat seed; it stays until --repeat ''.",
)
@click.option("--allow-unmatched", is_flag=True, help="Count rows that belong to no sample, in place of an error.")
@click.option(
    "--answered",
    metavar="PREDICATE",
    help="Where a row is an object: the samples that were answered, e.g. --answered \"split = 'test'\". [default: all]",
)
@pass_invocation
def upload(invocation: Invocation, dataset: str, *, model: str, file: str, **options: Unpack[UploadOptions]) -> None:
    """Add what MODEL said of DATASET, or replace it sample by sample; rows of FILE are matched by the id fields."""
    if (model == NO_MODEL) != (options["model_field"] is not None):
        raise click.UsageError(f"name a MODEL, or write {NO_MODEL} and name the column that does with --model-field")
    reports = invocation.open_store().upload_results(
        dataset,
        None if model == NO_MODEL else model,
        file,
        model_field=options["model_field"],
        upload_configuration=options["upload_configuration"],
        types=options["types"],
        allow_unmatched=options["allow_unmatched"],
        collect=options["collect"],
        leave_out=options["leave_out"],
        repeat_field=options["repeat_field"],
        answered=options["answered"],
        metadata=options["metadata"] or None,
        tags=options["tags"],
        metadata_fields=options["metadata_fields"] or None,
    )
    show(invocation.format, _answer(reports if isinstance(reports, list) else [reports]))


@command.command(
    "download",
    short_help="Write what a model said to a file.",
    prints_data=False,
    examples=(
        "kolena-store results download tickets v1 --output v1.csv",
        "kolena-store results download tickets v1 --version 1 --output v1.parquet \\\n"
        "  --upload-configuration '{\"temperature\": 0}'",
    ),
)
@click.argument("dataset")
@click.argument("model")
@click.option("--version", type=int, metavar="N", help="Of the results, e.g. --version 2. [default: the newest]")
@click.option(
    "--upload-configuration",
    metavar="JSON",
    callback=read_json_object,
    help="Which results, when there are several, e.g. --upload-configuration '{\"temperature\": 0}'.",
)
@click.option("--output", required=True, metavar="FILE", help="A .csv, .jsonl or .parquet file, e.g. --output v1.csv.")
@pass_invocation
def download(
    invocation: Invocation,
    dataset: str,
    *,
    model: str,
    version: int | None,
    upload_configuration: dict[str, Any] | None,
    output: str,
) -> None:
    """Write what MODEL said of DATASET to a file: the ids and the inferences, with the types that they came with."""
    check_ending(output)
    table = invocation.open_store().download_results(
        dataset, model, version=version, upload_configuration=upload_configuration
    )
    write_table(output, table)


def _answer(reports: "list[ResultsReport]") -> Answer:
    records = [asdict(report) for report in reports]
    return Answer(
        listings=lambda: [part for report in reports for part in report.listings()],
        document=lambda: {"results": records},
        rows=lambda: record_rows(REPORT_FIELDS, records),
    )
