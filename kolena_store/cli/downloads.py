"""Writing a table to a file: CSV, JSON Lines or Parquet, as the file's name says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from kolena_store.cli.outcomes import note
from kolena_store.cli.output import arrow_rows
from kolena_store.display import counted, csv_text, json_text
from kolena_store.errors import InvalidInput
from kolena_store.files import beside

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_ending", "write_table", "write_text"]

ROWS_AT_ONCE = 10_000


def check_ending(path: str) -> None:
    """Refuse a file whose name does not say how to write it.

    Raises:
        InvalidInput: it ends in something else than `.csv`, `.jsonl` or `.parquet`.
    """
    if Path(path).suffix.lower() not in WRITERS:
        raise InvalidInput(f"{path}: the name must end in one of {', '.join(WRITERS)}, which says how to write it")


def write_table(path: str, table: "pa.Table") -> None:
    """Write a table to a file, whole or not at all, and say so on stderr."""
    check_ending(path)
    write = WRITERS[Path(path).suffix.lower()]
    _replace(Path(path), lambda file: write(file, table))
    note(f"wrote {counted(table.num_rows, 'row')} to {path}")


def write_text(path: str, text: str) -> None:
    """Write UTF-8 text to a file, whole or not at all, and say so on stderr."""
    _replace(Path(path), lambda file: file.write(text.encode()))
    note(f"wrote {path}")


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write beside the file, then put it in its place; a file that can't be replaced (a pipe) is written directly."""
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            write(file)
        return
    try:
        with beside(path) as part, part.open("wb") as file:
            write(file)
    except FileNotFoundError:
        raise InvalidInput(f"{path} can't be written: there is no folder {path.parent}; make it first") from None


def _write_csv(file: BinaryIO, table: "pa.Table") -> None:
    head = csv_text(table.column_names, [])
    file.write(head.encode())
    for part in _parts(table):
        file.write(csv_text(table.column_names, arrow_rows(part).values)[len(head) :].encode())


def _write_json_lines(file: BinaryIO, table: "pa.Table") -> None:
    for part in _parts(table):
        file.write("".join(f"{json_text(record, indent=None)}\n" for record in arrow_rows(part).records()).encode())


def _write_parquet(file: BinaryIO, table: "pa.Table") -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, file)


def _parts(table: "pa.Table") -> "Iterator[pa.Table]":
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        yield table.slice(start, ROWS_AT_ONCE)


WRITERS = MappingProxyType({".csv": _write_csv, ".jsonl": _write_json_lines, ".parquet": _write_parquet})
