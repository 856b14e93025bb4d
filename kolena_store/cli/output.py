"""Printing what was found: a table for people, JSON or CSV for programs, all three on stdout."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.display import Listing, csv_text, json_text, print_listing
from kolena_store.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.tables import Records

__all__ = ["Answer", "Rows", "arrow_rows", "listed_answer", "record_rows", "show", "write_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A table as programs read it: the columns' names, and the values of each row."""

    names: Sequence[str]
    values: Iterable[Sequence[object]]

    def records(self) -> list[dict[str, object]]:
        """Return the rows as mappings.

        Raises:
            InvalidInput: two columns have one name, so a mapping can't hold both.
        """
        repeated = [name for name in self.names if self.names.count(name) > 1]
        if repeated:
            raise InvalidInput(f"two columns are named {repeated[0]!r}; name them apart (AS), or print CSV")
        return [dict(zip(self.names, row, strict=True)) for row in self.values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command found, in its three forms; each is made only when it is asked for."""

    listings: Callable[[], Sequence[Listing | str]]
    document: Callable[[], object]
    rows: Callable[[], Rows]


def show(form: str, answer: Answer) -> None:
    """Print an answer to stdout as `table`, `json` or `csv`; the latter two are UTF-8 everywhere."""
    if form == "table":
        print_listing(answer.listings())
    elif form == "json":
        write_text(json_text(answer.document()) + "\n")
    else:
        rows = answer.rows()
        write_text(csv_text(rows.names, rows.values))


def listed_answer(name: str, records: "Records[Any]") -> Answer:
    """Return records in their three forms; JSON has them under a name."""
    names = [column.name for column in records.layout.fields]
    return Answer(
        listings=records.listings,
        document=lambda: {name: records.rows()},
        rows=lambda: record_rows(names, records.rows()),
    )


def record_rows(names: Sequence[str], records: Iterable[Mapping[str, object]]) -> Rows:
    """Return mappings as rows."""
    return Rows(names=names, values=([record[name] for name in names] for record in records))


def arrow_rows(table: "pa.Table") -> Rows:
    """Return an Arrow table as rows."""
    columns = [_values(column) for column in table.columns]
    return Rows(names=table.column_names, values=zip(*columns, strict=True))


def _values(column: "pa.ChunkedArray") -> list[Any]:
    """Return a column's values: sums of integers as such, and as text what Python has no type for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = _in_microseconds(column)
    try:
        values = list(plain.to_pylist())
    except (ValueError, OverflowError):
        return list(pc.cast(plain, pa.string()).to_pylist())
    is_whole = pa.types.is_decimal(plain.type) and plain.type.scale == 0
    return [None if value is None else int(value) for value in values] if is_whole else values


def _in_microseconds(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Return moments that count in nanoseconds as Python counts, or as text when that would lose something."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_time64(kind)) or kind.unit != "ns":
        return column
    try:
        return pc.cast(column, pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else pa.time64("us"))
    except pa.ArrowInvalid:
        return pc.replace_substring(pc.cast(column, pa.string()), " ", "T")


def write_text(text: str) -> None:
    """Write text to stdout as UTF-8, whatever the terminal's encoding."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
