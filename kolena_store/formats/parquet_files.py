"""Parquet: one file, several, or a folder of them, read by row groups."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput, MalformedFile, UnreadableFile, shown
from kolena_store.formats.casts import cast_batch
from kolena_store.formats.inputs import TableInput, rows_per_batch
from kolena_store.formats.paths import readable_file
from kolena_store.formats.typed import typed_input
from kolena_store.formats.widening import is_widening

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["open_parquet", "parquet_files_in"]

PARQUET_SUFFIXES = (".parquet", ".pq", ".parq")
READ_BYTES = 1 << 20
HIDDEN = ("_", ".")
UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


def open_parquet(paths: Sequence[Path], name: str, *, types: Mapping[str, str]) -> TableInput:
    """Return the rows of Parquet files that have the same columns, one file after the other, as one table.

    The index that pandas wrote beside the columns is left out when it has no name.

    Raises:
        UnreadableFile: a file is not there.
        MalformedFile: a file is no Parquet file, or was cut off.
        InvalidInput: the files' columns differ.
    """
    parts = [_part(path) for path in paths]
    schema = parts[0].schema
    for part in parts[1:]:
        _check_same(parts[0], part)

    def read(columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        for part in parts:
            yield from part.batches(schema, columns)

    n_rows = sum(part.n_rows for part in parts)
    return typed_input(name, schema, lambda: read(schema.names), types=types, n_rows=n_rows, dictionaries=read)


def parquet_files_in(folder: Path) -> list[Path]:
    """Return the Parquet files of a folder and the folders in it, by name, without those that begin with `_` or `.`.

    Raises:
        UnreadableFile: there is none.
        InvalidInput: folders are named `column=value`, which hold a column that the files lack.
    """
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PARQUET_SUFFIXES
        and not any(part.startswith(HIDDEN) for part in path.relative_to(folder).parts)
    )
    if not found:
        raise UnreadableFile(f"{folder} holds no Parquet file (*.parquet); name another folder or a file")
    partitions = sorted(
        {part.split("=")[0] for path in found for part in path.relative_to(folder).parts[:-1] if "=" in part}
    )
    if partitions:
        raise InvalidInput(
            f"{folder} is partitioned by {', '.join(partitions)}; give it as "
            f"polars.scan_parquet({str(folder)!r}, hive_partitioning=True), which adds these columns"
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One Parquet file: its columns and the number of its rows."""

    path: Path
    label: str
    schema: "pa.Schema"
    n_rows: int

    def batches(self, schema: "pa.Schema", columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        """Yield the rows of some columns with the types that `schema` has for them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = pa.schema([schema.field(name) for name in columns])
        try:
            with pq.ParquetFile(self.path, buffer_size=READ_BYTES) as file:
                selected = list(columns) if len(columns) < len(self.schema) else None
                for batch in file.iter_batches(batch_size=rows_per_batch(len(columns)), columns=selected):
                    yield cast_batch(batch.select(columns), wanted, self.label)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.label, error) from error


def _part(path: Path) -> _Part:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = readable_file(path)
    try:
        with pq.ParquetFile(file) as parquet:
            schema = _without_index(parquet.schema_arrow)
            return _Part(path=file, label=str(path), schema=schema, n_rows=parquet.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(str(path), error) from error


def _damaged(label: str, error: Exception) -> MalformedFile:
    problem = str(error).strip().rstrip(".").splitlines()[0]
    return MalformedFile.of(label, None, f"it can't be read as Parquet ({problem})", "Write or copy the file again")


def _without_index(schema: "pa.Schema") -> "pa.Schema":
    import pyarrow as pa

    described = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    index = {
        name for name in described.get("index_columns", []) if isinstance(name, str) and UNNAMED_INDEX.fullmatch(name)
    }
    return pa.schema([field for field in schema if field.name not in index])


def _check_same(first: _Part, part: _Part) -> None:
    if set(first.schema.names) != set(part.schema.names):
        differing = sorted(set(first.schema.names) ^ set(part.schema.names))
        raise InvalidInput(
            f"{part.label} and {first.label} have different columns ({shown(differing)}); "
            "give files with the same columns"
        )
    for field in first.schema:
        found = part.schema.field(field.name).type
        if not is_widening(found, field.type):
            raise InvalidInput(
                f"{part.label}: column {field.name!r} holds {found}, in {first.label} it holds {field.type}; "
                "give files with the same types"
            )
