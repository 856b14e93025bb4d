"""Lists with a place for each grader: their elements, and how they become one verdict or one grade."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from kolena_store.workflows.numbers import numbers_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Grades", "places_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """What all graders gave: the value of each grade, the row that it is of, and its place in the row's list.

    What is NULL or not finite is no grade.
    """

    n_rows: int
    rows: "np.ndarray"
    values: "np.ndarray"
    places: "np.ndarray"

    @classmethod
    def of_column(cls, lists: "pa.Array") -> Self:
        """Return the grades in a list column; true and false are 1 and 0."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.types as types

        if types.is_null(lists.type):
            nothing = np.zeros(0)
            return cls(n_rows=len(lists), rows=nothing.astype(np.int64), values=nothing, places=nothing)
        lengths = _lengths(lists)
        inside = lists.flatten()
        values = numbers_of(inside.cast(pa.int8()) if types.is_boolean(inside.type) else inside)
        rows = np.repeat(np.arange(len(lists)), lengths)
        places = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        is_given = np.isfinite(values)
        return cls(n_rows=len(lists), rows=rows[is_given], values=values[is_given], places=places[is_given])

    @property
    def counts(self) -> "np.ndarray":
        """Return how many grades each row has."""
        return self.sums_of(self.values * 0 + 1).astype("int64")

    def sums_of(self, values: "np.ndarray") -> "np.ndarray":
        """Return the sum over each row of a value for each grade."""
        import numpy as np

        return np.bincount(self.rows, weights=values, minlength=self.n_rows)

    def at(self, place: int) -> "np.ndarray":
        """Return each row's grade in one place of its list; NaN where there is none."""
        import numpy as np

        found = np.full(self.n_rows, np.nan)
        is_here = self.places == place
        found[self.rows[is_here]] = self.values[is_here]
        return found

    def quantile(self, share: float) -> "np.ndarray":
        """Return each row's smallest (0), middle (.5) or largest (1) grade; NaN where there is none.

        Of an even number, the middle is the mean of the two in the middle.
        """
        import numpy as np

        counts = self.counts
        ordered = self.values[np.lexsort((self.values, self.rows))]
        starts = np.cumsum(counts) - counts
        place = np.maximum(counts - 1, 0) * share
        found = np.full(self.n_rows, np.nan)
        has = counts > 0
        low, high = ((starts + turned(place).astype(np.int64))[has] for turned in (np.floor, np.ceil))
        found[has] = ordered[low] / 2 + ordered[high] / 2
        return found

    def lists(self) -> "pa.Array":
        """Return each row's grades, in the order of their places."""
        import numpy as np
        import pyarrow as pa

        offsets = np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(self.values))

    def mean(self) -> "np.ndarray":
        """Return the mean of each row's grades; NaN where there is none."""
        import numpy as np

        counts = self.counts
        return np.where(counts > 0, self.sums_of(self.values / np.maximum(counts, 1)[self.rows]), np.nan)


def places_of(lists: "pa.Array") -> "list[int]":
    """Return the different numbers of places that the lists of a column have, in order; NULL has none."""
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_null(lists.type):
        return []
    return sorted(pc.unique(pc.list_value_length(lists).drop_null()).to_pylist())


def _lengths(lists: "pa.Array") -> "np.ndarray":
    """Return how many elements of the flattened column each row has."""
    import numpy as np
    import pyarrow.compute as pc

    return np.asarray(pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)
