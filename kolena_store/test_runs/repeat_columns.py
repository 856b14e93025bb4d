"""The column that tells repeats apart: on its way past a scorer, which knows of samples alone."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kolena_store.files import REPEAT, SAMPLE

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RepeatColumn", "with_repeat"]


class RepeatColumn:
    """Takes the column out of batches that are to be scored, and puts it into the scored rows, which keep the order."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._waiting: deque[pa.Array] = deque()

    def taken_from(self, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """Yield the batches without the column."""
        for batch in batches:
            self._waiting.append(batch.column(REPEAT))
            yield batch.drop_columns([REPEAT])

    def put_into(self, scored: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """Yield scored rows with the column behind `_sample`, however they are cut into batches."""
        import pyarrow as pa

        for batch in scored:
            if batch.num_rows:
                values = self._next(batch.num_rows)
                schema = with_repeat(batch.schema, values.type)
                yield pa.RecordBatch.from_arrays([batch.column(0), values, *batch.columns[1:]], schema=schema)

    def _next(self, n_rows: int) -> "pa.Array":
        import pyarrow as pa

        parts: list[pa.Array] = []
        while n_rows:
            part = self._waiting.popleft()
            if len(part) > n_rows:
                self._waiting.appendleft(part.slice(n_rows))
                part = part.slice(0, n_rows)
            parts.append(part)
            n_rows -= len(part)
        return pa.concat_arrays(parts)


def with_repeat(schema: "pa.Schema", kind: "pa.DataType | None") -> "pa.Schema":
    """Return the schema of sample metrics with the column that tells repeats apart, if there is one."""
    import pyarrow as pa

    if kind is None:
        return schema
    first, *others = schema
    assert first.name == SAMPLE
    return pa.schema([first, pa.field(REPEAT, kind), *others])
