"""What every kind of input becomes: named columns of plain Arrow types, read in batches."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput, MissingColumns
from kolena_store.formats.categories import Categories

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NO_CATEGORIES", "TableInput", "read_once", "renamed_input", "rows_per_batch"]

NO_CATEGORIES: Mapping[str, Categories] = MappingProxyType({})
CELLS_PER_BATCH = 2_000_000
MOST_ROWS_PER_BATCH = 65_536
LEAST_ROWS_PER_BATCH = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class TableInput:
    """A table that is about to be stored: its columns are known, its rows are read when they are asked for.

    `schema` has plain value types: a dictionary column is decoded, and `categories` keeps its values and their order.
    `is_text` says that the cells had no declared type (CSV, JSON Lines). `n_rows` is None when it is not known yet.
    `index` names the levels of a pandas frame's index, which is left out.
    """

    name: str
    schema: "pa.Schema"
    categories: Mapping[str, Categories] = field(default_factory=lambda: NO_CATEGORIES)
    is_text: bool = False
    n_rows: int | None = None
    index: tuple[str, ...] = ()
    source: "Callable[[], Iterator[pa.RecordBatch]]" = field(repr=False)

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """Yield the rows in order, in batches that have exactly `schema`.

        Raises:
            InvalidInput: the rows can be read once only and were, or a value does not fit its column's type.
            MalformedFile: the file breaks its format further down.
        """
        return self.source()


def renamed_input(source: TableInput, columns: Mapping[str, str]) -> TableInput:
    """Return the input with only some of its columns under new names, given as new name -> name in the input.

    Raises:
        MissingColumns: the input lacks one of them.
    """
    missing = [name for name in columns.values() if name not in source.schema.names]
    if missing:
        raise MissingColumns.of(source.name, missing, source.schema.names)
    positions = [source.schema.get_field_index(name) for name in columns.values()]
    schema = _selected(source.schema, positions, list(columns))
    return TableInput(
        name=source.name,
        schema=schema,
        categories=MappingProxyType(
            {new: source.categories[old] for new, old in columns.items() if old in source.categories}
        ),
        is_text=source.is_text,
        n_rows=source.n_rows,
        index=source.index,
        source=lambda: _renamed_batches(source, positions, schema),
    )


def read_once(name: str, batches: "Iterator[pa.RecordBatch]") -> "Callable[[], Iterator[pa.RecordBatch]]":
    """Return a source that yields the batches at its first call and refuses a second one."""
    remaining = [batches]

    def source() -> "Iterator[pa.RecordBatch]":
        if not remaining:
            raise InvalidInput(f"{name} was read already, and it can be read once only; give it again, or give a table")
        return remaining.pop()

    return source


def rows_per_batch(n_columns: int) -> int:
    """Return how many rows of so many columns are held at a time."""
    return max(LEAST_ROWS_PER_BATCH, min(MOST_ROWS_PER_BATCH, CELLS_PER_BATCH // max(n_columns, 1)))


def _selected(schema: "pa.Schema", positions: list[int], names: list[str]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([schema.field(position).with_name(name) for position, name in zip(positions, names, strict=True)])


def _renamed_batches(source: TableInput, positions: list[int], schema: "pa.Schema") -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    for batch in source.batches():
        yield pa.RecordBatch.from_arrays([batch.column(position) for position in positions], schema=schema)
