"""`kolena-store runs`: the test runs that the store holds."""

from typing import TYPE_CHECKING

import click

from kolena_store.cli.commands import Group
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.output import Answer, listing, record_rows, show, when

if TYPE_CHECKING:
    from kolena_store.test_runs import TestRun

__all__ = ["RUN_FIELDS", "command", "run_record"]

RUN_FIELDS = (
    *(
        "run",
        "dataset",
        "dataset_version",
        "model",
        "upload_configuration",
        "results_version",
        "suite",
        "suite_version",
    ),
    *("configuration", "restriction", "status", "origin", "notes", "started", "seconds", "outdated"),
)


@click.group("runs", short_help="The test runs of the store.", cls=Group, examples=("kolena-store runs list",))
def command() -> None:
    """The test runs that the store holds."""


@command.command(
    "list",
    short_help="List the test runs.",
    examples=("kolena-store runs list", "kolena-store runs list --dataset tickets --format json"),
)
@click.option("--dataset", metavar="NAME", help="Only those on one dataset, e.g. --dataset tickets.")
@pass_invocation
def list_runs(invocation: Invocation, *, dataset: str | None) -> None:
    """List the test runs, oldest first."""
    store = invocation.open_store()
    name = store.dataset(dataset).name if dataset is not None else None
    runs = [run for run in store.test_runs() if name in (None, run.dataset)]
    rows = record_rows(RUN_FIELDS, [run_record(run) for run in runs])
    columns = {"run": "right", "dataset": "left", "suite": "left", "model": "left", "started": "left", "note": "left"}
    cells = [
        (
            str(run.run_id),
            _versioned(run.dataset, run.dataset_version),
            _versioned(run.suite, run.suite_version),
            run.model,
            when(run.started),
            _note(run),
        )
        for run in runs
    ]
    show(
        invocation.format,
        Answer(
            listings=lambda: [listing(columns, cells)],
            document=lambda: {"runs": rows.records()},
            rows=lambda: rows,
        ),
    )


def run_record(run: "TestRun") -> dict[str, object]:
    """Return a run as programs read it, with the columns of `kolena.test_runs`."""
    return {name: run.run_id if name == "run" else getattr(run, name) for name in RUN_FIELDS}


def _versioned(name: str, version: int) -> str:
    return f"{name} {version}"


def _note(run: "TestRun") -> str:
    """Return what sets the run apart: its configurations, its restriction, and whether newer data has come since."""
    parts = [run.upload_configuration, run.configuration, "common samples" if run.restriction else None]
    return ", ".join([part for part in parts if part] + (["outdated"] if run.outdated else []))
