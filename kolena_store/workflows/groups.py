"""Groups of samples that are scored together: where they begin in rows that are sorted by group."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["group_starts", "whole_groups"]


def group_starts(groups: "pa.Array") -> "np.ndarray":
    """Return the positions at which a group begins; a NULL (or NaN) is a group of its own."""
    import numpy as np
    import pyarrow.compute as pc

    if len(groups) == 0:
        return np.empty(0, dtype=np.int64)
    differs = pc.fill_null(pc.not_equal(groups.slice(1), groups.slice(0, len(groups) - 1)), True)
    return np.concatenate([[0], np.flatnonzero(differs.to_numpy(zero_copy_only=False)) + 1])


def whole_groups(batches: "Iterable[pa.RecordBatch]", column: str) -> "Iterator[pa.RecordBatch]":
    """Yield the same rows, which are sorted by group, in batches that split no group."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        start = int(group_starts(batch.column(column))[-1])
        is_same = bool(waiting) and start == 0 and not _begins(waiting[-1], batch, column)
        if waiting and not is_same:
            end = batch.slice(0, start) if start else None
            yield _joined([*waiting, *([end] if end is not None else [])])
            waiting = []
        elif start:
            yield batch.slice(0, start)
        waiting.append(batch.slice(start))
    if waiting:
        yield _joined(waiting)


def _begins(before: "pa.RecordBatch", batch: "pa.RecordBatch", column: str) -> bool:
    """Return whether a batch begins with another group than the one that the batch before it ends with."""
    import pyarrow as pa

    ends = pa.concat_arrays([before.column(column).slice(before.num_rows - 1), batch.column(column).slice(0, 1)])
    return len(group_starts(ends)) > 1


def _joined(batches: "list[pa.RecordBatch]") -> "pa.RecordBatch":
    import pyarrow as pa

    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
