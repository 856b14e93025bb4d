"""Columns of lists with an element for every class, in memory: a row for each class."""

from collections.abc import Sequence
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
        wanted = _wanted(terms)
        if not wanted:
            return
        names = {key: f"{kind} {text}" for key in wanted for kind, text in [key]}
        selected = [Fragment(f"({_selected(*key)}) AS {identifier(names[key])}") for key in wanted]
        lists = dict.fromkeys(name for term in terms for name in term.each)
        query = statement("queries/metrics", "element_columns").fill(
            columns=joined(selected),
            lists=joined(map(identifier, lists)),
            elements=joined(_unnested(name) for name in lists),
        )
        table = session.table(query, files=[str(path) for path in paths])
        for key in wanted:
            kind, text = key
            if kind == "flag":
                self.flags[text] = np.zeros(shape, dtype=np.bool_)
                self.flags[text][:, places] = self._by_class(table.column(names[key]))
            else:
                self.numbers[text] = np.full(shape, np.nan)
                self.numbers[text][:, places] = self._by_class(table.column(names[key]))

    def _by_class(self, column: pa.ChunkedArray) -> NDArray[Any]:
        """Return the elements of the rows of the files: [classes, rows]."""
        n_classes, size = self._shape
        n_rows = size if isinstance(self._places, slice) else len(self._places)
        values = column.to_numpy()
        if len(values) != n_rows * n_classes:
            raise DamagedStore(
                f"sample metrics of {n_rows} samples hold {len(values)} elements for {n_classes} classes; "
                "run kolena-store verify --repair, which scores anew"
            )
        return np.asarray(values.reshape(n_rows, n_classes).T)


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


def _selected(kind: str, text: str) -> str:
    return f"coalesce({text}, FALSE)" if kind == "flag" else f"({text})::DOUBLE"


def _unnested(name: str) -> Fragment:
    return Fragment(f"unnest({identifier(name)}) AS {identifier(name)}")
