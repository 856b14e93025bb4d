"""Counts by two labels: what a confusion matrix is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairs"]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Counts by two labels: for each entry the test case's position, the two class codes, and the count.

    Of objects a code of -1 is the background. Counts are whole numbers, unless they are sums of weights.
    """

    positions: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    counts: NDArray[np.int64] | NDArray[np.float64]
