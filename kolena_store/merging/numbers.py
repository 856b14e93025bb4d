"""Sample numbers of two stores: an id that both know keeps the number that it has here, others get the next ones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.datasets import DatasetRecord, files_of, same_ids
from kolena_store.merging.both_stores import BothStores
from kolena_store.statements import statement

if TYPE_CHECKING:
    import numpy as np

    from kolena_store.merging.transfer import Transfer

__all__ = ["SampleNumbers", "add_ids", "numbers_here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleNumbers:
    """`here[n]` is the number here of the sample that is n there, -1 when it is left out; None: all stay the same.

    From `n_known` on they are of ids that this store does not know yet.
    """

    here: "np.ndarray | None"
    n_known: int


def numbers_here(both: BothStores, ours: DatasetRecord, theirs: DatasetRecord, *, is_partial: bool) -> SampleNumbers:
    """Return the numbers here of all samples that a dataset ever had there.

    Args:
        both: the stores.
        ours: the dataset here.
        theirs: the dataset there.
        is_partial: leave out ids that are unknown here.
    """
    import numpy as np

    query = statement("queries/merging", "numbers_of_ids").fill(same_ids=same_ids("theirs", "ours", ours.id_fields))
    found = both.session.table(
        query,
        theirs=[str(path) for path in both.other.paths(theirs.id_map_files)],
        ours=[str(file.path(both.session.root)) for file in files_of(both.session, ours.id_map_files)],
    )
    here = np.full(theirs.next_sample, -1, dtype=np.int64)
    here[found.column("theirs").to_numpy()] = found.column("ours").to_numpy()
    if not is_partial:
        unknown = here < 0
        here[unknown] = np.arange(ours.next_sample, ours.next_sample + int(unknown.sum()), dtype=np.int64)
    return SampleNumbers(here=here, n_known=ours.next_sample)


def add_ids(transfer: "Transfer", ours: DatasetRecord, theirs: DatasetRecord, numbers: SampleNumbers) -> None:
    """Enter the ids that this store did not know, with their numbers."""
    import numpy as np

    assert numbers.here is not None
    new = np.where(numbers.here >= numbers.n_known, numbers.here, -1)
    n_new = int((new >= 0).sum())
    if n_new:
        file_ids = [
            file_id for file in transfer.other.files(theirs.id_map_files) for file_id in transfer.renumbered(file, new)
        ]
        transfer.transaction.run(
            "datasets.update_numbering",
            dataset_id=ours.dataset_id,
            id_map_files=[*ours.id_map_files, *file_ids],
            next_sample=ours.next_sample + n_new,
        )
