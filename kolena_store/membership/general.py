"""Definitions of any form, asked one by one of DuckDB, over the columns that they read in memory."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kolena_store.database import Session, connect, reading_files
from kolena_store.datasets import OBJECTS, VersionRecord, attached_tables, files_of, object_types
from kolena_store.errors import RefusedStatement
from kolena_store.files import SAMPLE
from kolena_store.membership.bitmaps import Samples, Words, count, from_samples
from kolena_store.predicates.messages import plain_message
from kolena_store.predicates.tokens import lowered
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Answers", "WholeTables"]

GROUND_TRUTHS = "ground_truths"
CORRECT = "Correct its definition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The files with what one model said, and the columns of them to load, with their types.

    With repeats a sample has several rows, which agree in these columns: it is loaded once.
    """

    files: Sequence[int]
    types: Mapping[str, str]
    has_repeats: bool = False


class WholeTables:
    """The columns that some queries read, in memory, where the queries run with no access to anything else."""

    def __init__(
        self,
        session: Session,
        version: VersionRecord,
        fields: Sequence[str],
        *,
        tables: frozenset[str] = frozenset(),
        only: Samples | None = None,
        answers: Answers | None = None,
    ) -> None:
        """Load the columns once.

        Args:
            session: of the store.
            version: the dataset version.
            fields: the columns.
            tables: the names, in lower case, of the attached tables to load, as far as there are such.
            only: the samples to load; None: all.
            answers: what to load of one model's inferences of these samples; None: nothing.
        """
        wanted = set(map(lowered, fields))
        self._connection = connect(session.root)
        self._kind = "TABLE"
        paths = [file.path(session.root) for file in files_of(session, version.sample_files)]
        condition = self._chosen(only)
        self._load("test_samples", _only(version.types, wanted), paths, condition)
        if GROUND_TRUTHS in tables and version.column_needs.has_objects:
            self._load_objects(object_types(version.types[OBJECTS]), paths, condition)
        for table in attached_tables(session, version):
            if lowered(table.name) in tables:
                self._load(table.name, _only(table.types, wanted), table.paths(session), condition)
        if answers is not None:
            said = [file.path(session.root) for file in files_of(session, answers.files)]
            is_loaded = statement("queries/membership", "is_loaded").fill()
            self._load("inferences", answers.types, said, is_loaded, is_distinct=answers.has_repeats)
        self._connection.execute(statement("queries/store", "no_external_access").fill())

    def close(self) -> None:
        """Free the columns."""
        self._connection.close()

    def members(self, query: Fragment, name: str, size: int) -> Words:
        """Return the members of the test case `name` as a bitmap over [0, size).

        Raises:
            RefusedStatement: the query selects a sample twice, or fails on these data.
        """
        import duckdb

        try:
            selecting = statement("queries/membership", "members").fill(query=query)
            samples = self._connection.sql(selecting).to_arrow_table().column(SAMPLE)
        except duckdb.Error as error:
            raise RefusedStatement(
                f"test case {name!r} can't be evaluated: {plain_message(error)}. {CORRECT}"
            ) from error
        numbers = samples.drop_null().to_numpy()
        words = from_samples(numbers, size)
        if count(words) != len(numbers):
            raise RefusedStatement(
                f"test case {name!r} selects some samples more than once ({len(numbers):,} rows for "
                f"{count(words):,} samples); use EXISTS or IN in the place of a JOIN, or SELECT DISTINCT"
            )
        return words

    def objects(self, query: Fragment, name: str, *, remedy: str = CORRECT) -> tuple[Samples, Samples]:
        """Return the objects that the test case `name` selects: the samples and the places there, in their order.

        Raises:
            RefusedStatement: the query selects an object twice, or fails on these data.
        """
        import duckdb

        try:
            selecting = statement("queries/membership", "selected_objects").fill(query=query)
            found = self._connection.sql(selecting).to_arrow_table()
        except duckdb.Error as error:
            raise RefusedStatement(
                f"test case {name!r} can't be evaluated: {plain_message(error)}. {remedy}"
            ) from error
        samples, places = (found.column(key).to_numpy() for key in (SAMPLE, "_object"))
        if ((samples[1:] == samples[:-1]) & (places[1:] == places[:-1])).any():
            raise RefusedStatement(
                f"test case {name!r} selects some objects more than once; use EXISTS or IN in the place of a JOIN"
            )
        return samples, places

    def name_samples(self, name: str, query: Fragment) -> None:
        """Keep what a query of samples selects as a table of a name of its own."""
        keeping = statement("queries/membership", "name_samples").fill(table=identifier(name), query=query)
        self._connection.execute(keeping)

    def show_objects(self, objects: "pa.Table") -> None:
        """Let queries find these rows in `ground_truths`, in the place of those that stood there."""
        self._connection.execute(statement("queries/membership", "drop_objects").fill(kind=Fragment(self._kind)))
        self._connection.register(GROUND_TRUTHS, objects)
        self._kind = "VIEW"

    def with_nan(self, inferences: Sequence[str], samples: Sequence[str]) -> "Samples":
        """Return the answered samples with a NaN in one of these columns of inferences or of samples."""
        is_nan = statement("queries/membership", "is_nan")
        columns = [identifier("inferences", name) for name in inferences]
        columns += [identifier("test_samples", name) for name in samples]
        conditions = joined((is_nan.fill(column=column) for column in columns), " OR ") if columns else literal(False)
        query = statement("queries/membership", "with_nan").fill(conditions=conditions)
        return np.asarray(self._connection.sql(query).to_arrow_table().column(SAMPLE).to_numpy())

    def _chosen(self, only: Samples | None) -> Fragment:
        """Return the condition that a row is of one of some samples."""
        import pyarrow as pa

        if only is None:
            return literal(True)
        self._connection.register("chosen_samples", pa.table({SAMPLE: only}))
        return statement("queries/membership", "is_chosen").fill()

    def _load_objects(self, types: Mapping[str, str], paths: Sequence[Path], condition: Fragment) -> None:
        """Load the objects of the ground truth, a row for each."""
        columns = [
            Fragment(f", {identifier('object', name)}::{kind} AS {identifier(name)}") for name, kind in types.items()
        ]
        query = statement("queries/membership", "load_objects").fill(
            columns=joined(columns, ""),
            objects=identifier(OBJECTS),
            files=literal([str(path) for path in paths]),
            condition=condition,
        )
        with reading_files():
            self._connection.execute(query)

    def _load(
        self,
        name: str,
        types: Mapping[str, str],
        paths: Sequence[Path],
        condition: Fragment,
        *,
        is_distinct: bool = False,
    ) -> None:
        columns = [Fragment(f"{identifier(field)}::{kind} AS {identifier(field)}") for field, kind in types.items()]
        query = statement("queries/membership", "load_table").fill(
            table=identifier(name),
            columns=joined([Fragment("1 AS _one"), *columns]),
            files=literal([str(path) for path in paths]),
            condition=condition,
            distinct=Fragment("DISTINCT" if is_distinct else ""),
        )
        with reading_files():
            self._connection.execute(query)


def _only(types: Mapping[str, str], wanted: Container[str]) -> dict[str, str]:
    return {name: kind for name, kind in types.items() if lowered(name) in wanted}
