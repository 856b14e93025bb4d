"""One way in for all tables: files, Arrow, data frames and plain Python records become a TableInput."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from kolena_store.errors import InvalidInput, UnreadableFile
from kolena_store.formats.csv_files import open_csv
from kolena_store.formats.frames import index_names, is_from, open_lazy_frame
from kolena_store.formats.inputs import TableInput
from kolena_store.formats.json_lines import open_json
from kolena_store.formats.parquet_files import PARQUET_SUFFIXES, open_parquet, parquet_files_in
from kolena_store.formats.paths import readable_file
from kolena_store.formats.streams import open_iterable, open_stream, open_table_in_memory, table_in_memory

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["open_table"]

CSV_SUFFIXES = (".csv", ".tsv")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
COLUMNS_OF_FRAMES = (("pandas", "Series"), ("pandas", "Index"), ("polars", "Series"))
GLOB_SIGNS = frozenset("*?[")
ENDINGS = ".csv, .tsv, .jsonl, .ndjson, .json (all of these also as .gz), .parquet, .pq, .parq"
ACCEPTED = (
    "a .csv, .tsv, .jsonl, .ndjson, .json or .parquet file (the text ones also as .gz), a folder of Parquet files, "
    "an Arrow table, batch or stream, a Polars or pandas frame, or a list of dictionaries"
)
NOTHING_GIVEN: Mapping[str, str] = MappingProxyType({})


def open_table(
    source: object,
    *,
    types: Mapping[str, str] | None = None,
    expected: "Mapping[str, pa.DataType] | None" = None,
) -> TableInput:
    """Return a table of any accepted kind, its columns known and its rows ready to be read in batches.

    Text files (CSV, JSON) are looked at from the first row to the last before this returns. In a CSV file an empty cell
    is NULL and a quoted empty one the empty text; `NaN` and `inf` are numbers; `NA`, `null` and the like are text, and
    NULL where a type is given; digits with leading zeros and integers of more than 64 bits are text; only ISO dates and
    times are dates and times.

    Args:
        source: a path, an Arrow table or stream, a data frame, or a list of dictionaries or tables.
        types: DuckDB's type names by column, such as {"zip": "VARCHAR"}: how cells of text are read, or values cast.
        expected: for text files the types that the store knows already; cells of these columns are read as that type.

    Raises:
        InvalidInput: the source is of another kind, or its names or types can't be stored.
        UnreadableFile: a file can't be read.
        MalformedFile: a file breaks its format; the message names the line.
        ChangedType: a cell is no value of the type that the store knows for its column.
        MissingColumns: a type is declared for a column that is not there.
        EmptyInput: there are no columns.
    """
    declared = types or NOTHING_GIVEN
    if isinstance(source, (str, os.PathLike)):
        if not os.fspath(source):
            raise InvalidInput(f"the path is empty; give {ACCEPTED}")
        return _open_path(Path(os.fsdecode(source)).expanduser(), declared, expected or {})
    _refuse_columns(source)
    if is_from(source, "polars", "LazyFrame"):
        return open_lazy_frame(cast("pl.LazyFrame", source), types=declared)
    table = table_in_memory(source)
    if table is not None:
        return replace(open_table_in_memory(*table, types=declared), index=index_names(source))
    if hasattr(source, "__arrow_c_stream__"):
        return open_stream(source, types=declared)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, Mapping)):
        return open_iterable(source, types=declared)
    raise InvalidInput(f"an object of type {type(source).__name__} is no table; give {ACCEPTED}")


def _refuse_columns(source: object) -> None:
    """Refuse a single column: Arrow and frames would read it as a stream of something else, or value by value."""
    import pyarrow as pa

    is_column = any(is_from(source, *kind) for kind in COLUMNS_OF_FRAMES)
    if is_column or isinstance(source, (pa.Array, pa.ChunkedArray)):
        name = getattr(source, "name", None)
        called = f" {name!r}" if isinstance(name, str) and name else ""
        raise InvalidInput(
            f"the {type(source).__name__}{called} is one column and no table; give a table that also has the ids, "
            "such as frame[['id', 'label']]"
        )


def _open_path(path: Path, types: Mapping[str, str], expected: "Mapping[str, pa.DataType]") -> TableInput:
    if path.is_dir():
        files = parquet_files_in(path)
        return open_parquet(files, f"{path.name} ({len(files)} Parquet files)", types=types)
    name = path.name.lower().removesuffix(".gz")
    if GLOB_SIGNS & set(str(path)) and not path.exists():
        return _open_glob(path, types)
    if name.endswith(CSV_SUFFIXES):
        return open_csv(path, types=types, expected=expected)
    if name.endswith(JSON_SUFFIXES):
        return open_json(path, types=types, expected=expected)
    if path.name.lower().endswith(PARQUET_SUFFIXES):
        return open_parquet([path], path.name, types=types)
    readable_file(path)
    ending = f"ends in {path.suffix}" if path.suffix else "has no ending"
    raise InvalidInput(f"{path} {ending}, which does not say how to read it; save the table as one of these: {ENDINGS}")


def _open_glob(pattern: Path, types: Mapping[str, str]) -> TableInput:
    anchor = Path(pattern.anchor)
    found = sorted(anchor.glob(str(pattern.relative_to(anchor))))
    if not found:
        raise UnreadableFile(f"no file fits {pattern}; check the path")
    others = [path for path in found if path.suffix.lower() not in PARQUET_SUFFIXES]
    if others:
        raise InvalidInput(
            f"{pattern} fits {others[0].name}, and only Parquet files are read together; give files one by one"
        )
    return open_parquet(found, f"{pattern.name} ({len(found)} Parquet files)", types=types)
