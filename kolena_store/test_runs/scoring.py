"""Scoring: every answered sample once, then kept as files; later versions score what changed and keep the rest."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session, Transaction
from kolena_store.datasets import VersionRecord, column_types, files_of
from kolena_store.digests import canonical_json
from kolena_store.files import write_files
from kolena_store.results import ResultsRecord
from kolena_store.statements import identifier, joined, statement
from kolena_store.test_runs.answered import AnsweredSamples, TruthValues
from kolena_store.test_runs.repeat_columns import RepeatColumn, with_repeat
from kolena_store.test_runs.rescoring import Earlier, kept_and_rewritten, samples_to_score
from kolena_store.workflows import Configuration, Facts, Workflow, numbered

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = [
    "ScoredResults",
    "Scoring",
    "facts_from",
    "scored_anew",
    "scored_apart",
    "scored_results",
    "stored_scores",
]

KIND = "sample_metrics"


@dataclass(frozen=True, kw_only=True)
class ScoredResults:
    """The sample metrics of one model: where they lie, and the facts that they were made with.

    `n_scored` samples (or answers to them, where there are several to one) were scored just now; `n_reused` had been
    scored before. `cases` are those of the object-level test cases, by their places in the suite.
    """

    results: ResultsRecord
    facts: Facts
    paths: tuple[Path, ...]
    n_scored: int
    n_reused: int
    cases: "Mapping[int, ScoredResults]" = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is to be said of a run: what the facts say, and that most samples had been scored before."""
        if not (self.n_scored and self.n_reused):
            return self.facts.notes
        what = "samples" if self.results.repeat_field is None else "answers"
        reused = f"{self.n_scored:,} changed {what} were scored, {self.n_reused:,} had been scored before"
        return (*self.facts.notes, reused)


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """What scoring left behind."""

    facts: Facts
    file_ids: list[int]
    n_scored: int
    n_reused: int


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """How to score: on which dataset version, by which workflow and configuration. Models that share it ask once."""

    version: VersionRecord
    workflow: Workflow
    configuration: Configuration
    configuration_id: int | None
    truth_values: "TruthValues" = field(default_factory=dict)

    def key(self, results: ResultsRecord, scorer: str) -> dict[str, Any]:
        """Return what tells the sample metrics of some results from others."""
        return {
            "dataset_id": self.version.dataset_id,
            "dataset_version": self.version.version,
            "results_id": results.results_id,
            "results_version": results.version,
            "configuration_id": self.configuration_id,
            "scorer": scorer,
        }


def scored_results(transaction: Transaction, scoring: Scoring, results: ResultsRecord) -> ScoredResults:
    """Return the sample metrics of one model; samples are scored now unless their metrics are stored."""
    stored = stored_scores(transaction, scoring, results)
    if stored is not None:
        return stored
    version, workflow = scoring.version, scoring.workflow
    key = scoring.key(results, workflow.scorer_key)
    inputs = AnsweredSamples(transaction, version, results, workflow.columns(), truth_values=scoring.truth_values)
    facts = workflow.prepare(inputs, scoring.configuration)
    found = _partly(transaction, inputs, workflow, facts, key=key) or _whole(transaction, inputs, workflow, facts)
    found = replace(found, facts=_concluded(transaction, workflow, inputs, found))
    _enter(transaction, workflow, found, key)
    _enter_thresholds(transaction, found.facts, key)
    return _results_of(transaction, results, found)


def stored_scores(
    session: Session, scoring: Scoring, results: ResultsRecord, *, scorer: str | None = None
) -> ScoredResults | None:
    """Return the sample metrics of one model as they are stored; None when its samples were not scored yet.

    `scorer` is another than the workflow's own, as of an object-level test case.
    """
    found = _stored(session, scoring.key(results, scorer or scoring.workflow.scorer_key))
    return None if found is None else _results_of(session, results, found)


def scored_anew(
    transaction: Transaction,
    scoring: Scoring,
    results: ResultsRecord,
    *,
    scorer: str | None,
    facts: Facts,
    batches: "Callable[[AnsweredSamples], Iterator[pa.RecordBatch]]",
) -> ScoredResults:
    """Return sample metrics that were made of changed batches, and are kept under a scorer of their own.

    Args:
        transaction: the open one.
        scoring: how the results are scored as they are.
        results: of one model.
        scorer: what tells these sample metrics from others; None: they are of a version that never was, noted nowhere,
            and the caller takes their files out again.
        facts: those that the results were scored with as they are.
        batches: gives the batches to score, asked only when the sample metrics are not stored.
    """
    key = scoring.key(results, scorer) if scorer is not None else None
    found = _stored(transaction, key) if key is not None else None
    if found is None:
        workflow = scoring.workflow
        inputs = AnsweredSamples(transaction, scoring.version, results, workflow.columns())
        _, scored = workflow.score_batches(batches(inputs), facts)
        schema = _stored_schema(workflow, facts, inputs)
        file_ids, n_scored = _written(transaction, schema, _or_nothing(scored, schema))
        found = _Scored(facts=facts, file_ids=file_ids, n_scored=n_scored, n_reused=0)
        if key is not None:
            _enter(transaction, workflow, found, key)
    return _results_of(transaction, results, found)


def _stored(session: Session, key: dict[str, Any]) -> _Scored | None:
    stored = session.rows("runs.find_sample_metrics", **key)
    if not stored:
        return None
    facts, file_ids = facts_from(json.loads(stored[0][0])), stored[0][1]
    n_rows = sum(file.n_rows for file in files_of(session, file_ids))
    return _Scored(facts=facts, file_ids=file_ids, n_scored=0, n_reused=n_rows)


def _results_of(session: Session, results: ResultsRecord, found: _Scored) -> ScoredResults:
    paths = tuple(file.path(session.root) for file in files_of(session, found.file_ids))
    return ScoredResults(
        results=results, facts=found.facts, paths=paths, n_scored=found.n_scored, n_reused=found.n_reused
    )


def _concluded(transaction: Transaction, workflow: Workflow, inputs: AnsweredSamples, found: _Scored) -> Facts:
    """Return the facts with what only all sample metrics together tell."""
    paths = [str(file.path(transaction.root)) for file in files_of(transaction, found.file_ids)]

    def scored(names: Sequence[str]) -> "pa.Table":
        query = statement("queries/metrics", "sample_columns").fill(columns=joined(map(identifier, names)))
        return transaction.table(query, files=paths)

    return workflow.conclude(found.facts, inputs, scored)


def scored_apart(transaction: Transaction, scoring: Scoring, results: ResultsRecord) -> ScoredResults:
    """Return the sample metrics of one model on a version that never was: scored now, and noted nowhere.

    Their files are new ones, which the caller takes out again.
    """
    inputs = AnsweredSamples(transaction, scoring.version, results, scoring.workflow.columns())
    facts = scoring.workflow.prepare(inputs, scoring.configuration)
    found = _whole(transaction, inputs, scoring.workflow, facts)
    return _results_of(
        transaction, results, replace(found, facts=_concluded(transaction, scoring.workflow, inputs, found))
    )


def _whole(transaction: Transaction, inputs: AnsweredSamples, workflow: Workflow, facts: Facts) -> _Scored:
    facts, batches = _scored(workflow, facts, inputs)
    file_ids, n_scored = _written(transaction, _stored_schema(workflow, facts, inputs), batches)
    return _Scored(facts=facts, file_ids=file_ids, n_scored=n_scored, n_reused=0)


def _partly(
    transaction: Transaction, inputs: AnsweredSamples, workflow: Workflow, facts: Facts, *, key: dict[str, Any]
) -> _Scored | None:
    """Score only what changed since an earlier version; None when there is none whose metrics can be kept."""
    import pyarrow as pa

    wanted = {name: key[name] for name in ("dataset_id", "results_id", "configuration_id", "scorer")}
    rows = transaction.rows("runs.earlier_sample_metrics", workflow=inputs.version.workflow, **wanted)
    if not rows:
        return None
    earlier = Earlier(dataset_version=rows[0][0], results_version=rows[0][1], file_ids=tuple(rows[0][3]))
    kept = workflow.facts_to_keep(facts_from(json.loads(rows[0][2])), facts)
    samples = samples_to_score(transaction, inputs, earlier) if kept is not None else None
    if kept is None or samples is None:
        return None
    schema = _stored_schema(workflow, kept, inputs)
    found, batches = _scored(workflow, kept, inputs, only=samples) if samples.size else (kept, iter(()))
    if found != kept:
        return None
    scored = pa.Table.from_batches(batches, schema=schema)
    n_scored = scored.num_rows
    kept_ids, rewritten = kept_and_rewritten(transaction, earlier, samples, scored)
    new_ids, _ = _written(transaction, schema, rewritten)
    file_ids = [*kept_ids, *new_ids] or _written(transaction, schema, [_nothing(schema)])[0]
    n_rows = sum(file.n_rows for file in files_of(transaction, file_ids))
    return _Scored(facts=kept, file_ids=file_ids, n_scored=n_scored, n_reused=n_rows - n_scored)


def _written(
    transaction: Transaction, schema: "pa.Schema", batches: "Iterable[pa.RecordBatch | pa.Table]"
) -> tuple[list[int], int]:
    """Write rows, and return the ids of the files with the number of rows."""
    written = list(write_files(transaction.root, KIND, schema, batches))
    return [transaction.add_file(file) for file in written], sum(file.n_rows for file in written)


def _enter(transaction: Transaction, workflow: Workflow, scored: _Scored, key: dict[str, Any]) -> None:
    facts = scored.facts
    paths = [file.path(transaction.root) for file in files_of(transaction, scored.file_ids)]
    fields = canonical_json(list(column_types(transaction, paths, workflow.sample_metrics_schema(facts)).items()))
    transaction.touched_datasets.add(key["dataset_id"])
    transaction.run(
        "runs.insert_sample_metrics",
        **key,
        facts=canonical_json(_document(facts)),
        fields=fields,
        metric_files=scored.file_ids,
        n_scored=scored.n_scored,
        n_reused=scored.n_reused,
    )


def _enter_thresholds(transaction: Transaction, facts: Facts, key: dict[str, Any]) -> None:
    thresholds: dict[str | None, float] = dict(facts.thresholds.items())
    if facts.threshold is not None:
        thresholds[facts.positive] = facts.threshold
    for name, threshold in thresholds.items():
        kept = ("results_id", "results_version", "dataset_version", "configuration_id")
        transaction.run(
            "runs.insert_threshold",
            **{one: key[one] for one in kept},
            **{"class": name},
            threshold=threshold,
            tuned_on=facts.tuned_on,
        )


def _scored(
    workflow: Workflow, facts: Facts, inputs: AnsweredSamples, *, only: "np.ndarray | None" = None
) -> "tuple[Facts, Iterator[pa.RecordBatch]]":
    batches = inputs.batches(only)
    if inputs.repeat_type is None:
        found, scored = workflow.score_batches(batches, facts)
    else:
        repeats = RepeatColumn()
        found, of_samples = workflow.score_batches(repeats.taken_from(batches), facts)
        scored = repeats.put_into(of_samples)
    return found, _or_nothing(scored, _stored_schema(workflow, found, inputs))


def _stored_schema(workflow: Workflow, facts: Facts, inputs: AnsweredSamples) -> "pa.Schema":
    return with_repeat(numbered(workflow.sample_metrics_schema(facts)), inputs.repeat_type)


def _or_nothing(batches: "Iterator[pa.RecordBatch]", schema: "pa.Schema") -> "Iterator[pa.RecordBatch]":
    """Yield the batches, and at least one, which may be empty."""
    first = next(batches, None)
    yield _nothing(schema) if first is None else first
    yield from batches


def _nothing(schema: "pa.Schema") -> "pa.RecordBatch":
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=schema)


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
