"""Memberships as files: computed once per (test-case version, dataset version), then read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord, files_of
from kolena_store.files import FileWriter
from kolena_store.membership.bitmaps import Words, join_blocks, split_blocks
from kolena_store.membership.evaluation import Definition, Membership, SampleTables
from kolena_store.progress import track

__all__ = ["CaseKey", "ensure_memberships", "stored_memberships"]

CaseKey = tuple[int, int]
"""(test_case_id, version)"""

KIND = "memberships"
SCHEMA = pa.schema(
    [("test_case_id", pa.int64()), ("test_case_version", pa.int32()), ("block", pa.int64()), ("bits", pa.binary())]
)


def ensure_memberships(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, definitions: Sequence[Definition]
) -> dict[CaseKey, Membership]:
    """Return the membership of every test case in a dataset version; those that are not stored yet are evaluated.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on these data.
    """
    known = stored_memberships(transaction, dataset, version, definitions)
    missing = [definition for definition in definitions if _key(definition) not in known]
    if not missing:
        return known
    found = _evaluated(transaction, dataset, version, missing)
    _store(transaction, dataset, version, found)
    return {**known, **found}


def stored_memberships(
    session: Session, dataset: DatasetRecord, version: VersionRecord, definitions: Iterable[Definition]
) -> dict[CaseKey, Membership]:
    """Return the memberships that are stored for a dataset version."""
    keys = {_key(definition) for definition in definitions}
    ids = [test_case_id for test_case_id, _ in keys]
    of_version = {"dataset_id": dataset.dataset_id, "dataset_version": version.version}
    rows = session.rows("membership.stored", test_case_ids=ids, **of_version)
    entries = {(row[0], row[1]): row[2:] for row in rows if (row[0], row[1]) in keys}
    words = _read(session, {entry[0] for entry in entries.values()}, ids, dataset.next_sample)
    empty = join_blocks([], dataset.next_sample)
    return {key: Membership(words=words.get(key, empty), n=n, n_nan=n_nan) for key, (_, n, n_nan) in entries.items()}


def _evaluated(
    session: Session, dataset: DatasetRecord, version: VersionRecord, definitions: Sequence[Definition]
) -> dict[CaseKey, Membership]:
    tables = SampleTables(session, version, dataset.next_sample, definitions)
    found = {}
    try:
        with track(len(definitions), "selecting samples") as advance:
            for definition in definitions:
                found[_key(definition)] = tables.membership(definition)
                advance(1)
    finally:
        tables.close()
    return found


def _store(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, found: Mapping[CaseKey, Membership]
) -> None:
    with FileWriter(transaction.root, KIND, SCHEMA) as writer:
        for table in _block_tables(found):
            writer.write(table)
        file_id = transaction.add_file(writer.finish())
    transaction.touched_datasets.add(dataset.dataset_id)
    for (test_case_id, test_case_version), membership in found.items():
        transaction.run(
            "membership.insert_membership",
            test_case_id=test_case_id,
            test_case_version=test_case_version,
            dataset_id=dataset.dataset_id,
            dataset_version=version.version,
            file_id=file_id,
            n=membership.n,
            n_nan=membership.n_nan,
        )


def _block_tables(found: Mapping[CaseKey, Membership]) -> Iterator[pa.Table]:
    for (test_case_id, test_case_version), membership in found.items():
        blocks = list(split_blocks(membership.words))
        columns = [
            np.full(len(blocks), test_case_id),
            np.full(len(blocks), test_case_version, dtype=np.int32),
            np.array([block for block, _ in blocks], dtype=np.int64),
            pa.array([bits for _, bits in blocks], pa.binary()),
        ]
        yield pa.Table.from_arrays([pa.array(column) for column in columns], schema=SCHEMA)


def _read(session: Session, file_ids: Iterable[int], test_case_ids: Sequence[int], size: int) -> dict[CaseKey, Words]:
    paths = [str(file.path(session.root)) for file in files_of(session, sorted(file_ids))]
    if not paths:
        return {}
    blocks: dict[CaseKey, list[tuple[int, bytes]]] = {}
    for row in session.rows("membership.blocks", files=paths, test_case_ids=list(test_case_ids)):
        blocks.setdefault((row[0], row[1]), []).append((row[2], row[3]))
    return {key: join_blocks(parts, size) for key, parts in blocks.items()}


def _key(definition: Definition) -> CaseKey:
    return definition.test_case_id, definition.version
