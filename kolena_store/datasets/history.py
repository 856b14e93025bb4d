"""What people ask of a dataset: what it holds, how it came to be, and what changed between two versions."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session, Transaction
from kolena_store.datasets.identity import EXAMPLES
from kolena_store.datasets.records import DatasetRecord, Field, VersionRecord, files_of, version_of
from kolena_store.display import Column, Listing, Printable, counted
from kolena_store.errors import shown
from kolena_store.formats import is_widening
from kolena_store.schema import document_text, listed
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Dataset", "VersionDifference", "dataset_history", "describe_dataset", "note_dataset", "version_difference"]


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

    def listings(self) -> Sequence[Listing | str]:
        """Return the dataset as people read it: a sentence and its fields."""
        n_samples, workflow = counted(self.n_samples, "sample"), self.workflow or "none"
        head = f"{self.name} version {self.version}: {n_samples}, workflow {workflow}"
        columns = (Column(title="field"), Column(title="type"), Column(title="role"))
        rows = tuple((field.name, field.type, field.role.replace("_", " ")) for field in self.fields)
        return [
            head,
            *([self.description] if self.description else []),
            Listing(title=None, columns=columns, rows=rows),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDifference(Printable):
    """What changed between two versions of a dataset; `rows` holds the id, the kind of change, and the fields."""

    dataset: str
    older: int
    newer: int
    added: int
    changed: int
    removed: int
    changed_fields: dict[str, int]
    rows: "pa.Table"

    def arrow(self) -> "pa.Table":
        """Return one row for each sample that differs: its id fields, `change`, and the `fields` that differ."""
        return self.rows

    def listings(self) -> Sequence[Listing | str]:
        """Return the counts, then the fields that changed with the number of samples, then the first few samples."""
        counts = f"{self.added:,} added, {self.changed:,} changed, {self.removed:,} removed"
        head = f"{self.dataset} from version {self.older} to {self.newer}: {counts}"
        columns = (Column(title="changed field"), Column(title="samples", align="right"))
        fields = tuple((name, f"{count:,}") for name, count in self.changed_fields.items())
        listing = [Listing(title=None, columns=columns, rows=fields)] if fields else []
        first = [{key: row[key] for key in row if key != "fields"} for row in self.rows.slice(0, EXAMPLES).to_pylist()]
        return [head, *listing, *([f"first: {shown(first)}"] if first else [])]


def describe_dataset(session: Session, dataset: DatasetRecord) -> Dataset:
    """Return a dataset as it stands in its newest version."""
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


def version_difference(session: Session, dataset: DatasetRecord, older: int, newer: int) -> VersionDifference:
    """Return what changed from one version of a dataset to another, sample by sample and field by field.

    Raises:
        UnknownName: there is no such version.
    """
    before, after = version_of(session, dataset, older), version_of(session, dataset, newer)
    query = statement("queries/datasets", "version_differences").fill(
        ids=_ids(dataset.id_fields), changed_fields=_changed_fields(before, after)
    )
    found = session.table(query, older=_paths(session, before), newer=_paths(session, after))
    rows = found.rename_columns([*dataset.id_fields, "change", "fields"])
    kinds = found.column("_change").to_pylist()
    return VersionDifference(
        dataset=dataset.name,
        older=older,
        newer=newer,
        added=kinds.count("added"),
        changed=kinds.count("changed"),
        removed=kinds.count("removed"),
        changed_fields=_count_fields(found.column("_fields")),
        rows=rows,
    )


def _count_fields(fields: "pa.ChunkedArray") -> dict[str, int]:
    import pyarrow.compute as pc

    counted = pc.value_counts(pc.list_flatten(fields)).to_pylist()
    by_count = sorted(counted, key=lambda pair: (-pair["counts"], pair["values"]))
    return {pair["values"]: pair["counts"] for pair in by_count}


def _paths(session: Session, version: VersionRecord) -> list[str]:
    return [str(file.path(session.root)) for file in files_of(session, version.sample_files)]


def _ids(id_fields: Sequence[str]) -> Fragment:
    pairs = ((identifier("newer", name), identifier("older", name), identifier(name)) for name in id_fields)
    return joined(Fragment(f"coalesce({newer}, {older}) AS {name}") for newer, older, name in pairs)


def _changed_fields(before: VersionRecord, after: VersionRecord) -> Fragment:
    """Return the list of the fields whose values differ; a field that one version lacks is NULL there."""
    cases = []
    for name in dict.fromkeys([*after.types, *before.types]):
        cast = _common_cast(name, before, after)
        left, right = (
            f"{identifier(side, name)}{cast}" if _holds(version, name) else literal(None)
            for side, version in (("newer", after), ("older", before))
        )
        cases.append(Fragment(f"CASE WHEN {left} IS DISTINCT FROM {right} THEN {literal(name)} END"))
    return Fragment(f"list_filter([{joined(cases)}], lambda field: field IS NOT NULL)")


def _holds(version: VersionRecord, name: str) -> bool:
    """Return whether a version has a column, and not one of NULL alone, whose type fits nothing."""
    import pyarrow.types as types

    return name in version.plain_types and not types.is_null(version.plain_types[name])


def _common_cast(name: str, before: VersionRecord, after: VersionRecord) -> str:
    """Return the cast to a type that both versions' values of a column have; none when they have one type."""
    if not (_holds(before, name) and _holds(after, name)) or before.types[name] == after.types[name]:
        return ""
    for older, newer in ((before, after), (after, before)):
        if is_widening(older.plain_types[name], newer.plain_types[name]):
            return f"::{newer.types[name]}"
    return "::VARCHAR"
