"""Rows of the catalogue as they stand, whatever columns they have: read there, written here."""

from collections.abc import Mapping, Sequence
from typing import Any

from kolena_store.database import Session, Transaction
from kolena_store.statements import Fragment, identifier, statement

__all__ = ["Row", "all_rows", "insert_rows"]

Row = Mapping[str, Any]


def all_rows(session: Session, table: str) -> list[dict[str, Any]]:
    """Return the rows of one table of a catalogue."""
    return list(session.table(_filled("all_rows", table)).to_pylist())


def insert_rows(transaction: Transaction, table: str, rows: Sequence[Row]) -> None:
    """Add rows to one table of the catalogue; a column that they lack is NULL."""
    import pyarrow as pa

    if not rows:
        return
    schema = transaction.table(_filled("no_rows", table)).schema
    transaction.connection.register("merged_rows", pa.Table.from_pylist(list(rows), schema=schema))
    try:
        transaction.run(_filled("insert_rows", table))
    finally:
        transaction.connection.unregister("merged_rows")


def _filled(name: str, table: str) -> Fragment:
    return statement("queries/merging", name).fill(table=identifier(table))
