"""The error for rows of results that belong to no test sample."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import OBJECTS, DatasetRecord, Staged, shown_ids
from kolena_store.display import counted
from kolena_store.errors import UnmatchedResults
from kolena_store.files import read_batches
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Incoming", "unmatched_error"]

EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Results that came in, and how messages name them; of objects that came a row each, a list is staged."""

    name: str
    staged: Staged
    are_collected: bool

    def n_given(self) -> "np.ndarray":
        """Return how many rows of the input each staged one was made of."""
        import numpy as np
        import pyarrow.compute as pc

        if not self.are_collected:
            return np.ones(self.staged.n_rows, dtype=np.int64)
        lists = [batch.column(OBJECTS) for batch in read_batches(self.staged.paths, [OBJECTS])]
        lengths = [pc.list_value_length(one).to_numpy(zero_copy_only=False) for one in lists]
        return np.concatenate([np.zeros(0, dtype=np.int64), *lengths])


def unmatched_error(
    session: Session, incoming: Incoming, dataset: DatasetRecord, *, paths: list[Path], unmatched: "np.ndarray"
) -> UnmatchedResults:
    """Return the error that shows the first ids of both sides, and how many rows belong to no sample."""
    import numpy as np

    staged, n_given = incoming.staged, incoming.n_given()
    rows = (np.flatnonzero(unmatched)[:EXAMPLES] + staged.base).tolist()
    ids = joined(identifier(name) for name in dataset.id_fields)
    queries = {"unmatched": _filled("ids_of_rows", ids), "stored": _filled("some_ids", ids)}
    staged_files = [str(path) for path in staged.paths]
    theirs = session.table(queries["unmatched"], files=staged_files, staged_rows=rows)
    ours = session.table(queries["stored"], files=[str(path) for path in paths])
    n_unmatched = int(n_given[unmatched].sum())
    rows_given, belong = counted(int(n_given.sum()), "row"), "belongs" if n_unmatched == 1 else "belong"
    return UnmatchedResults(
        f"{incoming.name}: {n_unmatched:,} of {rows_given} {belong} to no sample of {dataset.name!r}. "
        f"Unknown {', '.join(dataset.id_fields)}: {shown_ids(theirs.to_pylist(), dataset.id_fields)}; the dataset has "
        f"{shown_ids(ours.to_pylist(), dataset.id_fields)}, ... "
        "Correct the ids, or accept and count such rows with allow_unmatched=True (--allow-unmatched)"
    )


def _filled(name: str, ids: Fragment) -> Fragment:
    return statement("queries/results", name).fill(ids=ids)
