"""Attached tables: what is known of the samples in rows of their own, such as what each of several annotators said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets.records import DatasetRecord, Field, VersionRecord, files_of
from kolena_store.errors import InvalidInput, UnknownName

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["AttachedTable", "attached_tables", "check_table_name", "table_named"]

RESERVED_NAMES = frozenset(
    (
        *("test_samples", "ground_truths", "inferences", "results", "sample_metrics", "terms", "matches"),
        *("case_matches", "precision_recall"),
        *("test_case_members", "members", "answered", "chosen", "chosen_samples", "given", "given_terms"),
        *("term_values", "draws", "drawn_samples", "all", "s", "g", "i", "m"),
    )
)
LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class AttachedTable:
    """A table of one dataset version: its rows lie in files with the numbers of their samples, in that order."""

    dataset_id: int = field(repr=False)
    version: int
    name: str
    fields: str = field(repr=False)
    arrow_schema: bytes = field(repr=False)
    table_files: list[int] = field(repr=False)
    n_rows: int
    content_digest: str = field(repr=False)

    @cached_property
    def field_list(self) -> tuple[Field, ...]:
        """Return the columns in order, the ids of the samples among them."""
        return tuple(Field(**document) for document in json.loads(self.fields))

    @cached_property
    def types(self) -> dict[str, str]:
        """Return column -> SQL type."""
        return {one.name: one.type for one in self.field_list}

    @cached_property
    def schema(self) -> "pa.Schema":
        """Return the Arrow schema that the rows came with."""
        import pyarrow as pa

        return pa.ipc.read_schema(pa.BufferReader(self.arrow_schema))

    def paths(self, session: Session) -> list[Path]:
        """Return where the rows lie.

        Raises:
            DamagedStore: a file is missing, was cut or altered.
        """
        return [file.path(session.root) for file in files_of(session, self.table_files)]


def attached_tables(session: Session, version: VersionRecord) -> list[AttachedTable]:
    """Return the tables of a dataset version by name."""
    key = {"dataset_id": version.dataset_id, "version": version.version}
    return session.records(AttachedTable, "attached.of_version", **key)


def table_named(session: Session, dataset: DatasetRecord, version: VersionRecord, name: str) -> AttachedTable:
    """Return an attached table of a dataset version; capitals make no difference.

    Raises:
        UnknownName: the version has no such table.
    """
    tables = attached_tables(session, version)
    found = next((table for table in tables if table.name.casefold() == name.casefold()), None)
    if found is None:
        what, known = f"attached table of {dataset.name!r} version {version.version}", [table.name for table in tables]
        raise UnknownName.of(what, name, known, f"kolena-store dataset show {dataset.name}")
    return found


def check_table_name(name: object, others: Sequence[str] = ()) -> None:
    """Refuse a name that can't stand for a view beside those of the store.

    Args:
        name: the table's name.
        others: the names of the other tables.

    Raises:
        InvalidInput: it is no name, is taken, or one of the store's own.
    """
    if not isinstance(name, str) or not name or name.strip() != name or not name.isprintable():
        raise InvalidInput(f"{name!r} can't name an attached table: printable characters, no white space at the ends")
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"{name[:20]!r}... can't name an attached table: at most {LONGEST_NAME} characters")
    if name.casefold() in RESERVED_NAMES or name.startswith("_"):
        raise InvalidInput(f"the name {name!r} is kept for the store's own views; give the attached table another one")
    if name.casefold() in {other.casefold() for other in others}:
        raise InvalidInput(f"two attached tables are named {name!r} (capitals make no difference); rename one")
