"""The first line of a CSV file: the columns' names, and what separates the cells and the lines."""

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kolena_store.errors import EmptyInput, MalformedFile
from kolena_store.formats.paths import opened

__all__ = ["CsvHeader", "any_cell_size", "header_of", "text_of"]

DELIMITERS = (",", ";", "\t", "|")
ROWS_COMPARED = 20
LONGEST_RECORD = 16_000_000
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UNDECODED = re.compile(r"[\udc80-\udcff]")
LONE_LINE_END = re.compile(r"\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvHeader:
    """The columns' names, the character between the cells of a line, and the characters that end the first line."""

    names: tuple[str, ...]
    delimiter: str
    line_end: str


def header_of(path: Path, label: str) -> CsvHeader:
    """Return the names in a CSV file's first line, and the delimiter that splits it and the rows into most cells.

    Names that are written without quotes lose the blanks around them.

    Raises:
        EmptyInput: the file holds nothing, or a byte-order mark alone.
        MalformedFile: the first line is blank or no UTF-8 text, or a name holds line ends of another kind.
    """
    _check_encoding(path, label)
    with text_of(path, errors="surrogateescape") as lines:
        records = list(islice(_records(lines), ROWS_COMPARED + 1))
    if not records:
        raise EmptyInput(f"{label} is empty; give a file with columns")
    header, *rows = records
    _check_characters(header, label)
    text = header.rstrip("\r\n")
    if not text.strip():
        raise MalformedFile.of(label, 1, "the line is blank", "Write the columns' names in the first line of the file")
    line_end = header[len(text) :]
    if line_end == "\r\n" and LONE_LINE_END.search(text):
        raise MalformedFile.of(label, 1, "a column's name holds a line end", "Write each name on one line")
    with any_cell_size():
        delimiter = _delimiter(path, text, [row for row in rows if row.strip()])
        names = _cells(text, delimiter)
    return CsvHeader(
        names=tuple(names if '"' in text else (name.strip() for name in names)), delimiter=delimiter, line_end=line_end
    )


@contextmanager
def text_of(path: Path, errors: str = "strict") -> Iterator[Iterator[str]]:
    """Open a file for reading its lines, decompressed and decoded, with their line ends."""
    with opened(path) as handle:
        yield io.TextIOWrapper(handle, encoding="utf-8-sig", errors=errors, newline="")


@contextmanager
def any_cell_size() -> Iterator[None]:
    """Lift the csv module's limit on a cell's size, which is one for the whole process, for the time of a search."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _delimiter(path: Path, header: str, rows: Sequence[str]) -> str:
    """Return the delimiter that splits the header, and best each row into as many cells as the header."""
    if ".tsv" in path.name.lower():
        return "\t"

    def fitness(mark: str) -> tuple[bool, bool, bool, int]:
        n_names = len(_cells(header, mark))
        fits = all(len(_cells(row, mark)) == n_names for row in rows)
        return n_names > 1, _is_well_quoted(header, mark), fits, n_names

    return max(DELIMITERS, key=fitness)


def _is_well_quoted(header: str, delimiter: str) -> bool:
    try:
        next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        return False
    return True


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))


def _records(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines, joined as long as a quote is open."""
    read: list[str] = []
    n_quotes = n_characters = 0
    for line in lines:
        read.append(line)
        n_quotes += line.count('"')
        n_characters += len(line)
        if n_quotes % 2 == 0 or n_characters > LONGEST_RECORD:
            yield "".join(read)
            read, n_quotes, n_characters = [], 0, 0
    if read:
        yield "".join(read)


def _check_characters(header: str, label: str) -> None:
    """Refuse bytes that are no UTF-8: they were read as half characters."""
    found = UNDECODED.search(header)
    if found is not None:
        line = header.count("\n", 0, found.start()) + 1
        problem = f"the text is not UTF-8 (byte 0x{ord(found[0]) - 0xDC00:x})"
        raise MalformedFile.of(label, line, problem, "Save the file as UTF-8")


def _check_encoding(path: Path, label: str) -> None:
    with opened(path) as handle:
        start = handle.read(1024)
    if start.startswith(UTF16_MARKS) or 4 * start.count(b"\0") > len(start):
        raise MalformedFile.of(label, 1, "the text is not UTF-8 (it may be UTF-16)", "Save the file as UTF-8")
