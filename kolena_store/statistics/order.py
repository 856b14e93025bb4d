"""Intervals of medians by order statistics: no assumption but that the samples are independent."""

import numpy as np
from numpy.typing import NDArray

from kolena_store.statistics.distributions import binomial_cdf

__all__ = ["median_ranks", "middle_places", "place_of_share"]

ROUNDING = 1e-10
"""Of sums of weights, relative; `weighted_median` in sql/macros/terms.sql has it too."""


def median_ranks(n: int, level: float) -> tuple[int, int] | None:
    """Return the ranks (from 0) of the two ordered values between which the median lies with at least this confidence.

    The narrowest pair of ranks that lie evenly about the middle (Conover 1999, section 3.2). None when even the least
    and the greatest of n values do not reach the level.
    """
    below = _least_count(n, (1 - level) / 2)
    return None if below is None else (below, n - 1 - below)


def middle_places(weights: NDArray[np.float64]) -> tuple[int, int]:
    """Return the places of the two middle values of some that stand in ascending order with these weights.

    Both are the first at which the sum of the weights passes half of them all; where it meets the half exactly, that
    one and the next. Sums of shares such as 1/3 meet it but for their rounding.
    """
    sums = np.cumsum(weights)
    half = sums[-1] / 2
    first = int(np.searchsorted(sums, half * (1 - ROUNDING), side="left"))
    return first, int(np.searchsorted(sums, half * (1 + ROUNDING), side="right"))


def place_of_share(weights: NDArray[np.float64], share: float) -> int:
    """Return the place of the first of some values in ascending order at which their weights reach a share of all."""
    sums = np.cumsum(weights)
    return int(np.searchsorted(sums, share * sums[-1], side="left"))


def _least_count(n: int, tail: float) -> int | None:
    """Return the greatest k with a chance of at most `tail` that k or fewer of n values lie below the median."""
    spread = 1 + int(4 * np.sqrt(n))
    ranks: NDArray[np.int64] = np.arange(max(0, n // 2 - spread), n // 2 + 1)
    chances = binomial_cdf(ranks, n, 0.5)
    fitting = ranks[chances <= tail]
    return int(fitting[-1]) if fitting.size else None
