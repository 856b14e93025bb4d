"""Results over an Arrow table: the three ways out, and how a plain table prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.display import Column, Listing, Printable, number

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["ArrowBacked", "QueryResult"]

ROWS_SHOWN = 40


class ArrowBacked(Printable):
    """A result that holds its rows as an Arrow table."""

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryResult(ArrowBacked):
    """What a query returned."""

    table: "pa.Table"

    def arrow(self) -> "pa.Table":
        """Return the rows as an Arrow table."""
        return self.table

    def listings(self) -> Sequence[Listing | str]:
        """Return the first rows as a listing, and how many more there are."""
        columns = tuple(_column(field) for field in self.table.schema)
        rows = tuple(tuple(map(_cell, row.values())) for row in self.table.slice(0, ROWS_SHOWN).to_pylist())
        more = self.table.num_rows - len(rows)
        return [Listing(title=None, columns=columns, rows=rows), *([f"{number(more)} more rows"] if more > 0 else [])]


def _column(field: "pa.Field") -> Column:
    from pyarrow import types

    is_number = types.is_integer(field.type) or types.is_floating(field.type) or types.is_decimal(field.type)
    return Column(title=field.name, align="right" if is_number else "left")


def _cell(value: object) -> str:
    if value is None:
        return "NULL"
    return number(value) if isinstance(value, float) else str(value)
