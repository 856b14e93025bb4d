"""Text files as rows of DuckDB: a connection that sees one file and nothing else, and what can be asked of its rows."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import LimitExceeded
from kolena_store.formats.inputs import rows_per_batch
from kolena_store.formats.paths import path_for_duckdb
from kolena_store.statements import Fragment, Statement, joined, statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["TextScan", "query", "stream"]

SETTINGS = (
    ("python_enable_replacements", "false"),
    ("autoinstall_known_extensions", "false"),
    ("autoload_known_extensions", "false"),
    ("allow_community_extensions", "false"),
    ("allow_unsigned_extensions", "false"),
    ("memory_limit", "1GB"),
    ("temp_directory", ""),
)
MOST_THREADS = 4
OUT_OF_MEMORY = "Out of Memory Error"
MACROS = (
    "trimmed_cell",
    "present_cell",
    "class_of_cell",
    "is_plain_blank",
    "is_plain_integer",
    "is_plain_number",
    "is_plain_boolean",
    "is_plain_date",
    "is_plain_timestamp",
)
MANY_COLUMNS = 300
"""From so many on, DuckDB takes longer to look for expressions that columns share than to read the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextScan:
    """A text file as rows: the SQL that reads it, and the parameters of that SQL, `path` among them.

    `label` is the path as the user gave it.
    """

    path: Path
    label: str
    rows: Fragment
    parameters: Mapping[str, object]

    def ask(self, name: str, *, threads: int | None = None, **fragments: Fragment) -> list[tuple[Any, ...]]:
        """Return what a named statement over the rows answers."""
        with _connected(self.path, self._n_columns, threads) as connection:
            return connection.execute(self._text(name, fragments), self.parameters).fetchall()

    def measure(self, measures: Iterable[Fragment]) -> tuple[Any, ...]:
        """Return the values of some aggregates over all rows."""
        return self.ask("all_rows", measures=joined(measures))[0]

    def classes_of(self, cells: Sequence[str]) -> list[int]:
        """Return what each of some texts looks like, as `class_of_cell` says it."""
        with _connected(self.path, self._n_columns) as connection:
            text = query("classes_of_cells").fill()
            return list(connection.execute(text, {"cells": list(cells)}).fetchall()[0][0])

    def batches(self, values: Fragment, n_columns: int) -> "Iterator[pa.RecordBatch]":
        """Yield the rows in the file's order, in batches, as the expressions `values` over their cells."""
        return stream(self.path, self._text("values", {"values": values}), self.parameters, n_columns)

    @property
    def _n_columns(self) -> int:
        columns = self.parameters.get("columns")
        return len(columns) if isinstance(columns, Mapping) else 0

    def _text(self, name: str, fragments: Mapping[str, Fragment]) -> str:
        return query(name).fill(rows=self.rows, **fragments)


def query(name: str) -> Statement:
    """Return a named statement of this package."""
    return statement("queries/formats", name)


def stream(path: Path, text: str, parameters: Mapping[str, object], n_columns: int) -> "Iterator[pa.RecordBatch]":
    """Yield the rows of a query over one file while it runs; only a few batches are held at a time.

    Raises:
        duckdb.Error: the file breaks its format.
    """
    with _connected(path, n_columns) as connection:
        batches = _reader(connection, text, parameters, rows_per_batch(n_columns))
        while (batch := _next_batch(batches)) is not None:
            yield batch


def _next_batch(batches: "Iterator[pa.RecordBatch]") -> "pa.RecordBatch | None":
    """Return the next batch, None after the last; Arrow's reader hides DuckDB's errors in its own, here they come out.

    Raises:
        duckdb.Error: reading failed.
    """
    import duckdb
    import pyarrow as pa

    try:
        return next(batches, None)
    except (OSError, pa.ArrowException) as error:
        kind = duckdb.OutOfMemoryException if OUT_OF_MEMORY in str(error) else duckdb.InvalidInputException
        raise kind(str(error)) from error


def _reader(
    connection: "duckdb.DuckDBPyConnection", text: str, parameters: Mapping[str, object], n_rows: int
) -> "pa.RecordBatchReader":
    """Return the reader that streams: in DuckDB 1 that of a result, in DuckDB 2 that of a relation."""
    import duckdb

    if duckdb.__version__.startswith("1."):
        return connection.execute(text, parameters).to_arrow_reader(n_rows)
    return connection.sql(text, params=parameters).to_arrow_reader(n_rows)


@contextmanager
def _connected(path: Path, n_columns: int, threads: int | None = None) -> "Iterator[duckdb.DuckDBPyConnection]":
    import duckdb

    n_threads = threads or min(os.cpu_count() or 1, MOST_THREADS)
    with duckdb.connect(config={**dict(SETTINGS), "threads": str(n_threads)}) as connection:
        for macro in MACROS:
            connection.execute(query(macro).fill())
        for name in ("use_utc", "no_progress_bar", *(["wide"] if n_columns > MANY_COLUMNS else [])):
            connection.execute(query(name).fill())
        connection.execute(query("allow_files").fill(), {"paths": [str(path), path_for_duckdb(path)]})
        for name in ("no_outside", "lock"):
            connection.execute(query(name).fill())
        try:
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise LimitExceeded(
                f"{path} needs more memory than reading a file may use: {error}; split it, or convert it to Parquet"
            ) from error
