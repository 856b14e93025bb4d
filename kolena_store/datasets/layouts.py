"""How rows lie in Parquet files, and which files a version may share with the one before."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.formats import is_widening

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["fits_layout", "stored_columns"]


def stored_columns(path: Path) -> "pa.Schema":
    """Return the columns that a Parquet file has, with the types that it gives back."""
    import pyarrow.parquet as pq

    return pq.read_schema(path)


def fits_layout(path: Path, schema: "pa.Schema") -> bool:
    """Return whether SQL reads a file, beside files of this schema, with the schema's types.

    A column that the file lacks is NULL. One of a narrower type fits, but not a nested one or one of the null type: of
    those SQL makes text. Nor does a column that is spelled otherwise, since SQL takes no account of capitals.
    """
    found = {field.name: field.type for field in stored_columns(path)}
    spellings = {name.casefold(): name for name in found}
    return all(
        spellings.get(field.name.casefold(), field.name) == field.name
        and _reads_as(found.get(field.name, field.type), field.type)
        for field in _as_stored(schema.remove_metadata())
    )


def _reads_as(found: "pa.DataType", wanted: "pa.DataType") -> bool:
    import pyarrow as pa

    is_single = not (pa.types.is_nested(found) or pa.types.is_null(found))
    return found.equals(wanted) or (is_single and is_widening(found, wanted))


@cache
def _as_stored(schema: "pa.Schema") -> "pa.Schema":
    """Return a schema as Parquet gives it back: it keeps seconds as milliseconds, for one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    return pq.read_schema(pa.BufferReader(sink.getvalue()))
