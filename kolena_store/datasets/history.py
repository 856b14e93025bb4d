"""What people ask of a dataset: what it holds, how it came to be, and what changed between two versions."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kolena_store.database import Session, Transaction
from kolena_store.datasets.attached import attached_tables
from kolena_store.datasets.records import DatasetRecord, Field, VersionRecord, version_of
from kolena_store.digests import canonical_json
from kolena_store.display import Column, Listing, Printable, counted
from kolena_store.schema import document_text, listed
from kolena_store.tables import Layout, RecordColumn

__all__ = [
    "DATASETS",
    "VERSIONS",
    "Dataset",
    "DatasetModel",
    "DatasetTable",
    "dataset_history",
    "describe_dataset",
    "note_dataset",
]

COUNTS = ("added", "changed", "removed")

DATASETS = Layout(
    fields=(
        RecordColumn(name="name"),
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="n_samples", kind="whole"),
        RecordColumn(name="workflow"),
        RecordColumn(name="id_fields", kind="texts"),
        RecordColumn(name="description"),
        RecordColumn(name="tags", kind="texts"),
        RecordColumn(name="metadata", kind="document"),
        RecordColumn(name="updated", kind="moment"),
    ),
    shown=(
        RecordColumn(name="dataset", of="name"),
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="samples", kind="whole", of="n_samples"),
        RecordColumn(name="workflow"),
        RecordColumn(name="updated", kind="moment"),
    ),
)
VERSIONS = Layout(
    fields=(
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="workflow", kind="document", of="workflow_document"),
        *(RecordColumn(name=name, kind="whole") for name in ("n_samples", *COUNTS, "unchanged")),
        RecordColumn(name="author"),
        RecordColumn(name="message"),
        RecordColumn(name="tags", kind="texts"),
        RecordColumn(name="tables", kind="texts"),
        RecordColumn(name="created", kind="moment"),
    ),
    shown=(
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="samples", kind="whole", of="n_samples"),
        *(RecordColumn(name=name, kind="whole") for name in COUNTS),
        RecordColumn(name="created", kind="moment"),
        RecordColumn(name="tags", kind="texts"),
        RecordColumn(name="message"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetModel:
    """A model with results on a dataset: the newest version of these, and how many samples it answered.

    `repeat_field` tells several answers to one sample apart; None: each has one.
    """

    model: str
    upload_configuration: dict[str, Any] | None
    results_version: int
    answered: int
    missing: int
    metadata_fields: tuple[str, ...] = ()
    repeat_field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetTable:
    """A table that is attached to the samples: how many rows it has, and its columns."""

    name: str
    n_rows: int
    fields: tuple[Field, ...]

    @property
    def sentence(self) -> str:
        """Return what people read of it."""
        columns = ", ".join(field.name for field in self.fields)
        return f"attached table {self.name}: {counted(self.n_rows, 'row')} ({columns})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Printable):
    """A dataset as it stands in its newest version."""

    name: str
    version: int
    workflow: str | None
    id_fields: tuple[str, ...]
    fields: tuple[Field, ...]
    n_samples: int
    description: str | None
    tags: tuple[str, ...]
    metadata: dict[str, Any]
    updated: datetime.datetime
    models: tuple[DatasetModel, ...] = ()
    tables: tuple[DatasetTable, ...] = ()

    def listings(self) -> Sequence[Listing | str]:
        """Return the dataset as people read it: a sentence, its fields, attached tables, and models with results."""
        n_samples, workflow = counted(self.n_samples, "sample"), self.workflow or "none"
        head = f"{self.name} version {self.version}: {n_samples}, workflow {workflow}"
        columns = (Column(title="field"), Column(title="type"), Column(title="role"))
        rows = tuple((field.name, field.type, field.role.replace("_", " ")) for field in self.fields)
        return [
            head,
            *([self.description] if self.description else []),
            Listing(title=None, columns=columns, rows=rows),
            *(table.sentence for table in self.tables),
            self._models_listing() if self.models else "no model has results on it yet",
        ]

    def _models_listing(self) -> Listing:
        has_configurations = any(one.upload_configuration is not None for one in self.models)
        has_metadata = any(one.metadata_fields for one in self.models)
        has_repeats = any(one.repeat_field for one in self.models)
        titles = ("results version", "answered", "missing")
        columns = (
            Column(title="model"),
            *([Column(title="upload configuration")] if has_configurations else []),
            *(Column(title=title, align="right") for title in titles),
            *([Column(title="repeats by")] if has_repeats else []),
            *([Column(title="inference metadata")] if has_metadata else []),
        )
        rows = tuple(
            (
                one.model,
                *([_text_of(one.upload_configuration)] if has_configurations else []),
                *(f"{count:,}" for count in (one.results_version, one.answered, one.missing)),
                *([one.repeat_field or ""] if has_repeats else []),
                *([", ".join(one.metadata_fields)] if has_metadata else []),
            )
            for one in self.models
        )
        return Listing(title=None, columns=columns, rows=rows)


def describe_dataset(session: Session, dataset: DatasetRecord) -> Dataset:
    """Return a dataset as it stands in its newest version, without the models that have results on it."""
    version = version_of(session, dataset)
    workflow = version.workflow_document
    return Dataset(
        name=dataset.name,
        version=version.version,
        workflow=str(workflow["workflow"]) if workflow else None,
        id_fields=tuple(dataset.id_fields),
        fields=version.field_list,
        n_samples=version.n_samples,
        description=dataset.description,
        tags=tuple(dataset.tags),
        metadata=json.loads(dataset.metadata) if dataset.metadata else {},
        updated=version.created,
        tables=tuple(
            DatasetTable(name=table.name, n_rows=table.n_rows, fields=table.field_list)
            for table in attached_tables(session, version)
        ),
    )


def note_dataset(
    transaction: Transaction,
    dataset: DatasetRecord,
    *,
    description: str | None = None,
    tags: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Note down a description, tags and metadata; None leaves what is stored."""
    text = document_text("the dataset's metadata", metadata) if metadata is not None else dataset.metadata
    transaction.run(
        "datasets.update_description",
        dataset_id=dataset.dataset_id,
        description=dataset.description if description is None else description,
        tags=dataset.tags if tags is None else listed("tags", tags),
        metadata=text,
    )


def dataset_history(session: Session, dataset: DatasetRecord) -> list[VersionRecord]:
    """Return all versions of a dataset, oldest first."""
    return session.records(VersionRecord, "datasets.all_versions", dataset_id=dataset.dataset_id)


def _text_of(document: Mapping[str, Any] | None) -> str:
    return "" if document is None else canonical_json(document)
