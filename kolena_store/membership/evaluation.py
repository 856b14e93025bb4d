"""Which samples definitions select, as bitmaps: always what DuckDB itself would answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kolena_store.database import Session
from kolena_store.datasets import VersionRecord, files_of, stored_samples
from kolena_store.membership.bitmaps import Samples, Words, count, from_samples, to_samples
from kolena_store.membership.formulas import Formula, formula_of
from kolena_store.membership.general import WholeTables
from kolena_store.membership.row_tables import RowTables
from kolena_store.predicates.relations import tables_read
from kolena_store.predicates.row_conditions import row_conditions
from kolena_store.statements import Fragment

__all__ = ["Definition", "Membership", "evaluate", "explicit_members", "members_among", "present_samples"]

EXPLICIT = "explicit"


class Definition(Protocol):
    """What is needed of a test case to find its members: `query` selects `_sample`, `fields` are what it reads."""

    @property
    def test_case_id(self) -> int:
        """Return the test case's id."""

    @property
    def version(self) -> int:
        """Return the version of its definition."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def level(self) -> str:
        """Return sample, or explicit for a list of ids."""

    @property
    def query(self) -> Fragment:
        """Return the SELECT of its members."""

    @property
    def fields(self) -> Sequence[str]:
        """Return the columns that the query reads."""

    @property
    def members_file(self) -> int | None:
        """Return the file that lists its members, if one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The members of a test case in one dataset version; `n_nan` of them have a NaN in a field that it reads."""

    words: Words
    n: int
    n_nan: int


def evaluate(
    session: Session,
    version: VersionRecord,
    size: int,
    definitions: Sequence[Definition],
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Membership]:
    """Return the members of each test case in a dataset version, over the sample numbers [0, size).

    Args:
        session: of the store.
        version: the dataset version.
        size: the number of sample numbers.
        definitions: the test cases.
        advance: is told how many test cases are done.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on these data.
    """
    asked = [(index, one) for index, one in enumerate(definitions) if one.level != EXPLICIT]
    tables = RowTables(session, version, size)
    try:
        found = tables.select(_formulas(asked))
        advance(len(found))
        found |= _one_by_one(session, version, size, [pair for pair in asked if pair[0] not in found], advance=advance)
        for index, one in enumerate(definitions):
            if one.level == EXPLICIT:
                found[index] = explicit_members(session, one, size) & tables.present
        return [_membership(found[index], tables.with_nan(one.fields)) for index, one in enumerate(definitions)]
    finally:
        tables.close()


def members_among(
    session: Session, version: VersionRecord, definitions: Sequence[Definition], only: Samples
) -> list[Samples]:
    """Return which of the samples `only` (ascending) each test case selects.

    Args:
        session: of the store.
        version: the dataset version, which may lack some of the samples.
        definitions: test cases that look at each sample by itself, as `row_conditions` finds out.
        only: the samples to look at.

    Raises:
        RefusedStatement: a definition fails on these data.
    """
    asked = list(enumerate(definitions))
    tables = RowTables(session, version, len(only), only=only)
    try:
        places = tables.select(_formulas(asked))
    finally:
        tables.close()
    found = {index: only[to_samples(words)] for index, words in places.items()}
    rest = [pair for pair in asked if pair[0] not in found]
    size = int(only[-1]) + 1 if only.size else 0
    alone = _one_by_one(session, version, size, rest, only=only)
    found |= {index: to_samples(words) for index, words in alone.items()}
    return [found[index] for index in range(len(definitions))]


def explicit_members(session: Session, definition: Definition, size: int) -> Words:
    """Return the samples that the file of a test case lists, those among them that left the dataset too."""
    files = files_of(session, [definition.members_file] if definition.members_file is not None else [])
    return from_samples(stored_samples(session.root, files), size)


def present_samples(session: Session, version: VersionRecord, size: int) -> Words:
    """Return the bitmap of all samples of a dataset version."""
    return from_samples(stored_samples(session.root, files_of(session, version.sample_files)), size)


def _formulas(asked: Sequence[tuple[int, Definition]]) -> dict[int, Formula]:
    conditions = row_conditions([definition.query for _, definition in asked])
    found = {
        index: formula_of(condition)
        for (index, _), condition in zip(asked, conditions, strict=True)
        if condition is not None
    }
    return {index: formula for index, formula in found.items() if formula is not None}


def _one_by_one(
    session: Session,
    version: VersionRecord,
    size: int,
    asked: Sequence[tuple[int, Definition]],
    *,
    only: Samples | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> dict[int, Words]:
    if not asked:
        return {}
    fields = {name for _, definition in asked for name in definition.fields}
    read = frozenset[str]().union(*(tables_read(definition.query) for _, definition in asked))
    tables = WholeTables(session, version, sorted(fields), tables=read, only=only)
    found = {}
    try:
        for index, definition in asked:
            found[index] = tables.members(definition.query, definition.name, size)
            advance(1)
    finally:
        tables.close()
    return found


def _membership(words: Words, with_nan: Words) -> Membership:
    n_nan = count(words & with_nan) if with_nan.any() else 0
    return Membership(words=words, n=count(words), n_nan=n_nan)
