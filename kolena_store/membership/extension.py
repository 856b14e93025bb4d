"""Memberships of a new dataset version from those of an earlier one: only samples that changed are looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from kolena_store.database import Session
from kolena_store.datasets import (
    DatasetRecord,
    SampleChanges,
    VersionRecord,
    VersionRows,
    attached_tables,
    changed_samples,
    version_of_id,
)
from kolena_store.membership.bitmaps import Samples, Words, from_samples
from kolena_store.membership.evaluation import EXPLICIT, Definition, members_among
from kolena_store.predicates.relations import tables_read
from kolena_store.predicates.row_conditions import row_conditions
from kolena_store.predicates.tokens import lowered

__all__ = ["Extended", "extended"]

SMALL_PART = 4
"""A change of more than one in so many samples is no small one: then everything is looked at."""


@dataclass(frozen=True, slots=True)
class Extended:
    """The members of a test case in the new version.

    `is_same` says that they are those that were stored; `is_untouched`, that no column that it reads changed either.
    """

    words: Words
    is_same: bool
    is_untouched: bool


def extended(
    session: Session,
    dataset: DatasetRecord,
    version: VersionRecord,
    *,
    earlier: int,
    stored: "Sequence[tuple[Definition, Words]]",
) -> dict[int, Extended]:
    """Return the members of those test cases, by position, that need not be evaluated as a whole.

    Args:
        session: of the store.
        dataset: the dataset.
        version: its new version.
        earlier: the number of the version that the stored members are of.
        stored: test cases, each with its members there over today's sample numbers.

    Raises:
        RefusedStatement: a definition fails on the changed samples.
    """
    before = version_of_id(session, dataset.dataset_id, earlier)
    tables = _TablesOfBoth(session, before, version)
    rows = [VersionRows(file_ids=one.sample_files, types=one.types) for one in (before, version)]
    fields = sorted({name for definition, _ in stored for name in tables.fields_of_samples(definition)})
    changes = changed_samples(session, rows[0], rows[1], fields)
    if (changes.added.size + changes.removed.size) * SMALL_PART > version.n_samples:
        return {}
    touching = cache(changes.touching)
    found: dict[int, Extended] = {}
    partly: dict[int, Samples] = {}
    for position, (definition, words) in enumerate(stored):
        own = tables.fields_of_samples(definition)
        if not changes.retyped.isdisjoint(own) or not tables.changed.isdisjoint(tables.read_by(definition)):
            continue
        touched = touching(own)
        if not touched.size:
            found[position] = Extended(words, is_same=True, is_untouched=True)
        elif definition.level != EXPLICIT:
            partly[position] = touched
    return {**found, **_looked_at(session, version, changes, stored, partly=partly)}


class _TablesOfBoth:
    """The attached tables of two versions: which of them changed, and which of them a test case reads."""

    def __init__(self, session: Session, before: VersionRecord, after: VersionRecord) -> None:
        older, newer = (
            {lowered(one.name): one.table_files for one in attached_tables(session, version)}
            for version in (before, after)
        )
        self._names = frozenset(older) | frozenset(newer)
        self._columns = frozenset(before.types) | frozenset(after.types)
        self.changed = frozenset(name for name in self._names if older.get(name) != newer.get(name))

    def read_by(self, definition: Definition) -> frozenset[str]:
        if not self._names or definition.level == EXPLICIT:
            return frozenset()
        return tables_read(definition.query) & self._names

    def fields_of_samples(self, definition: Definition) -> frozenset[str]:
        """Return the columns that a test case reads, without those that only attached tables have."""
        fields = frozenset(definition.fields)
        return fields & self._columns if self.read_by(definition) else fields


def _looked_at(
    session: Session,
    version: VersionRecord,
    changes: SampleChanges,
    stored: "Sequence[tuple[Definition, Words]]",
    *,
    partly: Mapping[int, Samples],
) -> dict[int, Extended]:
    """Return the members of test cases that look at each sample by itself, with the changed samples looked at anew."""
    queries = [stored[position][0].query for position in partly]
    alone = [position for position, one in zip(partly, row_conditions(queries), strict=True) if one is not None]
    if not alone:
        return {}
    only = np.unique(np.concatenate(list({id(one): one for one in map(partly.__getitem__, alone)}.values())))
    if only.size * SMALL_PART > version.n_samples:
        return {}
    only_there = np.setdiff1d(only, changes.removed, assume_unique=True)
    chosen = members_among(session, version, [stored[position][0] for position in alone], only_there)
    size = stored[alone[0]][1].size * 64
    rest = ~from_samples(only, size)
    found = {}
    for position, samples in zip(alone, chosen, strict=True):
        words = stored[position][1]
        new = (words & rest) | from_samples(samples, size)
        found[position] = Extended(new, is_same=np.array_equal(new, words), is_untouched=False)
    return found
