"""Terms: the numbers per test case from which metrics are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Words, from_flags, to_samples
from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.counting import ClassCounter, count_many
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.element_terms import element_terms
from kolena_store.metrics.kernel_terms import KernelTerm, kernel_terms
from kolena_store.metrics.objects.confusion import object_pairs
from kolena_store.metrics.objects.terms import object_terms
from kolena_store.metrics.pairs import Pairs
from kolena_store.metrics.sample_columns import SampleColumns, class_planes
from kolena_store.metrics.sums import extremes, repeatable_sums_many

__all__ = ["TermValues", "compute_terms", "extreme_terms", "joined_terms"]

Numbers: TypeAlias = NDArray[np.float64]
PLANE_CLASSES = 64
PAIR_CLASSES = 5
CASES_WORTH_A_THREAD = 16
SAMPLES, ANSWERED = "(samples)", "(answered)"


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
    counted = _plane_counts(columns, terms, members, n_classes)
    by_case = {
        **{term.name: counted[term.name,] for term in terms if _counts_samples(term)},
        **_sums(columns, terms, members),
        **extreme_terms(columns, terms, members),
    }
    by_class = {
        term.name: _class_counts(columns, term, members, n_classes, counted=counted)
        for term in terms
        if _counts_classes(term)
    }
    by_class |= element_terms(columns, terms, members)
    by_class |= object_terms(columns.objects, terms, members)
    by_pair = {
        term.name: _pair_counts(columns, term, members, n_classes, counted=counted)
        for term in terms
        if _counts_pairs(term)
    } | dict(object_pairs(columns.objects, terms, members))
    sizes = np.stack([counted[SAMPLES,], counted[ANSWERED,]]).astype(np.int64)
    kernels = list(kernel_terms(columns, terms, members, n_classes))
    return joined_terms(sizes, by_case=by_case, by_class=by_class, by_pair=by_pair, kernels=kernels)


def joined_terms(
    sizes: NDArray[np.int64],
    *,
    by_case: Mapping[str, Numbers],
    by_class: Mapping[str, Numbers],
    by_pair: Mapping[str, Pairs],
    kernels: Sequence[KernelTerm],
) -> TermValues:
    """Return all terms together.

    Args:
        sizes: how many samples each test case has, and how many of them were answered: int64[2, test cases].
    """
    whole = {kernel.name: kernel for kernel in kernels if kernel.values.ndim == 1}
    of_classes = {kernel.name: kernel.values for kernel in kernels if kernel.values.ndim == 2}
    return TermValues(
        n_samples=sizes[0],
        n_answered=sizes[1],
        by_case={**by_case, **{name: kernel.values for name, kernel in whole.items()}},
        by_class={**by_class, **of_classes},
        by_pair=by_pair,
        reasons={name: kernel.reasons for name, kernel in whole.items()},
        kernels={kernel.name: kernel for kernel in kernels},
    )


def _plane_counts(
    columns: SampleColumns, terms: Sequence[TermDefinition], members: Words, n_classes: int
) -> dict[tuple[str | int, ...], Numbers]:
    """Return everything that is counted by bitmaps, in one pass over the members: by term, class and second class."""
    planes: dict[tuple[str | int, ...], Words] = {
        (SAMPLES,): ~np.zeros_like(columns.answered),
        (ANSWERED,): columns.answered,
    }
    for term in terms:
        if _counts_samples(term):
            planes[term.name,] = from_flags(columns.flags[term.expression])
        if _counts_classes(term) and n_classes <= PLANE_CLASSES:
            found = class_planes(columns.codes[term.by[0]], n_classes, columns.flags[term.expression])
            planes |= {(term.name, code): plane for code, plane in enumerate(found)}
        if _counts_pairs(term) and n_classes <= PAIR_CLASSES:
            first, second = (columns.codes[label] for label in term.by)
            for code in range(n_classes):
                found = class_planes(second, n_classes, columns.flags[term.expression] & (first == code))
                planes |= {(term.name, code, other): plane for other, plane in enumerate(found)}
    counts = count_many(members, np.stack(list(planes.values()))).astype(np.float64)
    return dict(zip(planes, counts.T, strict=True))


def _counts_samples(term: TermDefinition) -> bool:
    return term.kind == "count" and not term.by and not term.each


def _counts_classes(term: TermDefinition) -> bool:
    return term.kind == "count" and len(term.by) == 1


def _counts_pairs(term: TermDefinition) -> bool:
    return term.kind == "count" and len(term.by) == 2


def _sums(columns: SampleColumns, terms: Sequence[TermDefinition], members: Words) -> dict[str, Numbers]:
    sums: dict[str, Numbers] = {}
    for term in terms:
        if term.kind == "sum" and not term.each:
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


def _class_counts(
    columns: SampleColumns,
    term: TermDefinition,
    members: Words,
    n_classes: int,
    *,
    counted: Mapping[tuple[str | int, ...], Numbers],
) -> Numbers:
    if n_classes <= PLANE_CLASSES:
        by_class = [counted[term.name, code] for code in range(n_classes)]
        return np.stack(by_class, axis=1) if by_class else np.zeros((len(members), 0))
    counter = ClassCounter(_chosen_codes(columns, term, term.by[0]), n_classes)
    counts = np.zeros((len(members), n_classes), dtype=np.float64)

    def count_part(start: int, stop: int) -> None:
        for position in range(start, stop):
            counts[position] = counter.counts(members[position])

    run_in_parts(count_part, len(members), smallest_part=CASES_WORTH_A_THREAD)
    return counts


def _pair_counts(
    columns: SampleColumns,
    term: TermDefinition,
    members: Words,
    n_classes: int,
    *,
    counted: Mapping[tuple[str | int, ...], Numbers],
) -> Pairs:
    if n_classes <= PAIR_CLASSES:
        keys = [(first, second) for first in range(n_classes) for second in range(n_classes)]
        found = [counted[term.name, *key] for key in keys]
        return _pairs(np.stack(found, axis=1) if found else np.zeros((len(members), 0)), keys)
    first, second = (_chosen_codes(columns, term, label).astype(np.int64) for label in term.by)
    joint = np.where((first < 0) | (second < 0), -1, first * n_classes + second)
    pairs, codes = np.unique(joint, return_inverse=True)
    counts = np.zeros((len(members), len(pairs)), dtype=np.float64)

    def count_part(start: int, stop: int) -> None:
        for position in range(start, stop):
            counts[position] = np.bincount(codes[to_samples(members[position])], minlength=len(pairs))

    run_in_parts(count_part, len(members), smallest_part=CASES_WORTH_A_THREAD)
    is_pair = pairs >= 0
    return _pairs(counts[:, is_pair], [divmod(int(pair), n_classes) for pair in pairs[is_pair]])


def _pairs(counts: Numbers, keys: Sequence[tuple[int, int]]) -> Pairs:
    """Return the counts of some pairs of codes, ascending, without those that don't occur."""
    positions, columns = np.nonzero(counts)
    codes = np.array(keys, dtype=np.int64).reshape(len(keys), 2)
    return Pairs(
        positions=positions.astype(np.int64),
        first=codes[columns, 0],
        second=codes[columns, 1],
        counts=counts[positions, columns].astype(np.int64),
    )


def _chosen_codes(columns: SampleColumns, term: TermDefinition, label: str) -> NDArray[np.int32]:
    return np.where(columns.flags[term.expression], columns.codes[label], np.int32(-1))
