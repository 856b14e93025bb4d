"""Terms of samples that don't count alike: sums of weights in the place of counts."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Words, from_flags, to_samples
from kolena_store.metrics.counting import Codes, count_many
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.element_terms import element_terms
from kolena_store.metrics.kernel_terms import kernel_terms
from kolena_store.metrics.objects.confusion import object_pairs
from kolena_store.metrics.objects.terms import object_terms
from kolena_store.metrics.pairs import Pairs
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.metrics.sums import Floats, repeatable_sums_many
from kolena_store.metrics.terms import TermValues, extreme_terms, joined_terms

__all__ = ["weighted_terms"]

Numbers: TypeAlias = NDArray[np.float64]


def weighted_terms(
    columns: SampleColumns, terms: Sequence[TermDefinition], members: Words, n_classes: int, *, weights: Floats
) -> TermValues:
    """Return the terms of every test case in members[C, W], each sample counting as often as its weight says.

    A count is the sum of the weights, a sum that of weight times value; the sizes `n_samples` and `n_answered` still
    count samples. Samples of weight 0 have no part in extremes.

    Args:
        weights: one for each `_sample`, none negative.
    """
    counted = members & from_flags(weights > 0)
    by_case = {
        **_sums(columns, terms, counted, weights),
        **extreme_terms(columns, terms, counted),
    }
    by_class = {
        term.name: _class_sums(columns, term, counted, n_classes, weights=weights)
        for term in terms
        if term.kind == "count" and len(term.by) == 1
    }
    by_class |= element_terms(columns, terms, counted, weights=weights)
    by_class |= object_terms(columns.objects, terms, counted, weights=weights)
    by_pair = {
        term.name: _pair_sums(columns, term, counted, n_classes, weights=weights) for term in terms if len(term.by) == 2
    } | dict(object_pairs(columns.objects, terms, counted, weights=weights))
    kernels = list(kernel_terms(columns, terms, counted, n_classes, weights=weights))
    sizes = count_many(members, np.stack([~np.zeros_like(columns.answered), columns.answered])).T
    return joined_terms(sizes, by_case=by_case, by_class=by_class, by_pair=by_pair, kernels=kernels)


def _sums(
    columns: SampleColumns, terms: Sequence[TermDefinition], members: Words, weights: Floats
) -> dict[str, Numbers]:
    sums: dict[str, Numbers] = {}
    for term in terms:
        if term.by or term.each or term.kind not in ("count", "sum"):
            continue
        if term.kind == "count":
            sums[term.name] = repeatable_sums_many(
                weights[np.newaxis], members, from_flags(columns.flags[term.expression])[np.newaxis]
            )[:, 0]
            continue
        values = columns.numbers[term.expression]
        measured = from_flags(~np.isnan(values))[np.newaxis]
        totals = repeatable_sums_many((weights * values)[np.newaxis], members, measured)[:, 0]
        sums[term.name] = np.where(count_many(members, measured)[:, 0] > 0, totals, np.nan)
    return sums


def _class_sums(
    columns: SampleColumns, term: TermDefinition, members: Words, n_classes: int, *, weights: Floats
) -> Numbers:
    codes = _counted_codes(columns, term, term.by[0])
    found = [_summed(codes, to_samples(one), weights, n_classes) for one in members]
    return np.array(found, dtype=np.float64).reshape(len(members), n_classes)


def _pair_sums(
    columns: SampleColumns, term: TermDefinition, members: Words, n_classes: int, *, weights: Floats
) -> Pairs:
    first, second = (_counted_codes(columns, term, label).astype(np.int64) for label in term.by)
    pairs = np.where((first < 0) | (second < 0), -1, first * n_classes + second)
    entries = []
    for position, one in enumerate(members):
        sums = _summed(pairs, to_samples(one), weights, n_classes * n_classes)
        places = np.flatnonzero(sums)
        entries.append(
            np.stack([np.full(len(places), position), places // n_classes, places % n_classes, sums[places]])
        )
    table = np.concatenate(entries, axis=1) if entries else np.empty((4, 0))
    positions, rows, others = table[:3].astype(np.int64)
    return Pairs(positions=positions, first=rows, second=others, counts=table[3])


def _counted_codes(columns: SampleColumns, term: TermDefinition, label: str) -> Codes:
    return np.where(columns.flags[term.expression], columns.codes[label], np.int32(-1))


def _summed(codes: NDArray[np.signedinteger], samples: NDArray[np.int64], weights: Floats, n_places: int) -> Numbers:
    """Return the sum of the weights at each code, added in the order of `_sample`."""
    found = codes[samples]
    return np.bincount(found + 1, weights[samples], minlength=n_places + 1)[1:].astype(np.float64, copy=False)
