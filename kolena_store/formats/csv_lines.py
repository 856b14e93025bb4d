"""A CSV file line by line: where in the file a row stands, and where it breaks the format."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kolena_store.formats.csv_header import CsvHeader, any_cell_size, text_of
from kolena_store.formats.paths import opened

__all__ = ["Fault", "fault_of", "line_of_row"]

LONGEST_LINE = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where a file breaks its format, how, and what to do."""

    line: int | None
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    line: int
    cells: list[str]
    ending: str = ""
    n_characters: int = 0
    quote_problem: str = ""


def line_of_row(path: Path, header: CsvHeader, position: int) -> int | None:
    """Return the line on which a row begins, given its number (the row after the header is 1)."""
    try:
        for number, record in enumerate(_records(path, header.delimiter)):
            if number == position:
                return record.line
    except UnicodeDecodeError:
        return None
    return None


def fault_of(path: Path, header: CsvHeader) -> Fault | None:
    """Return the first place at which a CSV file breaks its format, or None when there is none to be found."""
    ending = ""
    try:
        for record in _records(path, header.delimiter, is_strict=True):
            ending = ending or record.ending
            fault = _fault_of_record(record, header, ending)
            if fault is not None:
                return fault
    except UnicodeDecodeError:
        return _encoding_fault(path)
    return None


def _fault_of_record(record: _Record, header: CsvHeader, ending: str) -> Fault | None:
    if record.quote_problem:
        remedy = (
            'Put a cell that holds quotes, delimiters or line ends in quotes, and double each quote inside: "a ""b"" c"'
        )
        return Fault(line=record.line, problem=f"the quotes don't match ({record.quote_problem})", remedy=remedy)
    expected, found = len(header.names), len(record.cells)
    is_trailing = found == expected + 1 and not record.cells[-1]
    if found != expected and not is_trailing:
        return Fault(
            line=record.line,
            problem=f"{found} cell{'s' if found > 1 else ''} where the header names {expected} columns",
            remedy=f"Correct the line, or put cells that hold {header.delimiter!r} in quotes",
        )
    if record.n_characters > LONGEST_LINE:
        problem = f"the line has {record.n_characters:,} characters, and {LONGEST_LINE:,} are read at most"
        return Fault(line=record.line, problem=problem, remedy="Give the data as Parquet")
    if record.ending not in ("", ending):
        problem = f"the line ends in {record.ending!r}, those before it in {ending!r}"
        return Fault(line=record.line, problem=problem, remedy="Save the file with one kind of line ends")
    return None


def _records(path: Path, delimiter: str, *, is_strict: bool = False) -> Iterator[_Record]:
    """Yield the header and the rows; blank lines are none."""
    with text_of(path) as handle, any_cell_size():
        read: list[str] = []
        reader = csv.reader(_noting(handle, read), delimiter=delimiter, strict=is_strict)
        line = 1
        try:
            for cells in reader:
                if cells:
                    text = "".join(read)
                    ending = text[len(text.rstrip("\r\n")) :]
                    yield _Record(line=line, cells=cells, ending=ending, n_characters=len(text))
                read.clear()
                line = reader.line_num + 1
        except csv.Error as error:
            yield _Record(line=line, cells=[], quote_problem=str(error))


def _noting(lines: Iterator[str], read: list[str]) -> Iterator[str]:
    for line in lines:
        read.append(line)
        yield line


def _encoding_fault(path: Path) -> Fault:
    line, byte = None, b""
    with opened(path) as handle:
        for number, content in enumerate(handle, start=1):
            try:
                content.decode("utf-8")
            except UnicodeDecodeError as error:
                line, byte = number, content[error.start : error.start + 1]
                break
    return Fault(line=line, problem=f"the text is not UTF-8 (byte 0x{byte.hex()})", remedy="Save the file as UTF-8")
