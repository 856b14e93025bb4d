"""Real-valued sums per test case that repeat bit for bit, at any number of threads."""

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import BLOCK_SAMPLES, Words, check_words, n_words, to_samples
from kolena_store.membership.threads import run_in_parts

__all__ = ["Floats", "extremes", "repeatable_sums", "repeatable_sums_many"]

Floats: TypeAlias = NDArray[np.float64]

BLOCK_WORDS = n_words(BLOCK_SAMPLES)
CASES_WORTH_A_THREAD = 8


def repeatable_sums(values: Floats, members: Words, planes: Words | None = None) -> Floats:
    """Return the sum of each row of values[T, N] over the members: float64[T], 0 where there are none.

    The values are added in the order of `_sample` within blocks of 131,072 samples, the blocks by `math.fsum`
    (Shewchuk 1997). A NaN or infinity among the values, or an overflow, shows in the sum; nothing is raised.

    Args:
        values: one row per quantity, dense by `_sample`.
        members: the test case.
        planes: words[T, W], the samples where each row is measured; without it every member counts in every row.

    Raises:
        InvalidInput: a bitmap was made for another number of samples.
    """
    return repeatable_sums_many(values, members[np.newaxis], planes).ravel()


def repeatable_sums_many(values: Floats, members: Words, planes: Words | None = None) -> Floats:
    """Return `repeatable_sums` of each test case in members[C, W]: float64[C, T], the same at any number of threads."""
    _check(values, members, planes)
    sums = np.zeros((len(members), len(values)), dtype=np.float64)

    def sum_part(start: int, stop: int) -> None:
        sums[start:stop] = _sums(values, members[start:stop], planes)

    run_in_parts(sum_part, len(members), smallest_part=CASES_WORTH_A_THREAD)
    return sums


def extremes(values: Floats, members: Words, planes: Words | None = None) -> tuple[Floats, Floats]:
    """Return the least and the greatest value of each row of values[T, N] among the members: two float64[T].

    Both are NaN where a row has no member, and where a NaN is among its values. The arguments are those of
    `repeatable_sums`.
    """
    _check(values, members, planes)
    least = np.full(len(values), math.inf)
    greatest = np.full(len(values), -math.inf)
    for start in range(0, members.size, BLOCK_WORDS):
        for row, chosen in _chosen_values(values, members, planes, start=start):
            least[row] = np.minimum(least[row], chosen.min())
            greatest[row] = np.maximum(greatest[row], chosen.max())
    # Only a row without any value leaves the two crossed: a NaN among the values makes both NaN.
    is_empty = least > greatest
    least[is_empty] = greatest[is_empty] = math.nan
    return least, greatest


def _sums(values: Floats, members: Words, planes: Words | None) -> Floats:
    starts = range(0, members.shape[1], BLOCK_WORDS)
    block_sums = np.zeros((len(members), len(values), len(starts)), dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        # Blocks outside, test cases inside: a block's values stay in the cache while every test case reads them.
        for block, start in enumerate(starts):
            for case, words in enumerate(members):
                for row, chosen in _chosen_values(values, words, planes, start=start):
                    block_sums[case, row, block] = chosen.sum()
        return np.array([[_total(blocks) for blocks in rows] for rows in block_sums.tolist()]).reshape(
            block_sums.shape[:2]
        )


def _chosen_values(values: Floats, members: Words, planes: Words | None, *, start: int) -> Iterator[tuple[int, Floats]]:
    """Yield (row, its values at the members) for the block that begins at the word `start`, where there are any."""
    words = members[start : start + BLOCK_WORDS]
    if not words.any():
        return
    block = values[:, start * 64 : (start + BLOCK_WORDS) * 64]
    if planes is None:
        yield from _gathered(block, words)
        return
    planes = planes[:, start : start + BLOCK_WORDS]
    # Rows that are measured on the same samples (the usual case) share one list of places.
    for first, stop in _runs_of_equal_rows(planes):
        chosen = words & planes[first]
        if chosen.any():
            yield from _gathered(block[first:stop], chosen, first)


def _gathered(block: Floats, words: Words, first: int = 0) -> Iterator[tuple[int, Floats]]:
    places = to_samples(words)
    is_whole = places.size == block.shape[1]
    for row, values in enumerate(block, start=first):
        yield row, values if is_whole else values.take(places)


def _runs_of_equal_rows(planes: Words) -> Iterator[tuple[int, int]]:
    first = 0
    for row in range(1, len(planes) + 1):
        if row == len(planes) or not np.array_equal(planes[row], planes[first]):
            yield first, row
            first = row


def _total(block_sums: list[float]) -> float:
    try:
        return math.fsum(block_sums)
    except (OverflowError, ValueError):  # a sum beyond the range of floats, or inf - inf
        return float(np.sum(block_sums))


def _check(values: Floats, members: Words, planes: Words | None) -> None:
    check_words(members, values.shape[1])
    if planes is None:
        return
    check_words(planes, values.shape[1])
    if len(planes) != len(values):
        raise InvalidInput(
            f"{len(values)} rows of values need {len(values)} planes, not {len(planes)}; give one per row"
        )
