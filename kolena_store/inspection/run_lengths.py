"""Run-length encoded masks as pixels, in COCO's form: runs go down the columns, the first one is of the background."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["pixels_of"]

MOST_PIXELS = 40_000_000
FIRST_CODE, BITS, MORE, NEGATIVE = 48, 5, 0x20, 0x10
"""A number is written in characters from `0` on, 5 bits each, the lowest first; one bit says that more follow."""


def pixels_of(mask: Mapping[str, Any]) -> np.ndarray | None:
    """Return which pixels a mask covers, bool[height, width]; None when it can't be read, or is larger than 40 MP.

    Args:
        mask: `size` (height, width), and `counts` as numbers, or as pycocotools' text, in which each number from the
            fourth on is the difference from the one before the last.
    """
    try:
        height, width = (int(one) for one in mask["size"])
        counts = mask["counts"]
        runs = _runs(counts) if isinstance(counts, str | bytes) else [int(one) for one in counts]
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    if min(height, width, *runs, 0) < 0 or not 0 < height * width <= MOST_PIXELS or sum(runs) != height * width:
        return None
    values = np.arange(len(runs)) % 2 == 1
    return np.asarray(np.repeat(values, runs).reshape(width, height).T)


def _runs(text: str | bytes) -> Sequence[int]:
    codes = text.encode("ascii") if isinstance(text, str) else text
    runs: list[int] = []
    place = 0
    while place < len(codes):
        value = shift = 0
        while True:
            code = codes[place] - FIRST_CODE
            place += 1
            value |= (code & (MORE - 1)) << shift
            shift += BITS
            if not code & MORE:
                break
        if code & NEGATIVE:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
    return runs
