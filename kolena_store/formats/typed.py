"""Tables whose columns have types: decoded, cast where the user declared a type, and otherwise taken as they are."""

import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kolena_store.formats.casts import cast_batch
from kolena_store.formats.categories import Categories, CategoryCollector
from kolena_store.formats.inputs import TableInput, read_once
from kolena_store.formats.names import check_depth, check_names, check_nested_names
from kolena_store.formats.nesting import plain_type
from kolena_store.formats.type_names import check_storable, declared_types

if TYPE_CHECKING:
    import pyarrow as pa

    Batches = Iterator[pa.RecordBatch]

__all__ = ["once_read_input", "typed_input"]

PARQUET_FIELD_ID = b"PARQUET:field_id"


def typed_input(
    name: str,
    schema: "pa.Schema",
    read: "Callable[[], Batches]",
    *,
    types: Mapping[str, str],
    n_rows: int | None = None,
    dictionaries: "Callable[[list[str]], Batches] | None" = None,
) -> TableInput:
    """Return a table that `read` yields, as often as it is called, in batches of `schema`.

    Args:
        dictionaries: yields the named columns alone, whose categories are needed before the rows; by default `read`.

    Raises:
        InvalidInput: the columns' names or types can't be stored.
    """
    plain = _plain_schema(name, schema, types)
    collector = CategoryCollector(_undeclared(schema, types))
    if collector.names:
        batches = dictionaries(collector.names) if dictionaries else read()
        for batch in batches:
            _collect(collector, batch)
    return TableInput(
        name=name,
        schema=plain,
        categories=MappingProxyType(dict(collector.result())),
        n_rows=n_rows,
        source=lambda: _cast(read(), plain, name),
    )


def once_read_input(name: str, schema: "pa.Schema", batches: "Batches", *, types: Mapping[str, str]) -> TableInput:
    """Return a table of batches that come once: with dictionary columns they are kept in a temporary file until read.

    Raises:
        InvalidInput: the columns' names or types can't be stored.
    """
    plain = _plain_schema(name, schema, types)
    collector = CategoryCollector(_undeclared(schema, types))
    if not collector.names:
        return TableInput(name=name, schema=plain, source=read_once(name, _cast(batches, plain, name)))
    spool = _Spool(_cast(_collected(batches, collector), plain, name), plain)
    categories: Mapping[str, Categories] = MappingProxyType(dict(collector.result()))
    return TableInput(name=name, schema=plain, categories=categories, n_rows=spool.n_rows, source=spool.batches)


class _Spool:
    """Batches in a temporary file, which is removed when nobody needs it any more."""

    def __init__(self, batches: "Batches", schema: "pa.Schema") -> None:
        import pyarrow as pa

        handle, name = tempfile.mkstemp(prefix="kolena-store-", suffix=".arrow")
        os.close(handle)
        self._path = Path(name)
        weakref.finalize(self, _remove, self._path)
        self.n_rows = 0
        with pa.OSFile(name, "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
            for batch in batches:
                self.n_rows += batch.num_rows
                writer.write_batch(batch)

    def batches(self) -> "Batches":
        """Yield the batches from the file."""
        import pyarrow as pa

        with pa.OSFile(str(self._path), "rb") as kept, pa.ipc.open_stream(kept) as reader:
            yield from reader


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _plain_schema(where: str, schema: "pa.Schema", types: Mapping[str, str]) -> "pa.Schema":
    import pyarrow as pa

    check_names(where, schema.names)
    check_depth(where, schema)
    declared = declared_types(where, types, schema.names)
    plain = pa.schema([_plain_field(field, declared.get(field.name)) for field in schema])
    check_nested_names(where, plain)
    check_storable(where, plain)
    return plain


def _plain_field(field: "pa.Field", declared: "pa.DataType | None") -> "pa.Field":
    """Return the field as it is stored: a value may always be missing, and numbers of Parquet's own are left out."""
    import pyarrow as pa

    if declared is not None:
        return pa.field(field.name, declared)
    kept = {key: value for key, value in (field.metadata or {}).items() if key != PARQUET_FIELD_ID}
    return pa.field(field.name, plain_type(field.type), metadata=kept or None)


def _undeclared(schema: "pa.Schema", types: Mapping[str, str]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([field for field in schema if field.name not in types])


def _cast(batches: "Batches", schema: "pa.Schema", where: str) -> "Batches":
    for batch in batches:
        yield cast_batch(batch, schema, where)


def _collected(batches: "Batches", collector: CategoryCollector) -> "Batches":
    for batch in batches:
        _collect(collector, batch)
        yield batch


def _collect(collector: CategoryCollector, batch: "pa.RecordBatch") -> None:
    for name in collector.names:
        collector.add(name, batch.column(name))
