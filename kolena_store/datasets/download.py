"""Stored rows on their way out, with the types that they came with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets.attached import table_named
from kolena_store.datasets.categories import categories_of
from kolena_store.datasets.records import DatasetRecord, files_of, version_of
from kolena_store.datasets.staging import conform, numbered_schema
from kolena_store.files import SAMPLE, read_batches
from kolena_store.formats import restore_types

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["download_dataset", "read_rows"]


def download_dataset(
    session: Session, dataset: DatasetRecord, version: int | None = None, *, table: str | None = None
) -> "pa.Table":
    """Return the samples of one version as they were uploaded, in the order of first upload.

    Args:
        version: by default the newest.
        table: an attached table, whose rows are given in place of the samples, those of each sample together.

    Raises:
        UnknownName: the dataset has no such version, or the version no such table.
    """
    record = version_of(session, dataset, version)
    if table is None:
        return read_rows(session, record.sample_files, record.schema).drop_columns([SAMPLE])
    found = table_named(session, dataset, record, table)
    return read_rows(session, found.table_files, found.schema).drop_columns([SAMPLE])


def read_rows(
    session: Session, file_ids: Sequence[int], schema: "pa.Schema", *, then_by: Sequence[str] = ()
) -> "pa.Table":
    """Return the rows of files by `_sample` (and `then_by`), with the columns, types and categories of a schema."""
    import pyarrow as pa

    stored = numbered_schema(schema)
    batches = read_batches(file.path(session.root) for file in files_of(session, file_ids))
    tables = [conform(pa.Table.from_batches([batch]), stored) for batch in batches]
    rows = pa.concat_tables(tables) if tables else stored.empty_table()
    rows = rows.take(_order(rows, then_by))
    values = restore_types(rows.drop_columns([SAMPLE]), schema, categories_of(schema))
    return values.add_column(0, SAMPLE, rows.column(SAMPLE))


def _order(rows: "pa.Table", then_by: Sequence[str]) -> "pa.Array":
    import pyarrow.compute as pc

    if not then_by:
        return pc.sort_indices(rows.column(SAMPLE))
    return pc.sort_indices(
        rows.select([SAMPLE, *then_by]), sort_keys=[(name, "ascending") for name in (SAMPLE, *then_by)]
    )
