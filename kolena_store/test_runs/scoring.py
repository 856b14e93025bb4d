"""Scoring: every answered sample once per (dataset version, results version, configuration), then kept as files."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.database import Transaction
from kolena_store.datasets import VersionRecord, column_types, files_of
from kolena_store.digests import canonical_json
from kolena_store.files import SAMPLE, write_files
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.answered import AnsweredSamples
from kolena_store.workflows import Configuration, Facts, Workflow

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ScoredResults", "facts_from", "scored_results"]

KIND = "sample_metrics"


@dataclass(frozen=True, kw_only=True)
class ScoredResults:
    """The sample metrics of one model: where they lie, and the facts that they were made with."""

    results: ResultsRecord
    facts: Facts
    paths: tuple[Path, ...]


def scored_results(
    transaction: Transaction,
    version: VersionRecord,
    results: ResultsRecord,
    *,
    workflow: Workflow,
    configuration: Configuration,
    configuration_id: int | None,
) -> ScoredResults:
    """Return the sample metrics of one model, scored now unless they are stored."""
    key = {
        "dataset_id": version.dataset_id,
        "dataset_version": version.version,
        "results_id": results.results_id,
        "results_version": results.version,
        "configuration_id": configuration_id,
        "scorer": f"{workflow.name} {workflow.scorer_version}",
    }
    stored = transaction.rows("runs.find_sample_metrics", **key)
    if stored:
        facts, file_ids = facts_from(json.loads(stored[0][0])), stored[0][1]
    else:
        facts, file_ids = _score(transaction, version, results, workflow, configuration=configuration, key=key)
    paths = tuple(file.path(transaction.root) for file in files_of(transaction, file_ids))
    return ScoredResults(results=results, facts=facts, paths=paths)


def _score(
    transaction: Transaction,
    version: VersionRecord,
    results: ResultsRecord,
    workflow: Workflow,
    *,
    configuration: Configuration,
    key: dict[str, Any],
) -> tuple[Facts, list[int]]:
    inputs = AnsweredSamples(transaction, version, results, workflow.columns())
    facts = workflow.prepare(inputs, configuration)
    schema = _numbered(workflow.sample_metrics_schema(facts))
    written = list(write_files(transaction.root, KIND, schema, _scored(workflow, facts, inputs, schema)))
    file_ids = [transaction.add_file(file) for file in written]
    n_scored = sum(file.n_rows for file in written)
    paths = [file.path(transaction.root) for file in files_of(transaction, file_ids)]
    fields = canonical_json(list(column_types(transaction, paths, workflow.sample_metrics_schema(facts)).items()))
    transaction.touched_datasets.add(version.dataset_id)
    document = canonical_json(_document(facts))
    transaction.run(
        "runs.insert_sample_metrics", **key, facts=document, fields=fields, metric_files=file_ids, n_scored=n_scored
    )
    if facts.threshold is not None:
        kept = ("results_id", "results_version", "dataset_version", "configuration_id")
        transaction.run(
            "runs.insert_threshold",
            **{name: key[name] for name in kept},
            **{"class": facts.positive},
            threshold=facts.threshold,
            tuned_on=facts.tuned_on,
        )
    return facts, file_ids


def _scored(
    workflow: Workflow, facts: Facts, inputs: AnsweredSamples, schema: "pa.Schema"
) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    is_empty = True
    for batch in inputs.batches():
        is_empty = False
        arrays = [batch.column(SAMPLE), *workflow.score_batch(batch, facts)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
    if is_empty:
        yield pa.RecordBatch.from_pylist([], schema=schema)


def _numbered(schema: "pa.Schema") -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([pa.field(SAMPLE, pa.int64()), *schema])


def _document(facts: Facts) -> dict[str, Any]:
    """Return the facts as JSON holds them: a threshold may be infinite, which only a text can say."""
    threshold = None if facts.threshold is None else str(facts.threshold)
    return {**asdict(facts), "threshold": threshold}


def facts_from(document: dict[str, Any]) -> Facts:
    """Return the facts that a stored document holds."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    threshold = values["threshold"]
    return Facts(**{**values, "threshold": None if threshold is None else float(threshold)})
