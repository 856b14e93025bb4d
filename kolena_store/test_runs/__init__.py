"""Test runs: one model's results on one version of a test suite, under one configuration."""

from kolena_store.test_runs.confusion import ConfusionMatrix
from kolena_store.test_runs.curves import precision_recall
from kolena_store.test_runs.keys import Translation, translated_key, translated_restriction
from kolena_store.test_runs.outcome import MetricValue, TestResults
from kolena_store.test_runs.records import RUNS, TestRun, test_runs
from kolena_store.test_runs.request import read_suite, stratify, suite_input
from kolena_store.test_runs.tester import TestOptions, run_models
from kolena_store.test_runs.user_metrics import apply_metrics

__all__ = [
    "RUNS",
    "ConfusionMatrix",
    "MetricValue",
    "TestOptions",
    "TestResults",
    "TestRun",
    "Translation",
    "apply_metrics",
    "precision_recall",
    "read_suite",
    "run_models",
    "stratify",
    "suite_input",
    "test_runs",
    "translated_key",
    "translated_restriction",
]
