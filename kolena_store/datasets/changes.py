"""Copy-on-write: which stored rows an upload adds, changes or removes, and the files that follow from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets.inexact_values import inexact_differences
from kolena_store.datasets.layouts import fits_layout, stored_columns
from kolena_store.datasets.sql_types import sql_columns
from kolena_store.datasets.staging import Staged, conform, numbered_schema, renumbered
from kolena_store.files import SAMPLE, FileRecord, read_batches, write_files
from kolena_store.formats import duckdb_type
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["RowChanges", "row_changes", "stored_samples", "write_changes"]

NULL_TYPES = ("NULL", '"NULL"')


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """What becomes of each staged row, and which stored rows go.

    `samples` holds the final number of each staged row; `is_added` and `is_changed` say what is new about it;
    `removed` lists the numbers of stored rows that leave.
    """

    samples: "np.ndarray"
    is_added: "np.ndarray"
    is_changed: "np.ndarray"
    removed: "np.ndarray"

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Return how many rows are added, changed, removed and unchanged."""
        added, changed, all_rows = (int(flags.sum()) for flags in (self.is_added, self.is_changed, self.samples >= 0))
        return added, changed, len(self.removed), all_rows - added - changed

    @property
    def is_empty(self) -> bool:
        """Whether the stored rows stay exactly as they are."""
        added, changed, removed, _ = self.counts
        return added + changed + removed == 0


def row_changes(
    session: Session, staged: Staged, samples: "np.ndarray", current: Sequence[FileRecord], *, is_whole: bool
) -> RowChanges:
    """Compare staged rows with the stored ones, by sample number and then field by field.

    Args:
        samples: the final number of each staged row; -1 for a row that is left out.
        current: the files of the version that is compared with.
        is_whole: the staged rows are the whole new content; stored rows that are not among them are removed.
    """
    import numpy as np

    nothing = np.zeros(len(samples), dtype=bool)
    if not current:
        return RowChanges(samples=samples, is_added=samples >= 0, is_changed=nothing, removed=samples[:0])
    stored = stored_samples(session.root, current)
    is_present = np.isin(samples, stored)
    is_changed = nothing
    if is_present.any():
        is_changed[_differing_rows(session, staged, samples, current) - staged.base] = True
        is_changed |= inexact_differences(session.root, staged, samples, current)
    removed = np.setdiff1d(stored, samples) if is_whole else stored[:0]
    return RowChanges(samples=samples, is_added=~is_present & (samples >= 0), is_changed=is_changed, removed=removed)


def write_changes(
    transaction: Transaction, kind: str, staged: Staged, changes: RowChanges, *, current: Sequence[FileRecord]
) -> list[int]:
    """Write the files that changed and those that are new; return the ids of all files of the new version.

    Every column of the staged schema lies in one of them, with its type or a narrower one that reads the same in SQL.
    """
    import numpy as np

    gone = np.concatenate([changes.samples[changes.is_changed], changes.removed])
    kept = [file for file in current if _can_stay(transaction.root, file, staged.schema, gone)]
    if not changes.is_added.any() and kept == list(current):
        kept = kept[1:] if _missing_columns(transaction.root, kept, staged.schema) else kept
    file_ids: list[int] = []
    for file in current:
        if file in kept:
            file_ids.append(file.file_id)
        else:
            rewritten = _rewritten(transaction.root, file, staged, changes, gone=gone)
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


def _rewritten(
    root: Path, file: FileRecord, staged: Staged, changes: RowChanges, *, gone: "np.ndarray"
) -> "Iterator[pa.Table]":
    import numpy as np
    import pyarrow as pa

    schema = numbered_schema(staged.schema)
    stays = ~np.isin(stored_samples(root, [file]), gone)
    start = 0
    for batch in read_batches([file.path(root)]):
        kept = pa.array(stays[start : start + batch.num_rows])
        start += batch.num_rows
        yield conform(pa.Table.from_batches([batch.filter(kept)]), schema)
    in_file = changes.is_changed & np.isin(changes.samples, stored_samples(root, [file]))
    yield from renumbered(staged.rows(in_file), changes.samples[in_file])


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


def _differing_rows(
    session: Session, staged: Staged, samples: "np.ndarray", current: Sequence[FileRecord]
) -> "np.ndarray":
    import numpy as np
    import pyarrow as pa

    paths = [file.path(session.root) for file in current]
    differs = _differs(sql_columns(session, staged.paths), sql_columns(session, paths), staged.schema)
    kept = np.flatnonzero(samples >= 0)
    numbers = pa.table({"staged_row": kept + staged.base, "known": samples[kept]})
    session.connection.register("numbered_rows", numbers)
    try:
        rows = session.table(
            statement("queries/datasets", "differing_rows").fill(differs=differs),
            staged=[str(path) for path in staged.paths],
            current=[str(path) for path in paths],
        )
    finally:
        session.connection.unregister("numbered_rows")
    return np.asarray(rows.column(0).to_numpy())


def _differs(staged: Mapping[str, str], stored: Mapping[str, str], schema: "pa.Schema") -> Fragment:
    """Return the condition that a staged row is not what is stored; a column that one side lacks is NULL there.

    Where the types differ, both sides are read as the type that the column will have.
    """
    conditions, columns = [], set(schema.names)
    for name in dict.fromkeys([*schema.names, *(name for name in stored if name != SAMPLE)]):
        is_kept = name in columns
        kinds = [kinds.get(name, NULL_TYPES[0]) for kinds in (staged if is_kept else {}, stored)]
        is_typed = [kind not in NULL_TYPES for kind in kinds]
        cast = f"::{duckdb_type(schema.field(name).type)}" if all(is_typed) and kinds[0] != kinds[1] else ""
        sides = zip(("staged", "stored"), is_typed, strict=True)
        left, right = (f"{identifier(side, name)}{cast}" if typed else literal(None) for side, typed in sides)
        conditions.append(Fragment(f"{left} IS DISTINCT FROM {right}"))
    return joined(conditions, " OR ") if conditions else literal(False)
