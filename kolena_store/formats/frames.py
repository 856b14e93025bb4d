"""Data frames of Polars and pandas; pandas itself is never imported, a frame of it is known by its type's name."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from kolena_store.errors import InvalidInput
from kolena_store.formats.categories import has_categories
from kolena_store.formats.inputs import TableInput, rows_per_batch
from kolena_store.formats.records import array_of_objects
from kolena_store.formats.typed import once_read_input, typed_input

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["index_names", "is_from", "open_lazy_frame", "table_of_pandas", "table_of_polars"]

PANDAS = "the pandas frame"
POLARS = "the Polars frame"
QUERY = "the Polars query"


def is_from(source: object, package: str, name: str) -> bool:
    """Return whether an object's type, or one that it derives from, is the class `name` of a package."""
    return any(kind.__name__ == name and kind.__module__.split(".")[0] == package for kind in type(source).__mro__)


def index_names(source: object) -> tuple[str, ...]:
    """Return the names of a pandas frame's index, which `table_of_pandas` leaves out; nothing for other objects."""
    if not is_from(source, "pandas", "DataFrame"):
        return ()
    return tuple(str(name) for name in cast("pd.DataFrame", source).index.names if name is not None)


def table_of_pandas(frame: "pd.DataFrame") -> "pa.Table":
    """Return a pandas frame as a table; its index is left out.

    NaN stays NaN in columns of floats; in columns of nullable types, of text and of times a missing value is NULL.
    In an object column None is NULL, and NaN is NaN among numbers. Categories keep their order.

    Raises:
        InvalidInput: a column mixes kinds of values, or holds some that can't be stored.
    """
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    arrays = [_array_of_series(frame.iloc[:, position], name) for position, name in enumerate(names)]
    return pa.Table.from_arrays(arrays, names=names)


def table_of_polars(frame: "pl.DataFrame") -> "pa.Table":
    """Return a Polars frame as a table.

    Raises:
        InvalidInput: a column has a type that Arrow does not have.
    """
    import pyarrow as pa

    _check_polars_types(frame.schema, POLARS)
    try:
        return frame.to_arrow()
    except pa.ArrowException as error:
        raise InvalidInput(
            f"{POLARS} has a column that Arrow does not have: {error}; cast it to another type"
        ) from error


def open_lazy_frame(query: "pl.LazyFrame", *, types: Mapping[str, str]) -> TableInput:
    """Return the rows of a Polars query, which runs when they are read; only a part of them is held at a time.

    Raises:
        InvalidInput: the query fails, or its columns can't be stored.
    """
    import polars as pl

    try:
        schema = query.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(_failed(error)) from error
    _check_polars_types(schema, QUERY)
    arrow_schema = table_of_polars(pl.DataFrame(schema=schema)).schema
    if any(has_categories(kind) for kind in arrow_schema.types):
        return once_read_input(QUERY, arrow_schema, _query_batches(query), types=types)
    return typed_input(QUERY, arrow_schema, lambda: _query_batches(query), types=types)


def _array_of_series(series: "pd.Series", name: str) -> "pa.Array | pa.ChunkedArray":
    import numpy as np
    import pyarrow as pa

    kind = str(series.dtype)
    if kind == "object":
        return array_of_objects(series.to_list(), name, PANDAS)
    if kind.startswith("Sparse"):
        return _array_of_series(series.sparse.to_dense(), name)
    try:
        if isinstance(series.dtype, np.dtype) and series.dtype.kind == "f":
            return pa.array(series.to_numpy(), from_pandas=False)
        return pa.array(series)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{PANDAS}: column {name!r} has type {kind}, which can't be stored: {error}; convert it to another type"
        ) from error


def _query_batches(query: "pl.LazyFrame") -> "Iterator[pa.RecordBatch]":
    import polars as pl

    n_rows = rows_per_batch(len(query.collect_schema()))
    try:
        frames = query.collect_batches(chunk_size=n_rows) if hasattr(query, "collect_batches") else [query.collect()]
        for frame in frames:
            yield from table_of_polars(frame).to_batches(max_chunksize=n_rows)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise InvalidInput(_failed(error)) from error


def _check_polars_types(schema: "pl.Schema", where: str) -> None:
    import polars as pl

    wide = tuple(getattr(pl, name) for name in ("Int128", "UInt128") if hasattr(pl, name))
    for name, kind in schema.items():
        if kind == pl.Object or kind in wide:
            raise InvalidInput(
                f"{where}: column {name!r} has type {kind}, which can't be stored; cast it, such as to String"
            )


def _failed(error: BaseException) -> str:
    problem = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"{QUERY} failed: {problem}; correct the query, or give the frame that collect() returns"
