"""Test runs as the catalogue knows them: one model, one suite version, one configuration."""

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kolena_store.database import Session
from kolena_store.models import labelled
from kolena_store.tables import Layout, RecordColumn

__all__ = ["RUNS", "Repeats", "TestRun", "runs_numbered", "test_runs"]

LOST = "lost"
"""The status of a run whose rows were damaged and could not be measured again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How often a model answered each sample: `fewest` to `most` times, told apart by `field`; `n_rows` in all."""

    field: str
    fewest: int
    most: int
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """One model's results on one suite version.

    `n_scored` samples were scored for it, and `n_reused` had been scored before; `outdated` means that newer data or
    results have come since. `level` is that of its confidence intervals, `seed` that of the draws in some of them.
    `repeats` says as JSON how often each sample was answered, when that is not once.
    """

    __test__ = False

    run_id: int
    dataset: str
    dataset_version: int
    model: str
    upload_configuration: str | None
    results_version: int
    suite: str
    suite_version: int
    configuration: str | None
    restriction: str | None
    status: str
    origin: str
    notes: list[str]
    level: float
    seed: int
    term_file: int = field(repr=False)
    metric_file: int = field(repr=False)
    software: str = field(repr=False)
    started: datetime.datetime
    seconds: float
    n_scored: int
    n_reused: int
    repeats: str | None
    outdated: bool

    @property
    def label(self) -> str:
        """Return the model's name, followed by its upload configuration when it has one."""
        return labelled(self.model, self.upload_configuration)

    @property
    def repeats_found(self) -> Repeats | None:
        """Return how often the model answered each sample, or None when it did so once."""
        return None if self.repeats is None else Repeats(**json.loads(self.repeats))

    @property
    def repeats_document(self) -> dict[str, Any] | None:
        """Return the same as plain values."""
        return _parsed(self.repeats)

    @property
    def upload_configuration_document(self) -> dict[str, Any] | None:
        """Return what the model ran with, or None when nothing was said of it."""
        return _parsed(self.upload_configuration)

    @property
    def configuration_document(self) -> dict[str, Any] | None:
        """Return how the run was scored, or None for the workflow's defaults."""
        return _parsed(self.configuration)


def _versioned_dataset(run: TestRun) -> str:
    return f"{run.dataset} {run.dataset_version}"


def _versioned_suite(run: TestRun) -> str:
    return f"{run.suite} {run.suite_version}"


def _note(run: TestRun) -> str:
    """Return what sets a run apart: configurations, restriction, that its rows are lost, that newer data has come."""
    parts = [run.upload_configuration, run.configuration, "common samples" if run.restriction else None]
    states = ["lost"] * (run.status == LOST) + ["outdated"] * run.outdated
    return ", ".join([*(part for part in parts if part), *states])


RUNS = Layout(
    fields=(
        RecordColumn(name="run", kind="key", of="run_id"),
        RecordColumn(name="dataset"),
        RecordColumn(name="dataset_version", kind="whole"),
        RecordColumn(name="model"),
        RecordColumn(name="upload_configuration", kind="document", of="upload_configuration_document"),
        RecordColumn(name="results_version", kind="whole"),
        RecordColumn(name="suite"),
        RecordColumn(name="suite_version", kind="whole"),
        RecordColumn(name="configuration", kind="document", of="configuration_document"),
        RecordColumn(name="restriction"),
        RecordColumn(name="status"),
        RecordColumn(name="origin"),
        RecordColumn(name="notes", kind="texts"),
        RecordColumn(name="level", kind="number"),
        RecordColumn(name="seed", kind="whole"),
        RecordColumn(name="started", kind="moment"),
        RecordColumn(name="seconds", kind="number"),
        RecordColumn(name="n_scored", kind="whole"),
        RecordColumn(name="n_reused", kind="whole"),
        RecordColumn(name="repeats", kind="document", of="repeats_document"),
        RecordColumn(name="outdated", kind="flag"),
    ),
    shown=(
        RecordColumn(name="run", kind="key", of="run_id"),
        RecordColumn(name="dataset", of=_versioned_dataset),
        RecordColumn(name="suite", of=_versioned_suite),
        RecordColumn(name="model"),
        RecordColumn(name="started", kind="moment"),
        RecordColumn(name="note", of=_note),
    ),
)


def test_runs(session: Session) -> list[TestRun]:
    """Return all test runs, oldest first."""
    return session.records(TestRun, "runs.runs_numbered", run_ids=None)


def runs_numbered(session: Session, run_ids: Sequence[int]) -> list[TestRun]:
    """Return the runs with these ids, in this order."""
    found = {run.run_id: run for run in session.records(TestRun, "runs.runs_numbered", run_ids=list(run_ids))}
    return [found[run_id] for run_id in run_ids]


def _parsed(document: str | None) -> dict[str, Any] | None:
    return None if document is None else dict(json.loads(document))
