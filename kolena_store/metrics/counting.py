"""Counts per test case: popcounts of bitmaps for a few planes, bincount for many classes; always exact."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Samples, Words, check_words, from_flags, n_words, to_samples
from kolena_store.membership.threads import run_in_parts

__all__ = ["ClassCounter", "Codes", "Counts", "count_by", "count_many", "count_members", "count_pairs"]

Codes: TypeAlias = NDArray[np.int32]
Counts: TypeAlias = NDArray[np.int64]

# A chunk of the planes and its two buffers stay in the cache; up to 2**26 words a row, 64 bits each fit in uint32.
CHUNK_WORDS = 16_384
WORDS_WORTH_A_THREAD = 1 << 20
PLANE_CLASSES = 64
PLANES_WORTH_CELLS, CASES_WORTH_CELLS = 4, 32


def count_members(members: Words, planes: Words) -> Counts:
    """Return how many members each plane holds: int64[T] for planes[T, W]."""
    return count_many(members[np.newaxis], planes).ravel()


def count_many(members: Words, planes: Words) -> Counts:
    """Return how many members of each test case each plane holds: int64[C, T] for members[C, W] and planes[T, W].

    Raises:
        InvalidInput: the bitmaps differ in length.
    """
    if members.shape[1] != planes.shape[1]:
        raise InvalidInput(
            f"bitmaps of {members.shape[1]} and of {planes.shape[1]} words can't be counted together; "
            "make both for the same dataset version"
        )
    if len(planes) >= PLANES_WORTH_CELLS and len(members) >= CASES_WORTH_CELLS:
        cells, is_in = _cells(planes)
        if len(cells) < len(planes):
            return _counted(members, cells) @ is_in
    return _counted(members, planes)


def _counted(members: Words, planes: Words) -> Counts:
    counts = np.zeros((len(members), len(planes)), dtype=np.int64)

    def count_part(start: int, stop: int) -> None:
        _add_counts(members[start:stop], planes, counts[start:stop])

    smallest_part = -(-WORDS_WORTH_A_THREAD // max(1, planes.size))
    run_in_parts(count_part, len(members), smallest_part=smallest_part)
    return counts


def _cells(planes: Words) -> tuple[Words, Counts]:
    """Return disjoint bitmaps of which each plane is a union, and int64[cells, planes] that says of which.

    Planes overlap a lot (right answers are answers too), so that there are often fewer cells than planes; when there
    are not, the planes themselves are returned.
    """
    everything = np.bitwise_or.reduce(planes, axis=0)
    cells: list[tuple[Words, tuple[int, ...]]] = [(everything, ())]
    for plane in planes:
        split = [((cell & plane, (*belongs, 1)), (cell & ~plane, (*belongs, 0))) for cell, belongs in cells]
        cells = [half for halves in split for half in halves if half[0].any()]
        if len(cells) >= len(planes):
            return planes, np.eye(len(planes), dtype=np.int64)
    is_in = np.array([belongs for _, belongs in cells], dtype=np.int64).reshape(len(cells), len(planes))
    return np.stack([cell for cell, _ in cells]) if cells else planes[:0], is_in


def count_by(codes: Codes, members_samples: Samples, n_classes: int) -> Counts:
    """Return how many of the given samples have each class code: int64[n_classes]; the code -1 is no class.

    Raises:
        InvalidInput: a code lies outside [-1, n_classes).
    """
    return _histogram(codes[members_samples], n_classes)


def count_pairs(codes_a: Codes, codes_b: Codes, samples: Samples, *, n_a: int, n_b: int) -> Counts:
    """Return the confusion matrix int64[n_a, n_b] of two codes over the given samples; a -1 on either side is left out.

    Raises:
        InvalidInput: a code lies outside [-1, n_a) or [-1, n_b).
    """
    a, b = codes_a[samples].astype(np.int64), codes_b[samples].astype(np.int64)
    _check_codes(a, n_a)
    _check_codes(b, n_b)
    pairs = np.where((a < 0) | (b < 0), -1, a * n_b + b)
    return _histogram(pairs, n_a * n_b).reshape(n_a, n_b)


class ClassCounter:
    """Counts members per class: prepared once for a column of class codes, asked once per test case."""

    def __init__(self, codes: Codes, n_classes: int) -> None:
        """Prepare for `codes` by `_sample` (-1: no class), by one bitmap per class when the classes are few.

        Raises:
            InvalidInput: a code lies outside [-1, n_classes).
        """
        _check_codes(codes, n_classes)
        self._codes = codes
        self._n_classes = n_classes
        self._planes = _class_planes(codes, n_classes) if n_classes <= PLANE_CLASSES else None

    def counts(self, members: Words) -> Counts:
        """Return how many members each class has: int64[n_classes]."""
        check_words(members, self._codes.size)
        if self._planes is not None:
            return count_members(members, self._planes)
        return count_by(self._codes, to_samples(members), self._n_classes)


def _add_counts(members: Words, planes: Words, counts: Counts) -> None:
    for start in range(0, planes.shape[1], CHUNK_WORDS):
        chunk = np.ascontiguousarray(planes[:, start : start + CHUNK_WORDS])
        common = np.empty_like(chunk)
        bits = np.empty(chunk.shape, dtype=np.uint8)
        for case, row in enumerate(members[:, start : start + CHUNK_WORDS]):
            np.bitwise_and(chunk, row, out=common)
            np.bitwise_count(common, out=bits)
            counts[case] += bits.sum(axis=1, dtype=np.uint32)


def _class_planes(codes: Codes, n_classes: int) -> Words:
    planes = np.zeros((n_classes, n_words(codes.size)), dtype=np.uint64)
    for code in range(n_classes):
        planes[code] = from_flags(codes == code)
    return planes


def _histogram(codes: NDArray[np.signedinteger], n_classes: int) -> Counts:
    _check_codes(codes, n_classes)
    # Shifted by one, so that -1 is counted too, in a place that is cut off.
    return np.bincount(codes + 1, minlength=n_classes + 1)[1:].astype(np.int64, copy=False)


def _check_codes(codes: NDArray[np.signedinteger], n_classes: int) -> None:
    if codes.size and (codes.min() < -1 or codes.max() >= n_classes):
        raise InvalidInput(
            f"class codes from {codes.min()} to {codes.max()} don't fit {n_classes} classes; "
            "codes run from 0, and -1 stands for none"
        )
