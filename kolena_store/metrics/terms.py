"""Terms: the numbers per test case from which metrics are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags, Words, from_flags, to_samples
from kolena_store.metrics.counting import ClassCounter, count_many, count_pairs
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.kernel_terms import KernelTerm, kernel_terms
from kolena_store.metrics.sample_columns import SampleColumns, class_planes
from kolena_store.metrics.sums import extremes, repeatable_sums_many

__all__ = ["Pairs", "TermValues", "compute_terms", "extreme_terms", "joined_terms"]

Numbers: TypeAlias = NDArray[np.float64]
PLANE_CLASSES = 64


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Counts by two labels: for each entry the test case's position, the two class codes, and the count.

    Counts are whole numbers, unless they are sums of weights.
    """

    positions: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    counts: NDArray[np.int64] | Numbers


@dataclass(frozen=True, kw_only=True)
class TermValues:
    """All terms of one model: float64[test cases], float64[test cases, classes], and counts by two labels.

    NaN means that a term is not defined there; `reasons` says why, for terms that know. `kernels` holds what the
    kernels say of the precision of their terms.
    """

    n_samples: NDArray[np.int64]
    n_answered: NDArray[np.int64]
    by_case: Mapping[str, Numbers]
    by_class: Mapping[str, Numbers]
    by_pair: Mapping[str, Pairs]
    reasons: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    kernels: Mapping[str, KernelTerm] = field(default_factory=dict)


def compute_terms(
    columns: SampleColumns, terms: Sequence[TermDefinition], members: Words, n_classes: int
) -> TermValues:
    """Return the terms of every test case in members[C, W].

    Counts are exact; sums repeat bit for bit at any number of threads (see `sums`).
    """
    by_case = {
        **_counts(columns, terms, members),
        **_sums(columns, terms, members),
        **extreme_terms(columns, terms, members),
    }
    by_class = {term.name: _class_counts(columns, term, members, n_classes) for term in terms if _counts_classes(term)}
    by_pair = {term.name: _pair_counts(columns, term, members, n_classes) for term in terms if len(term.by) == 2}
    kernels = list(kernel_terms(columns, terms, members, n_classes))
    return joined_terms(columns, members, by_case=by_case, by_class=by_class, by_pair=by_pair, kernels=kernels)


def joined_terms(
    columns: SampleColumns,
    members: Words,
    *,
    by_case: Mapping[str, Numbers],
    by_class: Mapping[str, Numbers],
    by_pair: Mapping[str, Pairs],
    kernels: Sequence[KernelTerm],
) -> TermValues:
    """Return all terms together, with the sizes of the test cases."""
    whole = {kernel.name: kernel for kernel in kernels if kernel.values.ndim == 1}
    of_classes = {kernel.name: kernel.values for kernel in kernels if kernel.values.ndim == 2}
    sizes = count_many(members, np.stack([~np.zeros_like(columns.answered), columns.answered]))
    return TermValues(
        n_samples=sizes[:, 0],
        n_answered=sizes[:, 1],
        by_case={**by_case, **{name: kernel.values for name, kernel in whole.items()}},
        by_class={**by_class, **of_classes},
        by_pair=by_pair,
        reasons={name: kernel.reasons for name, kernel in whole.items()},
        kernels={kernel.name: kernel for kernel in kernels},
    )


def _counts_classes(term: TermDefinition) -> bool:
    return term.kind == "count" and len(term.by) == 1


def _counts(columns: SampleColumns, terms: Sequence[TermDefinition], members: Words) -> dict[str, Numbers]:
    counted = [term for term in terms if term.kind == "count" and not term.by]
    if not counted:
        return {}
    planes = np.stack([from_flags(columns.flags[term.expression]) for term in counted])
    counts = count_many(members, planes).astype(np.float64)
    return {term.name: counts[:, index] for index, term in enumerate(counted)}


def _sums(columns: SampleColumns, terms: Sequence[TermDefinition], members: Words) -> dict[str, Numbers]:
    sums: dict[str, Numbers] = {}
    for term in terms:
        if term.kind == "sum":
            values = columns.numbers[term.expression]
            measured = from_flags(~np.isnan(values))[np.newaxis]
            totals = repeatable_sums_many(values[np.newaxis], members, measured)[:, 0]
            sums[term.name] = np.where(count_many(members, measured)[:, 0] > 0, totals, np.nan)
    return sums


def extreme_terms(columns: SampleColumns, terms: Sequence[TermDefinition], members: Words) -> dict[str, Numbers]:
    """Return the terms that are minima and maxima; NaN where no sample is measured."""
    wanted = [term for term in terms if term.kind in ("minimum", "maximum")]
    if not wanted:
        return {}
    expressions = list(dict.fromkeys(str(term.expression) for term in wanted))
    values = np.stack([columns.numbers[expression] for expression in expressions])
    planes = np.stack([from_flags(~np.isnan(row)) for row in values])
    found = np.array([extremes(values, one, planes) for one in members]).reshape(len(members), 2, len(expressions))
    side = {"minimum": 0, "maximum": 1}
    return {term.name: found[:, side[term.kind], expressions.index(str(term.expression))] for term in wanted}


def _class_counts(columns: SampleColumns, term: TermDefinition, members: Words, n_classes: int) -> Numbers:
    codes, chosen = columns.codes[term.by[0]], columns.flags[term.expression]
    if n_classes <= PLANE_CLASSES:
        return count_many(members, class_planes(codes, n_classes, chosen)).astype(np.float64)
    counter = ClassCounter(np.where(chosen, codes, np.int32(-1)), n_classes)
    return np.array([counter.counts(one) for one in members], dtype=np.float64).reshape(len(members), n_classes)


def _pair_counts(columns: SampleColumns, term: TermDefinition, members: Words, n_classes: int) -> Pairs:
    first, second = (_chosen_codes(columns.codes[label], columns.flags[term.expression]) for label in term.by)
    entries = []
    for position, one in enumerate(members):
        matrix = count_pairs(first, second, to_samples(one), n_a=n_classes, n_b=n_classes)
        rows, others = np.nonzero(matrix)
        entries.append(np.stack([np.full(len(rows), position), rows, others, matrix[rows, others]]))
    table = np.concatenate(entries, axis=1) if entries else np.empty((4, 0), dtype=np.int64)
    return Pairs(positions=table[0], first=table[1], second=table[2], counts=table[3])


def _chosen_codes(codes: NDArray[np.int32], chosen: Flags) -> NDArray[np.int32]:
    return np.where(chosen, codes, np.int32(-1))
