"""Testing as users ask for it: models on a suite, run and read back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kolena_store.database import Transaction
from kolena_store.datasets import dataset_named, version_of
from kolena_store.errors import InvalidInput
from kolena_store.metrics.user.process import DEFAULT_LIMITS, Limits
from kolena_store.test_runs.execute import TestRequest, chosen_results, run_tests, workflow_of
from kolena_store.test_runs.load import load_results
from kolena_store.test_runs.outcome import TestResults
from kolena_store.test_runs.request import listed, suite_of
from kolena_store.test_runs.time_fields import time_notes
from kolena_store.test_suites import Bins, SuiteReport
from kolena_store.workflows import Configuration, Workflow

__all__ = ["Requested", "TestOptions", "requested", "run_models", "run_requested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOptions:
    """How to test: on which suite, or by which fields (crossed or not); how configured; which metrics and samples."""

    __test__ = False

    suite: "str | Path | SuiteReport | None" = None
    by: Sequence["str | Bins"] | None = None
    cross: bool = False
    configuration: Configuration | None = None
    metrics: Sequence[str] | None = None
    common: bool = False
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A test that was asked for and not yet run; `notes` are what there is to say of its suite."""

    request: TestRequest
    workflow: Workflow
    notes: tuple[str, ...]


def run_models(
    transaction: Transaction, name: str, models: str | Sequence[str] | None, options: TestOptions
) -> TestResults:
    """Test models (None: all with results) on a dataset and return their results together.

    Raises:
        StoreError: an unknown name, a refused suite or configuration, or data that don't allow it.
    """
    return run_requested(transaction, requested(transaction, name, models, options))


def requested(
    transaction: Transaction, name: str, models: str | Sequence[str] | None, options: TestOptions
) -> Requested:
    """Return what to test: the suite is applied if it is a file, and the models are known to have results.

    Raises:
        StoreError: an unknown name, or a refused suite.
    """
    dataset = dataset_named(transaction, name)
    version = version_of(transaction, dataset)
    workflow = workflow_of(dataset, version)
    suite, notes = suite_of(transaction, dataset, options.suite, options.by, cross=options.cross)
    metrics = listed(options.metrics) if options.metrics is not None else None
    if metrics is not None and not metrics:
        raise InvalidInput("the test names no metric; name at least one, or leave metrics away to compute all")
    request = TestRequest(
        dataset=dataset,
        suite=suite,
        results=chosen_results(transaction, dataset, listed(models) if models is not None else None),
        configuration=options.configuration,
        metrics=metrics,
        common=options.common,
        limits=options.limits,
    )
    return Requested(request=request, workflow=workflow, notes=(*notes, *time_notes(version)))


def run_requested(transaction: Transaction, given: Requested) -> TestResults:
    """Run a test and return its results.

    Raises:
        StoreError: a refused configuration, or data that don't allow it.
    """
    run_ids = run_tests(transaction, given.request)
    headlines = given.workflow.headlines()
    results = load_results(transaction, run_ids, headlines=headlines, metrics=given.request.metrics)
    return replace(results, notes=(*results.notes, *given.notes)) if given.notes else results
