"""Samples sorted once per model, so that each test case reads its members in order without sorting them."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Flags, Samples, Words, check_words, from_flags, to_samples

__all__ = [
    "NOTHING_MEASURED",
    "Floats",
    "KernelValue",
    "MeasuredSamples",
    "Places",
    "SortedColumn",
    "ascending",
    "begins_group",
    "check_lengths",
    "group_lengths",
]

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]

NOTHING_MEASURED = "no sample is measured"

# Below one member in so many places, sorting the few is faster than marking and scanning all places.
SPARSE_FACTOR = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelValue:
    """A metric of one test case: its value, the samples it rests on, and why there is no value when it is None.

    `error` is its standard error for independent samples, on `freedom` degrees of freedom; `bounds` is an interval that
    a kernel makes without one.
    """

    value: float | None
    n: int
    reason: str | None = None
    error: float | None = None
    freedom: int = 0
    bounds: tuple[float, float] | None = None


class MeasuredSamples:
    """The samples that a metric can be measured on, out of which each test case takes its members."""

    def __init__(self, measured: Flags) -> None:
        """Keep the samples whose flag is set."""
        self.size = measured.size
        self._words = from_flags(measured)

    def of(self, members: Words) -> Samples:
        """Return the measured members of a test case, ascending.

        Raises:
            InvalidInput: the bitmap was made for another number of samples.
        """
        check_words(members, self.size)
        return to_samples(members & self._words)


class SortedColumn:
    """A column sorted once, with its ties: equal values (0.0 and -0.0 are equal) are one group."""

    def __init__(self, values: Floats, measured: Flags, tie_breaker: Floats | None = None) -> None:
        """Sort the measured values, equal ones by the tie breaker and then by `_sample`.

        Raises:
            InvalidInput: the columns differ in length.
        """
        check_lengths(values, measured)
        samples = np.flatnonzero(measured)
        keys = (values[samples],) if tie_breaker is None else (tie_breaker[samples], values[samples])
        order = samples[np.lexsort(keys)]
        self._values, self._order = values[order], order
        self._places = np.zeros(values.size, dtype=np.int64)
        self._places[order] = np.arange(order.size)

    def sorted_values(self, samples: Samples) -> Floats:
        """Return the values of the given measured samples, ascending."""
        return self._values[ascending(self._places[samples], self._values.size)]

    def sorted_samples(self, samples: Samples) -> Samples:
        """Return the given measured samples in the order of their values."""
        return self._order[ascending(self._places[samples], self._values.size)]

    def ranked(self, samples: Samples) -> tuple[Places, Floats]:
        """Return each sample's rank among the given measured ones, from 0, and their values in the order of rank."""
        places = self._places[samples]
        in_order = ascending(places, self._values.size)
        rank_at = np.empty(self._values.size, dtype=np.int64)
        rank_at[in_order] = np.arange(in_order.size)
        return rank_at[places], self._values[in_order]


def ascending(places: Places, n_places: int) -> Places:
    """Return distinct numbers out of [0, n_places) in ascending order, by marking them rather than by sorting."""
    if places.size * SPARSE_FACTOR < n_places:
        return np.sort(places)
    is_taken = np.zeros(n_places, dtype=np.bool_)
    is_taken[places] = True
    return np.flatnonzero(is_taken).astype(np.int64, copy=False)


def begins_group(in_order: NDArray[np.generic]) -> Flags:
    """Return for each of some sorted values whether it is the first of its group of equal ones."""
    is_first = np.ones(in_order.size, dtype=np.bool_)
    is_first[1:] = in_order[1:] != in_order[:-1]
    return is_first


def group_lengths(is_first: Flags) -> Places:
    """Return the lengths of groups that stand one after the other, given where each begins."""
    return np.diff(np.flatnonzero(is_first), append=is_first.size).astype(np.int64, copy=False)


def check_lengths(*columns: NDArray[np.generic]) -> None:
    """Accept columns that have one entry for each sample number.

    Raises:
        InvalidInput: the columns differ in length.
    """
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise InvalidInput(
            f"columns by _sample of the lengths {lengths} don't belong together; give all the same length"
        )
