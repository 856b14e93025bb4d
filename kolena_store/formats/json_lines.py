"""JSON files: one object on each line, or an array of objects; nested values become structs and lists."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.errors import ChangedType, EmptyInput, MalformedFile
from kolena_store.formats.casts import cast_batch
from kolena_store.formats.cells import CellColumn, cell_names, check_cells, values_of
from kolena_store.formats.inputs import TableInput
from kolena_store.formats.json_search import ARRAY, LINES, REMEDY, JsonFile
from kolena_store.formats.json_shapes import Shape
from kolena_store.formats.json_types import fitted_type
from kolena_store.formats.names import check_names, check_nested_names
from kolena_store.formats.paths import compression_of, opened, readable_file
from kolena_store.formats.scans import TextScan, query, stream
from kolena_store.formats.type_names import check_storable, declared_types, duckdb_type
from kolena_store.statements import joined

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["open_json"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
WIDE_NUMBER = r"[\[:,][ \t]*-?([0-9]{20}|9[2-9][0-9]{17})"


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
        """Return the columns of single values, which are read as text first."""
        import pyarrow as pa

        return {name for name, kind in {**self.known, **self.declared}.items() if not pa.types.is_nested(kind)}


def open_json(path: Path, *, types: Mapping[str, str], expected: "Mapping[str, pa.DataType]") -> TableInput:
    """Return a file of JSON objects as a table; the whole file has been looked at, so its types hold for every row.

    Text stays text, integers stay integers, NaN and Infinity are numbers, a key that is not there is NULL.

    Raises:
        MalformedFile: a line is no JSON object, a column mixes kinds of values, or a value is none of its declared type.
        ChangedType: a value is none of the type that the store knows for its column.
    """
    import duckdb
    import pyarrow as pa

    file = _json_file(path)
    known = {name: kind for name, kind in expected.items() if not pa.types.is_null(kind)}
    given = _Given(declared=dict.fromkeys(types, pa.string()), known=known)
    try:
        n_rows, shape = _looked_at(file, given.single)
        if not shape.fields:
            raise EmptyInput(f"{path} has no columns; give objects with at least one key")
        check_names(str(path), shape.fields)
        given = _Given(declared=declared_types(str(path), types, shape.fields), known=known)
        columns = [_column(file, position, name, shape, given) for position, name in enumerate(shape.fields)]
        scan = _scan(file, columns)
        check_cells(scan, columns, file.place_of)
    except duckdb.Error as error:
        raise _malformed(file, given, error) from error
    return _table_input(file, scan, columns, n_rows, given)
