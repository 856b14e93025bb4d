"""Memberships as files: computed once per (test-case version, dataset version), then read."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord, files_of
from kolena_store.files import FileWriter
from kolena_store.membership.bitmaps import Words, check_unused_bits, count, n_words
from kolena_store.membership.block_files import BYTES_PER_GROUP, SCHEMA, CaseKey, block_tables, fill_words, n_blocks
from kolena_store.membership.evaluation import Definition, Membership, evaluate
from kolena_store.membership.extension import Extended, extended
from kolena_store.membership.row_tables import RowTables
from kolena_store.progress import track

__all__ = ["CaseKey", "ensure_memberships", "memberships_in", "stored_memberships", "write_memberships"]

KIND = "memberships"
EVERY_MODEL: Mapping[str, int | None] = MappingProxyType({"results_id": None, "results_version": None})


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where the catalogue says that a membership lies, and of which dataset version it is."""

    dataset_version: int
    file_id: int
    n: int
    n_nan: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A membership that is new in the catalogue; the file that holds it already, if one does."""

    membership: Membership
    file_id: int | None


def ensure_memberships(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, definitions: Sequence[Definition]
) -> dict[CaseKey, Membership]:
    """Return the membership of every test case in a dataset version; those that are not stored yet are found out.

    Where an earlier version has a membership, only the samples that changed since are looked at, if that suffices.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on these data.
    """
    known = stored_memberships(transaction, dataset, version, definitions)
    missing = [definition for definition in definitions if _key(definition) not in known]
    if not missing:
        return known
    found = _from_earlier(transaction, dataset, version, missing)
    rest = [definition for definition in missing if _key(definition) not in found]
    if rest:
        with track(len(rest), "selecting samples") as advance:
            members = evaluate(transaction, version, dataset.next_sample, rest, advance=advance)
        found |= {_key(one): _Found(membership, None) for one, membership in zip(rest, members, strict=True)}
    _store(transaction, dataset, version, found)
    return {**known, **{key: one.membership for key, one in found.items()}}


def stored_memberships(
    session: Session, dataset: DatasetRecord, version: VersionRecord, definitions: Iterable[Definition]
) -> dict[CaseKey, Membership]:
    """Return the memberships that are stored for a dataset version."""
    entries = _entries(session, dataset, version, definitions, query="membership.stored")
    return _memberships(session, entries, dataset.next_sample)


def memberships_in(
    session: Session, rows: Iterable[Sequence[int]], wanted: Container[CaseKey], size: int
) -> dict[CaseKey, Membership]:
    """Return the memberships of some test cases, over the numbers [0, size), by their rows in the catalogue."""
    entries = {(row[0], row[1]): _Entry(*row[2:]) for row in rows if (row[0], row[1]) in wanted}
    return _memberships(session, entries, size)


def write_memberships(
    transaction: Transaction,
    dataset: DatasetRecord,
    version: VersionRecord,
    members: Mapping[CaseKey, Membership],
    *,
    of_results: Mapping[str, int],
) -> None:
    """Keep memberships that hold for one version of results alone: its `results_id` and `results_version`."""
    found = {key: _Found(one, None) for key, one in members.items()}
    _store(transaction, dataset, version, found, of_results=of_results)


def _from_earlier(
    session: Session, dataset: DatasetRecord, version: VersionRecord, definitions: Sequence[Definition]
) -> dict[CaseKey, _Found]:
    """Return the memberships that follow from those of the newest other version that has them."""
    entries = _entries(session, dataset, version, definitions, query="membership.of_other_versions")
    words = _read(session, entries, dataset.next_sample)
    by_version: dict[int, list[Definition]] = {}
    for definition in definitions:
        if _key(definition) in entries:
            by_version.setdefault(entries[_key(definition)].dataset_version, []).append(definition)
    found = {}
    for number, alike in by_version.items():
        stored = [(definition, words[_key(definition)]) for definition in alike]
        members = extended(session, dataset, version, earlier=number, stored=stored)
        tables = RowTables(session, version, dataset.next_sample)
        try:
            for position, one in members.items():
                key = _key(alike[position])
                found[key] = _entered(one, alike[position], entries[key], tables)
        finally:
            tables.close()
    return found


def _entered(one: Extended, definition: Definition, entry: _Entry, tables: RowTables) -> _Found:
    n_nan = entry.n_nan if one.is_untouched else count(one.words & tables.with_nan(definition.fields))
    membership = Membership(words=one.words, n=count(one.words), n_nan=n_nan)
    return _Found(membership, entry.file_id if one.is_same else None)


def _entries(
    session: Session, dataset: DatasetRecord, version: VersionRecord, definitions: Iterable[Definition], *, query: str
) -> dict[CaseKey, _Entry]:
    keys = list(dict.fromkeys(_key(definition) for definition in definitions))
    ids = [test_case_id for test_case_id, _ in keys]
    of_version = {"dataset_id": dataset.dataset_id, "dataset_version": version.version}
    rows = session.rows(query, test_case_ids=ids, **of_version)
    found = {(row[0], row[1]): _Entry(*row[2:]) for row in rows}
    return {key: found[key] for key in keys if key in found}


def _memberships(session: Session, entries: Mapping[CaseKey, _Entry], size: int) -> dict[CaseKey, Membership]:
    words = _read(session, entries, size)
    return {key: Membership(words=words[key], n=entry.n, n_nan=entry.n_nan) for key, entry in entries.items()}


def _store(
    transaction: Transaction,
    dataset: DatasetRecord,
    version: VersionRecord,
    found: Mapping[CaseKey, _Found],
    *,
    of_results: Mapping[str, int | None] = EVERY_MODEL,
) -> None:
    transaction.touched_datasets.add(dataset.dataset_id)
    new = {key: one.membership for key, one in found.items() if one.file_id is None}
    file_id = _written(transaction, new) if new else None
    transaction.run(
        "membership.insert_memberships",
        test_case_ids=[test_case_id for test_case_id, _ in found],
        test_case_versions=[test_case_version for _, test_case_version in found],
        dataset_id=dataset.dataset_id,
        dataset_version=version.version,
        file_ids=[file_id if one.file_id is None else one.file_id for one in found.values()],
        n=[one.membership.n for one in found.values()],
        n_nan=[one.membership.n_nan for one in found.values()],
        **of_results,
    )


def _written(transaction: Transaction, members: Mapping[CaseKey, Membership]) -> int:
    words = {key: membership.words for key, membership in members.items()}
    with FileWriter(transaction.root, KIND, SCHEMA, raw=["bits"], bytes_per_group=BYTES_PER_GROUP) as writer:
        for table in block_tables(words):
            writer.write(table)
        return transaction.add_file(writer.finish())


def _read(session: Session, entries: Mapping[CaseKey, _Entry], size: int) -> dict[CaseKey, Words]:
    """Return the bitmaps that some entries of the catalogue name, each over the sample numbers [0, size)."""
    rows = {key: row for row, key in enumerate(entries)}
    by_file: dict[int, dict[CaseKey, int]] = {}
    for key, entry in entries.items():
        by_file.setdefault(entry.file_id, {})[key] = rows[key]
    words = np.zeros((len(entries), n_words(size)), dtype=np.uint64)
    seen = np.zeros((len(entries), n_blocks(words.shape[1])), dtype=np.bool_)
    for file, of_file in zip(files_of(session, list(by_file)), by_file.values(), strict=True):
        fill_words(file.path(session.root), of_file, words, seen)
    check_unused_bits(words, size)
    return {key: words[row] for key, row in rows.items()}


def _key(definition: Definition) -> CaseKey:
    return definition.test_case_id, definition.version
