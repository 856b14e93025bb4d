"""Sets of test samples as bitmaps over `_sample`: 64 samples a word, the lowest bit first."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import DamagedStore, InvalidInput

__all__ = [
    "BLOCK_SAMPLES",
    "Flags",
    "Samples",
    "Words",
    "WORD_BITS",
    "check_unused_bits",
    "check_words",
    "count",
    "from_flags",
    "from_samples",
    "n_words",
    "stacked",
    "to_flags",
    "to_samples",
]

Words: TypeAlias = NDArray[np.uint64]
Samples: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

WORD_BITS = 64
BLOCK_SAMPLES = 131_072
STORED_WORD = np.dtype("<u8")
SPARSE_FACTOR = 16


def n_words(size: int) -> int:
    """Return how many words hold a bitmap over `size` sample numbers."""
    return -(-size // WORD_BITS)


def check_words(words: Words, size: int) -> None:
    """Accept a bitmap (or several, one a row) that is as long as `size` sample numbers need.

    Raises:
        InvalidInput: the bitmap was made for another number of samples.
    """
    if words.shape[-1] != n_words(size):
        raise InvalidInput(
            f"a bitmap over {size} samples has {n_words(size)} words, this one has {words.shape[-1]}; "
            "make both for the same dataset version"
        )


def from_samples(samples: Samples, size: int) -> Words:
    """Return the bitmap of the given sample numbers, in any order and with or without repeats.

    Raises:
        InvalidInput: a number lies outside [0, size).
    """
    if samples.size and (samples.min() < 0 or samples.max() >= size):
        raise InvalidInput(
            f"sample numbers from {samples.min()} to {samples.max()} don't fit a bitmap over [0, {size}); "
            "give the size of the dataset version that they come from"
        )
    flags = np.zeros(size, dtype=np.bool_)
    flags[samples] = True
    return from_flags(flags)


def from_flags(flags: Flags) -> Words:
    """Return the bitmap of the samples whose flag is set."""
    packed = np.zeros(n_words(flags.size) * STORED_WORD.itemsize, dtype=np.uint8)
    packed[: -(-flags.size // 8)] = np.packbits(flags, bitorder="little")
    return packed.view(STORED_WORD).astype(np.uint64, copy=False)


def to_samples(words: Words) -> Samples:
    """Return the sample numbers of a bitmap, ascending."""
    occupied = np.flatnonzero(words)
    if occupied.size * SPARSE_FACTOR > words.size:
        return np.flatnonzero(_unpacked(words)).astype(np.int64, copy=False)
    bits = np.flatnonzero(_unpacked(words[occupied]))
    samples = occupied[bits // WORD_BITS] * WORD_BITS + bits % WORD_BITS
    return samples.astype(np.int64, copy=False)


def to_flags(words: Words, size: int) -> Flags:
    """Return one flag per sample number in [0, size).

    Raises:
        InvalidInput: the bitmap was made for another number of samples.
    """
    check_words(words, size)
    return _unpacked(words)[:size]


def count(words: Words) -> int:
    """Return how many samples a bitmap holds."""
    return int(np.bitwise_count(words).sum(dtype=np.int64))


def check_unused_bits(words: Words, size: int) -> None:
    """Accept bitmaps, words[bitmaps, W], that hold no sample beyond `size`.

    Raises:
        DamagedStore: one does.
    """
    if size % WORD_BITS and len(words) and int(words[:, -1].max()) >> (size % WORD_BITS):
        raise DamagedStore(
            f"a membership holds samples beyond the {size} of its dataset; "
            "run kolena-store verify --repair, which makes memberships again"
        )


def stacked(bitmaps: Sequence[Words]) -> Words:
    """Return bitmaps as the rows of one array: the array that they are the rows of, in this order, if there is one."""
    whole = bitmaps[0].base
    if whole is not None and whole.ndim == 2 and len(whole) == len(bitmaps) and whole.dtype == np.uint64:
        rows: Words = whole
        if all(_is_row(one, rows, number) for number, one in enumerate(bitmaps)):
            return rows
    return np.stack(bitmaps)


def _is_row(words: Words, whole: Words, row: int) -> bool:
    is_inside = words.base is whole and words.shape == whole.shape[1:]
    return is_inside and words.ctypes.data == whole.ctypes.data + row * whole.strides[0]


def _unpacked(words: Words) -> Flags:
    stored = np.ascontiguousarray(words, dtype=STORED_WORD)
    return np.unpackbits(stored.view(np.uint8), bitorder="little").view(np.bool_)
