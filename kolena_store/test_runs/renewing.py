"""Testing again what a newer version of the data has made outdated, without new inferences."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord, files_of, version_of
from kolena_store.metrics.definitions import load_metrics
from kolena_store.metrics.user.stored import user_metrics
from kolena_store.results import results_of_dataset
from kolena_store.tables import Layout, RecordColumn
from kolena_store.test_runs.execute import TestRequest, run_tests, workflow_of
from kolena_store.test_runs.records import runs_numbered
from kolena_store.test_runs.repeat import StoredRun, stored_runs
from kolena_store.test_suites import ALL, suite_named
from kolena_store.workflows import workflow_from_document

__all__ = ["RENEWED", "RenewedRun", "renew_runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedRun:
    """A run on an older version of the data, and the one that has come in its place.

    `n_scored` samples were scored for it, `n_reused` had not changed. `before` and `value` are the first of the
    workflow's main metrics on the test case `all`.
    """

    dataset: str
    model: str
    suite: str
    configuration: str | None
    run_before: int
    dataset_version_before: int
    run: int
    dataset_version: int
    n_scored: int
    n_reused: int
    metric: str | None
    before: float | None
    value: float | None

    @property
    def configuration_document(self) -> dict[str, Any] | None:
        """Return how the run was scored, or None for the workflow's defaults."""
        return None if self.configuration is None else dict(json.loads(self.configuration))

    @property
    def configured_suite(self) -> str:
        """Return the suite's name, followed by the configuration when there is one."""
        return self.suite if self.configuration is None else f"{self.suite} {self.configuration}"


RENEWED = Layout(
    fields=(
        *(RecordColumn(name=name) for name in ("dataset", "model", "suite")),
        RecordColumn(name="configuration", kind="document", of="configuration_document"),
        RecordColumn(name="run_before", kind="key"),
        RecordColumn(name="dataset_version_before", kind="whole"),
        RecordColumn(name="run", kind="key"),
        *(RecordColumn(name=name, kind="whole") for name in ("dataset_version", "n_scored", "n_reused")),
        RecordColumn(name="metric"),
        *(RecordColumn(name=name, kind="number") for name in ("before", "value")),
    ),
    shown=(
        RecordColumn(name="model"),
        RecordColumn(name="suite", of="configured_suite"),
        RecordColumn(name="metric"),
        *(RecordColumn(name=name, kind="number") for name in ("before", "value")),
        RecordColumn(name="scored", kind="whole", of="n_scored"),
        RecordColumn(name="run before", kind="key", of="run_before"),
        RecordColumn(name="run", kind="key"),
    ),
)


def renew_runs(transaction: Transaction, dataset: DatasetRecord) -> list[RenewedRun]:
    """Test again, on the newest version of the data, what was last tested on an older one, and return the new runs.

    Each model's newest results, the suite's newest version, the same configuration and the same choice of metrics are
    tested; samples that did not change are not scored again.

    Raises:
        StoreError: the dataset has no workflow any more, or the results don't fit it.
    """
    version = version_of(transaction, dataset)
    workflow_of(dataset, version)
    outdated = [run for run in _latest(transaction, dataset) if run.dataset_version < version.version]
    by_request = groupby(sorted(outdated, key=_shared), key=_shared)
    made = [pair for _, runs in by_request for pair in _tested_again(transaction, dataset, version, list(runs))]
    return _described(transaction, version, made)


def _latest(session: Session, dataset: DatasetRecord) -> list[StoredRun]:
    """Return the last run of each model's results on each suite, under each configuration, restricted or not."""
    found: dict[tuple[object, ...], StoredRun] = {}
    for run in stored_runs(session):
        if run.dataset_id == dataset.dataset_id:
            found[run.results_id, run.suite_id, run.configuration_id, run.restriction is not None] = run
    return list(found.values())


def _shared(run: StoredRun) -> tuple[Any, ...]:
    """Return what runs have in common that can be made again by one test."""
    return (run.suite_id, run.configuration_id or 0, run.restriction or "", run.metric_set)


def _tested_again(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, runs: Sequence[StoredRun]
) -> Iterator[tuple[StoredRun, int]]:
    """Test what some runs of one request were made of, and yield each with the number of the one in its place."""
    first = runs[0]
    newest = {one.results_id: one for one in results_of_dataset(transaction, dataset)}
    compared = [results_id for results_id, _ in first.compared] or [run.results_id for run in runs]
    request = TestRequest(
        dataset=dataset,
        suite=suite_named(transaction, dataset, first.suite),
        results=[newest[results_id] for results_id in compared],
        configuration=first.scored_with,
        metrics=_metrics(transaction, dataset, version, first),
        common=first.restriction is not None,
    )
    made = dict(zip(compared, run_tests(transaction, request), strict=True))
    yield from ((run, made[run.results_id]) for run in runs)


def _described(
    transaction: Transaction, version: VersionRecord, made: Sequence[tuple[StoredRun, int]]
) -> list[RenewedRun]:
    stored = {run.run_id: run for run in stored_runs(transaction)}
    described = {run.run_id: run for run in runs_numbered(transaction, [number for _, number in made])}
    headlines = workflow_from_document(version.workflow_document or {}).headlines()
    values = _whole_values(transaction, [run for before, number in made for run in (before, stored[number])], headlines)
    found = []
    for before, number in made:
        after = described[number]
        digests = (before.metric_digests, stored[number].metric_digests)
        metric = next((name for name in headlines if all(name in one for one in digests)), None)
        found.append(
            RenewedRun(
                dataset=after.dataset,
                model=after.label,
                suite=after.suite,
                configuration=before.configuration,
                run_before=before.run_id,
                dataset_version_before=before.dataset_version,
                run=number,
                dataset_version=version.version,
                n_scored=after.n_scored,
                n_reused=after.n_reused,
                metric=metric,
                before=values.get((before.run_id, metric)),
                value=values.get((number, metric)),
            )
        )
    return found


def _metrics(session: Session, dataset: DatasetRecord, version: VersionRecord, run: StoredRun) -> list[str] | None:
    """Return the metrics that a run was asked for, as far as they are there still; None for all."""
    workflow = workflow_of(dataset, version)
    brought = [metric.name for metric in load_metrics(workflow.metric_file).metrics]
    known = {*brought, *(metric.name for metric in user_metrics(session, dataset))}
    measured = [name for name in run.metric_digests if name in known]
    return None if not measured or set(brought) <= set(measured) else measured


def _whole_values(
    session: Session, runs: Sequence[StoredRun], metrics: Sequence[str]
) -> dict[tuple[int, str | None], float | None]:
    """Return the values of some metrics on all samples, by run and metric."""
    files = [str(file.path(session.root)) for file in files_of(session, sorted({run.metric_file for run in runs}))]
    if not files:
        return {}
    rows = session.rows(
        "runs.whole_values", files=files, run_ids=[run.run_id for run in runs], metrics=list(metrics), test_case=ALL
    )
    return {(run, metric): value for run, metric, value in rows}
