"""Test runs: one model's results on one version of a test suite, under one configuration."""

from kolena_store.test_runs.confusion import ConfusionMatrix
from kolena_store.test_runs.curves import precision_recall
from kolena_store.test_runs.execute import workflow_of
from kolena_store.test_runs.keys import Translation, translated_key, translated_restriction
from kolena_store.test_runs.outcome import MetricValue, TestResults
from kolena_store.test_runs.records import RUNS, TestRun, runs_numbered, test_runs
from kolena_store.test_runs.renewing import RENEWED, RenewedRun, renew_runs
from kolena_store.test_runs.request import listed, read_suite, stratify, suite_input
from kolena_store.test_runs.tester import TestOptions, requested, run_models, run_requested
from kolena_store.test_runs.user_metrics import apply_metrics

__all__ = [
    "RENEWED",
    "RUNS",
    "ConfusionMatrix",
    "MetricValue",
    "RenewedRun",
    "TestOptions",
    "TestResults",
    "TestRun",
    "Translation",
    "apply_metrics",
    "listed",
    "precision_recall",
    "read_suite",
    "requested",
    "renew_runs",
    "run_models",
    "run_requested",
    "runs_numbered",
    "stratify",
    "suite_input",
    "test_runs",
    "translated_key",
    "translated_restriction",
    "workflow_of",
]
