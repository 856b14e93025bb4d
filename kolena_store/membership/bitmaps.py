"""Sets of test samples as bitmaps over `_sample`: 64 samples a word, the lowest bit first."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import DamagedStore, InvalidInput

__all__ = [
    "BLOCK_SAMPLES",
    "Flags",
    "Samples",
    "Words",
    "check_words",
    "count",
    "from_flags",
    "from_samples",
    "join_blocks",
    "n_words",
    "split_blocks",
    "stacked",
    "to_flags",
    "to_samples",
]

Words: TypeAlias = NDArray[np.uint64]
Samples: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

WORD_BITS = 64
BLOCK_SAMPLES = 131_072
BLOCK_WORDS = BLOCK_SAMPLES // WORD_BITS
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


def split_blocks(words: Words) -> Iterator[tuple[int, bytes]]:
    """Yield (block number, bytes) for each block of 131,072 samples that holds any; the last block may be shorter."""
    for number, start in enumerate(range(0, words.size, BLOCK_WORDS)):
        block = words[start : start + BLOCK_WORDS]
        if block.any():
            yield number, block.astype(STORED_WORD, copy=False).tobytes()


def join_blocks(blocks: Iterable[tuple[int, bytes]], size: int, words: Words | None = None) -> Words:
    """Return the bitmap over [0, size) that was split into `blocks`, which may come from a smaller dataset version.

    Args:
        blocks: (block number, bytes).
        size: how many sample numbers there are.
        words: an empty bitmap to fill; None: a new one.

    Raises:
        DamagedStore: a block stands twice, is cut inside a word, or holds samples beyond `size`.
    """
    words = np.zeros(n_words(size), dtype=np.uint64) if words is None else words
    seen: set[int] = set()
    for number, content in blocks:
        start, length = number * BLOCK_WORDS, len(content) // STORED_WORD.itemsize
        is_whole = len(content) % STORED_WORD.itemsize == 0 and length <= BLOCK_WORDS
        if number < 0 or number in seen or not is_whole or start + length > words.size:
            raise _damaged(number, size)
        seen.add(number)
        words[start : start + length] = np.frombuffer(content, dtype=STORED_WORD)
    if size % WORD_BITS and int(words[-1]) >> (size % WORD_BITS):
        raise _damaged(size // BLOCK_SAMPLES, size)
    return words


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


def _damaged(number: int, size: int) -> DamagedStore:
    return DamagedStore(
        f"block {number} of a membership does not fit a bitmap over {size} samples; "
        "run kolena-store verify --repair, which makes memberships again"
    )
