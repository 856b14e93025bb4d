"""The catalogue's tables and the version of their format."""

import datetime
from typing import TYPE_CHECKING

from kolena_store.errors import UnsupportedStore
from kolena_store.statements import load

if TYPE_CHECKING:
    import duckdb

__all__ = ["FORMAT_VERSION", "STORAGE_VERSION", "check_format", "create_catalogue", "now"]

FORMAT_VERSION = 1
STORAGE_VERSION = "v1.0.0"
"""DuckDB's file format: the oldest, which every reader from DuckDB 1.1.3 on opens."""


def create_catalogue(connection: "duckdb.DuckDBPyConnection") -> None:
    """Create the empty catalogue in the attached store that the connection uses."""
    for statement in load("schema/catalogue").values():
        connection.execute(statement.fill())


def check_format(format_version: int, where: object) -> None:
    """Refuse a catalogue that a newer kolena_store wrote.

    Raises:
        UnsupportedStore: the format is newer than this version knows.
    """
    if format_version > FORMAT_VERSION:
        raise UnsupportedStore(
            f"{where} has format {format_version}, this kolena_store reads formats up to {FORMAT_VERSION}; "
            "upgrade it: pip install --upgrade kolena-store"
        )


def now() -> datetime.datetime:
    """Return the present moment in UTC, without zone, as the catalogue stores it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
