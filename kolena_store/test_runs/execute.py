"""Running tests: what is stored already is found by its key, the rest is scored, measured and recorded."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord, version_of
from kolena_store.digests import canonical_json, sha256_of_texts
from kolena_store.errors import EmptyInput, InvalidInput
from kolena_store.metrics.definitions import MetricDefinition, MetricFile, load_metrics
from kolena_store.metrics.user.process import DEFAULT_LIMITS, Limits
from kolena_store.metrics.user.stored import UserMetric, check_no_clash, chosen_metrics, user_metrics
from kolena_store.models import configuration_id
from kolena_store.results import ResultsRecord, results_of_dataset, results_of_model
from kolena_store.schema import now
from kolena_store.statistics.levels import LEVEL, SEED
from kolena_store.test_runs.answered import check_answers
from kolena_store.test_runs.definitions import metric_digests
from kolena_store.test_runs.members import Members, ensured_members
from kolena_store.test_runs.object_cases import check_object_cases, scored_cases
from kolena_store.test_runs.recording import RunRows, record_runs, software
from kolena_store.test_runs.scoring import ScoredResults, Scoring, scored_results
from kolena_store.test_suites import CaseRecord, SuiteRecord, cases_of, lacking_notes
from kolena_store.workflows import Configuration, Workflow, workflow_from_document

if TYPE_CHECKING:
    from kolena_store.membership.bitmaps import Words
    from kolena_store.test_runs.measure import Measured, Plan
    from kolena_store.test_runs.rows import RunKeys

__all__ = [
    "COMMON",
    "Setting",
    "TestRequest",
    "chosen_results",
    "common_samples",
    "measured_run",
    "metric_set",
    "plan_of",
    "run_tests",
    "setting_of",
    "setting_with",
    "workflow_of",
]

COMMON = "common"


@dataclass(frozen=True, kw_only=True)
class TestRequest:
    """What to test: the results of each model, a suite, and how."""

    __test__ = False

    dataset: DatasetRecord
    suite: SuiteRecord
    results: Sequence[ResultsRecord]
    configuration: Configuration | None = None
    metrics: Sequence[str] | None = None
    common: bool = False
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all runs of one request share: the data, the suite's test cases, and the metrics to compute."""

    request: TestRequest
    version: VersionRecord
    workflow: Workflow
    configuration_id: int | None
    cases: Sequence[CaseRecord]
    file: MetricFile
    metrics: Sequence[MetricDefinition]
    own_metrics: Sequence[UserMetric]
    metric_set: str
    restriction: str | None

    @property
    def scoring(self) -> Scoring:
        """Return how samples are scored."""
        return Scoring(
            version=self.version,
            workflow=self.workflow,
            configuration=self.request.configuration or Configuration(),
            configuration_id=self.configuration_id,
        )


def workflow_of(dataset: DatasetRecord, version: VersionRecord) -> Workflow:
    """Return the workflow of a dataset version; InvalidInput is raised when it has none."""
    document = version.workflow_document
    if document is None:
        raise InvalidInput(
            f"dataset {dataset.name!r} has no workflow, so nothing says what is right; upload it again with workflow="
            " (--workflow on the command line)"
        )
    return workflow_from_document(document)


def chosen_results(
    transaction: Transaction, dataset: DatasetRecord, models: Sequence[str] | None
) -> list[ResultsRecord]:
    """Return the newest results of the named models, in the order of the names; None means all models with results.

    Raises:
        UnknownName: a model has no results on the dataset.
        EmptyInput: no model has.
        InvalidInput: no model is named.
    """
    if models is not None and not models:
        raise InvalidInput("the test names no model; name at least one, or leave models away to test all")
    if models is None:
        found = results_of_dataset(transaction, dataset)
    else:
        found = [one for model in dict.fromkeys(models) for one in results_of_model(transaction, dataset, model)]
    if not found:
        raise EmptyInput(
            f"no model has results on {dataset.name!r}; upload some: "
            f"kolena-store results upload {dataset.name} MODEL FILE"
        )
    return found


def run_tests(transaction: Transaction, request: TestRequest) -> list[int]:
    """Return the ids of one run for each model's results; runs that are stored already are not made again.

    Raises:
        StoreError: the suite, the configuration or the data don't allow it.
    """
    setting = setting_of(transaction, request)
    keys = [_run_key(setting, results) for results in request.results]
    known = [transaction.value("runs.run_of_key", run_key=key) for key in keys]
    missing = [results for results, run_id in zip(request.results, known, strict=True) if run_id is None]
    made = iter(_make_runs(transaction, setting, missing)) if missing else iter(())
    return [int(run_id) if run_id is not None else next(made) for run_id in known]


def setting_of(transaction: Transaction, request: TestRequest) -> Setting:
    """Return what all runs of a request share; it raises what `setting_with` does."""
    document = request.configuration.document() if request.configuration is not None else None
    return setting_with(transaction, request, configuration_id(transaction, "evaluator", document))


def setting_with(session: Session, request: TestRequest, configuration: int | None) -> Setting:
    """Return what all runs of a request share, whose configuration the store knows by this number.

    Raises:
        UnknownName: the dataset has no such metric.
        InvalidInput: it has no workflow, or no metric yet.
    """
    version = version_of(session, request.dataset)
    workflow = workflow_of(request.dataset, version)
    file = load_metrics(workflow.metric_file)
    stored = user_metrics(session, request.dataset)
    check_no_clash(request.dataset, [metric.name for metric in stored], file)
    metrics, own_metrics = chosen_metrics(file, stored, request.metrics)
    if not (metrics or own_metrics):
        raise InvalidInput(
            f"dataset {request.dataset.name!r} has no metric yet: those of the workflow {workflow.name} are your own; "
            f"write them as SQL and run: kolena-store metrics apply {shlex.quote(request.dataset.name)} FILE.sql"
        )
    restriction = canonical_json([[one.results_id, one.version] for one in request.results]) if request.common else None
    cases = cases_of(session, request.suite)
    check_object_cases(workflow, cases)
    return Setting(
        request=request,
        version=version,
        workflow=workflow,
        configuration_id=configuration,
        cases=cases,
        file=file,
        metrics=metrics,
        own_metrics=own_metrics,
        metric_set=metric_set(file, metrics, own_metrics, is_whole=request.metrics is None),
        restriction=f"{COMMON} {restriction}" if restriction else None,
    )


def metric_set(
    file: MetricFile, metrics: Sequence[MetricDefinition], own_metrics: Sequence[UserMetric], *, is_whole: bool
) -> str:
    """Return the identity of what a run measures; the whole has terms beyond those of its metrics."""
    own = [f"{metric.name} {metric.digest}" for metric in own_metrics]
    chosen = [] if is_whole else [metric.name for metric in metrics]
    return sha256_of_texts([file.digest, "all" if is_whole else "chosen", *chosen, *own])


def _run_key(setting: Setting, results: ResultsRecord) -> str:
    request = setting.request
    return canonical_json(
        {
            "dataset": [request.dataset.dataset_id, setting.version.version],
            "results": [results.results_id, results.version],
            "suite": [request.suite.suite_id, request.suite.version],
            "configuration": setting.configuration_id,
            "scorer": setting.workflow.scorer_key.split(" ", 1),
            "metrics": setting.metric_set,
            "restriction": setting.restriction,
            "intervals": [LEVEL, SEED],
        }
    )


def _make_runs(transaction: Transaction, setting: Setting, missing: Sequence[ResultsRecord]) -> list[int]:
    wanted = setting.request.results if setting.restriction else missing
    for results in wanted:
        check_answers(setting.version, results, setting.workflow.columns())
    scoring = setting.scoring
    scored = {results.results_id: scored_results(transaction, scoring, results) for results in wanted}
    of_cases = scored_cases(transaction, scoring, [scored[one.results_id] for one in missing], setting.cases)
    scored |= {key: replace(scored[key], cases=cases) for key, cases in of_cases.items()}
    plan = _plan(transaction, setting, list(scored.values()))
    recorded = RunRows()
    for results in missing:
        _make_run(transaction, setting, plan, scored[results.results_id], recorded=recorded)
    return record_runs(transaction, recorded)


def _plan(transaction: Transaction, setting: Setting, scored: Sequence[ScoredResults]) -> "Plan":
    results = [one.results for one in scored]
    members = ensured_members(transaction, setting.request.dataset, setting.version, setting.cases, results=results)
    restriction = common_samples(transaction, setting, scored) if setting.restriction else None
    return plan_of(transaction, setting, members, restriction)


def plan_of(session: Session, setting: Setting, members: Members, restriction: "Words | None") -> "Plan":
    """Return what to measure for every model, given the members of every test case."""
    from kolena_store.test_runs.measure import Plan
    from kolena_store.test_runs.sampling import sampling_design

    terms = setting.file.terms_of(setting.metrics)
    # The confusion matrix and its margins come with every run, whichever metrics were chosen.
    matrix = [term for term in setting.file.terms if (term.kind == "count" and term.by) or term.kind == "pairs"]
    margins = [term for term in setting.file.terms if term.name == "objects"] if matrix else []
    counts = tuple(term for term in (*matrix, *margins) if term not in terms)
    return Plan(
        size=setting.request.dataset.next_sample,
        members=members.in_order(setting.cases, setting.request.dataset.next_sample),
        of_results=members.by_place(setting.cases),
        restriction=restriction,
        metrics=setting.metrics,
        terms=(*terms, *counts),
        design=sampling_design(session, setting.version, setting.request.dataset.next_sample),
    )


def common_samples(session: Session, setting: Setting, scored: Sequence[ScoredResults]) -> "Words":
    """Return the samples that all of these models answered."""
    import numpy as np

    from kolena_store.test_runs.measure import answered_samples

    size, when = setting.request.dataset.next_sample, setting.workflow.answered
    answered = [answered_samples(session, size, one, when=when) for one in scored]
    return np.asarray(np.bitwise_and.reduce(np.stack(answered)), dtype=np.uint64)


def _make_run(
    transaction: Transaction, setting: Setting, plan: "Plan", scored: ScoredResults, *, recorded: RunRows
) -> None:
    started, clock = now(), time.perf_counter()
    request, results = setting.request, scored.results
    run_id = transaction.new_id()
    measured = measured_run(transaction, setting, plan, scored, run_id=run_id)
    recorded.metrics.append(measured.metrics)
    recorded.terms.append(measured.terms)
    recorded.runs.append(
        {
            "run_id": run_id,
            "run_key": _run_key(setting, results),
            "dataset_id": request.dataset.dataset_id,
            "dataset_version": setting.version.version,
            "results_id": results.results_id,
            "results_version": results.version,
            "suite_id": request.suite.suite_id,
            "suite_version": request.suite.version,
            "configuration_id": setting.configuration_id,
            "restriction": setting.restriction,
            "metric_set": setting.metric_set,
            "definitions": canonical_json(_definitions(setting)),
            "status": "done",
            "origin": "computed",
            "notes": [*scored.notes, *plan.design.notes, *lacking_notes(setting.version, results, setting.cases)],
            "level": LEVEL,
            "seed": SEED,
            "software": software(),
            "started": started,
            "seconds": time.perf_counter() - clock,
            "n_scored": scored.n_scored,
            "n_reused": scored.n_reused,
            "repeats": None if measured.repeats is None else canonical_json(asdict(measured.repeats)),
        }
    )


def _definitions(setting: Setting) -> dict[str, str]:
    return metric_digests(
        setting.version,
        setting.workflow,
        setting.file,
        metrics=setting.metrics,
        own_metrics=setting.own_metrics,
    )


def measured_run(session: Session, setting: Setting, plan: "Plan", scored: ScoredResults, *, run_id: int) -> "Measured":
    """Return the rows of one run: its terms, and its metrics, those of the user too."""
    from kolena_store.test_runs.measure import measure
    from kolena_store.test_runs.rows import RunKeys

    request, results = setting.request, scored.results
    plan = plan.for_results(results.results_id)
    document = request.configuration.document() if request.configuration is not None else None
    keys = RunKeys(
        run=run_id,
        model=results.model,
        upload_configuration=results.upload_configuration,
        dataset=request.dataset.name,
        suite=request.suite.name,
        configuration=canonical_json(document) if document is not None else None,
        test_cases=tuple(case.name for case in setting.cases),
        classes=scored.facts.classes,
    )
    measured: Measured = measure(session, plan, scored, keys)
    if setting.own_metrics:
        measured = _with_own_metrics(session, setting, plan, scored, keys=keys, measured=measured)
    return measured


def _with_own_metrics(
    session: Session,
    setting: Setting,
    plan: "Plan",
    scored: ScoredResults,
    *,
    keys: "RunKeys",
    measured: "Measured",
) -> "Measured":
    from kolena_store.test_runs.measure import members_of
    from kolena_store.test_runs.results_table import result_fields
    from kolena_store.test_runs.user_rows import UserMetricsPlan, with_user_metrics

    own = UserMetricsPlan(
        version=setting.version,
        workflow=setting.workflow,
        metrics=setting.own_metrics,
        fields=result_fields(session, setting.request.dataset, setting.version, setting.workflow),
        members=members_of(plan),
        size=plan.size,
        design=plan.design.by_sample(plan.size) if scored.results.repeat_field is not None else plan.design,
        limits=setting.request.limits,
    )
    return with_user_metrics(session, own, scored, keys, measured=measured)
