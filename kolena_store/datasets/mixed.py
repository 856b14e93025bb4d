"""A version that never was: the samples of an older version, with the content that they have in a newer one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.datasets.changes import stored_samples
from kolena_store.datasets.records import VersionRecord, files_of
from kolena_store.datasets.staging import conform, numbered_schema
from kolena_store.files import SAMPLE, FileRecord, read_batches, write_files

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["has_other_samples", "mixed_version"]

KIND = "samples"


def has_other_samples(transaction: Transaction, older: VersionRecord, newer: VersionRecord) -> bool:
    """Return whether two versions of a dataset have other samples, whatever these hold."""
    import numpy as np

    if older.version == newer.version:
        return False
    first, second = (np.sort(stored_samples(transaction.root, _files(transaction, one))) for one in (older, newer))
    return not np.array_equal(first, second)


def mixed_version(transaction: Transaction, older: VersionRecord, newer: VersionRecord) -> VersionRecord:
    """Return a version with the samples of `older`: as they are in `newer`, and as they were where they are gone.

    It stands in no list of versions; its files are new ones, which its caller takes out again.
    """
    schema = numbered_schema(newer.schema)
    written = write_files(transaction.root, KIND, schema, _rows(transaction, older, newer, schema))
    return replace(newer, sample_files=[transaction.add_file(file) for file in written], n_samples=older.n_samples)


def _rows(
    transaction: Transaction, older: VersionRecord, newer: VersionRecord, schema: "pa.Schema"
) -> "Iterator[pa.Table]":
    files = [_files(transaction, one) for one in (older, newer)]
    numbers = [stored_samples(transaction.root, one) for one in files]
    yield from _chosen(transaction, files[1], numbers[0], schema, is_among=True)
    yield from _chosen(transaction, files[0], numbers[1], schema, is_among=False)


def _chosen(
    transaction: Transaction, files: Sequence[FileRecord], samples: "np.ndarray", schema: "pa.Schema", *, is_among: bool
) -> "Iterator[pa.Table]":
    """Yield the rows of files that are, or are not, of some samples."""
    import numpy as np
    import pyarrow as pa

    for batch in read_batches([file.path(transaction.root) for file in files]):
        kept = np.isin(batch.column(SAMPLE).to_numpy(), samples, invert=not is_among)
        table = pa.Table.from_batches([batch.filter(pa.array(kept))])
        if table.num_rows:
            yield conform(table, schema)


def _files(transaction: Transaction, version: VersionRecord) -> list[FileRecord]:
    return files_of(transaction, version.sample_files)
