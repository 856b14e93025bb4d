"""Test cases from an explicit list of ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.datasets import (
    DatasetRecord,
    Staged,
    VersionRecord,
    check_ids,
    check_not_empty,
    check_same_id_types,
    files_of,
    find_numbers,
    missing_ids,
    shown_ids,
    stage,
    without_columns,
)
from kolena_store.digests import sha256_of_texts
from kolena_store.display import counted
from kolena_store.errors import InvalidInput, shown
from kolena_store.files import SAMPLE, FileWriter
from kolena_store.formats import open_table
from kolena_store.test_suites.versions import CaseDefinition

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["ExplicitCase", "explicit_definition", "explicit_digest", "write_members"]

INCOMING_KIND = "incoming"
MEMBERS_KIND = "members"
EXPLICIT = "explicit"
LONGEST_NAME = 200
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitCase:
    """A test case that lists its members: a table with the id fields, or plain ids when there is one field."""

    name: str
    ids: object
    description: str | None = None
    tags: Sequence[str] = ()


def explicit_definition(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, case: ExplicitCase
) -> CaseDefinition:
    """Return the definition whose members are the listed samples.

    Raises:
        InvalidInput: an id belongs to no sample of the dataset.
        DuplicateIds: an id is listed twice.
    """
    _check_name(case.name)
    samples = _samples(transaction, dataset, version, case)
    members_file = write_members(transaction, samples)
    return CaseDefinition(
        name=case.name,
        level=EXPLICIT,
        digest=explicit_digest(samples),
        source=None,
        query=None,
        fields=(),
        members_file=members_file,
        description=case.description,
        tags=tuple(case.tags),
    )


def write_members(transaction: Transaction, samples: "np.ndarray") -> int:
    """Write the numbers of the samples that a test case lists, and return the file's id."""
    with FileWriter(transaction.root, MEMBERS_KIND, _schema()) as writer:
        writer.write(_table(samples))
        return transaction.add_file(writer.finish())


def explicit_digest(samples: "np.ndarray") -> str:
    """Return what identifies a list of samples, by their numbers in ascending order, in this store."""
    return sha256_of_texts([EXPLICIT, *map(str, samples.tolist())])


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"{name!r} can't name a test case: 1 to {LONGEST_NAME} printable characters")


def _samples(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, case: ExplicitCase
) -> "np.ndarray":
    import numpy as np

    id_types = {name: version.plain_types[name] for name in dataset.id_fields}
    source = open_table(_as_table(case, dataset, version), expected=id_types)
    check_not_empty(source)
    missing = [name for name in dataset.id_fields if name not in source.schema.names]
    if missing:
        where = f"the list of ids of test case {case.name!r}"
        raise missing_ids(where, dataset.name, missing, source.schema.names, index=source.index)
    check_same_id_types(source.name, source.schema, id_types)
    others = [name for name in source.schema.names if name not in id_types]
    staged = stage(transaction.root, INCOMING_KIND, source, schema=without_columns(source.schema, others), base=0)
    try:
        check_ids(transaction, f"the list of ids of test case {case.name!r}", staged.paths, dataset.id_fields)
        paths = [file.path(transaction.root) for file in files_of(transaction, version.sample_files)]
        samples = find_numbers(transaction, staged, paths, dataset.id_fields)
        _check_known(case, dataset, staged, samples)
    finally:
        staged.remove_unused(transaction)
    return np.sort(samples)


def _as_table(case: ExplicitCase, dataset: DatasetRecord, version: VersionRecord) -> object:
    import pyarrow as pa

    if not isinstance(case.ids, (list, tuple, set, frozenset)) or any(isinstance(one, dict) for one in case.ids):
        return case.ids
    if len(dataset.id_fields) != 1:
        raise InvalidInput(
            f"test case {case.name!r} lists single values, but {dataset.name!r} identifies samples by "
            f"{shown(dataset.id_fields)}; give a table with these columns"
        )
    name = dataset.id_fields[0]
    try:
        return pa.table({name: pa.array(list(case.ids), version.plain_types[name])})
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InvalidInput(
            f"test case {case.name!r}: the ids don't fit the id field {name!r} ({version.plain_types[name]}): {error}"
        ) from error


def _check_known(case: ExplicitCase, dataset: DatasetRecord, staged: Staged, samples: "np.ndarray") -> None:
    unknown = samples < 0
    n_unknown = int(unknown.sum())
    if n_unknown:
        rows = [row for table in staged.rows(unknown) for row in table.slice(0, EXAMPLES).to_pylist()]
        ids = counted(n_unknown, "id", ("belongs", "belong"))
        raise InvalidInput(
            f"test case {case.name!r}: {ids} to no sample of {dataset.name!r}: "
            f"{shown_ids(rows[:EXAMPLES], dataset.id_fields)}; correct or remove {'it' if n_unknown == 1 else 'them'}"
        )


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([pa.field(SAMPLE, pa.int64(), nullable=False)])


def _table(samples: "np.ndarray") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_arrays([pa.array(samples)], schema=_schema())
