"""Columns of lists with an element for every class, in memory: a row for each class."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kolena_store.database import Session
from kolena_store.errors import DamagedStore
from kolena_store.membership.bitmaps import Flags, Samples
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.sums import Floats
from kolena_store.statements import Fragment, identifier, joined, statement

__all__ = ["ElementColumns", "Places", "kernel_arguments"]

Places: TypeAlias = Samples | slice


class ElementColumns:
    """What some terms over the elements of lists read, by their expressions: flags and numbers, [classes, size]."""

    def __init__(
        self,
        session: Session,
        paths: Sequence[Path],
        terms: Sequence[TermDefinition],
        places: Places,
        *,
        shape: tuple[int, int],
    ) -> None:
        """Read them from the files of sample metrics.

        Args:
            places: the sample of each row of the files.
            shape: how many classes and how many sample numbers there are.

        Raises:
            DamagedStore: a list has not one element for every class.
        """
        self.flags: dict[str, Flags] = {}
        self.numbers: dict[str, Floats] = {}
        self._places, self._shape = places, shape
        names = dict.fromkeys(name for term in terms for name in term.each)
        if not names:
            return
        query = statement("queries/metrics", "list_columns").fill(lists=joined(map(identifier, names)))
        table = session.table(query, files=[str(path) for path in paths])
        elements = {name: self._elements(table.column(name)) for name in names}
        for kind, text, values in _evaluated(session, elements, _wanted(terms)):
            if kind == "flag":
                self.flags[text] = np.zeros(shape, dtype=np.bool_)
                self.flags[text][:, places] = self._by_class(values)
            else:
                self.numbers[text] = np.full(shape, np.nan)
                self.numbers[text][:, places] = self._by_class(values)

    def _elements(self, column: pa.ChunkedArray) -> pa.Array:
        """Return all elements of lists, one list after the other."""
        lists = column.combine_chunks()
        whole = pa.chunked_array([lists]) if isinstance(lists, pa.Array) else lists
        elements = pa.concat_arrays(
            [chunk.flatten() for chunk in whole.chunks] or [pa.array([], column.type.value_type)]
        )
        n_classes, n_rows = self._shape[0], self._n_rows()
        if column.null_count or len(elements) != n_rows * n_classes:
            raise DamagedStore(
                f"sample metrics of {n_rows} samples hold {len(elements)} elements for {n_classes} classes; "
                "run kolena-store verify --repair, which scores anew"
            )
        return elements

    def _by_class(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the elements of the rows of the files: [classes, rows]."""
        return np.asarray(values.reshape(self._n_rows(), self._shape[0]).T)

    def _n_rows(self) -> int:
        """Return how many rows the files have, each with its place."""
        return self._shape[1] if isinstance(self._places, slice) else len(self._places)


def kernel_arguments(term: TermDefinition) -> list[str]:
    """Return the expressions that a kernel reads."""
    return [part.strip() for part in term.expression.split(",")]


def _wanted(terms: Sequence[TermDefinition]) -> list[tuple[str, str]]:
    wanted: dict[tuple[str, str], None] = {}
    for term in terms:
        if term.kind == "kernel":
            wanted.update(dict.fromkeys(("number", text) for text in kernel_arguments(term)))
        else:
            wanted["flag" if term.kind == "count" else "number", str(term.expression)] = None
    return list(wanted)


def _evaluated(
    session: Session, elements: Mapping[str, pa.Array], wanted: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str, NDArray[Any]]]:
    """Yield the values of expressions over elements: of a list by itself as it is, of others by DuckDB."""
    asked = [key for key in wanted if not (key[0] == "number" and key[1] in elements)]
    for kind, text in wanted:
        if (kind, text) not in asked:
            yield kind, text, elements[text].cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not asked:
        return
    columns = [Fragment(f"({_selected(*key)}) AS {identifier(' '.join(key))}") for key in asked]
    session.connection.register("elements", pa.table(dict(elements)))
    try:
        table = session.table(statement("queries/metrics", "element_columns").fill(columns=joined(columns)))
    finally:
        session.connection.unregister("elements")
    for key in asked:
        yield *key, table.column(" ".join(key)).to_numpy()


def _selected(kind: str, text: str) -> str:
    return f"coalesce({text}, FALSE)" if kind == "flag" else f"({text})::DOUBLE"
