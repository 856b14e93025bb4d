"""Files: Parquet in and out, immutable and named by the digest of its bytes; others that are written whole."""

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kolena_store.errors import DamagedStore
from kolena_store.faults import reach

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "DATA_FOLDER",
    "INCOMING_PREFIX",
    "REPEAT",
    "ROWS_PER_FILE",
    "ROWS_PER_GROUP",
    "SAMPLE",
    "FileRecord",
    "FileWriter",
    "WrittenFile",
    "beside",
    "data_path",
    "read_batches",
    "reading",
    "write_files",
]

DATA_FOLDER = "data"
INCOMING_PREFIX = ".incoming-"
ROWS_PER_GROUP = 131_072
ROWS_PER_FILE = 8 * ROWS_PER_GROUP
BYTES_PER_GROUP = 64 * 1024 * 1024
SAMPLE = "_sample"
REPEAT = "_repeat"
"""The column of sample metrics that tells the repeats of a sample apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A data file as the catalogue knows it."""

    file_id: int
    kind: str
    sha256: str
    n_rows: int
    n_bytes: int
    first_sample: int | None
    last_sample: int | None
    added_in: int

    def path(self, root: Path) -> Path:
        """Return where the file lies in the store at `root`."""
        return data_path(root, self.kind, self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that was written and awaits its place in the catalogue."""

    kind: str
    sha256: str
    n_rows: int
    n_bytes: int
    first_sample: int | None
    last_sample: int | None
    is_new: bool

    def facts(self) -> dict[str, object]:
        """Return what the catalogue keeps of the file."""
        names = ("kind", "sha256", "n_rows", "n_bytes", "first_sample", "last_sample")
        return {name: getattr(self, name) for name in names}


class FileWriter:
    """Writes one Parquet file batch by batch; it gets its name when its digest is known."""

    def __init__(
        self,
        root: Path,
        kind: str,
        schema: "pa.Schema",
        *,
        raw: Sequence[str] = (),
        bytes_per_group: int | None = None,
    ) -> None:
        """Open a temporary file in the store's data folder.

        Args:
            root: the store's directory.
            kind: what the file holds.
            schema: its columns.
            raw: columns of bytes that hardly repeat: bitmaps.
            bytes_per_group: from how many bytes on rows become a row group, what a reader reads at least; None: 64 MB.
        """
        import pyarrow.parquet as pq

        self._root, self._kind, self._bytes_per_group = root, kind, bytes_per_group or BYTES_PER_GROUP
        self.path = root / DATA_FOLDER / kind / f"{INCOMING_PREFIX}{uuid.uuid4().hex}.parquet"
        reach(f"{kind}: before folder")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        reach(f"{kind}: before file")
        self._stream = _HashingStream(self.path, kind)
        try:
            self._writer = pq.ParquetWriter(self._stream, schema, **_layout(schema, raw))
        except BaseException:
            self._remove()
            raise
        self._waiting: list[pa.Table] = []
        self._rows_waiting = self._bytes_waiting = 0
        self._is_finished = False
        self.n_rows = 0
        self._first: int | None = None
        self._last: int | None = None

    def __enter__(self) -> Self:
        """Return the writer, whose file is removed when the block raises."""
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Remove the file when it was not finished."""
        if not self._is_finished:
            self.abandon()

    def write(self, batch: "pa.RecordBatch | pa.Table") -> None:
        """Add rows; small batches wait for others, since each row group costs those who read it."""
        import pyarrow as pa

        table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
        self._waiting.append(table)
        self.n_rows += table.num_rows
        if SAMPLE in table.column_names and table.num_rows:
            self._widen(table.column(SAMPLE))
        self._rows_waiting += table.num_rows
        self._bytes_waiting += table.nbytes
        if self._rows_waiting >= ROWS_PER_GROUP or self._bytes_waiting >= self._bytes_per_group:
            self._write_waiting()

    def finish(self) -> WrittenFile:
        """Close the file, make it last, and give it its name."""
        self._write_waiting()
        self._writer.close()
        sha256, n_bytes = self._stream.finish()
        target = data_path(self._root, self._kind, sha256)
        is_new = not target.exists()
        reach(f"{self._kind}: before rename")
        self.path.replace(target)
        self._is_finished = True
        reach(f"{self._kind}: renamed")
        return WrittenFile(
            kind=self._kind,
            sha256=sha256,
            n_rows=self.n_rows,
            n_bytes=n_bytes,
            first_sample=self._first,
            last_sample=self._last,
            is_new=is_new,
        )

    def abandon(self) -> None:
        """Close and remove the unfinished file."""
        try:
            self._writer.close()
        finally:
            self._remove()

    def _remove(self) -> None:
        self.path.unlink(missing_ok=True)  # first: on a full disk, closing fails too
        self._stream.abandon()

    def _write_waiting(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=ROWS_PER_GROUP)
            self._waiting.clear()
            self._rows_waiting = self._bytes_waiting = 0

    def _widen(self, samples: "pa.ChunkedArray") -> None:
        import pyarrow.compute as pc

        bounds = pc.min_max(samples).as_py()
        self._first = bounds["min"] if self._first is None else min(self._first, bounds["min"])
        self._last = bounds["max"] if self._last is None else max(self._last, bounds["max"])


class _HashingStream:
    """A file for pyarrow to write to, which learns its SHA-256 on the way."""

    def __init__(self, path: Path, kind: str) -> None:
        self._file = path.open("wb")
        self._kind = kind
        self._digest = hashlib.sha256()
        self._n_bytes = 0

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, content: bytes) -> int:
        reach(f"{self._kind}: before write")
        self._digest.update(content)
        written = self._file.write(content)
        self._n_bytes += written
        return written

    def flush(self) -> None:
        self._file.flush()

    def tell(self) -> int:
        return self._n_bytes

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def finish(self) -> tuple[str, int]:
        self._file.flush()
        reach(f"{self._kind}: before fsync")
        os.fsync(self._file.fileno())
        self._file.close()
        return self._digest.hexdigest(), self._n_bytes


def _layout(schema: "pa.Schema", raw: Sequence[str]) -> dict[str, Any]:
    """Return how each column is written: sample numbers as their differences, raw bytes quickly, the rest by codes."""
    leaves = list(_leaves(schema))
    return {
        "compression": {leaf: "lz4" if leaf in raw else "zstd" for leaf in leaves},
        "compression_level": {leaf: 1 for leaf in leaves if leaf not in raw},
        "use_dictionary": [leaf for leaf in leaves if leaf not in raw and leaf != SAMPLE],
        "column_encoding": {SAMPLE: "DELTA_BINARY_PACKED"} if SAMPLE in schema.names else None,
        "write_statistics": _columns_with_statistics(schema),
    }


def _leaves(fields: "Iterable[pa.Field]", above: str = "") -> Iterator[str]:
    """Yield the paths of the columns that Parquet makes of fields, in its own words."""
    import pyarrow.types as types

    for field in fields:
        path = above + field.name
        if types.is_struct(field.type):
            yield from _leaves(field.type, f"{path}.")
        elif types.is_map(field.type):
            yield from _leaves([field.type.key_field, field.type.item_field], f"{path}.key_value.")
        elif types.is_list(field.type) or types.is_large_list(field.type) or types.is_fixed_size_list(field.type):
            yield from _leaves([field.type.value_field.with_name("element")], f"{path}.list.")
        else:
            yield path


def _columns_with_statistics(schema: "pa.Schema") -> list[str]:
    """Return the columns whose least and greatest values may stand in the file: none that could hold a NaN.

    Arrow leaves NaN out of them, and DuckDB 2.0.1 skips rows by them: NaN, its greatest number, would not be found.
    """
    import pyarrow.types as types

    return [column.name for column in schema if not types.is_floating(column.type) and not types.is_nested(column.type)]


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a path beside a file, which takes its place when all is written; on an error nothing is left of it."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        yield part
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def data_path(root: Path, kind: str, sha256: str) -> Path:
    """Return where a data file of this kind and digest lies."""
    return root / DATA_FOLDER / kind / f"{sha256}.parquet"


def write_files(
    root: Path, kind: str, schema: "pa.Schema", batches: Iterable["pa.RecordBatch | pa.Table"]
) -> Iterator[WrittenFile]:
    """Write a stream of batches to files of about a million rows and yield each when it is finished."""
    writer: FileWriter | None = None
    try:
        for batch in batches:
            writer = writer or FileWriter(root, kind, schema)
            writer.write(batch)
            if writer.n_rows >= ROWS_PER_FILE:
                finished, writer = writer.finish(), None
                yield finished
        if writer is not None:
            finished, writer = writer.finish(), None
            yield finished
    finally:
        if writer is not None:
            writer.abandon()


def read_batches(paths: Iterable[Path], columns: list[str] | None = None) -> Iterator["pa.RecordBatch"]:
    """Yield the rows of Parquet files in batches, with their Arrow types.

    Raises:
        DamagedStore: a file is missing or can't be read.
    """
    import pyarrow.parquet as pq

    for path in paths:
        with reading(path), pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=ROWS_PER_GROUP, columns=columns)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn Arrow's errors on a data file that is missing or broken into ours.

    Raises:
        DamagedStore: the file is.
    """
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        raise DamagedStore(f"{path} can't be read ({error}); restore it from a copy of the store") from error
