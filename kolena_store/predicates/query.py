"""One query that a user typed, run in a sandbox of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database.sandbox import open_sandbox
from kolena_store.predicates.gate import run_gated

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["run_query"]


def run_query(root: Path, sql: str, *, seconds: float | None = None) -> "pa.Table":
    """Return the rows of one SELECT over the store at `root`; see `gate.run_gated` for what is allowed."""
    connection = open_sandbox(root)
    try:
        return _with_distinct_names(run_gated(connection, sql, seconds=seconds))
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
