"""Sums over units of which each is swapped or not, as if a coin were thrown for it."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["N_SWAPS", "swapped_p", "swapped_sums"]

Numbers: TypeAlias = NDArray[np.float64]

N_SWAPS = 9_999
UNITS_AT_ONCE = 2_048
MOST_KINDS = 1_024
ROUNDING = 1e-12


def swapped_sums(changes: Numbers, *, seed: int) -> Numbers:
    """Return sums[N_SWAPS, terms] of the rows of changes[units, terms] whose coin, thrown anew for each sum, says so.

    Equal rows are drawn together, from the binomial distribution. The same rows give the same sums, whichever others
    are drawn.
    """
    random = np.random.default_rng(seed)
    moving = changes[changes.any(axis=1)]
    kinds, counts = np.unique(moving, axis=0, return_counts=True)
    if len(kinds) <= MOST_KINDS:
        times = random.binomial(counts, 0.5, size=(N_SWAPS, len(counts))).astype(np.float64)
        return np.asarray(np.einsum("du,ut->dt", times, kinds))
    found = np.zeros((N_SWAPS, changes.shape[1]))
    for start in range(0, len(moving), UNITS_AT_ONCE):
        part = moving[start : start + UNITS_AT_ONCE]
        coins = np.unpackbits(np.frombuffer(random.bytes(N_SWAPS * UNITS_AT_ONCE // 8), np.uint8))
        found += np.einsum("du,ut->dt", coins.reshape(N_SWAPS, -1)[:, : len(part)].astype(np.float64), part)
    return found


def swapped_p(seen: float, swapped: Numbers) -> float:
    """Return the share of values at least as far from 0 as the one that was seen, itself among them.

    So that p is never 0, and rejects as often as it says (Phipson and Smyth 2010). A value that is not defined counts
    as far.
    """
    reach = abs(seen) * (1 - ROUNDING)
    return float((1 + np.count_nonzero(~(np.abs(swapped) < reach))) / (len(swapped) + 1))
