"""The error for rows of results that belong to no test sample."""

from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, Staged, shown_ids
from kolena_store.display import counted
from kolena_store.errors import UnmatchedResults
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import numpy as np

__all__ = ["unmatched_error"]

EXAMPLES = 5


def unmatched_error(
    session: Session, where: str, dataset: DatasetRecord, staged: Staged, *, paths: list[Path], unmatched: "np.ndarray"
) -> UnmatchedResults:
    """Return the error that shows the first ids of both sides, and how many rows belong to no sample."""
    import numpy as np

    rows = (np.flatnonzero(unmatched)[:EXAMPLES] + staged.base).tolist()
    ids = joined(identifier(name) for name in dataset.id_fields)
    queries = {"unmatched": _filled("ids_of_rows", ids), "stored": _filled("some_ids", ids)}
    staged_files = [str(path) for path in staged.paths]
    theirs = session.table(queries["unmatched"], files=staged_files, staged_rows=rows)
    ours = session.table(queries["stored"], files=[str(path) for path in paths])
    n_unmatched = int(unmatched.sum())
    belong = "belongs" if n_unmatched == 1 else "belong"
    return UnmatchedResults(
        f"{where}: {n_unmatched:,} of {counted(staged.n_rows, 'row')} {belong} to no sample of {dataset.name!r}. "
        f"Unknown {', '.join(dataset.id_fields)}: {shown_ids(theirs.to_pylist(), dataset.id_fields)}; the dataset has "
        f"{shown_ids(ours.to_pylist(), dataset.id_fields)}, ... "
        "Correct the ids, or accept and count such rows with allow_unmatched=True (--allow-unmatched)"
    )


def _filled(name: str, ids: Fragment) -> Fragment:
    return statement("queries/results", name).fill(ids=ids)
