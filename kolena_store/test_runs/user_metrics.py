"""Metrics that users define for a dataset: applying the file that holds them."""

from itertools import compress
from pathlib import Path

from kolena_store.database import Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord, attached_tables, version_of
from kolena_store.formats import read_text
from kolena_store.metrics.definitions import load_metrics
from kolena_store.metrics.user.checks import MetricPlace, check_metric
from kolena_store.metrics.user.files import parse_metrics
from kolena_store.metrics.user.process import DEFAULT_LIMITS, Limits
from kolena_store.metrics.user.stored import MetricsReport, check_no_clash, store_metric
from kolena_store.metrics.user.trials import try_metrics
from kolena_store.predicates import Tree
from kolena_store.predicates.tokens import lowered
from kolena_store.results import results_of_dataset
from kolena_store.test_runs.answered import check_answers
from kolena_store.test_runs.execute import workflow_of
from kolena_store.test_runs.results_table import result_fields
from kolena_store.test_runs.scoring import Scoring, scored_results
from kolena_store.workflows import Configuration, Workflow

__all__ = ["apply_metrics"]

FILE_SUFFIX = ".sql"
NO_FILE = "the text"


def apply_metrics(
    transaction: Transaction, dataset: DatasetRecord, source: str | Path, *, limits: Limits = DEFAULT_LIMITS
) -> MetricsReport:
    """Store the metrics of a file (or of the text of one), each as a new version unless it is known.

    Other metrics of the dataset stay as they are.

    Raises:
        MalformedFile: the file breaks its form.
        RefusedStatement: a query may not stand there, or does not answer with one row of numbers.
        MissingColumns: a query names a column that is not there.
        ConflictingDefinition: a metric has the name of one that the workflow brings.
    """
    text, file = _read(source)
    version = version_of(transaction, dataset)
    workflow = workflow_of(dataset, version)
    metrics = parse_metrics(text, file=file)
    check_no_clash(dataset, [metric.name for metric in metrics], load_metrics(workflow.metric_file))
    fields = result_fields(transaction, dataset, version, workflow)
    if "m" not in fields and "i" in fields:
        _score_one(transaction, dataset, version, workflow)
        fields = result_fields(transaction, dataset, version, workflow)
    places = [MetricPlace(file, metric.line, metric.name) for metric in metrics]
    tables = {table.name: table.types for table in attached_tables(transaction, version)}
    trees = [check_metric(metric, fields, place, tables) for metric, place in zip(metrics, places, strict=True)]
    is_tried = [_sides_read(tree) <= fields.keys() for tree in trees]
    try_metrics(list(compress(zip(metrics, places, strict=True), is_tried)), fields, tables=tables, limits=limits)
    stored = [
        store_metric(transaction, dataset, metric, is_tried=tried)
        for metric, tried in zip(metrics, is_tried, strict=True)
    ]
    return MetricsReport(dataset=dataset.name, metrics=tuple(stored))


def _read(source: str | Path) -> tuple[str, str]:
    """Return the text and the name of its file: a text that is one line and ends in .sql is a path."""
    if isinstance(source, str) and ("\n" in source or not source.strip().endswith(FILE_SUFFIX)):
        return source, NO_FILE
    return read_text(source), str(source)


def _score_one(transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, workflow: Workflow) -> None:
    """Score the results of one model, which tells the columns that a scorer returns; the next test uses them."""
    results = results_of_dataset(transaction, dataset)[0]
    scoring = Scoring(version=version, workflow=workflow, configuration=Configuration(), configuration_id=None)
    check_answers(version, results, workflow.columns())
    scored_results(transaction, scoring, results)


def _sides_read(tree: Tree) -> set[str]:
    """Return the structs that a query may read of those that can be unknown: inferences and sample metrics."""
    names = {lowered(part) for node in tree.of_class("COLUMN_REF") for part in node["column_names"]}
    return {"i", "m"} if tree.of_class("STAR") else {"i", "m"} & names
