"""Test runs as the catalogue knows them: one model, one suite version, one configuration."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.database import Session

__all__ = ["TestRun", "runs_numbered", "test_runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """One model's results on one suite version; `outdated` means that newer data or results have come since."""

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
    term_file: int
    metric_file: int
    software: str
    started: datetime.datetime
    seconds: float
    outdated: bool

    @property
    def label(self) -> str:
        """Return the model's name, followed by its upload configuration when it has one."""
        return f"{self.model} {self.upload_configuration}" if self.upload_configuration else self.model


def test_runs(session: Session) -> list[TestRun]:
    """Return all test runs, oldest first."""
    return session.records(TestRun, "runs.all_runs")


def runs_numbered(session: Session, run_ids: Sequence[int]) -> list[TestRun]:
    """Return the runs with these ids, in this order."""
    found = {run.run_id: run for run in session.records(TestRun, "runs.runs_numbered", run_ids=list(run_ids))}
    return [found[run_id] for run_id in run_ids]
