"""What of an earlier version's sample metrics can be kept, and which samples are to be scored again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import VersionRows, changed_samples, files_of, is_exact, stored_samples, version_of_id
from kolena_store.files import REPEAT, ROWS_PER_FILE, SAMPLE, FileRecord, read_batches
from kolena_store.results import results_version
from kolena_store.statements import identifier, statement
from kolena_store.test_runs.answered import AnsweredSamples

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Earlier", "kept_and_rewritten", "samples_to_score"]

MOST_SMALL_FILES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Sample metrics that were made from earlier versions of the dataset and of the results."""

    dataset_version: int
    results_version: int
    file_ids: tuple[int, ...]


def samples_to_score(session: Session, inputs: AnsweredSamples, earlier: Earlier) -> "np.ndarray | None":
    """Return the samples, ascending, whose earlier sample metrics don't hold any more, or None when none of them do.

    Those are samples that came or went on either side, and those of which a column that the scorer reads changed; with
    groups, all samples of their groups, those that they belonged to before and those that they belong to now.
    """
    import numpy as np

    version = version_of_id(session, inputs.version.dataset_id, earlier.dataset_version)
    results = results_version(session, inputs.results.results_id, earlier.results_version)
    before = AnsweredSamples(session, version, results, inputs.needs)
    if before.read != inputs.read or results.repeat_field != inputs.results.repeat_field:
        return None
    if before.repeat_type != inputs.repeat_type:
        return None
    touched = []
    for columns, old, new, files in (
        ([*inputs.truths, *inputs.fields], version, inputs.version, "sample_files"),
        (inputs.answers, results, inputs.results, "inference_files"),
    ):
        if not all(old.plain_types[name].equals(new.plain_types[name]) for name in columns):
            return None
        if not all(is_exact(new.plain_types[name]) for name in columns):
            return None
        repeat = inputs.results.repeat_field if files == "inference_files" else None
        rows = [VersionRows(file_ids=getattr(one, files), types=one.types, repeat=repeat) for one in (old, new)]
        touched.append(changed_samples(session, rows[0], rows[1], columns).touching(columns))
    found = np.unique(np.concatenate(touched))
    return found if inputs.needs.group_by is None or not found.size else _with_groups(session, before, inputs, found)


def _with_groups(
    session: Session, before: AnsweredSamples, inputs: AnsweredSamples, touched: "np.ndarray"
) -> "np.ndarray":
    """Return all samples of the groups that some samples belonged to before, or belong to now, and these samples."""
    import numpy as np

    query = statement("queries/runs", "samples_of_groups").fill(group_by=identifier(str(inputs.needs.group_by)))
    paths = {
        name: [str(file.path(session.root)) for file in files_of(session, one.version.sample_files)]
        for name, one in (("older", before), ("newer", inputs))
    }
    together = session.table(query, touched=touched.tolist(), **paths).column(SAMPLE).to_numpy()
    return np.union1d(touched, together)


def kept_and_rewritten(
    session: Session, earlier: Earlier, gone: "np.ndarray", scored: "pa.Table"
) -> "tuple[list[int], Iterator[pa.Table]]":
    """Return the files that stay as they are, and the rows of the others without the samples `gone`, with new ones.

    Files too small to be worth their number are written again too, as one.
    """
    import numpy as np

    files = files_of(session, earlier.file_ids)
    small = [file for file in files if file.n_rows < ROWS_PER_FILE // 2]
    dropped = small if len(small) > MOST_SMALL_FILES else []
    touched = [file for file in files if file in dropped or np.isin(stored_samples(session.root, [file]), gone).any()]
    return [file.file_id for file in files if file not in touched], _rewritten(session, touched, gone, scored)


def _rewritten(
    session: Session, files: "Sequence[FileRecord]", gone: "np.ndarray", scored: "pa.Table"
) -> "Iterator[pa.Table]":
    """Yield the rows of each file with the new rows of its range of samples, by sample number, then all other rows."""
    import numpy as np
    import pyarrow as pa

    numbers = scored.column(SAMPLE).to_numpy()
    is_waiting = np.ones(len(numbers), dtype=bool)
    for file in files:
        kept = [
            batch.filter(pa.array(~np.isin(batch.column(SAMPLE).to_numpy(), gone)))
            for batch in read_batches([file.path(session.root)])
        ]
        is_inside = is_waiting & (numbers >= (file.first_sample or 0)) & (numbers <= (file.last_sample or -1))
        is_waiting &= ~is_inside
        merged = pa.concat_tables([pa.Table.from_batches(kept, scored.schema), scored.filter(pa.array(is_inside))])
        if merged.num_rows:
            yield merged.sort_by([(name, "ascending") for name in (SAMPLE, REPEAT) if name in merged.column_names])
    rest = scored.filter(pa.array(is_waiting))
    if rest.num_rows:
        yield rest
