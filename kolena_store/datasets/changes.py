"""Copy-on-write: which stored rows an upload adds, changes or removes, and the files that follow from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets.layouts import fits_layout, stored_columns
from kolena_store.datasets.row_comparison import differing_rows, differing_samples
from kolena_store.datasets.staging import Staged, conform, numbered_schema, renumbered
from kolena_store.files import SAMPLE, FileRecord, read_batches, write_files

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["RowChanges", "count_samples", "row_changes", "stored_samples", "write_changes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """What becomes of each staged row, and which stored rows go.

    `samples` holds the final number of each staged row; `is_added` and `is_changed` say what is new about it;
    `removed` lists the numbers of stored rows that leave. With repeats a sample has several rows, which are added or
    changed together.
    """

    samples: "np.ndarray"
    is_added: "np.ndarray"
    is_changed: "np.ndarray"
    removed: "np.ndarray"
    has_repeats: bool = False

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Return how many samples are added, changed, removed and unchanged."""
        added, changed, given = (self._count(flags) for flags in (self.is_added, self.is_changed, self.samples >= 0))
        return added, changed, len(self.removed), given - added - changed

    def _count(self, flags: "np.ndarray") -> int:
        import numpy as np

        return len(np.unique(self.samples[flags])) if self.has_repeats else int(flags.sum())

    @property
    def is_empty(self) -> bool:
        """Whether the stored rows stay exactly as they are."""
        added, changed, removed, _ = self.counts
        return added + changed + removed == 0


def row_changes(
    session: Session,
    staged: Staged,
    samples: "np.ndarray",
    current: Sequence[FileRecord],
    *,
    is_whole: bool,
    repeat: str | None = None,
) -> RowChanges:
    """Compare staged rows with the stored ones, by sample number and then field by field.

    Args:
        samples: the final number of each staged row; -1 for a row that is left out.
        current: the files of the version that is compared with.
        is_whole: the staged rows are the whole new content; stored rows that are not among them are removed.
        repeat: the column that tells the rows of one sample apart; None: each has one row.
    """
    import numpy as np

    nothing = np.zeros(len(samples), dtype=bool)
    has_repeats = repeat is not None
    if not current:
        is_added = samples >= 0
        return RowChanges(
            samples=samples, is_added=is_added, is_changed=nothing, removed=samples[:0], has_repeats=has_repeats
        )
    stored = stored_samples(session.root, current)
    is_present = np.isin(samples, stored)
    is_changed = nothing
    if is_present.any() and repeat is not None:
        is_changed = is_present & np.isin(samples, differing_samples(session, staged, samples, current, repeat=repeat))
    elif is_present.any():
        is_changed = differing_rows(session, staged, samples, current)
    return RowChanges(
        samples=samples,
        is_added=~is_present & (samples >= 0),
        is_changed=is_changed,
        removed=np.setdiff1d(stored, samples) if is_whole else stored[:0],
        has_repeats=has_repeats,
    )


def write_changes(
    transaction: Transaction, kind: str, staged: Staged, changes: RowChanges, *, current: Sequence[FileRecord]
) -> list[int]:
    """Write the files that changed and those that are new; return the ids of all files of the new version.

    Every column of the staged schema lies in one of them, with its type or a narrower one that reads the same in SQL.
    """
    import numpy as np

    gone = np.concatenate([changes.samples[changes.is_changed], changes.removed])
    kept = [file for file in current if _can_stay(transaction.root, file, staged.schema, gone)]
    waiting = changes.is_changed.copy()
    if not changes.is_added.any() and kept == list(current):
        kept = kept[1:] if _missing_columns(transaction.root, kept, staged.schema) else kept
    file_ids: list[int] = []
    for file in current:
        if file in kept:
            file_ids.append(file.file_id)
        else:
            # The repeats of a sample may lie in two files: the new ones go where the first of the old were.
            in_file = waiting & np.isin(changes.samples, stored_samples(transaction.root, [file]))
            waiting &= ~in_file
            new = renumbered(staged.rows(in_file), changes.samples[in_file])
            rewritten = chain(_kept_rows(transaction.root, file, staged.schema, gone), new)
            file_ids.extend(_add_files(transaction, kind, staged.schema, rewritten))
    return [*file_ids, *_added(transaction, kind, staged, changes)]


def _can_stay(root: Path, file: FileRecord, schema: "pa.Schema", gone: "np.ndarray") -> bool:
    import numpy as np

    return (
        fits_layout(file.path(root), numbered_schema(schema)) and not np.isin(stored_samples(root, [file]), gone).any()
    )


def _missing_columns(root: Path, files: Sequence[FileRecord], schema: "pa.Schema") -> set[str]:
    found = {name for file in files for name in stored_columns(file.path(root)).names}
    return set(schema.names) - found


def _kept_rows(root: Path, file: FileRecord, schema: "pa.Schema", gone: "np.ndarray") -> "Iterator[pa.Table]":
    import numpy as np
    import pyarrow as pa

    stays = ~np.isin(stored_samples(root, [file]), gone)
    start = 0
    for batch in read_batches([file.path(root)]):
        kept = pa.array(stays[start : start + batch.num_rows])
        start += batch.num_rows
        yield conform(pa.Table.from_batches([batch.filter(kept)]), numbered_schema(schema))


def _added(transaction: Transaction, kind: str, staged: Staged, changes: RowChanges) -> list[int]:
    """Return the ids of the files with the added rows; staged files that are such files already are taken in."""
    if not changes.is_added.any():
        return []
    if staged.is_stored_as(kind, changes.samples):
        return [transaction.add_file(file) for file in staged.files]
    new_rows = renumbered(staged.rows(changes.is_added), changes.samples[changes.is_added])
    return list(_add_files(transaction, kind, staged.schema, new_rows))


def _add_files(transaction: Transaction, kind: str, schema: "pa.Schema", tables: "Iterator[pa.Table]") -> Iterator[int]:
    filled = (table for table in tables if table.num_rows)
    for written in write_files(transaction.root, kind, numbered_schema(schema), filled):
        yield transaction.add_file(written)


def stored_samples(root: Path, files: Sequence[FileRecord]) -> "np.ndarray":
    """Return the sample numbers of all rows of some files, in the files' order."""
    import numpy as np

    batches = read_batches([file.path(root) for file in files], columns=[SAMPLE])
    parts = [batch.column(0).to_numpy() for batch in batches]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def count_samples(root: Path, files: Sequence[FileRecord]) -> int:
    """Return how many samples some files have rows of."""
    import numpy as np

    return len(np.unique(stored_samples(root, files)))
