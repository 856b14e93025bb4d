"""Which samples a definition selects: DuckDB's own answer, as a bitmap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kolena_store.database import Session, reading_files
from kolena_store.datasets import VersionRecord, files_of, stored_samples
from kolena_store.errors import RefusedStatement
from kolena_store.files import SAMPLE
from kolena_store.membership.bitmaps import Words, count, from_samples
from kolena_store.predicates.messages import plain_message
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["Definition", "Membership", "SampleTables", "present_samples"]

FLOATS = ("DOUBLE", "FLOAT")


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


class SampleTables:
    """The columns that some definitions read, in memory, where their queries run with no access to anything else."""

    def __init__(self, session: Session, version: VersionRecord, size: int, definitions: Iterable[Definition]) -> None:
        """Load the columns once."""
        self._session, self._size = session, size
        self._present = present_samples(session, version, size)
        fields = {name for definition in definitions if definition.level != "explicit" for name in definition.fields}
        self._types = {name: kind for name, kind in version.types.items() if name in fields}
        self._connection = self._loaded(version)
        self._nan: dict[str, Words] = {}

    def close(self) -> None:
        """Free the columns."""
        self._connection.close()

    def membership(self, definition: Definition) -> Membership:
        """Return the members of one test case.

        Raises:
            RefusedStatement: the definition selects a sample twice, or fails on these data.
        """
        words = self._explicit(definition) if definition.level == "explicit" else self._selected(definition)
        return Membership(words=words, n=count(words), n_nan=count(words & self._with_nan(definition.fields)))

    def _loaded(self, version: VersionRecord) -> "duckdb.DuckDBPyConnection":
        from kolena_store.database import connect

        connection = connect(self._session.root)
        paths = [str(file.path(self._session.root)) for file in files_of(self._session, version.sample_files)]
        columns = [Fragment(f"{identifier(name)}::{kind} AS {identifier(name)}") for name, kind in self._types.items()]
        query = statement("queries/membership", "load_samples")
        with reading_files():
            connection.execute(query.fill(columns=joined([Fragment("1 AS _one"), *columns]), files=literal(paths)))
        connection.execute(statement("queries/membership", "no_external_access").fill())
        return connection

    def _selected(self, definition: Definition) -> Words:
        import duckdb

        query = statement("queries/membership", "members").fill(query=definition.query)
        try:
            samples = self._connection.sql(query).to_arrow_table().column(SAMPLE)
        except duckdb.Error as error:
            raise RefusedStatement(
                f"test case {definition.name!r} can't be evaluated: {plain_message(error)}. Correct its definition"
            ) from error
        numbers = samples.drop_null().to_numpy()
        words = from_samples(numbers, self._size)
        if count(words) != len(numbers):
            raise RefusedStatement(
                f"test case {definition.name!r} selects some samples more than once ({len(numbers):,} rows for "
                f"{count(words):,} samples); use EXISTS or IN in the place of a JOIN, or SELECT DISTINCT"
            )
        return words

    def _explicit(self, definition: Definition) -> Words:
        files = files_of(self._session, [definition.members_file] if definition.members_file is not None else [])
        return from_samples(stored_samples(self._session.root, files), self._size) & self._present

    def _with_nan(self, fields: Sequence[str]) -> Words:
        found = np.zeros_like(self._present)
        for name in fields:
            if self._types.get(name) in FLOATS:
                found |= self._nan.setdefault(name, self._samples_with_nan(name))
        return found

    def _samples_with_nan(self, field: str) -> Words:
        query = statement("queries/membership", "samples_with_nan").fill(field=identifier(field))
        return from_samples(self._connection.sql(query).to_arrow_table().column(SAMPLE).to_numpy(), self._size)


def present_samples(session: Session, version: VersionRecord, size: int) -> Words:
    """Return the bitmap of all samples of a dataset version."""
    return from_samples(stored_samples(session.root, files_of(session, version.sample_files)), size)
