"""Arrow in memory and Arrow streams: tables, readers, and whatever yields tables one after the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, cast

from kolena_store.errors import EmptyInput, InvalidInput, shown
from kolena_store.formats.casts import cast_batch
from kolena_store.formats.frames import is_from, table_of_pandas, table_of_polars
from kolena_store.formats.inputs import TableInput, rows_per_batch
from kolena_store.formats.records import table_of_records
from kolena_store.formats.typed import once_read_input, typed_input
from kolena_store.formats.widening import is_widening

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["NamedTable", "open_iterable", "open_stream", "open_table_in_memory", "table_in_memory"]

STREAM = "the Arrow stream"
BATCHES = "the list of tables"
RECORDS = "the list of dictionaries"


@dataclass(frozen=True, slots=True, eq=False)
class NamedTable:
    """A table that was read from a file in a form of its own; errors name the file."""

    name: str
    table: "pa.Table"


def table_in_memory(source: object) -> "tuple[str, pa.Table] | None":
    """Return what to call a table in memory and the table itself; None when the source is something else."""
    import pyarrow as pa

    if isinstance(source, NamedTable):
        return source.name, source.table
    if isinstance(source, pa.Table):
        return "the Arrow table", source
    if isinstance(source, pa.RecordBatch):
        return "the Arrow batch", pa.Table.from_batches([source])
    if is_from(source, "polars", "DataFrame"):
        return "the Polars frame", table_of_polars(cast("pl.DataFrame", source))
    if is_from(source, "pandas", "DataFrame"):
        return "the pandas frame", table_of_pandas(cast("pd.DataFrame", source))
    return None


def open_table_in_memory(name: str, table: "pa.Table", *, types: Mapping[str, str]) -> TableInput:
    """Return an Arrow table as an input."""
    n_rows = rows_per_batch(table.num_columns)
    return typed_input(
        name, table.schema, lambda: iter(table.to_batches(max_chunksize=n_rows)), types=types, n_rows=table.num_rows
    )


def open_stream(source: object, *, types: Mapping[str, str]) -> TableInput:
    """Return a record batch reader, or anything with an Arrow stream, as an input that can be read once.

    Raises:
        InvalidInput: the stream holds no table, or its types can't be stored.
    """
    import pyarrow as pa

    try:
        reader = source if isinstance(source, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(source)
    except pa.ArrowException as error:
        raise InvalidInput(
            f"the Arrow stream of an object of type {type(source).__name__} holds no table ({error}); give a table"
        ) from error
    return once_read_input(STREAM, reader.schema, _batches_of_reader(reader), types=types)


def open_iterable(source: "Iterable[object]", *, types: Mapping[str, str]) -> TableInput:
    """Return dictionaries, or tables one after the other, as an input; tables of an iterator can be read once.

    Raises:
        EmptyInput: there is nothing in it.
        InvalidInput: an item is neither, or its columns are not those of the first one.
    """
    items = iter(source)
    first = next(items, None)
    if first is None:
        raise EmptyInput("the list has no items; give at least one dictionary or table")
    if isinstance(first, Mapping):
        return open_table_in_memory(RECORDS, table_of_records([first, *items], RECORDS), types=types)
    found = table_in_memory(first)
    if found is None:
        raise InvalidInput(
            f"objects of type {type(first).__name__} are no table; give dictionaries, Arrow tables or frames"
        )
    schema = found[1].schema
    if isinstance(source, Sequence):
        return typed_input(BATCHES, schema, lambda: _batches_of_tables(source, schema, types), types=types)
    return once_read_input(BATCHES, schema, _batches_of_tables(chain([first], items), schema, types), types=types)


def _batches_of_reader(reader: "pa.RecordBatchReader") -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    n_rows = rows_per_batch(len(reader.schema))
    try:
        for batch in reader:
            yield from pa.Table.from_batches([batch]).to_batches(max_chunksize=n_rows)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{STREAM} broke off: {error}; give it again") from error


def _batches_of_tables(
    items: Iterable[object], schema: "pa.Schema", types: Mapping[str, str]
) -> "Iterator[pa.RecordBatch]":
    for number, item in enumerate(items, start=1):
        found = table_in_memory(item)
        if found is None:
            raise InvalidInput(
                f"item {number} of {BATCHES} is of type {type(item).__name__}, no table; give tables alone"
            )
        table = found[1]
        wanted = _checked_schema(number, table.schema, schema, types)
        for batch in table.select(wanted.names).to_batches(max_chunksize=rows_per_batch(len(wanted))):
            yield cast_batch(batch, wanted, f"item {number} of {BATCHES}")


def _checked_schema(number: int, found: "pa.Schema", first: "pa.Schema", types: Mapping[str, str]) -> "pa.Schema":
    """Return the first item's schema, with the found types of the columns that are cast to a declared type later."""
    import pyarrow as pa

    if sorted(found.names) != sorted(first.names):
        differing = sorted(set(found.names) ^ set(first.names)) or found.names
        raise InvalidInput(
            f"item {number} of {BATCHES} has other columns than the first ({shown(differing)}); "
            "give the same columns in each"
        )
    for field in first:
        kind = found.field(field.name).type
        if field.name not in types and not is_widening(kind, field.type):
            raise InvalidInput(
                f"item {number} of {BATCHES}: column {field.name!r} holds {kind}, in the first item {field.type}; "
                f"convert it, or declare types={{{field.name!r}: ...}}"
            )
    return pa.schema([found.field(field.name) if field.name in types else field for field in first])
