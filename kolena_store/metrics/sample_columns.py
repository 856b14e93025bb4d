"""Sample metrics in memory: one dense column over `_sample` for each expression that a term needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kolena_store.database import Session
from kolena_store.membership.bitmaps import Flags, Samples, Words, from_flags, from_samples, n_words
from kolena_store.metrics.counting import Codes
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.element_columns import ElementColumns, Places, kernel_arguments
from kolena_store.metrics.objects.curves import CaseCurves
from kolena_store.metrics.repeated_rows import RepeatedRows
from kolena_store.metrics.sums import Floats
from kolena_store.statements import Fragment, identifier, joined, literal, statement

__all__ = ["LIST_KERNELS", "SampleColumns", "class_planes", "load_sample_columns"]

Matrix: TypeAlias = NDArray[np.float64]

LIST_KERNELS = frozenset({"ordinal_alpha"})
"""Kernels that read a list of numbers of each sample."""


@dataclass(frozen=True, kw_only=True)
class SampleColumns:
    """The scored samples of one model, dense over the sample numbers [0, size).

    `flags` holds the samples where an expression is true, `numbers` its values (NaN: NULL), `codes` the class of each
    sample (-1: none), `matrices` the scores of all classes; each is found by its expression. Of expressions over lists
    with an element for every class, `element_flags` and `element_numbers` have a row for each class: [classes, size].
    `lists` has the elements of lists of any length: [size, longest], NaN where there is none. `objects` are the matches
    of objects, where the workflow has them.

    Where samples have several rows, `rows` says of which sample each is, and all columns are dense over the rows.
    """

    size: int
    answered: Words
    flags: Mapping[str, Flags]
    numbers: Mapping[str, Floats]
    codes: Mapping[str, Codes]
    matrices: Mapping[str, Matrix]
    element_flags: Mapping[str, Flags] = field(default_factory=dict)
    element_numbers: Mapping[str, Matrix] = field(default_factory=dict)
    lists: Mapping[str, Matrix] = field(default_factory=dict)
    objects: CaseCurves | None = None
    rows: RepeatedRows | None = None

    def by_sample(self, values: Floats) -> Floats:
        """Return values of rows by sample: of several rows their average, NaN where none has a value."""
        return values if self.rows is None else self.rows.averages(values)


def load_sample_columns(
    session: Session,
    paths: Sequence[Path],
    size: int,
    *,
    terms: Sequence[TermDefinition],
    classes: Sequence[str],
    has_repeats: bool = False,
) -> SampleColumns:
    """Return the columns that some terms need, from the files of sample metrics of one model.

    Args:
        session: of the store.
        paths: the files.
        size: how many sample numbers there are.
        terms: what is to be computed.
        classes: in the order of their scores.
        has_repeats: whether samples may have several rows.
    """
    wanted = _wanted([term for term in terms if not term.each and term.kind not in ("matches", "pairs")])
    selected = [
        Fragment(f"({_selected(kind, text, classes)}) AS {identifier(_name(kind, text))}") for kind, text in wanted
    ]
    query = statement("queries/metrics", "sample_columns").fill(columns=joined([Fragment("1"), *selected]))
    table = session.table(query, files=[str(path) for path in paths])
    samples = table.column("_sample").to_numpy()
    rows, row_places = _rows_by_sample(samples, size) if has_repeats else (None, samples)
    size = size if rows is None else rows.n_places
    places = slice(None) if _is_every_sample(row_places, size) else row_places
    found = {(kind, text): table.column(_name(kind, text)) for kind, text in wanted}
    n_classes = len(classes)
    elements = ElementColumns(session, paths, [term for term in terms if term.each], places, shape=(n_classes, size))
    return SampleColumns(
        size=size,
        answered=from_samples(row_places, size),
        rows=rows,
        flags={text: _flags(column, places, size) for (kind, text), column in found.items() if kind == "flag"},
        numbers={text: _numbers(column, places, size) for (kind, text), column in found.items() if kind == "number"},
        codes={text: _codes(column, places, size) for (kind, text), column in found.items() if kind == "code"},
        matrices={
            text: _matrix(column, places, size, n_classes) for (kind, text), column in found.items() if kind == "matrix"
        },
        lists={text: _lists(column, places, size) for (kind, text), column in found.items() if kind == "list"},
        element_flags=elements.flags,
        element_numbers=elements.numbers,
    )


def class_planes(codes: Codes, n_classes: int, chosen: Flags) -> Words:
    """Return one bitmap for each class: the chosen samples that have its code."""
    planes = [from_flags((codes == code) & chosen) for code in range(n_classes)]
    return np.stack(planes) if planes else np.empty((0, n_words(codes.size)), dtype=np.uint64)


def _wanted(terms: Sequence[TermDefinition]) -> list[tuple[str, str]]:
    wanted: dict[tuple[str, str], None] = {}
    for term in terms:
        wanted.update(dict.fromkeys(("code", label) for label in term.labels))
        if term.kind == "kernel":
            kind = "list" if term.kernel in LIST_KERNELS else "matrix" if term.labels else "number"
            wanted.update(dict.fromkeys((kind, text) for text in kernel_arguments(term)))
        else:
            wanted[("flag" if term.kind == "count" else "number", str(term.expression))] = None
    return list(wanted)


def _selected(kind: str, text: str, classes: Sequence[str]) -> str:
    if kind == "code":
        return f"coalesce(list_position({literal(list(classes))}::VARCHAR[], {text}), 0) - 1"
    return {"flag": f"coalesce({text}, FALSE)", "number": f"({text})::DOUBLE"}.get(kind, text)


def _name(kind: str, text: str) -> str:
    return f"{kind} {text}"


def _rows_by_sample(samples: Samples, size: int) -> tuple[RepeatedRows, Samples]:
    """Return the rows by sample, those of one in the order of the files, and the place of each row of the files."""
    order = np.argsort(samples, kind="stable")
    places = np.empty(len(samples), dtype=np.int64)
    places[order] = np.arange(len(samples))
    return RepeatedRows(samples=samples[order], size=size), places


def _is_every_sample(samples: Samples, size: int) -> bool:
    """Return whether the samples are [0, size) in order."""
    return len(samples) == size and bool((samples == np.arange(size)).all())


def _flags(column: pa.ChunkedArray, places: Places, size: int) -> Flags:
    dense = np.zeros(size, dtype=bool)
    dense[places] = column.to_numpy()
    return dense


def _numbers(column: pa.ChunkedArray, places: Places, size: int) -> Floats:
    dense = np.full(size, np.nan)
    dense[places] = column.cast(pa.float64()).to_numpy()
    return dense


def _codes(column: pa.ChunkedArray, places: Places, size: int) -> Codes:
    dense = np.full(size, -1, dtype=np.int32)
    dense[places] = column.to_numpy()
    return dense


def _matrix(column: pa.ChunkedArray, places: Places, size: int, n_classes: int) -> Matrix:
    dense = np.full((size, n_classes), np.nan)
    combined = column.combine_chunks()
    is_known = combined.is_valid().to_numpy(zero_copy_only=False)
    values = combined.flatten().to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    known = np.flatnonzero(is_known) if isinstance(places, slice) else places[is_known]
    dense[known] = values.reshape(len(known), n_classes)
    return dense


def _lists(column: pa.ChunkedArray, places: Places, size: int) -> Matrix:
    combined = column.combine_chunks()
    lengths = pc.list_value_length(combined).fill_null(0).to_numpy()
    rows = np.repeat(np.arange(len(combined)), lengths)
    within = np.arange(rows.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    of_rows = np.full((len(combined), int(lengths.max(initial=0))), np.nan)
    of_rows[rows, within] = combined.flatten().to_numpy(zero_copy_only=False)
    dense = np.full((size, of_rows.shape[1]), np.nan)
    dense[places] = of_rows
    return dense
