"""The answers of additive queries on all test cases at once: every sample is evaluated once, and kernels add up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kolena_store.membership.bitmaps import Samples, Words, from_flags
from kolena_store.metrics.counting import count_many
from kolena_store.metrics.sums import Floats, repeatable_sums_many
from kolena_store.metrics.user.additive import CASE, AdditiveQuery, Aggregate
from kolena_store.number_types import SMALL_WHOLE_NUMBERS
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["SampleSums", "additive_answers"]

Row = tuple[Any, ...]
SUMMED = (*SMALL_WHOLE_NUMBERS, "BOOLEAN", "FLOAT", "DOUBLE")
LARGEST_EXACT = 2**53


def additive_answers(
    connection: "duckdb.DuckDBPyConnection", query: AdditiveQuery, sums_of: "SampleSums", members: Words
) -> "tuple[list[tuple[str, str]], list[Row]] | None":
    """Return the columns of a query with their types, and its row for each test case in members[C, W].

    Args:
        connection: one whose view `results` shows every answered sample.
        query: the query in two steps.
        sums_of: its expressions on those samples.
        members: the test cases.

    None where the sums may not be exact, or a type has no sum here: the query then runs on each test case.
    """
    if not sums_of.are_exact:
        return None
    terms = [sums_of.term(one) for one in query.aggregates]
    kinds = [str(kind) for kind in connection.sql(query.totals).types]
    given = {CASE: pa.array(np.arange(len(members)))}
    connection.register("given_terms", pa.table({**given, **{f"t{index}": one for index, one in enumerate(terms)}}))
    try:
        named = (
            Fragment(f"{identifier(f't{index}')}::{kind} AS {identifier(f't{index}')}")
            for index, kind in enumerate(kinds)
        )
        connection.execute(statement("queries/user_metrics", "term_values").fill(columns=joined(named)))
    finally:
        connection.unregister("given_terms")
    return _rows(connection, query, len(members))


def _rows(
    connection: "duckdb.DuckDBPyConnection", query: AdditiveQuery, n_cases: int
) -> "tuple[list[tuple[str, str]], list[Row]] | None":
    relation = connection.sql(query.outer)
    columns = [(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)]
    rows = sorted(relation.fetchall(), key=lambda row: int(row[-1]))
    if columns[-1][0] != CASE or [row[-1] for row in rows] != list(range(n_cases)):
        return None
    return columns[:-1], [row[:-1] for row in rows]


class SampleSums:
    """The expressions of a query on every answered sample, and their sums over test cases."""

    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        query: AdditiveQuery,
        samples: Samples,
        *,
        members: Words,
        size: int,
    ) -> None:
        """Evaluate the expressions.

        Args:
            connection: one whose view `results` shows every answered sample.
            query: the query in two steps.
            samples: the sample numbers of the view's rows, in order.
            members: the test cases.
            size: how many sample numbers there are.
        """
        relation = connection.sql(query.inputs)
        self._kinds = [str(kind) for kind in relation.types]
        self._table = relation.to_arrow_table()
        self.samples, self.size, self._members = samples, size, members
        self._shown = np.ones(len(samples), dtype=np.bool_)
        if query.has_condition:
            self._shown = self._is_true(0)
        summed = [one.value for one in query.aggregates if one.kind in ("sum", "avg")]
        self.are_exact = all(value is not None and self._is_exact(value) for value in summed)

    def term(self, one: Aggregate) -> pa.Array:
        """Return an aggregate of every test case: integers for counts and sums of integers, NULL where nothing is."""
        counted = self._counted(one)
        plane = self._plane(counted)
        n = count_many(self._members, plane)[:, 0]
        if one.kind in ("count", "count_if"):
            return pa.array(n)
        assert one.value is not None
        totals = repeatable_sums_many(self._dense(one.value, counted), self._members, plane)[:, 0]
        if one.kind == "avg":
            return pa.array(totals / np.maximum(n, 1), mask=n == 0)
        is_whole = self._kinds[one.value] not in ("FLOAT", "DOUBLE")
        return pa.array(totals.astype(np.int64) if is_whole else totals, mask=n == 0)

    def contributions(self, one: Aggregate) -> Floats:
        """Return what each answered sample adds to an aggregate, one entry for each; NaN: nothing to an average."""
        counted = self._counted(one)
        if one.kind in ("count", "count_if"):
            return counted.astype(np.float64)
        assert one.value is not None
        values = self._dense(one.value, counted)[0, self.samples]
        return np.where(counted, values, np.nan) if one.kind == "avg" else values

    def typical(self, aggregates: Sequence[Aggregate]) -> Floats:
        """Return the size of what samples add to each aggregate: 1 where they add nothing."""
        largest = [np.abs(np.nan_to_num(self.contributions(one))).max(initial=0.0) for one in aggregates]
        return np.array([one or 1.0 for one in largest])

    def _counted(self, one: Aggregate) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Return which of the answered samples an aggregate takes in."""
        counted = self._shown if one.condition is None else self._shown & self._is_true(one.condition)
        if one.kind == "count_if" and one.value is not None:
            return counted & self._is_true(one.value)
        if one.value is not None:
            return np.asarray(counted & self._table.column(one.value).is_valid().to_numpy())
        return counted

    def _is_exact(self, position: int) -> bool:
        """Return whether sums of a column are those that DuckDB gives: no integer is lost in floats."""
        kind = self._kinds[position]
        if kind not in SUMMED:
            return False
        if kind not in SMALL_WHOLE_NUMBERS or not len(self.samples):
            return True
        bounds = pc.min_max(self._table.column(position)).as_py()
        largest = max(abs(bounds["min"] or 0), abs(bounds["max"] or 0))
        return bool(largest * len(self.samples) < LARGEST_EXACT)

    def _is_true(self, position: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        return np.asarray(self._table.column(position).cast(pa.bool_()).fill_null(False).to_numpy())

    def _plane(self, counted: "np.ndarray[Any, np.dtype[np.bool_]]") -> Words:
        flags = np.zeros(self.size, dtype=np.bool_)
        flags[self.samples] = counted
        return from_flags(flags)[np.newaxis]

    def _dense(self, position: int, counted: "np.ndarray[Any, np.dtype[np.bool_]]") -> Floats:
        values = np.zeros(self.size)
        column = self._table.column(position).cast(pa.float64()) if self._kinds[position] != "BOOLEAN" else None
        if column is None:
            column = self._table.column(position).cast(pa.int8()).cast(pa.float64())
        values[self.samples] = np.where(counted, column.fill_null(0.0).to_numpy(), 0.0)
        return values[np.newaxis]
