"""Measuring a stored run once more, from the sample metrics and memberships that it was measured from."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, files_of, find_version
from kolena_store.metrics.definitions import MetricDefinition, MetricFile, load_metrics
from kolena_store.metrics.user.stored import UserMetric, metrics_once_named
from kolena_store.results import find_results
from kolena_store.test_runs.execute import (
    COMMON,
    Setting,
    TestRequest,
    common_samples,
    measured_run,
    metric_set,
    plan_of,
)
from kolena_store.test_runs.members import stored_members
from kolena_store.test_runs.object_cases import case_scorer
from kolena_store.test_runs.scoring import ScoredResults, facts_from
from kolena_store.test_suites import CaseRecord, SuiteRecord, cases_of
from kolena_store.workflows import Configuration, configuration_from_document, workflow_from_document

if TYPE_CHECKING:
    from kolena_store.test_runs.measure import Measured

__all__ = [
    "DROPPED",
    "Repeated",
    "StoredRun",
    "Unrepeatable",
    "metric_names",
    "repeated_run",
    "setting_of_run",
    "stored_rows",
    "stored_runs",
    "suite_of_run",
]

MOST_VERSIONS_TRIED = 256
MOST_CHOSEN = 3
"""So many metrics are tried together where the names of those that were chosen are lost with their file."""

DROPPED = "the {what} was dropped (kolena-store gc --keep)"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a run was made of, and where its rows lie."""

    run_id: int
    run_key: str
    dataset_id: int
    dataset_version: int
    results_id: int
    results_version: int
    suite_id: int
    suite_version: int
    configuration_id: int | None
    configuration: str | None
    restriction: str | None
    metric_set: str
    definitions: str
    model: str
    dataset: str
    suite: str
    term_file: int
    metric_file: int

    @property
    def label(self) -> str:
        """Return what people call the run."""
        return f"run {self.run_id} ({self.model} on {self.dataset}, suite {self.suite})"

    @property
    def scored_with(self) -> Configuration | None:
        """Return how the run was scored; None: by the workflow's defaults."""
        return None if self.configuration is None else configuration_from_document(json.loads(self.configuration))

    @property
    def metric_digests(self) -> dict[str, str]:
        """Return metric -> digest of the definition that it was measured by."""
        found: dict[str, str] = json.loads(self.definitions)
        return found

    @property
    def compared(self) -> list[tuple[int, int]]:
        """Return the results (id and version) whose common samples the run is restricted to."""
        if self.restriction is None:
            return []
        return [(int(one), int(version)) for one, version in json.loads(self.restriction.removeprefix(f"{COMMON} "))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrepeatable:
    """Why a run can't be measured again: what it was made of is not in the store any more."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """The rows of a run that was measured again; `counts` names the terms that are equal bit for bit."""

    rows: "Measured"
    counts: frozenset[str]


def stored_runs(session: Session) -> list[StoredRun]:
    """Return all runs that have their rows, oldest first."""
    return session.records(StoredRun, "runs.stored_runs")


def stored_rows(session: Session, run: StoredRun) -> "Measured":
    """Return the rows that a run left behind.

    Raises:
        DamagedStore: their file is missing or broken.
    """
    import numpy as np

    from kolena_store.test_runs.measure import Measured

    unknown = np.empty(0, dtype=np.int64)
    metrics, terms = (_rows_in(session, run, file_id) for file_id in (run.metric_file, run.term_file))
    return Measured(metrics=metrics, terms=terms, n_samples=unknown, n_answered=unknown)


def metric_names(session: Session, run: StoredRun) -> list[str]:
    """Return the metrics that a run left rows of.

    Raises:
        DamagedStore: their file is missing or broken.
    """
    return list(_rows_in(session, run, run.metric_file).column("metric").unique().to_pylist())


def repeated_run(session: Session, run: StoredRun, *, names: Sequence[str] | None) -> Repeated | Unrepeatable:
    """Return the rows that a run would leave behind if it were made today, or why it can't be.

    Args:
        names: the metrics that the run has rows of; None when that is not known.

    Raises:
        DamagedStore: a file that it needs is missing or broken.
        LimitExceeded: a metric of the user took more time or memory than it may.
    """
    found = setting_of_run(session, run, names)
    if isinstance(found, Unrepeatable):
        return found
    own = _with_cases(session, found, run)
    others = [_scored(session, found, run, results=one) for one in run.compared]
    if own is None or None in others:
        return Unrepeatable(reason=DROPPED.format(what="results version or the sample metrics of it"))
    results = [one.results for one in (own, *others) if one]
    members = stored_members(session, found.request.dataset, found.version, found.cases, results=results)
    if members is None:
        return Unrepeatable(reason="the memberships are not stored")
    restriction = common_samples(session, found, [one for one in others if one]) if run.restriction else None
    plan = plan_of(session, found, members, restriction)
    counts = {"n_samples", "n_answered", *(term.name for term in plan.terms if term.kind == "count")}
    return Repeated(rows=measured_run(session, found, plan, own, run_id=run.run_id), counts=frozenset(counts))


def _rows_in(session: Session, run: StoredRun, file_id: int) -> Any:
    paths = [str(file.path(session.root)) for file in files_of(session, [file_id])]
    return session.table("runs.rows_of_runs", files=paths, run_ids=[run.run_id])


def setting_of_run(session: Session, run: StoredRun, names: Sequence[str] | None) -> Setting | Unrepeatable:
    """Return what a run was made with, or why that is not known any more.

    Args:
        names: the metrics that the run has rows of; None when that is not known.
    """
    version = find_version(session, run.dataset_id, run.dataset_version)
    results = find_results(session, run.results_id, run.results_version)
    if version is None:
        return Unrepeatable(reason=DROPPED.format(what="dataset version"))
    if results is None:
        return Unrepeatable(reason=DROPPED.format(what="results version"))
    workflow = workflow_from_document(version.workflow_document or {})
    file = load_metrics(workflow.metric_file)
    chosen = _chosen(session, run, file, names)
    if chosen is None:
        return Unrepeatable(reason="the metrics were defined otherwise than now")
    (dataset,) = session.records(DatasetRecord, "datasets.dataset_numbered", dataset_id=run.dataset_id)
    suite = suite_of_run(session, run)
    request = TestRequest(dataset=dataset, suite=suite, results=[results], configuration=run.scored_with)
    return Setting(
        request=request,
        version=version,
        workflow=workflow,
        configuration_id=run.configuration_id,
        cases=cases_of(session, suite),
        file=file,
        metrics=chosen[0],
        own_metrics=chosen[1],
        metric_set=run.metric_set,
        restriction=run.restriction,
    )


def suite_of_run(session: Session, run: StoredRun) -> SuiteRecord:
    """Return the version of the suite that a run was made on."""
    key = {"suite_id": run.suite_id, "version": run.suite_version}
    (suite,) = session.records(SuiteRecord, "suites.suite_numbered", **key)
    return suite


def _scored(
    session: Session,
    setting: Setting,
    run: StoredRun,
    *,
    results: tuple[int, int] | None = None,
    case: CaseRecord | None = None,
) -> ScoredResults | None:
    results_id, version = results or (run.results_id, run.results_version)
    scorer = " ".join(json.loads(run.run_key)["scorer"])
    record = find_results(session, results_id, version)
    rows = session.rows(
        "runs.find_sample_metrics",
        dataset_id=run.dataset_id,
        dataset_version=run.dataset_version,
        results_id=results_id,
        results_version=version,
        configuration_id=run.configuration_id,
        scorer=scorer if case is None else case_scorer(scorer, case.definition_digest),
    )
    if not rows or record is None:
        return None
    paths = tuple(file.path(session.root) for file in files_of(session, rows[0][1]))
    return ScoredResults(results=record, facts=facts_from(json.loads(rows[0][0])), paths=paths, n_scored=0, n_reused=0)


def _with_cases(session: Session, setting: Setting, run: StoredRun) -> ScoredResults | None:
    """Return what is stored of a model's scoring, for each object-level test case too."""
    whole = _scored(session, setting, run)
    of_cases = {
        place: _scored(session, setting, run, case=case)
        for place, case in enumerate(setting.cases)
        if case.selects_objects
    }
    known = {place: one for place, one in of_cases.items() if one is not None}
    return None if whole is None or len(known) < len(of_cases) else replace(whole, cases=known)


def _chosen(
    session: Session, run: StoredRun, file: MetricFile, names: Sequence[str] | None
) -> tuple[tuple[MetricDefinition, ...], tuple[UserMetric, ...]] | None:
    """Return the metrics that the run measured, found by the digest that it keeps of them; None: there are no such."""
    for own in _possible_metrics(metrics_once_named(session, run.dataset_id), names):
        if metric_set(file, file.chosen(None), own, is_whole=True) == run.metric_set:
            return file.chosen(None), own
        for chosen in _possible_choices(file, names):
            if metric_set(file, chosen, own, is_whole=False) == run.metric_set:
                return chosen, own
    return None


def _possible_choices(file: MetricFile, names: Sequence[str] | None) -> Iterator[tuple[MetricDefinition, ...]]:
    """Yield the metrics that may have been chosen of a file: those of the names, else every few of them."""
    if names is not None:
        yield tuple(metric for metric in file.metrics if metric.name in names)
        return
    for size in range(MOST_CHOSEN + 1):
        yield from combinations(file.metrics, size)


def _possible_metrics(
    versions: dict[str, list[UserMetric]], names: Sequence[str] | None
) -> Iterator[tuple[UserMetric, ...]]:
    """Yield the user metrics that a run may have had, one version of each, the newest first."""
    wanted = [found for name, found in sorted(versions.items()) if names is None or name in names]
    for number, one in enumerate(product(*wanted)):
        if number == MOST_VERSIONS_TRIED:
            return
        yield one
