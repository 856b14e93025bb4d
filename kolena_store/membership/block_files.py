"""Files of memberships: a row for each block of 131,072 samples of a test case, whose bits are bytes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kolena_store.errors import DamagedStore
from kolena_store.files import reading
from kolena_store.membership.bitmaps import BLOCK_SAMPLES, WORD_BITS, Words, stacked
from kolena_store.membership.threads import run_in_parts

__all__ = ["BYTES_PER_GROUP", "SCHEMA", "CaseKey", "block_tables", "damaged", "fill_words", "n_blocks"]

CaseKey: TypeAlias = tuple[int, int]
"""(test_case_id, version)"""

Integers: TypeAlias = NDArray[np.int64]

SCHEMA = pa.schema(
    [("test_case_id", pa.int64()), ("test_case_version", pa.int32()), ("block", pa.int64()), ("bits", pa.binary())]
)
BLOCK_WORDS = BLOCK_SAMPLES // WORD_BITS
STORED_WORD = np.dtype("<u8")
WORD_BYTES = STORED_WORD.itemsize
WORDS_PER_TABLE = 1 << 19
"""Test cases are read a row group at a time: one alone costs 4 MB, whatever the file holds."""

BYTES_PER_GROUP = WORDS_PER_TABLE * WORD_BYTES


def block_tables(members: Mapping[CaseKey, Words]) -> Iterator[pa.Table]:
    """Yield the rows of some bitmaps of one length; a block without a sample has none, the last may be shorter."""
    keys, bitmaps = list(members), list(members.values())
    n_words = bitmaps[0].size if bitmaps else 0
    if n_words == 0:
        yield SCHEMA.empty_table()
        return
    n_cases = max(1, WORDS_PER_TABLE // n_words)
    for start in range(0, len(keys), n_cases):
        yield _table(keys[start : start + n_cases], stacked(bitmaps[start : start + n_cases]))


def fill_words(path: Path, rows: Mapping[CaseKey, int], words: Words, seen: NDArray[np.bool_]) -> None:
    """Copy the bitmaps of some test cases out of a file, which may be of a smaller dataset version.

    Args:
        path: the file.
        rows: the row of `words` that each test case's bitmap belongs into.
        words: empty bitmaps, words[test cases, W], to fill.
        seen: flags[test cases, blocks] that are set for each block that is filled.

    Raises:
        DamagedStore: a block stands twice, is cut inside a word or lies beyond the bitmap; or the file can't be read.
    """
    with reading(path), pq.ParquetFile(path) as file:
        groups = [group for group in range(file.num_row_groups) if _may_hold(file, group, rows)]

    def fill_groups(first: int, last: int) -> None:
        with reading(path), pq.ParquetFile(path) as file:
            for group in groups[first:last]:
                _fill(file.read_row_group(group, use_threads=False), rows, words, seen)

    run_in_parts(fill_groups, len(groups))


def n_blocks(n_words: int) -> int:
    """Return how many blocks a bitmap of some words has."""
    return -(-n_words // BLOCK_WORDS)


def _table(keys: Sequence[CaseKey], words: Words) -> pa.Table:
    n_words = words.shape[1]
    starts = np.arange(0, n_words, BLOCK_WORDS)
    lengths = np.minimum(n_words - starts, BLOCK_WORDS)
    is_held = np.bitwise_or.reduceat(words, starts, axis=1) != 0
    cases, blocks = np.nonzero(is_held)
    held = words.ravel() if is_held.all() else words[np.repeat(is_held, lengths, axis=1)]
    offsets = np.concatenate([[0], np.cumsum(lengths[blocks] * WORD_BYTES)]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(held, dtype=STORED_WORD))]
    ids, versions = (np.array(one)[cases] for one in zip(*keys, strict=True))
    columns = [
        pa.array(ids, pa.int64()),
        pa.array(versions, pa.int32()),
        pa.array(blocks, pa.int64()),
        pa.Array.from_buffers(pa.binary(), len(blocks), buffers),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _may_hold(file: pq.ParquetFile, group: int, rows: Mapping[CaseKey, int]) -> bool:
    bounds = file.metadata.row_group(group).column(0).statistics
    return bounds is None or not bounds.has_min_max or any(bounds.min <= key[0] <= bounds.max for key in rows)


def _fill(table: pa.Table, rows: Mapping[CaseKey, int], words: Words, seen: NDArray[np.bool_]) -> None:
    ids, versions, blocks = (table.column(name).to_numpy() for name in SCHEMA.names[:3])
    bits = table.column("bits").combine_chunks()
    row_of = np.array([rows.get(key, -1) for key in zip(ids.tolist(), versions.tolist(), strict=True)], dtype=np.int64)
    is_wanted = row_of >= 0
    if not is_wanted.any():
        return
    offsets = np.frombuffer(bits.buffers()[1], np.int32)[bits.offset : bits.offset + len(bits) + 1].astype(np.int64)
    lengths, starts = np.diff(offsets), blocks * BLOCK_WORDS
    _check(lengths[is_wanted], blocks[is_wanted], row_of[is_wanted], words=words, seen=seen)
    content = np.frombuffer(bits.buffers()[2], np.uint8)
    for first, last in _runs(row_of, starts, lengths // WORD_BYTES):
        if is_wanted[first]:
            joined = content[offsets[first] : offsets[last]].view(STORED_WORD)
            words[row_of[first], starts[first] : starts[first] + joined.size] = joined


def _check(lengths: Integers, blocks: Integers, rows: Integers, *, words: Words, seen: NDArray[np.bool_]) -> None:
    """Stop unless every block is whole and fits its bitmap, and note that it was seen."""
    is_whole = (lengths % WORD_BYTES == 0) & (lengths <= BLOCK_WORDS * WORD_BYTES)
    is_inside = (blocks >= 0) & (blocks * BLOCK_WORDS + lengths // WORD_BYTES <= words.shape[1])
    if not (is_whole & is_inside).all():
        raise damaged(int(blocks[np.argmin(is_whole & is_inside)]))
    places = rows * seen.shape[1] + blocks
    is_again = seen[rows, blocks]
    if is_again.any() or np.unique(places).size < places.size:
        raise damaged(int(blocks[np.argmax(is_again)]))
    seen[rows, blocks] = True


def _runs(rows: Integers, starts: Integers, lengths: Integers) -> Iterator[tuple[int, int]]:
    """Yield (first, after the last) of the blocks that follow each other in the same bitmap."""
    follows = (rows[1:] == rows[:-1]) & (starts[1:] == starts[:-1] + lengths[:-1])
    edges = [0, *(np.flatnonzero(~follows) + 1).tolist(), len(rows)]
    yield from pairwise(edges)


def damaged(block: int) -> DamagedStore:
    """Return what is to be raised when a block does not fit."""
    return DamagedStore(
        f"block {block} of a membership does not fit its bitmap; "
        "run kolena-store verify --repair, which makes memberships again"
    )
