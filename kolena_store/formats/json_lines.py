"""JSON files: one object on each line, or an array of objects; nested values become structs and lists."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import ChangedType, MalformedFile
from kolena_store.formats.casts import cast_batch
from kolena_store.formats.cells import CellColumn, cell_names, check_cells, values_of
from kolena_store.formats.inputs import TableInput
from kolena_store.formats.json_search import ARRAY, LINES, REMEDY, JsonFile
from kolena_store.formats.json_shapes import Shape
from kolena_store.formats.json_types import fitted_type, read_type, stored_type
from kolena_store.formats.names import check_names, check_nested_names
from kolena_store.formats.paths import compression_of, opened, path_for_duckdb, readable_file
from kolena_store.formats.scans import TextScan, query, stream
from kolena_store.formats.type_names import check_storable, declared_types, duckdb_type, parsed_types
from kolena_store.statements import joined

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["open_json"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COLUMNS_SUPPOSED = 500
DESCRIPTIONS_KEPT = 20_000
EMPTY_OBJECT = "JSON"
WIDE_NUMBER = r"[\[:,][ \t]*-?([0-9]{20}|9[2-9][0-9]{17})"


def open_json(path: Path, *, types: Mapping[str, str], expected: "Mapping[str, pa.DataType]") -> TableInput:
    """Return a file of JSON objects as a table; the whole file has been looked at, so its types hold for every row.

    Text stays text, integers stay integers, NaN and Infinity are numbers, a key that is not there is NULL.

    Raises:
        MalformedFile: a line is no JSON object, a column mixes kinds of values, or a value is not of its declared type.
        ChangedType: a value is not of the type that the store knows for its column.
    """
    import duckdb

    file = _json_file(path)
    given = _Given(declared=parsed_types(types), known=expected)
    try:
        n_rows, shape = _looked_at(file, given.single)
        check_names(file.label, shape.fields)
        declared_types(file.label, types, shape.fields)
        columns = [_column(file, name, shape, given) for name in shape.fields]
        cells = [
            CellColumn(name=column.name, cell=cell, type=column.type, origin=column.origin)
            for column, cell in zip(columns, cell_names(len(columns)), strict=True)
        ]
        scan = _scan(file, columns)
        check_cells(scan, cells, file.place_of)
    except RecursionError as error:
        raise MalformedFile.of(file.label, None, "its values are nested too deeply", "Give flatter objects") from error
    except duckdb.Error as error:
        raise _malformed(file, given, error) from error
    return _table_input(file, scan, cells, n_rows=n_rows, given=given)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """The types that are given for columns: `declared` by the user, `known` to the store."""

    declared: "Mapping[str, pa.DataType]"
    known: "Mapping[str, pa.DataType]"

    def of(self, name: str) -> "tuple[pa.DataType | None, str]":
        if name in self.declared:
            return self.declared[name], "declared"
        return self.known.get(name), "known"

    @property
    def single(self) -> set[str]:
        """Return the columns of single values, which may be read as text first."""
        import pyarrow as pa

        return {name for name, kind in {**self.known, **self.declared}.items() if not pa.types.is_nested(kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    type: "pa.DataType"
    origin: str
    read_as: str


def _json_file(path: Path) -> JsonFile:
    file = readable_file(path)
    with opened(file) as handle:
        start = handle.read(1024)
    if start.startswith(BYTE_ORDER_MARK):
        raise MalformedFile.of(path, 1, "the text starts with a byte-order mark", "Save the file as UTF-8 without one")
    is_array = ".json" in path.suffixes[-2:] and start.lstrip().startswith(b"[")
    return JsonFile(path=file, label=str(path), layout=ARRAY if is_array else LINES)


def _looked_at(file: JsonFile, single: Collection[str]) -> tuple[int, Shape]:
    """Return the number of rows and their shape, put together from DuckDB's descriptions of the rows."""
    import pyarrow.compute as pc

    shape, is_clear, n_rows = Shape(), True, 0
    seen: set[str] = set()
    shape.describe({})
    parameters = {**_parameters(file), "wide": WIDE_NUMBER}
    for batch in stream(file.path, query("json_texts").fill(), parameters, COLUMNS_SUPPOSED):
        n_rows += batch.num_rows
        is_clear = is_clear and not pc.any(batch.column("is_wide"), min_count=0).as_py()
        for text in pc.unique(batch.column("structure")).to_pylist():
            if is_clear and text not in seen:
                is_clear = text is not None and _describe(shape, json.loads(text), single)
                if len(seen) < DESCRIPTIONS_KEPT:
                    seen.add(text)
    return n_rows, shape if is_clear else file.shape(single)


def _describe(shape: Shape, structure: Any, single: Collection[str]) -> bool:
    if not isinstance(structure, dict):
        return bool(structure == EMPTY_OBJECT)
    unclear = [name for name, part in structure.items() if not shape.field(name).describe(part)]
    return set(unclear) <= set(single)


def _column(file: JsonFile, name: str, shape: Shape, given: _Given) -> _Column:
    import pyarrow as pa

    field, (wanted, origin) = shape.field(name), given.of(name)
    if wanted is None or pa.types.is_null(wanted):
        return _read_column(file, name, field.type())
    if pa.types.is_nested(wanted):
        fitted = fitted_type(field.type(), wanted)
        if fitted is None:
            raise _unfitting(file, name, wanted, origin)
        return _read_column(file, name, fitted)
    if not field.is_mixed and field.type().equals(wanted):
        return _read_column(file, name, wanted)
    return _Column(name=name, type=wanted, origin=origin, read_as="VARCHAR")


def _read_column(file: JsonFile, name: str, kind: "pa.DataType") -> _Column:
    import pyarrow as pa

    check_nested_names(file.label, pa.schema([(name, kind)]))
    stored = stored_type(kind)
    read_as = "VARCHAR" if pa.types.is_null(stored) else duckdb_type(read_type(kind))
    return _Column(name=name, type=stored, origin="read", read_as=read_as)


def _unfitting(file: JsonFile, name: str, wanted: "pa.DataType", origin: str) -> MalformedFile | ChangedType:
    """Return the error for the first value of a column that does not fit the nested type that is given."""

    def is_unfitting(row: dict[str, Any]) -> bool:
        shape = Shape()
        return shape.add(row.get(name), 0) is not None or fitted_type(shape.type(), wanted) is None

    row = file.find(is_unfitting)
    problem = f"column {name!r} holds a value that does not fit {duckdb_type(wanted)}"
    if origin == "declared":
        return file.fault(row, problem, "Correct the value, or declare another type")
    error = file.fault(
        row, f"{problem}, the type that the store knows for this column", "Correct it, or rename the column"
    )
    return ChangedType(str(error))


def _parameters(file: JsonFile) -> dict[str, object]:
    return {"path": path_for_duckdb(file.path), "format": file.layout, "compression": compression_of(file.path)}


def _scan(file: JsonFile, columns: Sequence[_Column]) -> TextScan:
    parameters = {**_parameters(file), "columns": {column.name: column.read_as for column in columns}}
    rows = query("json_rows").fill(names=joined(cell_names(len(columns))))
    return TextScan(path=file.path, label=file.label, rows=rows, parameters=parameters)


def _malformed(file: JsonFile, given: _Given, error: "duckdb.Error") -> MalformedFile:
    """Return the error for a file that DuckDB can't read: the first fault that a search row by row finds."""
    try:
        file.shape(given.single)
    except MalformedFile as found:
        return found
    except RecursionError:
        return MalformedFile.of(file.label, None, "its values are nested too deeply", "Give flatter objects")
    return MalformedFile.of(file.label, None, str(error).splitlines()[0], REMEDY)


def _table_input(
    file: JsonFile, scan: TextScan, columns: list[CellColumn], *, n_rows: int, given: _Given
) -> TableInput:
    import duckdb
    import pyarrow as pa

    schema = pa.schema([(column.name, column.type) for column in columns])
    check_storable(file.label, schema)

    def batches() -> "Iterator[pa.RecordBatch]":
        try:
            for batch in scan.batches(values_of(columns), len(columns)):
                yield cast_batch(batch, schema, file.label)
        except duckdb.Error as error:
            raise _malformed(file, given, error) from error

    return TableInput(name=file.path.name, schema=schema, is_text=True, n_rows=n_rows, source=batches)
