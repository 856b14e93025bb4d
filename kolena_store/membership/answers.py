"""What DuckDB says of each distinct value of a column: true, false, or neither, for every atom."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags
from kolena_store.membership.columns import NumberColumn
from kolena_store.membership.comparisons import LARGEST_WHOLE, Comparison, compiled, literals_of
from kolena_store.predicates.row_conditions import selecting
from kolena_store.statements import Fragment, identifier, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["Answer", "NumberAnswer", "answers_on_numbers", "answers_on_values"]

ATOMS_PER_QUERY = 100
FIRST_VALUES = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an atom is true and where it is false, by value; NULL is neither."""

    true: Flags
    false: Flags


@dataclass(frozen=True, slots=True)
class NumberAnswer:
    """How to tell for known numbers whether an atom is true, and what it is for NULL."""

    holds: Comparison
    null: Answer


def answers_on_values(
    connection: "duckdb.DuckDBPyConnection", values: pa.Array, *, name: str, kind: str, keys: Sequence[str]
) -> dict[str, Answer]:
    """Return the answer of each atom on a column's distinct values; atoms that fail on one of them are left out.

    Args:
        connection: one whose table of samples may be replaced.
        values: the distinct values.
        name: the column's name.
        kind: its DuckDB type.
        keys: the atoms, as `Atom.key` has them.
    """
    connection.register("given_values", pa.table({"value": values}))
    try:
        query = statement("queries/membership", "distinct_values")
        column = Fragment(f"value::{kind} AS {identifier(name)}")
        connection.execute(query.fill(column=column))
    finally:
        connection.unregister("given_values")
    found: dict[str, Answer] = {}
    for start in range(0, len(keys), ATOMS_PER_QUERY):
        found.update(_answered(connection, keys[start : start + ATOMS_PER_QUERY]))
    return found


def answers_on_numbers(
    connection: "duckdb.DuckDBPyConnection", column: NumberColumn, *, name: str, kind: str, keys: Sequence[str]
) -> dict[str, NumberAnswer]:
    """Return the answer of those atoms that only compare the column with literals.

    Each is tried against DuckDB on the numbers around the literals and on extreme ones; one that differs is left out.
    """
    of_column = column.values.dtype.type
    tests = {key: test for key in keys if (test := compiled(key, kind=of_column)) is not None}
    probes = _probes(column, list(dict.fromkeys(number for key in tests for number in literals_of(key))), kind)
    values = pa.concat_arrays([pa.array(probes), pa.nulls(1, pa.from_numpy_dtype(probes.dtype))])
    found = answers_on_values(connection, values, name=name, kind=kind, keys=list(tests))
    return {
        key: NumberAnswer(holds=tests[key], null=Answer(answer.true[-1:], answer.false[-1:]))
        for key, answer in found.items()
        if _agree(tests[key](probes), answer)
    }


def _answered(connection: "duckdb.DuckDBPyConnection", keys: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Yield the answers of some atoms in one query; when it fails, of each in a query of its own."""
    import duckdb

    try:
        query = statement("queries/membership", "truth_of_atoms").fill(
            query=selecting([json.loads(key) for key in keys])
        )
        table = connection.sql(query).to_arrow_table()
    except duckdb.Error:
        if len(keys) > 1:
            for key in keys:
                yield from _answered(connection, [key])
        return
    for position, key in enumerate(keys):
        truth = table.column(position).combine_chunks()
        yield key, Answer(_flags(truth.fill_null(False)), _flags(pc.invert(truth).fill_null(False)))


def _flags(truth: pa.Array) -> Flags:
    return np.asarray(truth.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _agree(holds: Flags, answer: Answer) -> bool:
    known = len(holds)
    return np.array_equal(holds, answer.true[:known]) and np.array_equal(~holds, answer.false[:known])


def _probes(column: NumberColumn, literals: Sequence[Decimal], kind: str) -> NDArray[Any]:
    """Return the numbers around each literal, extreme ones, and the first of the column."""
    first = column.values[:FIRST_VALUES]
    if column.values.dtype != np.int64:
        numbers = np.array([float(number) for number in literals], dtype=column.values.dtype)
        below, above = np.nextafter(numbers, numbers - np.inf), np.nextafter(numbers, numbers + np.inf)
        extreme = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype=numbers.dtype)
        return np.concatenate([below, numbers, above, extreme, first])
    whole = np.array([int(number) for number in literals if abs(number) < LARGEST_WHOLE], dtype=np.int64)
    near = np.concatenate([whole - 1, whole, whole + 1, np.array([0], dtype=np.int64), first])
    return near[_fits(near, kind)]


def _fits(numbers: NDArray[np.int64], kind: str) -> Flags:
    bits = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}.get(kind.removeprefix("U"), 64)
    if kind.startswith("U"):
        return np.asarray((numbers >= 0) & (numbers < 2 ** min(bits, 62)))
    return np.asarray(numbers == (numbers if bits == 64 else np.clip(numbers, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)))
