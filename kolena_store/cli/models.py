"""`kolena-store models`: the models that the store knows."""

from typing import TYPE_CHECKING

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, listing, record_rows, show, when

if TYPE_CHECKING:
    from kolena_store.models import ModelRecord

__all__ = ["command"]

MODEL_FIELDS = ("name", "tags", "metadata", "created")


@click.command(
    "models",
    short_help="List the models.",
    cls=Command,
    examples=("kolena-store models", "kolena-store models --format json"),
)
@pass_invocation
def command(invocation: Invocation) -> None:
    """List the models with their tags and metadata."""
    models = invocation.open_store().models()
    rows = record_rows(MODEL_FIELDS, [_record(model) for model in models])
    columns = dict.fromkeys(("model", "tags", "metadata", "created"), "left")
    cells = [(model.name, ", ".join(model.tags), _metadata(model), when(model.created)) for model in models]
    show(
        invocation.format,
        Answer(
            listings=lambda: [listing(columns, cells)],
            document=lambda: {"models": rows.records()},
            rows=lambda: rows,
        ),
    )


def _record(model: "ModelRecord") -> dict[str, object]:
    return {"name": model.name, "tags": model.tags, "metadata": model.metadata_document, "created": model.created}


def _metadata(model: "ModelRecord") -> str:
    return ", ".join(f"{name}={value}" for name, value in model.metadata_document.items())
