"""How a field is spread among some samples, beside the whole dataset."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kolena_store.datasets import Field
from kolena_store.display import number
from kolena_store.inspection.scopes import DatasetScope
from kolena_store.inspection.score_arrays import field_values
from kolena_store.inspection.workbench import Look
from kolena_store.membership.bitmaps import Words, to_flags
from kolena_store.number_types import is_number
from kolena_store.plots import Distribution
from kolena_store.statements import Fragment, literal
from kolena_store.test_suites.fields import CutField, cut_field
from kolena_store.test_suites.strata import same

__all__ = ["FieldPart", "distribution_of", "fields_to_show", "parts_of"]

MOST_VALUES = 15
N_RANGES = 12
MISSING, OTHER, NOT_A_NUMBER = "(missing)", "(other values)", "NaN"
WITH_EQUALS = ("INTERVAL", "TIME WITH TIME ZONE")
"""Types of which different values are equal in DuckDB, such as a month and 30 days; they are told apart as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPart:
    """A value or range of a field: how it is shown, the predicate that selects it (None: none does), its samples."""

    label: str
    predicate: str | None
    samples: np.ndarray


def fields_to_show(scope: DatasetScope, *, with_ids: bool = False) -> list[Field]:
    """Return the fields whose spread says something: metadata and truths of plain types, and ids if asked for."""
    return [
        field
        for field in scope.version.field_list
        if (
            (with_ids or field.role != "id")
            and not field.type.endswith(("]", ")"))
            and field.type not in ("BLOB", "JSON")
        )
        or is_number(field.type)
    ]


def distribution_of(look: Look, scope: DatasetScope, field: Field, words: Words) -> list[Distribution]:
    """Return how a field is spread among the samples of a bitmap, beside all samples of the dataset."""
    members = to_flags(words, scope.dataset.next_sample)
    return [
        Distribution(label=part.label, n_case=int(members[part.samples].sum()), n_all=int(part.samples.size))
        for part in parts_of(look, scope, field)
    ]


def parts_of(look: Look, scope: DatasetScope, field: Field) -> list[FieldPart]:
    """Return the values of a field, the commonest 15, or of a number with more values its ranges."""
    key = ("parts", scope.dataset.dataset_id, scope.version.version, field.name)

    def made() -> list[FieldPart]:
        cut = cut_field(look.session, scope.version, field.name)
        found = field_values(look, scope, field, as_text=cut.is_typed)
        encoded = pc.dictionary_encode(_plain(found.values.combine_chunks()))
        n_values = len(encoded.dictionary)
        if cut.is_number and n_values > MOST_VALUES:
            return _ranges(cut, found.samples, found.values.cast(pa.float64(), safe=False))
        return _values(cut, found.samples, encoded)

    return look.kept.get(key, made, lambda parts: sum(part.samples.nbytes for part in parts))


def _plain(values: pa.Array) -> pa.Array:
    """Return values whose zeros have one sign, and whose NaNs have one form, as they are equal in a condition."""
    if not pa.types.is_floating(values.type):
        return values
    unsigned = pc.add(values, pa.scalar(0, values.type))
    return pc.if_else(pc.is_nan(unsigned), pa.scalar(float("nan"), values.type), unsigned)


def _values(field: CutField, samples: np.ndarray, encoded: pa.DictionaryArray) -> list[FieldPart]:
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(codes[codes >= 0], minlength=len(encoded.dictionary))
    order = np.argsort(-counts, kind="stable")
    kept = sorted(order[:MOST_VALUES].tolist(), key=lambda place: _sort_key(encoded.dictionary[place].as_py()))
    parts = [
        FieldPart(
            label=_label(encoded.dictionary[place].as_py()),
            predicate=_equal(field, encoded.dictionary[place].as_py()),
            samples=samples[codes == place],
        )
        for place in kept
    ]
    if len(order) > MOST_VALUES:
        rest = np.isin(codes, order[MOST_VALUES:])
        parts.append(FieldPart(label=OTHER, predicate=None, samples=samples[rest]))
    return [*parts, *_missing(field.value, samples[codes < 0])]


def _ranges(field: CutField, samples: np.ndarray, values: pa.ChunkedArray) -> list[FieldPart]:
    numbers = values.to_numpy()
    is_null = values.is_null().to_numpy()
    is_nan = np.isnan(numbers) & ~is_null
    known = np.isfinite(numbers)
    low, high = np.quantile(numbers[known], [0.01, 0.99]) if known.any() else (0.0, 1.0)
    edges = _round_edges(float(low), float(high))
    column = _compared(field, numbers[known])
    place = np.searchsorted(edges, numbers, side="right")
    parts = []
    for one in range(len(edges) + 1):
        chosen = ~is_null & ~is_nan & (place == one)
        if chosen.any() or 0 < one < len(edges):
            label, predicate = _range(column, edges, one)
            parts.append(FieldPart(label=label, predicate=predicate, samples=samples[chosen]))
    if is_nan.any():
        parts.append(FieldPart(label=NOT_A_NUMBER, predicate=f"isnan({column})", samples=samples[is_nan]))
    return [*parts, *_missing(field.value, samples[is_null])]


def _round_edges(low: float, high: float) -> list[float]:
    """Return edges at round numbers that part [low, high] into about 12 ranges."""
    if not high > low:
        return [low]
    raw = high / N_RANGES - low / N_RANGES  # their difference may be infinite
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9))
    first, last = np.ceil(low / step), np.floor(high / step)
    return [_rounded(float(place * step), float(step)) for place in np.arange(first, last + 1)]


def _rounded(edge: float, step: float) -> float:
    """Return an edge with 12 digits, or with all of them where the ranges differ in the later ones alone."""
    rounded = float(f"{edge:.12g}")
    return rounded if abs(rounded - edge) < step / 1000 else edge


def _compared(field: CutField, numbers: np.ndarray) -> Fragment:
    """Return what is compared with the edges: as the samples were counted, where numbers are no floats of 64 bits.

    DuckDB does not widen a short number, it narrows the edge; and it compares long numbers to the last digit.
    """
    digits = re.match(r"DECIMAL\((\d+)", field.kind)
    is_long = int(digits[1]) > sys.float_info.dig if digits else (np.abs(numbers) >= 2.0**53).any()
    is_other = field.kind == "FLOAT" or (is_long and field.kind != "DOUBLE")
    return Fragment(f"{field.value}::DOUBLE") if is_other else field.value


def _range(column: Fragment, edges: Sequence[float], place: int) -> tuple[str, str]:
    if place == 0:
        return f"below {_number(edges[0])}", f"{column} < {_number(edges[0])}"
    low = edges[place - 1]
    if place == len(edges):
        return f"{_number(low)} and more", f"{column} >= {_number(low)} AND NOT isnan({column}::DOUBLE)"
    high = edges[place]
    return f"{_number(low)} to {_number(high)}", f"{column} >= {_number(low)} AND {column} < {_number(high)}"


def _missing(column: Fragment, samples: np.ndarray) -> list[FieldPart]:
    if not samples.size:
        return []
    return [FieldPart(label=MISSING, predicate=f"{column} IS NULL", samples=samples)]


def _equal(field: CutField, value: Any) -> str | None:
    """Return the condition that a field has a value, which came as text if it is typed; None: it can't be typed."""
    if isinstance(value, bool):
        return f"{field.value}" if value else f"NOT {field.value}"
    if isinstance(value, float) and np.isnan(value):
        return f"isnan({field.value})"
    if isinstance(value, str) and "\0" in value:
        return None
    if field.kind in WITH_EQUALS:
        return f"{field.value}::VARCHAR = {literal(value)}"
    return f"{field.value} = {same(field, value, str(value))}" if field.is_plain else None


def _number(value: float) -> str:
    short = f"{value:.12g}"
    return short if float(short) == value else repr(value)


def _label(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    return str(value) if str(value) else "(empty text)"


def _sort_key(value: object) -> tuple[bool, object]:
    is_number = isinstance(value, int | float)
    return (not is_number, value if is_number else str(value))
