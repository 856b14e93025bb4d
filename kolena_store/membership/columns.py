"""Metadata columns in memory, dense over the samples: as codes of their distinct values, or as plain numbers."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags, Samples
from kolena_store.number_types import SMALL_WHOLE_NUMBERS

__all__ = ["CodedColumn", "Column", "NumberColumn", "dense_column", "is_loadable"]

MOST_VALUES = 65_000
FIRST_ROWS = 131_072
MOST_FIRST_VALUES = 32_768
NUMBERS = ("DOUBLE", "FLOAT", *SMALL_WHOLE_NUMBERS)
PLAIN = frozenset(
    {"BOOLEAN", "UBIGINT", "VARCHAR", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"}
) | frozenset({"TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", *NUMBERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedColumn:
    """One code per place, an unsigned integer: the position of its value; the number of values where nothing lies.

    `values` are the distinct values in ascending order, NULL behind them if it occurs; floats that differ in a single
    bit are distinct.
    """

    codes: NDArray[Any]
    values: pa.Array


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """One number per place; `known` says where one lies (None: everywhere), `present` where a sample does."""

    values: NDArray[Any]
    known: Flags | None
    present: Flags | None


Column: TypeAlias = CodedColumn | NumberColumn


def is_loadable(kind: str) -> bool:
    """Return whether a column of this DuckDB type can be held as codes or numbers."""
    return kind in PLAIN or kind.startswith("DECIMAL(")


def dense_column(column: pa.ChunkedArray, places: Samples | None, size: int, kind: str) -> Column | None:
    """Return a column over the places [0, size), or None when it has too many values and is none of numbers.

    Args:
        column: one value per sample.
        places: where each sample's value belongs; None: in this order, from 0 to the last place.
        size: how many places there are.
        kind: the column's DuckDB type.
    """
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        if combined.num_chunks > 1:
            return None
        combined = combined.chunk(0) if combined.num_chunks else pa.array([], column.type)
    coded = _coded(combined)
    if coded is not None:
        return _placed(*coded, places, size)
    return _numbers(combined, places, size) if kind in NUMBERS else None


def _coded(column: pa.Array) -> tuple[NDArray[Any], pa.Array] | None:
    """Return the code of each value, and the values in order."""
    bits = _as_bits(column)
    if len(bits) > FIRST_ROWS and pc.count_distinct(bits.slice(0, FIRST_ROWS), mode="all").as_py() > MOST_FIRST_VALUES:
        return None
    encoded = pc.dictionary_encode(bits, null_encoding="encode")
    if len(encoded.dictionary) > MOST_VALUES:
        return None
    values = encoded.dictionary.view(column.type) if bits.type != column.type else encoded.dictionary
    order = _order(values)
    ranks = np.empty(len(values), dtype=_code_type(len(values)))
    ranks[order] = np.arange(len(values))
    return ranks[encoded.indices.to_numpy()], values.take(pa.array(order))


def _as_bits(column: pa.Array) -> pa.Array:
    """Return floats as integers of the same bits: Arrow takes every NaN for one."""
    if pa.types.is_float64(column.type):
        return column.view(pa.int64())
    return column.view(pa.int32()) if pa.types.is_float32(column.type) else column


def _order(values: pa.Array) -> Samples:
    comparable = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
    return np.asarray(pc.array_sort_indices(comparable).to_numpy(), dtype=np.int64)


def _code_type(n_values: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if n_values < 256 else np.uint16


def _placed(codes: NDArray[Any], values: pa.Array, places: Samples | None, size: int) -> CodedColumn:
    if places is not None:
        dense = np.full(size, len(values), dtype=codes.dtype)
        dense[places] = codes
        codes = dense
    return CodedColumn(codes=codes, values=values)


def _numbers(column: pa.Array, places: Samples | None, size: int) -> NumberColumn:
    known = column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
    filled = column.fill_null(0) if column.null_count else column
    values = filled.to_numpy(zero_copy_only=False)
    values = values if values.dtype.kind == "f" else values.astype(np.int64)
    if places is None:
        return NumberColumn(values=values, known=known, present=None)
    dense = np.zeros(size, dtype=values.dtype)
    dense[places] = values
    is_known, is_present = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    is_present[places] = True
    is_known[places] = True if known is None else known
    return NumberColumn(values=dense, known=is_known, present=is_present)
