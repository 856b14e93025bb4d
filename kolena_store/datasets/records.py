"""Datasets and their versions as the catalogue knows them."""

import datetime
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from kolena_store.database import Session, check_files
from kolena_store.datasets.columns import Columns, columns_from_document
from kolena_store.datasets.sampling import Sampling
from kolena_store.errors import UnknownName
from kolena_store.files import FileRecord

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "DatasetRecord",
    "Field",
    "Role",
    "VersionRecord",
    "dataset_named",
    "datasets",
    "files_of",
    "find_dataset",
    "find_version",
    "version_of",
    "version_of_id",
]

LISTING = "kolena-store dataset list"

Role = Literal["id", "ground_truth", "metadata", "inference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column: its name, its type in SQL, and what it is to the dataset."""

    name: str
    type: str
    role: Role


@dataclass(frozen=True, kw_only=True)
class VersionRecord:
    """One version of a dataset: the files that hold its samples, and how it came from the version before.

    `tables` names the tables that are attached to its samples.
    """

    dataset_id: int = field(repr=False)
    version: int
    workflow: str | None
    columns: str | None = field(repr=False)
    sampling: str | None = field(repr=False)
    fields: str = field(repr=False)
    arrow_schema: bytes = field(repr=False)
    sample_files: list[int] = field(repr=False)
    n_samples: int
    added: int
    changed: int
    removed: int
    unchanged: int
    author: str | None
    message: str | None
    tags: list[str]
    created: datetime.datetime
    tables: list[str]

    @cached_property
    def field_list(self) -> tuple[Field, ...]:
        """Return the columns in order."""
        return tuple(Field(**document) for document in json.loads(self.fields))

    @cached_property
    def schema(self) -> "pa.Schema":
        """Return the Arrow schema that the data came with (plain value types; categories in its metadata)."""
        import pyarrow as pa

        return pa.ipc.read_schema(pa.BufferReader(self.arrow_schema))

    @cached_property
    def plain_types(self) -> "dict[str, pa.DataType]":
        """Return column -> Arrow type."""
        return {column.name: column.type for column in self.schema}

    @cached_property
    def types(self) -> dict[str, str]:
        """Return column -> SQL type."""
        return {field.name: field.type for field in self.field_list}

    @property
    def column_needs(self) -> Columns:
        """Return what the workflow asks of columns; nothing when there is none."""
        return columns_from_document(json.loads(self.columns)) if self.columns else Columns()

    @property
    def sampled(self) -> Sampling:
        """Return which fields say how the samples were drawn."""
        return Sampling.from_document(json.loads(self.sampling) if self.sampling else None)

    @property
    def workflow_document(self) -> dict[str, object] | None:
        """Return the workflow as it was given, or None when none was."""
        return json.loads(self.workflow) if self.workflow else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """What all versions of a dataset share."""

    dataset_id: int
    name: str
    id_fields: list[str]
    id_map_files: list[int]
    next_sample: int
    description: str | None
    tags: list[str]
    metadata: str | None
    created: datetime.datetime


def datasets(session: Session) -> list[DatasetRecord]:
    """Return all datasets by name."""
    return session.records(DatasetRecord, "datasets.all_datasets")


def find_dataset(session: Session, name: str) -> DatasetRecord | None:
    """Return the dataset of this name, which is unique without regard to case, or None."""
    found = session.records(DatasetRecord, "datasets.dataset_named", name=unicodedata.normalize("NFC", name))
    return found[0] if found else None


def dataset_named(session: Session, name: str) -> DatasetRecord:
    """Return the dataset of this name, which is unique without regard to case.

    Raises:
        UnknownName: the store has none.
    """
    found = find_dataset(session, name)
    if found is None:
        raise UnknownName.of("dataset", name, [record.name for record in datasets(session)], LISTING)
    return found


def version_of(session: Session, dataset: DatasetRecord, version: int | None = None) -> VersionRecord:
    """Return one version of a dataset, by default the newest.

    Raises:
        UnknownName: the dataset has no such version.
    """
    found = find_version(session, dataset.dataset_id, version)
    if found is None:
        oldest, newest = session.rows("datasets.version_range", dataset_id=dataset.dataset_id)[0]
        raise UnknownName(
            f"dataset {dataset.name!r} has no version {version}; it has {oldest} to {newest} "
            f"(see: kolena-store dataset history {dataset.name})"
        )
    return found


def find_version(session: Session, dataset_id: int, version: int | None) -> VersionRecord | None:
    """Return a version of a dataset (None: the newest), or None when it was dropped."""
    key = {"dataset_id": dataset_id, "version": version}
    return next(iter(session.records(VersionRecord, "datasets.version_numbered", **key)), None)


def version_of_id(session: Session, dataset_id: int, version: int) -> VersionRecord:
    """Return a version that is known to be there."""
    found = find_version(session, dataset_id, version)
    assert found is not None
    return found


def files_of(session: Session, file_ids: Sequence[int]) -> list[FileRecord]:
    """Return the files with these ids, in this order, once they are known to be as they were written.

    Raises:
        DamagedStore: one is missing, was cut or altered.
        OutdatedSession: one was cleaned up since the session began.
        UnreadableFile: one may not be read.
    """
    found = session.files(file_ids)
    check_files(session, found)
    return found
