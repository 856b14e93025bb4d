"""Adding a version of a dataset to the catalogue."""

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kolena_store.database import Transaction
from kolena_store.datasets.changes import RowChanges, write_changes
from kolena_store.datasets.columns import Columns
from kolena_store.datasets.records import DatasetRecord, Field, Role, VersionRecord, files_of, version_of
from kolena_store.datasets.sampling import Sampling
from kolena_store.datasets.sql_types import column_types
from kolena_store.datasets.staging import Staged
from kolena_store.digests import canonical_json
from kolena_store.errors import InvalidInput
from kolena_store.schema import document_text, now

__all__ = ["NewVersion", "add_version", "author", "check_dataset_name"]

SAMPLES_KIND = "samples"
RESERVED_NAMES = frozenset(
    ("main", "kolena", "catalogue", "information_schema", "pg_catalog", "temp", "system", "memory", "store")
)
RESERVED_ENDING = " test cases"
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What the next version is made of."""

    staged: Staged
    changes: RowChanges
    workflow: Mapping[str, Any] | None
    columns: Columns | None
    sampling: Sampling
    message: str | None
    tags: Sequence[str]


def add_version(
    transaction: Transaction, dataset: DatasetRecord, before: VersionRecord | None, new: NewVersion
) -> VersionRecord:
    """Write the files of the next version, enter it, and return it."""
    files = files_of(transaction, before.sample_files) if before else []
    file_ids = write_changes(transaction, SAMPLES_KIND, new.staged, new.changes, current=files)
    workflow, columns = _workflow_texts(before, new)
    added, changed, removed, unchanged = new.changes.counts
    transaction.run(
        "datasets.insert_version",
        dataset_id=dataset.dataset_id,
        version=before.version + 1 if before else 1,
        workflow=workflow,
        columns=columns,
        sampling=canonical_json(new.sampling.document()) if new.sampling.document() else None,
        fields=_fields_text(transaction, dataset, new.staged, file_ids, columns=columns),
        arrow_schema=new.staged.schema.serialize().to_pybytes(),
        sample_files=file_ids,
        n_samples=(before.n_samples if before else 0) + added - removed,
        added=added,
        changed=changed,
        removed=removed,
        unchanged=unchanged,
        author=author(),
        message=new.message,
        tags=list(new.tags),
        created=now(),
    )
    transaction.touched_datasets.add(dataset.dataset_id)
    return version_of(transaction, dataset)


def author() -> str | None:
    """Return the name of the user who runs this process, or None when the system does not know it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def check_dataset_name(name: str) -> None:
    """Refuse a name that can't be a schema of its own in the store.

    Raises:
        InvalidInput: it is empty, too long, unprintable or reserved.
    """
    if not name or len(name) > LONGEST_NAME or name.strip() != name or not name.isprintable():
        raise InvalidInput(
            f"{name!r} can't name a dataset: 1 to {LONGEST_NAME} printable characters, no white space at the ends"
        )
    if name.lower() in RESERVED_NAMES or name.lower().endswith(RESERVED_ENDING):
        raise InvalidInput(f"the name {name!r} is kept for the store's own schemas; choose another")


def _workflow_texts(before: VersionRecord | None, new: NewVersion) -> tuple[str | None, str | None]:
    if new.workflow is None or new.columns is None:
        return (before.workflow, before.columns) if before else (None, None)
    return document_text("the workflow", new.workflow), canonical_json(asdict(new.columns))


def _fields_text(
    transaction: Transaction, dataset: DatasetRecord, staged: Staged, file_ids: list[int], *, columns: str | None
) -> str:
    paths = [file.path(transaction.root) for file in files_of(transaction, file_ids)]
    types = column_types(transaction, paths, staged.schema)
    truths = {need["name"] for need in json.loads(columns)["ground_truth"]} if columns else set()

    def role(name: str) -> Role:
        return "id" if name in dataset.id_fields else "ground_truth" if name in truths else "metadata"

    return canonical_json([asdict(Field(name=name, type=types[name], role=role(name))) for name in staged.schema.names])
