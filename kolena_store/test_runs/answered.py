"""The samples that one model answered, ground truth beside inference, as workflows read them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from kolena_store.database import Session, reading_files
from kolena_store.datasets import (
    ColumnNeed,
    Columns,
    VersionRecord,
    check_columns,
    check_label_types,
    columns_of_pattern,
    files_of,
)
from kolena_store.errors import RefusedStatement
from kolena_store.files import SAMPLE
from kolena_store.predicates import check_predicate
from kolena_store.progress import track
from kolena_store.results import ResultsRecord
from kolena_store.statements import Fragment, identifier, joined, literal, statement
from kolena_store.workflows import GROUND_TRUTH, INFERENCE

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["AnsweredSamples", "TruthValues", "check_answers"]

TruthValues: TypeAlias = "dict[str, pa.Array]"
"""The distinct values of columns of the ground truth, by name."""

ROWS_PER_BATCH = 131_072


def check_answers(version: VersionRecord, results: ResultsRecord, columns: Columns) -> None:
    """Check that results, which may be older than the workflow, have the columns that it reads.

    Raises:
        MissingColumns: one is not there.
        ChangedType: one holds something else.
    """
    where = _name(results)
    check_columns(where, results.schema, columns.inference, optional=columns.optional, is_stored=True)
    check_label_types(where, results.schema, columns.expected_labels(version.plain_types))


class AnsweredSamples:
    """The samples of a dataset version that one model answered, by sample number.

    Only the columns that the workflow names are read: `g.<column>` of the ground truth (`truths`), `i.<column>` of the
    inference (`answers`).
    """

    def __init__(
        self,
        session: Session,
        version: VersionRecord,
        results: ResultsRecord,
        columns: Columns,
        *,
        truth_values: "TruthValues | None" = None,
    ) -> None:
        """Find the files and the columns; nothing is read yet. Models that share `truth_values` look for them once."""
        self._session, self.version, self.results, self.needs = session, version, results, columns
        self._truth_values: TruthValues = {} if truth_values is None else truth_values
        self._answer_values: TruthValues = {}
        self._samples = _paths(session, version.sample_files)
        self._inferences = _paths(session, results.inference_files)
        self.truths = [name for name in columns.ground_truth_names if name in version.types]
        self.answers = _inference_columns((*columns.inference, *columns.optional), list(results.types))
        self._sources = {
            **{GROUND_TRUTH + name: _typed("samples", name, version.types[name]) for name in self.truths},
            **{INFERENCE + name: _typed("inferences", name, results.types[name]) for name in self.answers},
        }

    @property
    def name(self) -> str:
        """Return how messages call the results that are read."""
        return _name(self.results)

    @cached_property
    def schema(self) -> "pa.Schema":
        """Return the schema of the batches: `_sample` first."""
        return self._selected(list(self._sources), literal(False)).schema

    def columns(self, names: Sequence[str], *, predicate: str | None = None) -> "pa.Table":
        """Return some columns of all answered samples, or of those that a predicate over metadata selects.

        Raises:
            RefusedStatement: the predicate is not allowed.
        """
        import duckdb

        try:
            return self._selected(names, self._condition(predicate)).drop_columns([SAMPLE])
        except duckdb.Error as error:
            if predicate is None:
                raise
            cause = str(error).splitlines()[0]
            raise RefusedStatement(
                f"the predicate {predicate!r} fails on a value ({cause}); guard it with TRY_CAST, nullif or CASE"
            ) from error

    def distinct(self, name: str) -> "pa.Array":
        """Return the distinct values of a column, sorted, without NULL: of the ground truth those of all samples.

        The classes of a problem are then the same for every model, whichever samples it answered.
        """
        known = self._truth_values if name.startswith(GROUND_TRUTH) else self._answer_values
        if name not in known:
            known[name] = self._distinct(name)
        return known[name]

    def _distinct(self, name: str) -> "pa.Array":
        files = {"samples": self._samples}
        if name.startswith(GROUND_TRUTH):
            query = statement("queries/runs", "distinct_truths").fill(column=self._sources[name])
        else:
            query = statement("queries/runs", "distinct_answers").fill(column=self._sources[name])
            files["inferences"] = self._inferences
        return self._session.table(query, **files).column("value").combine_chunks()

    def batches(self, only: "np.ndarray | None" = None) -> "Iterator[pa.RecordBatch]":
        """Yield all columns of all answered samples, or of those among the samples `only`."""
        condition = literal(True) if only is None else statement("queries/runs", "chosen_samples").fill()
        query = self._query(list(self._sources), condition)
        parameters = {"samples": self._samples, "inferences": self._inferences}
        total = self.results.n_answered if only is None else len(only)
        with (
            self._choosing(only),
            reading_files(),
            track(total, f"scoring {self.results.label}") as advance,
        ):
            for batch in self._session.connection.sql(query, params=parameters).to_arrow_reader(ROWS_PER_BATCH):
                yield batch
                advance(batch.num_rows)

    @contextmanager
    def _choosing(self, only: "np.ndarray | None") -> Iterator[None]:
        import pyarrow as pa

        if only is None:
            yield
            return
        self._session.connection.register("chosen_samples", pa.table({SAMPLE: only}))
        try:
            yield
        finally:
            self._session.connection.unregister("chosen_samples")

    def _selected(self, names: Sequence[str], condition: Fragment) -> "pa.Table":
        query = self._query(names, condition)
        return self._session.table(query, samples=self._samples, inferences=self._inferences)

    def _query(self, names: Sequence[str], condition: Fragment) -> Fragment:
        columns = [Fragment(f"{self._sources[name]} AS {identifier(name)}") for name in names]
        return statement("queries/runs", "scoring_columns").fill(columns=joined(columns), condition=condition)

    def _condition(self, predicate: str | None) -> Fragment:
        if predicate is None:
            return literal(True)
        checked = check_predicate(predicate, self.version.types)
        return statement("queries/runs", "selected_samples").fill(files=literal(self._samples), predicate=checked)


def _name(results: ResultsRecord) -> str:
    return f"the results of {results.label!r} (version {results.version})"


def _typed(table: str, name: str, kind: str) -> Fragment:
    return Fragment(f"{identifier(table, name)}::{kind}")


def _inference_columns(needs: Sequence[ColumnNeed], available: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for need in needs:
        is_pattern = need.kind == "number_pattern"
        named = columns_of_pattern(need.name, available).values() if is_pattern else [need.name]
        found.update(dict.fromkeys(name for name in named if name in available))
    return list(found)


def _paths(session: Session, file_ids: Sequence[int]) -> list[str]:
    return [str(file.path(session.root)) for file in files_of(session, file_ids)]
