"""Definitions that look at each sample by itself, over columns in memory: as fast as bits can be joined."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kolena_store.database import Session, closed_connection, reading_files
from kolena_store.datasets import VersionRecord, files_of, stored_samples
from kolena_store.membership.answers import answers_on_numbers, answers_on_values
from kolena_store.membership.bitmaps import Samples, Words, from_flags, from_samples
from kolena_store.membership.columns import CodedColumn, Column, dense_column, is_loadable
from kolena_store.membership.formulas import NO_COLUMN, Atom, Formula, atoms_of
from kolena_store.membership.selection import AtomTest, coded_test, number_test, select
from kolena_store.predicates.tokens import lowered
from kolena_store.statements import Fragment, identifier, statement

__all__ = ["RowTables"]


class RowTables:
    """The columns of a dataset version's samples (or of some of them), dense by place.

    A place is a sample number; of some samples, the position among them.
    """

    def __init__(self, session: Session, version: VersionRecord, size: int, *, only: Samples | None = None) -> None:
        """Find where each sample lies; columns are loaded when they are asked for.

        Args:
            session: of the store.
            version: the dataset version.
            size: the number of sample numbers.
            only: the samples to load, ascending; None: all.
        """
        self._session, self._types = session, {lowered(name): (name, kind) for name, kind in version.types.items()}
        files = files_of(session, version.sample_files)
        self._paths = [str(file.path(session.root)) for file in files]
        samples = stored_samples(session.root, files)
        self._rows = None if only is None else np.flatnonzero(np.isin(samples, only))
        places = samples if only is None else np.searchsorted(only, samples[self._rows])
        self.size = size if only is None else len(only)
        self._places = None if _is_in_order(places, self.size) else places
        self.present: Words = from_samples(places, self.size)
        self._columns: dict[str, Column | None] = {}
        self._nan: dict[str, Words] = {}
        self._connection = closed_connection()

    def close(self) -> None:
        """Free the connection."""
        self._connection.close()

    def select(self, formulas: Mapping[int, Formula]) -> dict[int, Words]:
        """Return the places where each formula is true; those that can't be told from single columns are left out."""
        tests = self._tests({atom for formula in formulas.values() for atom in atoms_of(formula)})
        known = {key: formula for key, formula in formulas.items() if tests.keys() >= set(atoms_of(formula))}
        words = select(list(known.values()), tests, self.present, self.size)
        return dict(zip(known, words, strict=True))

    def with_nan(self, fields: Iterable[str]) -> Words:
        """Return the places that hold a NaN in one of some columns."""
        found = np.zeros_like(self.present)
        for name in map(lowered, fields):
            if self._types.get(name, ("", ""))[1] in ("DOUBLE", "FLOAT"):
                if name not in self._nan:
                    self._nan[name] = self._places_with_nan(name)
                found |= self._nan[name]
        return found

    def _tests(self, atoms: set[Atom]) -> dict[Atom, AtomTest]:
        by_column: dict[str, list[str]] = {}
        for atom in atoms:
            by_column.setdefault(atom.column, []).append(atom.key)
        tests: dict[Atom, AtomTest] = {}
        for name in sorted(by_column):
            found = self._tests_on(name, sorted(by_column[name]))
            tests.update({Atom(name, key): test for key, test in found.items()})
        return tests

    def _tests_on(self, name: str, keys: Sequence[str]) -> dict[str, AtomTest]:
        column = self._column(name)
        if column is None:
            return {}
        spelled, kind = self._types.get(name, ("nothing", "INTEGER"))
        if isinstance(column, CodedColumn):
            answers = answers_on_values(self._connection, column.values, name=spelled, kind=kind, keys=keys)
            return {key: coded_test(column, answer) for key, answer in answers.items()}
        of_numbers = answers_on_numbers(self._connection, column, name=spelled, kind=kind, keys=keys)
        return {key: number_test(column, answer) for key, answer in of_numbers.items()}

    def _column(self, name: str) -> Column | None:
        if name == NO_COLUMN:
            return CodedColumn(codes=np.zeros(self.size, dtype=np.uint8), values=pa.nulls(1, pa.int32()))
        if name not in self._types or not is_loadable(self._types[name][1]):
            return None
        if name not in self._columns:
            values = self._values(name)
            self._columns[name] = dense_column(values, self._places, self.size, self._types[name][1])
        return self._columns[name]

    def _values(self, name: str) -> pa.ChunkedArray:
        spelled, kind = self._types[name]
        column = Fragment(f"{identifier(spelled)}::{kind} AS value")
        query = statement("queries/membership", "column_values").fill(column=column)
        with reading_files():
            values = self._session.table(query, files=self._paths).column(0)
        return values if self._rows is None else values.take(pa.array(self._rows))

    def _places_with_nan(self, name: str) -> Words:
        is_nan = pc.is_nan(self._values(name)).fill_null(False).to_numpy()
        if self._places is None:
            return from_flags(is_nan)
        return from_samples(self._places[is_nan], self.size)


def _is_in_order(places: Samples, size: int) -> bool:
    return places.size == size and bool((places == np.arange(size)).all())
