"""Input on its way into the store: written to Parquet once, numbered, and checked before anything else changes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.errors import EmptyInput, InvalidInput
from kolena_store.files import SAMPLE, WrittenFile, data_path, read_batches, write_files
from kolena_store.formats.casts import cast_array
from kolena_store.formats.nesting import children_of, with_children
from kolena_store.progress import track

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.formats import TableInput

__all__ = [
    "Staged",
    "check_not_empty",
    "conform",
    "numbered_schema",
    "renumbered",
    "stage",
    "with_order",
    "without_columns",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Rows in finished files, numbered upward from `base` in `_sample`; in no catalogue yet."""

    root: Path
    files: tuple[WrittenFile, ...]
    schema: "pa.Schema"
    base: int
    n_rows: int

    @property
    def paths(self) -> list[Path]:
        """Return where the files lie."""
        return [data_path(self.root, file.kind, file.sha256) for file in self.files]

    def is_stored_as(self, kind: str, samples: "np.ndarray") -> bool:
        """Return whether the files hold exactly what files of this kind with these numbers would hold."""
        import numpy as np

        numbers = np.arange(self.base, self.base + self.n_rows, dtype=np.int64)
        return all(file.kind == kind for file in self.files) and np.array_equal(samples, numbers)

    def remove(self) -> None:
        """Remove the files that this staging brought."""
        for file in self.files:
            if file.is_new:
                data_path(self.root, file.kind, file.sha256).unlink(missing_ok=True)

    def remove_unused(self, transaction: Transaction) -> None:
        """Remove the files that this staging brought and that the transaction did not take in."""
        taken = transaction.taken_files
        for file in self.files:
            if file.is_new and (file.kind, file.sha256) not in taken:
                data_path(self.root, file.kind, file.sha256).unlink(missing_ok=True)

    def rows(self, wanted: "np.ndarray", columns: Sequence[str] | None = None) -> "Iterator[pa.Table]":
        """Yield the rows whose position (counted from 0) is set in the boolean array `wanted`, batch by batch.

        They have the columns and types of the schema (or the named ones of its columns), behind `_sample`.
        """
        import pyarrow as pa

        schema = numbered_schema(self.schema)
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns])
        end = 0
        for file, path in zip(self.files, self.paths, strict=True):
            start, end = end, end + file.n_rows
            if not wanted[start:end].any():
                continue
            for batch in read_batches([path], schema.names):
                mask = wanted[start : start + batch.num_rows]
                start += batch.num_rows
                yield conform(pa.Table.from_batches([batch.filter(pa.array(mask))]), schema)


def check_not_empty(source: "TableInput") -> None:
    """Refuse an input that is known to have no rows, before anything is said of its columns, which have no types then.

    Raises:
        EmptyInput: it has none.
    """
    if source.n_rows == 0:
        raise EmptyInput(f"{source.name} has no rows; give at least one")


def stage(root: Path, kind: str, source: "TableInput", *, schema: "pa.Schema", base: int) -> Staged:
    """Write all rows of an input with the columns and types of `schema`, numbered from `base` on.

    Raises:
        EmptyInput: it has no row.
    """
    batches = _numbered(source, schema, base)
    files: list[WrittenFile] = []
    with track(source.n_rows, f"reading {source.name}") as advance:
        try:
            files.extend(_counted(write_files(root, kind, numbered_schema(schema), batches), advance))
        except BaseException:
            Staged(root=root, files=tuple(files), schema=schema, base=base, n_rows=0).remove()
            raise
    n_rows = sum(file.n_rows for file in files)
    if n_rows == 0:
        raise EmptyInput(f"{source.name} has no rows; give at least one")
    return Staged(root=root, files=tuple(files), schema=schema, base=base, n_rows=n_rows)


def numbered_schema(schema: "pa.Schema") -> "pa.Schema":
    """Return the schema of the stored rows: `_sample` first, then the columns, in layouts that Arrow can pick from."""
    import pyarrow as pa

    columns = [field.with_type(_pickable(field.type)) for field in schema]
    return pa.schema([pa.field(SAMPLE, pa.int64(), nullable=False), *columns])


def conform(table: "pa.Table", schema: "pa.Schema") -> "pa.Table":
    """Return a table with exactly the columns and types of a schema; a column that is not there is all NULL."""
    import pyarrow as pa

    positions = {name: position for position, name in enumerate(table.column_names)}
    columns = [_conformed(table, positions.get(field.name), field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _conformed(table: "pa.Table", position: int | None, kind: "pa.DataType") -> "pa.ChunkedArray":
    import pyarrow as pa

    column = None if position is None else table.column(position)
    if column is None or (column.null_count == len(column) and not column.type.equals(kind)):
        return pa.chunked_array([pa.nulls(table.num_rows, kind)])
    if column.type.equals(kind):
        return column
    return pa.chunked_array([cast_array(chunk, kind) for chunk in column.chunks], kind)


def _pickable(kind: "pa.DataType") -> "pa.DataType":
    """Return the type in a layout that Arrow can filter: it can't pick from views of text and bytes."""
    import pyarrow as pa

    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    return with_children(kind, [_pickable(child.type) for child in children_of(kind)])


def _numbered(source: "TableInput", schema: "pa.Schema", base: int) -> "Iterator[pa.Table]":
    import numpy as np
    import pyarrow as pa

    start, columns = base, pa.schema(list(numbered_schema(schema))[1:])
    for batch in source.batches():
        table = conform(pa.Table.from_batches([batch]), columns)
        _check_texts(source.name, table, start - base)
        numbers = pa.array(np.arange(start, start + table.num_rows, dtype=np.int64))
        start += table.num_rows
        yield table.add_column(0, pa.field(SAMPLE, pa.int64(), nullable=False), numbers)


def _check_texts(where: str, table: "pa.Table", n_before: int) -> None:
    """Refuse values that break their own type, such as text that is not UTF-8: nothing could read them any more."""
    import pyarrow as pa

    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:
        raise InvalidInput(
            f"{where}: rows {n_before + 1:,} to {n_before + table.num_rows:,} hold a broken value ({error}); "
            "write text as UTF-8, or keep such bytes in a binary column"
        ) from error


def _counted(files: Iterator[WrittenFile], advance: Callable[[int], None]) -> Iterator[WrittenFile]:
    for file in files:
        advance(file.n_rows)
        yield file


def renumbered(tables: "Iterator[pa.Table]", samples: "np.ndarray") -> "Iterator[pa.Table]":
    """Yield tables whose `_sample` column is replaced by the next values of `samples`, in order."""
    import pyarrow as pa

    start = 0
    for table in tables:
        numbers = pa.array(samples[start : start + table.num_rows])
        start += table.num_rows
        yield table.set_column(0, pa.field(SAMPLE, pa.int64(), nullable=False), numbers)


def with_order(schema: "pa.Schema", names: Sequence[str]) -> "pa.Schema":
    """Return a schema with its columns in another order."""
    import pyarrow as pa

    return pa.schema([schema.field(name) for name in names], metadata=schema.metadata)


def without_columns(schema: "pa.Schema", names: Sequence[str]) -> "pa.Schema":
    """Return a schema without some columns."""
    import pyarrow as pa

    unwanted = set(names)
    return pa.schema([field for field in schema if field.name not in unwanted], metadata=schema.metadata)
