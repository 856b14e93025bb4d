"""Many small files into few: the same rows, in the same version."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.cleaning.report import Compaction
from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, datasets, files_of, version_of
from kolena_store.datasets.staging import conform, numbered_schema
from kolena_store.files import ROWS_PER_FILE, SAMPLE, FileRecord, FileWriter, read_batches
from kolena_store.progress import track
from kolena_store.results import results_of_dataset
from kolena_store.statements import identifier, statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FEWEST_FILES", "SmallFiles", "compact", "small_files"]

FEWEST_FILES = 8
"""So many small files, one after the other, are worth a new one."""

SMALL_ROWS = ROWS_PER_FILE // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallFiles:
    """Small files that lie beside each other in one list of the catalogue.

    `statement` puts a new file into their place there, with the parameters `key`; `dataset_id` is whose views name them
    (None: those of the store); `schema` is what all of them read as.
    """

    what: str
    files: tuple[FileRecord, ...]
    schema: "pa.Schema"
    statement: str
    key: Mapping[str, object]
    dataset_id: int | None

    @property
    def compaction(self) -> Compaction:
        """Return what it means to write them as one."""
        n_bytes = sum(file.n_bytes for file in self.files)
        return Compaction(what=self.what, n_before=len(self.files), n_after=1, n_bytes=n_bytes)


def small_files(session: Session) -> Iterator[SmallFiles]:
    """Yield the groups of small files of the newest versions of datasets and results, and of the rows of the store."""
    for dataset in datasets(session):
        yield from _of_dataset(session, dataset)
        for one in results_of_dataset(session, dataset):
            what = f"results of {one.label} on {dataset.name} version {one.version}"
            for files in _groups(session, one.inference_files):
                yield SmallFiles(
                    what=what,
                    files=files,
                    schema=numbered_schema(one.schema),
                    statement="cleaning.move_inference_files",
                    key={"id": one.results_id, "version": one.version},
                    dataset_id=dataset.dataset_id,
                )
    for column in ("metric_file", "term_file"):
        named = {"column": identifier(column)}
        listed = statement("queries/cleaning", "row_files_of_runs").fill(**named)
        move = statement("queries/cleaning", "move_rows_of_runs").fill(**named)
        yield from _of_rows(session, f"{column.removesuffix('_file')}s of runs", listed, move)
    yield from _of_rows(
        session, "comparisons", "cleaning.row_files_of_comparisons", "cleaning.move_rows_of_comparisons"
    )


def compact(transaction: Transaction, small: SmallFiles) -> Compaction:
    """Write the rows of some files to one, batch by batch, and put it into their place.

    Raises:
        DamagedStore: one of the files is missing, was cut or altered.
    """
    ids = [file.file_id for file in small.files]
    paths = [file.path(transaction.root) for file in files_of(transaction, ids)]
    with FileWriter(transaction.root, small.files[0].kind, small.schema) as writer:
        with track(sum(file.n_rows for file in small.files), f"compacting {small.what}") as advance:
            for batch in read_batches(paths):
                writer.write(_conformed(batch, small.schema))
                advance(batch.num_rows)
        new = transaction.add_file(writer.finish())
    if small.dataset_id is None:
        transaction.touch_everything()
        transaction.run(small.statement, old=ids, new=new)
    else:
        transaction.touched_datasets.add(small.dataset_id)
        transaction.run(small.statement, **small.key, first=ids[0], old=ids, new=new)
    return small.compaction


def _of_dataset(session: Session, dataset: DatasetRecord) -> Iterator[SmallFiles]:
    import pyarrow as pa

    version = version_of(session, dataset)
    schema = numbered_schema(version.schema)
    for files in _groups(session, version.sample_files):
        yield SmallFiles(
            what=f"dataset {dataset.name} version {version.version}",
            files=files,
            schema=schema,
            statement="cleaning.move_sample_files",
            key={"id": dataset.dataset_id, "version": version.version},
            dataset_id=dataset.dataset_id,
        )
    for files in _groups(session, dataset.id_map_files):
        yield SmallFiles(
            what=f"the ids of dataset {dataset.name}",
            files=files,
            schema=pa.schema([schema.field(name) for name in (SAMPLE, *dataset.id_fields)]),
            statement="cleaning.move_id_files",
            key={"id": dataset.dataset_id},
            dataset_id=dataset.dataset_id,
        )


def _of_rows(session: Session, what: str, listed: str, move: str) -> Iterator[SmallFiles]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for files in _groups(session, [row[0] for row in session.rows(listed)]):
        schemas = [pq.read_schema(file.path(session.root)) for file in files]
        yield SmallFiles(
            what=what,
            files=files,
            schema=pa.unify_schemas(schemas),
            statement=move,
            key={},
            dataset_id=None,
        )


def _groups(session: Session, file_ids: Sequence[int]) -> Iterator[tuple[FileRecord, ...]]:
    """Yield small files that lie beside each other, as many as fit into one."""
    group: list[FileRecord] = []
    for file in files_of(session, file_ids) if len(file_ids) >= FEWEST_FILES else ():
        is_small = file.n_rows <= SMALL_ROWS
        if not is_small or sum(one.n_rows for one in group) + file.n_rows > ROWS_PER_FILE:
            yield from [tuple(group)] if len(group) >= FEWEST_FILES else []
            group = []
        group += [file] if is_small else []
    yield from [tuple(group)] if len(group) >= FEWEST_FILES else []


def _conformed(batch: "pa.RecordBatch", schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return conform(pa.Table.from_batches([batch]), schema)
