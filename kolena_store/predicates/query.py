"""One query that a user typed, run in a sandbox of its own."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Seals
from kolena_store.database.sandbox import check_sandbox, open_sandbox
from kolena_store.predicates.files_read import check_files_read
from kolena_store.predicates.gate import run_gated

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["run_query"]


def run_query(root: Path, sql: str, *, seals: Seals | None = None, seconds: float | None = None) -> "pa.Table":
    """Return the rows of one SELECT over the store at `root`; see `gate.run_gated` for what is allowed.

    Args:
        seals: what is known of the store's files already; those that the query reads are checked first.
    """
    connection = open_sandbox(root)
    try:
        check_sandbox(connection, root)
        check = partial(check_files_read, connection, seals=seals or Seals(root.absolute()))
        return _with_distinct_names(run_gated(connection, sql, seconds=seconds, check_sources=check))
    finally:
        connection.close()


def _with_distinct_names(table: "pa.Table") -> "pa.Table":
    """Return a table whose columns have a name each: a repeated one gets a number, as in `id_1`."""
    names: list[str] = []
    for name in table.column_names:
        free, number = name, 0
        while free in names:
            number += 1
            free = f"{name}_{number}"
        names.append(free)
    return table.rename_columns(names)
