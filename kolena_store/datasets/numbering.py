"""Permanent sample numbers: an id keeps its number for good, a new id gets the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets.identity import same_ids
from kolena_store.datasets.records import DatasetRecord, files_of
from kolena_store.datasets.staging import Staged, numbered_schema, renumbered
from kolena_store.files import SAMPLE, write_files
from kolena_store.statements import statement

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Numbering", "add_to_id_map", "find_numbers", "number_rows"]

IDS_KIND = "ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """The sample number of each staged row, and which rows carry an id that the store had never seen."""

    samples: "np.ndarray"
    is_new: "np.ndarray"


def number_rows(session: Session, dataset: DatasetRecord, staged: Staged) -> Numbering:
    """Return the numbers of staged rows: known ids keep theirs, new ids count on from the dataset's next number."""
    import numpy as np

    id_map = [file.path(session.root) for file in files_of(session, dataset.id_map_files)]
    samples = find_numbers(session, staged, id_map, dataset.id_fields)
    is_new = samples < 0
    samples[is_new] = np.arange(dataset.next_sample, dataset.next_sample + int(is_new.sum()), dtype=np.int64)
    return Numbering(samples=samples, is_new=is_new)


def find_numbers(session: Session, staged: Staged, numbered: Sequence[Path], id_fields: Sequence[str]) -> "np.ndarray":
    """Return for each staged row the `_sample` that the files `numbered` give its id, or -1."""
    import numpy as np

    samples = np.full(staged.n_rows, -1, dtype=np.int64)
    if numbered:
        found = session.table(
            statement("queries/datasets", "numbers_of_ids").fill(same_ids=same_ids("staged", "numbered", id_fields)),
            staged=[str(path) for path in staged.paths],
            numbered=[str(path) for path in numbered],
        )
        samples[found.column("staged_row").to_numpy() - staged.base] = found.column("known").to_numpy()
    return samples


def add_to_id_map(
    transaction: Transaction, dataset: DatasetRecord, staged: Staged, numbering: Numbering
) -> DatasetRecord:
    """Enter the new ids with their numbers, which they keep even after they leave, and return the dataset with them."""
    import pyarrow as pa

    columns = numbered_schema(staged.schema)
    schema = pa.schema([columns.field(name) for name in (SAMPLE, *dataset.id_fields)])
    rows = renumbered(staged.rows(numbering.is_new, columns=schema.names), numbering.samples[numbering.is_new])
    file_ids = [transaction.add_file(written) for written in write_files(transaction.root, IDS_KIND, schema, rows)]
    transaction.run(
        "datasets.update_numbering",
        dataset_id=dataset.dataset_id,
        id_map_files=[*dataset.id_map_files, *file_ids],
        next_sample=dataset.next_sample + int(numbering.is_new.sum()),
    )
    return transaction.records(DatasetRecord, "datasets.dataset_numbered", dataset_id=dataset.dataset_id)[0]
