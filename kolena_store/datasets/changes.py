"""Copy-on-write: which stored rows an upload adds, changes or removes, and the files that follow from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets.staging import Staged, conform, numbered_schema, renumbered
from kolena_store.files import SAMPLE, FileRecord, read_batches, write_files
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["RowChanges", "column_types", "row_changes", "stored_samples", "write_changes"]


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

    stored = stored_samples(session.root, current)
    is_present = np.isin(samples, stored)
    is_changed = np.zeros(len(samples), dtype=bool)
    if is_present.any():
        is_changed[_differing_rows(session, staged, samples, current) - staged.base] = True
    removed = np.setdiff1d(stored, samples) if is_whole else stored[:0]
    return RowChanges(samples=samples, is_added=~is_present & (samples >= 0), is_changed=is_changed, removed=removed)


def write_changes(
    transaction: Transaction, kind: str, staged: Staged, changes: RowChanges, current: Sequence[FileRecord]
) -> list[int]:
    """Write the files that changed and those that are new; return the ids of all files of the new version."""
    import numpy as np

    file_ids: list[int] = []
    gone = np.concatenate([changes.samples[changes.is_changed], changes.removed])
    for file in current:
        stored = stored_samples(transaction.root, [file])
        leaving = np.isin(stored, gone)
        if not leaving.any():
            file_ids.append(file.file_id)
            continue
        rewritten = _rewritten(transaction.root, file, leaving, staged, changes)
        file_ids.extend(_add_files(transaction, kind, staged.schema, rewritten))
    if changes.is_added.any():
        new_rows = renumbered(staged.rows(changes.is_added), changes.samples[changes.is_added])
        file_ids.extend(_add_files(transaction, kind, staged.schema, new_rows))
    return file_ids


def column_types(session: Session, paths: Sequence[Path], schema: "pa.Schema") -> dict[str, str]:
    """Return column -> type in SQL, as DuckDB reads these files; a column of NULL alone is an INTEGER there."""
    query = statement("queries/datasets", "column_types").fill()
    relation = session.connection.sql(query, params={"files": [str(path) for path in paths]})
    found = dict(zip(relation.columns, (str(kind) for kind in relation.types), strict=True))
    return {name: "INTEGER" if found[name].strip('"') == "NULL" else found[name] for name in schema.names}


def _rewritten(
    root: Path, file: FileRecord, leaving: "np.ndarray", staged: Staged, changes: RowChanges
) -> "Iterator[pa.Table]":
    import numpy as np
    import pyarrow as pa

    schema = numbered_schema(staged.schema)
    start = 0
    for batch in read_batches([file.path(root)]):
        kept = pa.array(~leaving[start : start + batch.num_rows])
        start += batch.num_rows
        yield conform(pa.Table.from_batches([batch.filter(kept)]), schema)
    in_file = changes.is_changed & np.isin(changes.samples, stored_samples(root, [file]))
    yield from renumbered(staged.rows(in_file), changes.samples[in_file])


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
    stored_names = session.connection.sql(
        statement("queries/datasets", "column_types").fill(), params={"files": [str(path) for path in paths]}
    ).columns
    kept = np.flatnonzero(samples >= 0)
    numbers = pa.table({"staged_row": kept + staged.base, "known": samples[kept]})
    query = statement("queries/datasets", "differing_rows")
    session.connection.register("numbered_rows", numbers)
    try:
        rows = session.table(
            query.fill(differs=_differs(staged.schema.names, stored_names)),
            staged=[str(path) for path in staged.paths],
            current=[str(path) for path in paths],
        )
    finally:
        session.connection.unregister("numbered_rows")
    return np.asarray(rows.column(0).to_numpy())


def _differs(staged: Sequence[str], stored: Sequence[str]) -> Fragment:
    names = [name for name in dict.fromkeys([*staged, *stored]) if name != SAMPLE]
    sides = (
        (
            identifier("staged", name) if name in staged else literal(None),
            identifier("stored", name) if name in stored else literal(None),
        )
        for name in names
    )
    conditions = [Fragment(f"{left} IS DISTINCT FROM {right}") for left, right in sides]
    return joined(conditions, " OR ") if conditions else literal(False)
