"""Columns of text cells: the SQL that reads them as their type, and the search for a cell that does not fit it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.errors import ChangedType, InvalidInput, MalformedFile
from kolena_store.formats.cell_types import pattern_of
from kolena_store.formats.scans import TextScan
from kolena_store.formats.type_names import duckdb_type
from kolena_store.statements import Fragment, identifier, joined, literal

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CellColumn", "RowFinder", "cell_names", "check_cells", "values_of"]

RowFinder = Callable[[int], tuple[int | None, str]]
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CellColumn:
    """A column of text cells and the type that it is read as.

    `cell` is the SQL name of its cells. `origin` says where the type comes from: `found` by looking at every cell,
    `declared` by the user, `known` to the store, or `read`: DuckDB has read the cells as this type already.
    """

    name: str
    cell: Fragment
    type: "pa.DataType"
    origin: str = "found"

    @property
    def is_given(self) -> bool:
        """Return whether the type was given, so that a cell may fail to fit it."""
        return self.origin in ("declared", "known")

    def value(self) -> Fragment:
        """Return the SQL expression of the cell's value."""
        import pyarrow as pa

        if pa.types.is_null(self.type):
            return Fragment("NULL")
        if self.origin == "read" or _is_text(self.type):
            return self.cell
        if self.is_given:
            return self._converted()
        return Fragment(f"CAST(trimmed_cell({self.cell}) AS {duckdb_type(self.type)})")

    def misfit(self) -> Fragment:
        """Return the SQL condition that a cell is there but is no value of the type."""
        if not self.is_given or _is_text(self.type):
            return Fragment("false")
        present, pattern = f"present_cell({self.cell})", pattern_of(self.type)
        looks_wrong = f"NOT regexp_full_match({present}, {literal(pattern)}) OR " if pattern else ""
        return Fragment(f"{present} IS NOT NULL AND ({looks_wrong}({self._converted()}) IS NULL)")

    def _converted(self) -> Fragment:
        import pyarrow as pa

        present, name = f"present_cell({self.cell})", duckdb_type(self.type)
        if pa.types.is_nested(self.type):
            return Fragment(f"TRY(CAST(CAST({present} AS JSON) AS {name}))")
        return Fragment(f"TRY_CAST({present} AS {name})")


def cell_names(count: int) -> list[Fragment]:
    """Return the SQL names of the cells of so many columns."""
    return [identifier(f"c{position}") for position in range(count)]


def values_of(columns: Sequence[CellColumn]) -> Fragment:
    """Return the SQL expressions of a row's values, in the columns' order."""
    names = cell_names(len(columns))
    return joined(Fragment(f"{column.value()} AS {name}") for column, name in zip(columns, names, strict=True))


def check_cells(scan: TextScan, columns: Iterable[CellColumn], find_row: RowFinder) -> None:
    """Refuse the first cell that is no value of its column's declared or known type.

    Args:
        find_row: from a row's number (counted from 1) to its line in the file (None: unknown) and what to call it.

    Raises:
        ChangedType: the store knows the column's type.
        MalformedFile: the user declared it.
    """
    suspects = [column for column in columns if column.is_given]
    if not suspects:
        return
    flags = scan.measure(Fragment(f"bool_or({column.misfit()})") for column in suspects)
    for column, is_misfit in zip(suspects, flags, strict=True):
        if is_misfit:
            raise _misfit_error(scan, column, find_row)


def _misfit_error(scan: TextScan, column: CellColumn, find_row: RowFinder) -> InvalidInput:
    position, cell = scan.ask("first_misfit", threads=1, cell=column.cell, misfit=column.misfit())[0]
    line, row = find_row(position)
    shown = cell if len(cell) <= LONGEST_SHOWN else cell[: LONGEST_SHOWN - 3] + "..."
    problem = f"column {column.name!r} holds {shown!r}{row}, which is no {duckdb_type(column.type)}"
    if column.origin == "declared":
        return MalformedFile.of(scan.label, line, problem, "Correct the cell, or declare another type")
    where = f"{scan.label}, line {line}" if line is not None else scan.label
    return ChangedType(
        f"{where}: {problem}, the type that the store knows for this column. Correct the cell, or rename the column"
    )


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
