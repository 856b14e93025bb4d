"""The first page: datasets, suites, the latest runs, and what got worse in the last comparisons."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.models import labelled, models
from kolena_store.test_runs import TestRun, runs_numbered
from kolena_store.test_suites import ALL

__all__ = ["DatasetShown", "Overview", "Regression", "SuiteShown", "overview"]

MOST_RUNS = 12
MOST_COMPARISONS = 40
MOST_REGRESSIONS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetShown:
    """A dataset in its newest version."""

    name: str
    version: int
    workflow: str | None
    n_samples: int
    n_models: int
    description: str | None
    tags: list[str]
    updated: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteShown:
    """A suite in its newest version, with the runs on it."""

    dataset: str
    suite: str
    origin: str
    version: int
    n_test_cases: int
    n_runs: int
    n_models: int
    last_run: datetime.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A test case on which a model is worse than a baseline, with evidence."""

    dataset: str
    suite: str
    model: str
    baseline: str
    test_case: str
    metric: str
    value: float | None
    baseline_value: float | None
    delta: float | None
    q: float | None
    n: int
    started: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a store holds, and what is new in it."""

    datasets: Sequence[DatasetShown]
    suites: Sequence[SuiteShown]
    n_models: int
    runs: Sequence[TestRun]
    regressions: Sequence[Regression]


def overview(session: Session) -> Overview:
    """Return what stands on the first page."""
    return Overview(
        datasets=session.records(DatasetShown, "inspection.datasets_shown"),
        suites=_suites(session),
        n_models=len(models(session)),
        runs=_latest_runs(session),
        regressions=_regressions(session),
    )


def _latest_runs(session: Session) -> list[TestRun]:
    """Return the last test runs, the newest first."""
    latest = session.rows("inspection.latest_runs", most=MOST_RUNS)
    return runs_numbered(session, [run_id for (run_id,) in latest])


def _suites(session: Session) -> list[SuiteShown]:
    """Return the suites; the built-in one only where it has runs or stands alone."""
    found = session.records(SuiteShown, "inspection.suites_with_runs")
    named = {one.dataset for one in found if one.suite != ALL}
    return [one for one in found if one.suite != ALL or one.n_runs or one.dataset not in named]


def _regressions(session: Session) -> list[Regression]:
    rows = session.rows("inspection.newest_comparisons", suite_id=None, most=MOST_COMPARISONS)
    if not rows:
        return []
    by_number = {row[0]: row for row in rows}
    files = [str(file.path(session.root)) for file in files_of(session, sorted({row[16] for row in rows}))]
    worse = session.rows("inspection.regressions", files=files, numbers=list(by_number), most=MOST_REGRESSIONS)
    found = []
    for number, test_case, metric, value, baseline, delta, q, n in worse:
        row = by_number[number]
        found.append(
            Regression(
                dataset=row[4],
                suite=row[2],
                model=labelled(row[6], row[7]),
                baseline=labelled(row[9], row[10]),
                test_case=test_case,
                metric=metric,
                value=value,
                baseline_value=baseline,
                delta=delta,
                q=q,
                n=n,
                started=row[17],
            )
        )
    return found
