"""How a metric went on: its value in every run of a suite."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.plots import Moment

__all__ = ["PastRun", "past_runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run of a suite with its value of one metric on one test case."""

    run_id: int
    model: str
    suite_version: int
    dataset_version: int
    results_version: int
    started: datetime.datetime
    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int | None

    @property
    def moment(self) -> Moment | None:
        """Return the run as a point of a plot; None without a value."""
        if self.value is None:
            return None
        return Moment(
            model=self.model,
            started=self.started,
            value=self.value,
            low=self.ci_low,
            high=self.ci_high,
            run=self.run_id,
        )


def past_runs(session: Session, scope: SuiteScope, test_case: str, metric: str) -> Sequence[PastRun]:
    """Return the runs of a suite under one configuration, oldest first, that measured a metric on a test case."""
    rows = session.rows("inspection.history", suite_id=scope.suite.suite_id, configuration=scope.configuration)
    if not rows:
        return []
    files = [str(file.path(session.root)) for file in files_of(session, sorted({row[-1] for row in rows}))]
    found = session.rows(
        "inspection.values_of_runs", files=files, run_ids=[row[0] for row in rows], test_case=test_case, metric=metric
    )
    values = {run: rest for run, *rest in found}
    return [
        PastRun(
            run_id=run_id,
            model=f"{model} {upload}" if upload else model,
            suite_version=suite_version,
            dataset_version=dataset_version,
            results_version=results_version,
            started=started,
            value=values[run_id][0],
            ci_low=values[run_id][1],
            ci_high=values[run_id][2],
            n=values[run_id][3],
        )
        for run_id, model, upload, suite_version, dataset_version, results_version, started, _ in rows
        if run_id in values
    ]
