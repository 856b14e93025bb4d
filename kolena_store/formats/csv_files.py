"""CSV files: DuckDB reads every cell as text, each column's cells are looked at, and then read as their type."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kolena_store.errors import MalformedFile
from kolena_store.formats.casts import cast_batch
from kolena_store.formats.cell_types import CellClass, plain_macro, type_of_classes
from kolena_store.formats.cells import CellColumn, cell_names, check_cells, values_of
from kolena_store.formats.csv_header import CsvHeader, header_of
from kolena_store.formats.csv_lines import fault_of, line_of_row
from kolena_store.formats.inputs import TableInput
from kolena_store.formats.names import check_names, check_nested_names
from kolena_store.formats.paths import compression_of, path_for_duckdb, readable_file
from kolena_store.formats.scans import TextScan, query
from kolena_store.formats.type_names import check_storable, declared_types
from kolena_store.statements import Fragment, joined, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["open_csv"]

FIRST_CELLS, LEAST_FIRST_ROWS, MOST_FIRST_ROWS = 500_000, 500, 20_000
LINE_ENDS = MappingProxyType({"\n": Fragment("new_line = '\\n',"), "\r": Fragment("new_line = '\\r',")})
COUNT = Fragment("count(*)")


def open_csv(path: Path, *, types: Mapping[str, str], expected: "Mapping[str, pa.DataType]") -> TableInput:
    """Return a CSV file as a table; the whole file has been looked at, so its cells will fit their types.

    Raises:
        MalformedFile: the file is no CSV file with a header in UTF-8, or a cell is no value of its declared type.
        ChangedType: a cell is no value of the type that the store knows for its column.
    """
    import duckdb

    file = readable_file(path)
    header = header_of(file, str(path))
    check_names(str(path), header.names)
    declared = declared_types(str(path), types, header.names)
    scan = _scan(path, file, header)
    try:
        given = _given_columns(header, declared, expected)
        n_rows, classes = _looked_at(scan, given)
        if not any(given):
            _check_header(scan, header, n_rows, classes)
        columns = _columns(header, given, classes)
        check_cells(scan, columns, lambda position: (line_of_row(file, header, position), ""))
    except duckdb.Error as error:
        raise _malformed(scan, header, error) from error
    return _table_input(scan, header, columns, n_rows)


def _scan(path: Path, file: Path, header: CsvHeader) -> TextScan:
    parameters = {
        "path": path_for_duckdb(file),
        "columns": dict.fromkeys((f"c{position}" for position in range(len(header.names))), "VARCHAR"),
        "delimiter": header.delimiter,
        "compression": compression_of(file),
        "is_single": len(header.names) == 1,
    }
    rows = query("csv_rows").fill(line_end=LINE_ENDS.get(header.line_end, Fragment("")))
    return TextScan(path=file, label=str(path), rows=rows, parameters=parameters)


def _given_columns(
    header: CsvHeader, declared: "Mapping[str, pa.DataType]", expected: "Mapping[str, pa.DataType]"
) -> list[CellColumn | None]:
    import pyarrow as pa

    known = {name: kind for name, kind in expected.items() if not pa.types.is_null(kind)}
    columns: list[CellColumn | None] = []
    for name, cell in zip(header.names, cell_names(len(header.names)), strict=True):
        kind, origin = (declared[name], "declared") if name in declared else (known.get(name), "known")
        columns.append(None if kind is None else CellColumn(name=name, cell=cell, type=kind, origin=origin))
    return columns


def _columns(header: CsvHeader, given: Sequence[CellColumn | None], classes: Sequence[CellClass]) -> list[CellColumn]:
    named = zip(header.names, cell_names(len(header.names)), strict=True)
    found = [
        CellColumn(name=name, cell=cell, type=type_of_classes(seen))
        for (name, cell), seen in zip(named, classes, strict=True)
    ]
    return [column or found[position] for position, column in enumerate(given)]


def _looked_at(scan: TextScan, given: Sequence[CellColumn | None]) -> tuple[int, list[CellClass]]:
    """Return the number of rows, and for each column whose type is not given the classes of its cells.

    The first rows tell which columns are text; the others are looked at down to the last row.
    """
    cells, classes = cell_names(len(given)), [CellClass(0)] * len(given)
    positions = [position for position, column in enumerate(given) if column is None]
    most = max(LEAST_FIRST_ROWS, min(MOST_FIRST_ROWS, FIRST_CELLS // len(given)))
    n_rows = _look_at_first_rows(scan, positions, classes, most) if positions else most
    if n_rows < most:
        return n_rows, classes
    typed = [position for position in positions if CellClass.TEXT not in classes[position]]
    macros = {position: macro for position in typed if (macro := plain_macro(classes[position]))}
    n_rows, *plain = scan.measure([COUNT, *(Fragment(f"bool_and({macro}({cells[i]}))") for i, macro in macros.items())])
    surely = {position for position, is_plain in zip(macros, plain, strict=True) if is_plain}
    doubtful = [position for position in typed if position not in surely]
    if doubtful:
        found = scan.measure(Fragment(f"bit_or(class_of_cell({cells[position]}))") for position in doubtful)
        for position, seen in zip(doubtful, found, strict=True):
            classes[position] |= CellClass(seen)
    return int(n_rows), classes


def _look_at_first_rows(scan: TextScan, positions: Sequence[int], classes: list[CellClass], most: int) -> int:
    """Add the classes in the first rows to those of the columns, and return how many rows there were."""
    cells = cell_names(len(classes))
    answer = scan.ask(
        "classes_in_first_rows",
        limit=literal(most),
        positions=joined(literal(position) for position in positions),
        cells=joined(cells[position] for position in positions),
    )
    for position, seen, _ in answer:
        classes[position] |= CellClass(seen)
    return max((n_rows for _, _, n_rows in answer), default=0)


def _check_header(scan: TextScan, header: CsvHeader, n_rows: int, classes: Sequence[CellClass]) -> None:
    """Refuse a first line that looks like the rows below it, unless a given type says that it does hold names."""
    of_names = [CellClass(one) for one in scan.classes_of(header.names)]
    columns = [(name, seen & ~CellClass.BLANK) for name, seen in zip(of_names, classes, strict=True)]
    typed = [(name, seen) for name, seen in columns if seen and CellClass.TEXT not in seen]
    looks_alike = all(name and not name & ~seen for name, seen in typed) if typed else False
    if looks_alike or (n_rows == 0 and not any(CellClass.TEXT in name for name in of_names)):
        raise MalformedFile.of(
            scan.label,
            1,
            "the line looks like a row of values, not like the columns' names",
            "Write the names in the first line (names that are numbers are taken when --type, in Python types=, "
            "declares one of them)",
        )


def _malformed(scan: TextScan, header: CsvHeader, error: "duckdb.Error") -> MalformedFile:
    fault = fault_of(scan.path, header)
    if fault is None:
        problem = str(error).splitlines()[0]
        return MalformedFile.of(
            scan.label, None, problem, "Save it as plain CSV: UTF-8, RFC 4180 quotes, one header line"
        )
    return MalformedFile.of(scan.label, fault.line, fault.problem, fault.remedy)


def _table_input(scan: TextScan, header: CsvHeader, columns: list[CellColumn], n_rows: int) -> TableInput:
    import duckdb
    import pyarrow as pa

    schema = pa.schema([(column.name, column.type) for column in columns])
    check_nested_names(scan.label, schema)
    check_storable(scan.label, schema)

    def batches() -> "Iterator[pa.RecordBatch]":
        try:
            for batch in scan.batches(values_of(columns), len(columns)):
                yield cast_batch(batch, schema, scan.label)
        except duckdb.Error as error:
            raise _malformed(scan, header, error) from error

    return TableInput(name=scan.path.name, schema=schema, is_text=True, n_rows=n_rows, source=batches)
