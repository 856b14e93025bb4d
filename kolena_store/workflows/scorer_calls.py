"""Calling a user's function on a batch of samples, and saying on which of them it failed."""

import json
import linecache
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.datasets import OBJECTS
from kolena_store.errors import FailedScorer, shown
from kolena_store.files import SAMPLE
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, SAMPLE_FIELD
from kolena_store.workflows.groups import group_starts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Scorer"]

IDS = b"id_fields"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """A function with its name `module:function`, and what it is given: `has_objects` says that sides are lists."""

    name: str
    function: Callable[..., object]
    group_by: str | None
    has_objects: bool

    @property
    def label(self) -> str:
        """Return how messages call it."""
        return f"the scorer {self.name}"

    def call(self, batch: "pa.RecordBatch") -> object:
        """Return what the function returns for some samples.

        Raises:
            FailedScorer: it raises; the message names as few samples as it still raises on.
        """
        try:
            return self.function(self._given(batch))
        except Exception as error:  # whatever a user's function raises
            raise self._failed(batch, error) from error

    def _given(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """Return the batch that the function gets: `_sample`, and `s`, `g` and `i` as structs (or lists of objects)."""
        import pyarrow as pa

        columns = {SAMPLE: batch.column(SAMPLE), "s": _struct(batch, SAMPLE_FIELD)}
        for name, side in (("g", GROUND_TRUTH), ("i", INFERENCE)):
            is_list = self.has_objects and side + OBJECTS in batch.schema.names
            columns[name] = batch.column(side + OBJECTS) if is_list else _struct(batch, side)
        return pa.RecordBatch.from_pydict(columns)

    def _failed(self, batch: "pa.RecordBatch", error: Exception) -> FailedScorer:
        """Return the error for a function that raised, which names as few samples as it still raises on."""
        few, raised = self._narrowed(batch, error)
        ids = json.loads((batch.schema.metadata or {}).get(IDS, b"[]")) or [SAMPLE]
        names = [SAMPLE_FIELD + name if name != SAMPLE else name for name in ids]
        rows = zip(*(few.column(name).to_pylist() for name in names), strict=True)
        spelled = shown(rows, lambda row: repr(row[0]) if len(ids) == 1 else repr(row))  # type: ignore[index]
        what = f"{type(raised).__name__}: {raised}" if str(raised) else type(raised).__name__
        return FailedScorer(
            f"{self.label} failed on {'the sample' if few.num_rows == 1 else f'{few.num_rows:,} samples'} with "
            f"{', '.join(ids)} {spelled}: {what}{_place(raised)}. Mend it, or let it return None for what has no value"
        )

    def _narrowed(self, batch: "pa.RecordBatch", error: Exception) -> "tuple[pa.RecordBatch, Exception]":
        """Return a part of the samples on which the function still raises, by halves, with what it raises there."""
        for half in self._halves(batch):
            try:
                self.function(self._given(half))
            except Exception as found:  # noqa: BLE001  # whatever a user's function raises
                return self._narrowed(half, found)
        return batch, error

    def _halves(self, batch: "pa.RecordBatch") -> "Iterator[pa.RecordBatch]":
        middle = batch.num_rows // 2
        if self.group_by is not None:
            starts = group_starts(batch.column(SAMPLE_FIELD + self.group_by))
            middle = int(starts[len(starts) // 2])
        if middle:
            yield batch.slice(0, middle)
            yield batch.slice(middle)


def _struct(batch: "pa.RecordBatch", side: str) -> "pa.StructArray":
    import pyarrow as pa

    names = [name for name in batch.schema.names if name.startswith(side)]
    if not names:
        return pa.StructArray.from_buffers(pa.struct([]), batch.num_rows, [None])
    fields = [name.removeprefix(side) for name in names]
    return pa.StructArray.from_arrays([batch.column(name) for name in names], names=fields)


def _place(error: Exception) -> str:
    """Return the line of the user's code that raised, as far as Python knows it."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
    if not frames:
        return ""
    place = [one for one in frames if one.filename == frames[0].filename][-1]
    line = linecache.getline(place.filename, place.lineno or 0).strip()
    return f" ({place.filename}, line {place.lineno}{f': {line}' if line else ''})"
