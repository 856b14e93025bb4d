"""Files on their way from the other store into this one: as they are, or with the sample numbers of this store."""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.datasets import stored_samples
from kolena_store.errors import DamagedStore
from kolena_store.files import INCOMING_PREFIX, SAMPLE, FileRecord, FileWriter, WrittenFile, read_batches, write_files
from kolena_store.merging.other_store import OtherStore

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Transfer"]

BYTES_PER_COPY = 1 << 24


class Transfer:
    """Brings files of one dataset from the other store into this one, each once, in an open transaction.

    `numbers` maps the sample numbers there to those here, -1 for samples that are left out; None leaves all the same.
    Datasets there may share files, but not numbers: each has a transfer of its own.
    """

    def __init__(
        self,
        transaction: Transaction,
        other: OtherStore,
        *,
        numbers: "np.ndarray | None",
        advance: Callable[[int], None],
    ) -> None:
        """Begin with no file; `advance` is told of each that was brought."""
        self.transaction, self.other = transaction, other
        self._numbers = numbers
        self._advance = advance
        self._brought: dict[int, list[int]] = {}

    def samples(self, file_ids: Sequence[int]) -> list[int]:
        """Return the ids that files with sample numbers have here."""
        return [new for file in self.other.files(file_ids) for new in self._samples_of(file)]

    def renumbered(self, file: FileRecord, numbers: "np.ndarray") -> Iterator[int]:
        """Yield the ids of new files with the rows of one file under other numbers."""
        tables = (_renumbered(table, numbers) for table in self._tables(file))
        filled = (table for table in tables if table.num_rows)
        for written in write_files(self.transaction.root, file.kind, _schema_of(file.path(self.other.root)), filled):
            yield self.transaction.add_file(written)

    def edited(self, file_id: int, edit: "Callable[[pa.Table], pa.Table]") -> int:
        """Return the id of a new file with the edited rows of one file."""
        (file,) = self.other.files([file_id])
        with FileWriter(self.transaction.root, file.kind, _schema_of(file.path(self.other.root))) as writer:
            for table in self._tables(file):
                writer.write(edit(table))
            new_id = self.transaction.add_file(writer.finish())
        self._advance(1)
        return new_id

    def _samples_of(self, file: FileRecord) -> list[int]:
        numbers = self._numbers
        if file.file_id not in self._brought:
            if numbers is None or file.n_rows == 0 or _is_same(self.other.root, file, numbers):
                self._brought[file.file_id] = [self.transaction.add_file(self._copied(file))]
            else:
                found = list(self.renumbered(file, numbers))
                # a version needs a file to say which columns it has, even if none of its samples is here
                self._brought[file.file_id] = found or [self.edited(file.file_id, lambda table: table.slice(0, 0))]
            self._advance(1)
        return self._brought[file.file_id]

    def _tables(self, file: FileRecord) -> "Iterator[pa.Table]":
        import pyarrow as pa

        return (pa.Table.from_batches([batch]) for batch in read_batches([file.path(self.other.root)]))

    def _copied(self, file: FileRecord) -> WrittenFile:
        target = file.path(self.transaction.root)
        is_new = not target.exists()
        if is_new:
            _copy(file.path(self.other.root), target, file.sha256)
        return WrittenFile(
            kind=file.kind,
            sha256=file.sha256,
            n_rows=file.n_rows,
            n_bytes=file.n_bytes,
            first_sample=file.first_sample,
            last_sample=file.last_sample,
            is_new=is_new,
        )


def _copy(source: Path, target: Path, sha256: str) -> None:
    """Copy a file under a temporary name, make sure that it is what it should be, and give it its name."""
    incoming = target.parent / f"{INCOMING_PREFIX}{uuid.uuid4().hex}.parquet"
    incoming.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reader, incoming.open("wb") as writer:
            while content := reader.read(BYTES_PER_COPY):
                digest.update(content)
                writer.write(content)
            writer.flush()
            os.fsync(writer.fileno())
        if digest.hexdigest() != sha256:
            raise DamagedStore(f"{source} was altered while it was read; check that store with kolena-store verify")
        incoming.replace(target)
    except BaseException:
        incoming.unlink(missing_ok=True)
        raise


def _is_same(root: Path, file: FileRecord, numbers: "np.ndarray") -> bool:
    """Return whether all samples of a file have the same numbers here."""
    samples = stored_samples(root, [file])
    return bool((numbers[samples] == samples).all())


def _renumbered(table: "pa.Table", numbers: "np.ndarray") -> "pa.Table":
    import pyarrow as pa

    position = table.column_names.index(SAMPLE)
    found = numbers[table.column(position).to_numpy()]
    here = table.set_column(position, table.schema.field(position), pa.array(found))
    return here.filter(pa.array(found >= 0)) if (found < 0).any() else here


def _schema_of(path: Path) -> "pa.Schema":
    import pyarrow.parquet as pq

    return pq.read_schema(path)
