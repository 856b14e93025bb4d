"""Results that hold rows: the three ways out, listings of records, and how a plain table prints."""

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, SupportsIndex, TypeVar, overload

from kolena_store.digests import canonical_json
from kolena_store.display import Column, Listing, Printable, number

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["ArrowBacked", "Layout", "QueryResult", "RecordColumn", "Records", "Tabular", "table_of"]

ROWS_SHOWN = 40
EXPLAINED = ("explain_key", "explain_value")
NUMBERS = ("key", "whole", "number")

T = TypeVar("T")
Kind = Literal["text", "key", "whole", "number", "moment", "texts", "flag", "document"]


class Tabular(Printable):
    """A result whose rows can be had as an Arrow table, a Polars or pandas frame, or dictionaries."""

    __slots__ = ()

    def arrow(self) -> "pa.Table":
        """Return the rows as an Arrow table."""
        raise TypeError(f"{type(self).__name__} holds no table")

    def pl(self) -> "pl.DataFrame":
        """Return the rows as a Polars frame."""
        import polars

        frame = polars.from_arrow(self.arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def df(self) -> "pd.DataFrame":
        """Return the rows as a pandas frame; pandas is yours to install."""
        return self.arrow().to_pandas()

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        return list(self.arrow().to_pylist())


class ArrowBacked(Tabular):
    """A result that is an Arrow table: it is as long as that, and iterates its rows as dictionaries."""

    __slots__ = ()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows())

    def __len__(self) -> int:
        return int(self.arrow().num_rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryResult(ArrowBacked):
    """What a query returned."""

    table: "pa.Table" = field(repr=False)

    def arrow(self) -> "pa.Table":
        """Return the rows as an Arrow table."""
        return self.table

    def listings(self) -> Sequence[Listing | str]:
        """Return the first rows as a listing, and how many more there are; of EXPLAIN the plan alone."""
        if tuple(self.table.column_names) == EXPLAINED:
            return [_plan(self.table)]
        columns = tuple(_column(field) for field in self.table.schema)
        shown = [_values(column) for column in self.table.slice(0, ROWS_SHOWN).columns]
        rows = tuple(tuple(map(_cell, row)) for row in zip(*shown, strict=True))
        more = self.table.num_rows - len(rows)
        return [Listing(title=None, columns=columns, rows=rows), *([f"{number(more)} more rows"] if more > 0 else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordColumn:
    """One column of records: `of` is the attribute that holds it (by default its name), or makes it of the record.

    A `key` is a number that names something; a `document` is a mapping, and JSON text where a column has one type.
    """

    name: str
    kind: Kind = "text"
    of: str | Callable[[Any], object] | None = None

    def value(self, record: object) -> Any:
        """Return what a record has in this column."""
        return self.of(record) if callable(self.of) else getattr(record, self.of or self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of records: `fields` as programs read them, `shown` as people do."""

    fields: tuple[RecordColumn, ...]
    shown: tuple[RecordColumn, ...]


class Records(list[T], Tabular):
    """A list of records that prints as a table; `.rows()`, `.arrow()`, `.pl()`, `.df()` leave out what is internal."""

    def __init__(self, records: Iterable[T], layout: Layout, *, title: str | None = None) -> None:
        """Hold the records, with the columns that stand for them."""
        super().__init__(records)
        self.layout = layout
        self.title = title

    def __repr__(self) -> str:
        return str(self)

    @overload
    def __getitem__(self, key: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, key: slice) -> Self: ...

    def __getitem__(self, key: SupportsIndex | slice) -> "T | Self":
        """Return one record, or some of them as records again."""
        if isinstance(key, slice):
            return type(self)(super().__getitem__(key), self.layout, title=self.title)
        return super().__getitem__(key)

    def arrow(self) -> "pa.Table":
        """Return the records as an Arrow table; documents are JSON text."""
        return table_of(self.layout.fields, self)

    def rows(self) -> list[dict[str, Any]]:
        """Return the records as dictionaries; documents are parsed."""
        return [{column.name: column.value(record) for column in self.layout.fields} for record in self]

    def listings(self) -> Sequence[Listing | str]:
        """Return the records as a table."""
        shown = self.layout.shown
        columns = tuple(
            Column(title=column.name, align="right" if column.kind in NUMBERS else "left") for column in shown
        )
        rows = tuple(tuple(_record_cell(column, record) for column in shown) for record in self)
        return [Listing(title=self.title, columns=columns, rows=rows)]


def table_of(columns: Sequence[RecordColumn], records: Iterable[object]) -> "pa.Table":
    """Return records as an Arrow table, with the same types however many there are."""
    import pyarrow as pa

    types = {
        **dict.fromkeys(("text", "document"), pa.string()),
        **dict.fromkeys(("key", "whole"), pa.int64()),
        "number": pa.float64(),
        "moment": pa.timestamp("us"),
        "texts": pa.list_(pa.string()),
        "flag": pa.bool_(),
    }
    listed = list(records)
    arrays = [
        pa.array([_plain(column, column.value(record)) for record in listed], types[column.kind]) for column in columns
    ]
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])


def _plain(column: RecordColumn, value: Any) -> object:
    """Return a value as Arrow takes it."""
    if value is None:
        return None
    if column.kind == "document":
        return canonical_json(value)
    return list(value) if column.kind == "texts" else value


def _record_cell(column: RecordColumn, record: object) -> str:
    value = column.value(record)
    if value is None:
        return ""
    if column.kind in ("whole", "number"):
        return number(value)
    if column.kind == "flag":
        return "yes" if value else ""
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={one}" for name, one in value.items())
    return ", ".join(value) if column.kind == "texts" else str(value)


def _plan(table: "pa.Table") -> Listing:
    rows = tuple((str(text).rstrip("\n"),) for text in table.column(1).to_pylist())
    return Listing(title=None, columns=(Column(title="plan", keeps_lines=True),), rows=rows)


def _column(field: "pa.Field") -> Column:
    from pyarrow import types

    is_number = types.is_integer(field.type) or types.is_floating(field.type) or types.is_decimal(field.type)
    return Column(title=field.name, align="right" if is_number else "left", keeps_lines=True)


def _values(column: "pa.ChunkedArray") -> list[Any]:
    """Return the values of a column; as text where Python has none such, as of dates beyond the year 9999."""
    import pyarrow as pa

    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        return list(column.cast(pa.string()).to_pylist())


def _cell(value: object) -> str:
    if value is None:
        return "NULL"
    return number(value) if isinstance(value, float) else str(value)
