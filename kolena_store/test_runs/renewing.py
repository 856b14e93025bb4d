"""Testing again what a newer version of the data has made outdated, without new inferences."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord, version_of
from kolena_store.metrics.definitions import load_metrics
from kolena_store.metrics.user.stored import user_metrics
from kolena_store.results import results_of_dataset
from kolena_store.tables import Layout, RecordColumn
from kolena_store.test_runs.execute import TestRequest, run_tests, workflow_of
from kolena_store.test_runs.records import runs_numbered
from kolena_store.test_runs.repeat import StoredRun, stored_rows, stored_runs
from kolena_store.test_suites import ALL, suite_named
from kolena_store.workflows import configuration_from_document, workflow_from_document

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
    return [one for _, runs in by_request for one in _renewed(transaction, dataset, version, list(runs))]


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


def _renewed(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, runs: Sequence[StoredRun]
) -> Iterator[RenewedRun]:
    first = runs[0]
    newest = {one.results_id: one for one in results_of_dataset(transaction, dataset)}
    compared = [results_id for results_id, _ in first.compared] or [run.results_id for run in runs]
    document = None if first.configuration is None else json.loads(first.configuration)
    request = TestRequest(
        dataset=dataset,
        suite=suite_named(transaction, dataset, first.suite),
        results=[newest[results_id] for results_id in compared],
        configuration=None if document is None else configuration_from_document(document),
        metrics=_metrics(transaction, dataset, version, first),
        common=first.restriction is not None,
    )
    made = dict(zip(compared, run_tests(transaction, request), strict=True))
    stored = {run.run_id: run for run in stored_runs(transaction)}
    described = {run.run_id: run for run in runs_numbered(transaction, list(made.values()))}
    for run in runs:
        number = made[run.results_id]
        metric, before, value = _headline(transaction, version, run, stored[number])
        yield RenewedRun(
            dataset=dataset.name,
            model=newest[run.results_id].label,
            suite=run.suite,
            configuration=run.configuration,
            run_before=run.run_id,
            dataset_version_before=run.dataset_version,
            run=number,
            dataset_version=version.version,
            n_scored=described[number].n_scored,
            n_reused=described[number].n_reused,
            metric=metric,
            before=before,
            value=value,
        )


def _metrics(session: Session, dataset: DatasetRecord, version: VersionRecord, run: StoredRun) -> list[str] | None:
    """Return the metrics that a run was asked for, as far as they are there still; None for all."""
    workflow = workflow_of(dataset, version)
    brought = [metric.name for metric in load_metrics(workflow.metric_file).metrics]
    known = {*brought, *(metric.name for metric in user_metrics(session, dataset))}
    measured = [name for name in run.metric_digests if name in known]
    return None if not measured or set(brought) <= set(measured) else measured


def _headline(
    session: Session, version: VersionRecord, before: StoredRun, after: StoredRun
) -> tuple[str | None, float | None, float | None]:
    """Return the first main metric that both runs have, and its values on all samples."""
    names = workflow_from_document(version.workflow_document or {}).headlines()
    both = [name for name in names if name in before.metric_digests and name in after.metric_digests]
    if not both:
        return None, None, None
    return both[0], _value(session, before, both[0]), _value(session, after, both[0])


def _value(session: Session, run: StoredRun, metric: str) -> float | None:
    rows = stored_rows(session, run).metrics
    columns = (rows.column(name).to_pylist() for name in ("test_case", "metric", "class", "value"))
    found = (value for case, name, of, value in zip(*columns, strict=True) if (case, name, of) == (ALL, metric, None))
    return next(found, None)
