"""The samples that one model answered, ground truth beside inference, as workflows read them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from kolena_store.database import Session, reading_files
from kolena_store.datasets import (
    OBJECTS,
    Columns,
    VersionRecord,
    check_columns,
    check_label_types,
    columns_of_pattern,
    files_of,
)
from kolena_store.digests import canonical_json
from kolena_store.errors import RefusedStatement
from kolena_store.files import REPEAT, SAMPLE
from kolena_store.predicates import check_predicate
from kolena_store.progress import track
from kolena_store.results import ResultsRecord, check_workflow_repeats
from kolena_store.statements import Fragment, identifier, joined, literal, statement
from kolena_store.workflows import GROUND_TRUTH, INFERENCE, SAMPLE_FIELD
from kolena_store.workflows.groups import whole_groups

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["AnsweredSamples", "TruthValues", "check_answers", "id_fields"]

TruthValues: TypeAlias = "dict[str, pa.Array]"
"""The distinct values of columns of the ground truth, by name."""

ROWS_PER_BATCH = 131_072
ID_FIELDS = "id_fields"


def check_answers(version: VersionRecord, results: ResultsRecord, columns: Columns) -> None:
    """Check that results, which may be older than the workflow, have the columns that it reads.

    Raises:
        MissingColumns: one is not there.
        ChangedType: one holds something else.
        InvalidInput: they hold repeats, which the workflow does not take.
    """
    where = _name(results)
    check_columns(where, results.schema, columns.inference, optional=columns.optional, is_stored=True)
    if results.repeat_field is not None:
        check_workflow_repeats(where, results.repeat_field, columns)
    check_label_types(where, results.schema, columns.expected_labels(version.plain_types))


class AnsweredSamples:
    """The samples of a dataset version that one model answered, by sample number.

    Only the columns that the workflow asks for are read: `g.<column>` of the ground truth (`truths`), `i.<column>` of
    the inference (`answers`), and `s.<column>` of the sample (`fields`).
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
        self.answers = _inference_columns(columns, list(results.types))
        self.fields = _sample_columns(columns, version)
        self._repeat = results.repeat_field
        self._sources = {
            **{GROUND_TRUTH + name: _typed("samples", name, version.types[name]) for name in self.truths},
            **{INFERENCE + name: _typed("inferences", name, results.types[name]) for name in self.answers},
            **{SAMPLE_FIELD + name: _typed("samples", name, version.types[name]) for name in self.fields},
        }

    @property
    def name(self) -> str:
        """Return how messages call the results that are read."""
        return _name(self.results)

    @property
    def read(self) -> list[str]:
        """Return the names of all columns that are read, as the batches have them."""
        return list(self._sources)

    @cached_property
    def schema(self) -> "pa.Schema":
        """Return the schema of the batches: `_sample` first."""
        return self._selected(list(self._sources), literal(False)).schema

    @cached_property
    def repeat_type(self) -> "pa.DataType | None":
        """Return the type of the column `_repeat` that batches end with; None: there is none."""
        if self._repeat is None:
            return None
        query = self._query([], literal(False), has_repeat=True)
        files = {"samples": self._samples, "inferences": self._inferences}
        return self._session.table(query, **files).schema.field(REPEAT).type

    def columns(self, names: Sequence[str], *, predicate: str | None = None) -> "pa.Table":
        """Return some columns of all answered samples, or of those that a predicate over metadata selects.

        Raises:
            RefusedStatement: the predicate is not allowed.
        """
        return self._chosen(names, predicate).drop_columns([SAMPLE])

    def samples(self, predicate: str) -> "pa.Array":
        """Return the numbers of the answered samples that a predicate over metadata selects.

        Raises:
            RefusedStatement: the predicate is not allowed.
        """
        return self._chosen([], predicate).column(SAMPLE).combine_chunks()

    def _chosen(self, names: Sequence[str], predicate: str | None) -> "pa.Table":
        import duckdb

        try:
            return self._selected(names, self._condition(predicate))
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
        """Yield all columns of all answered samples, or of those among the samples `only`.

        They come by sample number, or, when the workflow groups them, by group, of which no batch splits one. Where
        samples were answered several times, each answer is a row, and the column `_repeat` tells them apart.
        """
        group_by = self.needs.group_by
        batches = self._batches(only)
        return batches if group_by is None else whole_groups(batches, SAMPLE_FIELD + group_by)

    def _batches(self, only: "np.ndarray | None") -> "Iterator[pa.RecordBatch]":
        condition = literal(True) if only is None else statement("queries/runs", "chosen_samples").fill()
        query = self._query(list(self._sources), condition, has_repeat=self._repeat is not None)
        parameters = {"samples": self._samples, "inferences": self._inferences}
        total = self.results.n_rows if only is None else len(only)
        with (
            self._choosing(only),
            reading_files(),
            track(total, f"scoring {self.results.label}") as advance,
        ):
            for batch in self._session.connection.sql(query, params=parameters).to_arrow_reader(ROWS_PER_BATCH):
                yield batch.replace_schema_metadata(self._ids)
                advance(batch.num_rows)

    @cached_property
    def _ids(self) -> dict[str, str] | None:
        """Return the names of the id fields as the metadata of a batch, for messages of those who read them."""
        if self.needs.scope == "named":
            return None
        return {ID_FIELDS: canonical_json(id_fields(self.version))}

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

    def _query(self, names: Sequence[str], condition: Fragment, *, has_repeat: bool = False) -> Fragment:
        columns = [Fragment(f"{self._sources[name]} AS {identifier(name)}") for name in names]
        order = [identifier("samples", name) for name in (self.needs.group_by, SAMPLE) if name is not None]
        if self._repeat is not None:
            repeat = _typed("inferences", self._repeat, self.results.types[self._repeat])
            columns += [Fragment(f"{repeat} AS {REPEAT}")] if has_repeat else []
            order.append(identifier("inferences", self._repeat))
        return statement("queries/runs", "scoring_columns").fill(
            columns=joined(columns), condition=condition, order=joined(order)
        )

    def _condition(self, predicate: str | None) -> Fragment:
        if predicate is None:
            return literal(True)
        checked = check_predicate(predicate, self.version.types)
        return statement("queries/runs", "selected_samples").fill(files=literal(self._samples), predicate=checked)


def _name(results: ResultsRecord) -> str:
    return f"the results of {results.label!r} (version {results.version})"


def _typed(table: str, name: str, kind: str) -> Fragment:
    return Fragment(f"{identifier(table, name)}::{kind}")


def id_fields(version: VersionRecord) -> list[str]:
    """Return the fields that identify the samples of a version."""
    return [field.name for field in version.field_list if field.role == "id"]


def _sample_columns(columns: Columns, version: VersionRecord) -> list[str]:
    if columns.scope == "all":
        return [name for name in version.types if name not in columns.ground_truth_names]
    named = [need.name for need in columns.sample if need.name in version.types]
    return list(dict.fromkeys([*(id_fields(version) if columns.scope == "named and ids" else []), *named]))


def _inference_columns(columns: Columns, available: Sequence[str]) -> list[str]:
    if columns.scope == "all":
        return [name for name in available if not columns.has_objects or name == OBJECTS]
    found: dict[str, None] = {}
    for need in (*columns.inference, *columns.optional):
        is_pattern = need.kind == "number_pattern"
        named = columns_of_pattern(need.name, available).values() if is_pattern else [need.name]
        found.update(dict.fromkeys(name for name in named if name in available))
    return list(found)


def _paths(session: Session, file_ids: Sequence[int]) -> list[str]:
    return [str(file.path(session.root)) for file in files_of(session, file_ids)]
