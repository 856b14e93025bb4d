"""Terms over the elements of lists: a number for each test case and class, every sample adding to all classes."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Words, from_flags
from kolena_store.metrics.counting import count_many
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.metrics.sums import Floats, repeatable_sums_many

__all__ = ["element_terms"]

Numbers: TypeAlias = NDArray[np.float64]


def element_terms(
    columns: SampleColumns, terms: Sequence[TermDefinition], members: Words, *, weights: Floats | None = None
) -> dict[str, Numbers]:
    """Return the counts and sums of elements among some terms: float64[test cases, classes]; NaN where none is known.

    Args:
        weights: how much each `_sample` counts; None when all count alike.
    """
    wanted = [term for term in terms if term.each and term.kind in ("count", "sum")]
    return {term.name: _of_term(columns, term, members, weights) for term in wanted}


def _of_term(columns: SampleColumns, term: TermDefinition, members: Words, weights: Floats | None) -> Numbers:
    if term.kind == "count":
        planes = _planes(columns.element_flags[term.expression])
        if weights is None:
            return count_many(members, planes).astype(np.float64)
        return _weighted_counts(members, planes, weights)
    values = columns.element_numbers[term.expression]
    planes = _planes(~np.isnan(values))
    totals = repeatable_sums_many(values if weights is None else values * weights, members, planes)
    return np.where(count_many(members, planes) > 0, totals, np.nan)


def _planes(flags: "NDArray[np.bool_]") -> Words:
    if len(flags):
        return np.stack([from_flags(row) for row in flags])
    return np.zeros((0, from_flags(np.zeros(flags.shape[1], dtype=bool)).size), dtype=np.uint64)


def _weighted_counts(members: Words, planes: Words, weights: Floats) -> Numbers:
    of_class = [repeatable_sums_many(weights[np.newaxis], members, plane[np.newaxis])[:, 0] for plane in planes]
    return np.stack(of_class, axis=1) if of_class else np.zeros((len(members), 0))
