"""The catalogue's tables and the version of their format."""

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolena_store.digests import canonical_json
from kolena_store.errors import InvalidInput, UnsupportedStore
from kolena_store.statements import load

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "FORMAT_VERSION",
    "OLDEST_FORMAT",
    "STORAGE_VERSION",
    "check_format",
    "create_catalogue",
    "document_text",
    "listed",
    "now",
]

FORMAT_VERSION = 2
OLDEST_FORMAT = 2
"""Format 1 was of unreleased versions only, so there is no migration from it."""

STORAGE_VERSION = "v1.0.0"
"""DuckDB's file format: the oldest, which every reader from DuckDB 1.1.3 on opens."""


def create_catalogue(connection: "duckdb.DuckDBPyConnection") -> None:
    """Create the empty catalogue in the attached store that the connection uses."""
    for statement in load("schema/catalogue").values():
        connection.execute(statement.fill())


def check_format(format_version: int, where: object) -> None:
    """Refuse a catalogue that a newer kolena_store wrote, or one before the first release.

    Raises:
        UnsupportedStore: the format is none that this version knows.
    """
    if format_version < OLDEST_FORMAT:
        raise UnsupportedStore(
            f"{where} has format {format_version}, of a kolena_store before its first release; this one reads formats "
            f"from {OLDEST_FORMAT} on: make the store anew from the files that were uploaded"
        )
    if format_version > FORMAT_VERSION:
        raise UnsupportedStore(
            f"{where} has format {format_version}, this kolena_store reads formats up to {FORMAT_VERSION}; "
            "upgrade it: pip install --upgrade kolena-store"
        )


def document_text(what: str, document: Mapping[str, Any]) -> str:
    """Return a mapping that a user gave as the JSON text that the catalogue stores.

    Raises:
        InvalidInput: it holds a value that JSON does not have.
    """
    try:
        return canonical_json(dict(document))
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{what} can't be stored as JSON: {error}; use text, finite numbers, booleans, None, and lists and "
            "mappings of these"
        ) from error


def listed(what: str, names: Sequence[str]) -> list[str]:
    """Return names that a user gave as a list, each once.

    Raises:
        InvalidInput: it is one text, which would be taken letter by letter.
    """
    if isinstance(names, str):
        raise InvalidInput(f"{what}={names!r} is one text; give a list, as in {what}=[{names!r}]")
    return list(dict.fromkeys(names))


def now() -> datetime.datetime:
    """Return the present moment in UTC, without zone, as the catalogue stores it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
