"""Attaching tables: rows are matched to samples by id, and go with the dataset version that an upload makes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.datasets.attached import AttachedTable, attached_tables, check_table_name
from kolena_store.datasets.categories import with_categories
from kolena_store.datasets.content import StoredRows, content_of_rows
from kolena_store.datasets.identity import check_id_types, check_same_id_types, missing_ids, shown_ids
from kolena_store.datasets.numbering import find_numbers
from kolena_store.datasets.records import DatasetRecord, Field, VersionRecord, files_of
from kolena_store.datasets.sql_types import column_types
from kolena_store.datasets.staging import Staged, check_not_empty, numbered_schema, renumbered, stage
from kolena_store.datasets.widening import check_names
from kolena_store.digests import canonical_json
from kolena_store.display import counted
from kolena_store.errors import InvalidInput, UnknownName, UnmatchedResults
from kolena_store.files import ROWS_PER_GROUP, SAMPLE, read_batches, write_files
from kolena_store.formats import open_table
from kolena_store.statements import identifier, joined, statement

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.formats import TableInput

__all__ = ["AttachedChanges", "SamplesThere", "check_tables", "enter_tables", "tables_after"]

INCOMING_KIND = "incoming"
TABLES_KIND = "attached"
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplesThere:
    """The samples of the version that is being made: the types of their ids, their numbers, and those that leave."""

    id_types: "Mapping[str, pa.DataType]"
    present: "np.ndarray"
    removed: "np.ndarray"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedChanges:
    """The tables of the next version, and what there is to say of those that an upload brought or took away."""

    tables: tuple[AttachedTable, ...]
    notes: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether an upload brought other rows, or took a table away."""
        return bool(self.notes)


def check_tables(given: object) -> None:
    """Check the names of the tables that an upload brings, before anything is read.

    Raises:
        InvalidInput: they are no mapping, or a name can't be used.
    """
    if not isinstance(given, Mapping):
        raise InvalidInput(
            f"tables={type(given).__name__} does not name the tables; write tables={{'annotations': FILE_OR_TABLE}}"
        )
    names = list(given)
    for position, name in enumerate(names):
        check_table_name(name, names[:position])


def tables_after(
    transaction: Transaction,
    dataset: DatasetRecord,
    before: VersionRecord | None,
    given: Mapping[str, object | None],
    *,
    samples: SamplesThere,
) -> AttachedChanges:
    """Return the tables of the next version: those of the version before, with what an upload gives in their place.

    Args:
        dataset: whose ids are all entered.
        before: the version before; None when there is none.
        given: name -> rows; None takes the table away.
        samples: those of the next version.

    Raises:
        StoreError: rows can't be used, or belong to no sample.
    """
    stored = {table.name.casefold(): table for table in (attached_tables(transaction, before) if before else ())}
    notes = []
    for name, source in given.items():
        known = stored.pop(name.casefold(), None)
        if source is None:
            if known is None:
                others = [table.name for table in stored.values()]
                raise UnknownName.of(f"attached table of {dataset.name!r}", name, others, "kolena-store dataset show")
            notes.append(f"the attached table {known.name} was taken away")
            continue
        table = _brought(transaction, dataset, name, source, known=known, samples=samples)
        stored[name.casefold()] = table
        if table is not known:
            notes.append(f"attached table {table.name}: {counted(table.n_rows, 'row')}")
    kept = (_without(transaction, table, samples.removed) for table in stored.values())
    return AttachedChanges(tables=tuple(kept), notes=tuple(notes))


def enter_tables(transaction: Transaction, version: VersionRecord, tables: Sequence[AttachedTable]) -> None:
    """Enter the tables of a version that was just made."""
    for table in tables:
        row = asdict(replace(table, version=version.version, dataset_id=version.dataset_id))
        transaction.run("attached.insert_table", **row)


def _brought(
    transaction: Transaction,
    dataset: DatasetRecord,
    name: str,
    source: object,
    *,
    known: AttachedTable | None,
    samples: SamplesThere,
) -> AttachedTable:
    """Return a table that an upload brings; the stored one when that holds the same rows."""
    types = {field.name: field.type for field in known.schema} if known else {}
    opened = open_table(source, expected={**types, **samples.id_types})
    check_not_empty(opened)
    where = f"the attached table {name!r} ({opened.name})"
    schema = _checked_schema(where, opened, dataset, samples)
    staged = stage(transaction.root, INCOMING_KIND, opened, schema=schema, base=0)
    try:
        numbers = _matched(transaction, where, dataset, staged, samples=samples)
        stored = StoredRows(paths=staged.paths, types=column_types(transaction, staged.paths, schema), schema=schema)
        digest = content_of_rows(transaction, stored).digest
        if known is not None and digest == known.content_digest and schema.equals(known.schema, check_metadata=True):
            return known
        file_ids = _written(transaction, schema, _ordered(staged, numbers))
    finally:
        staged.remove_unused(transaction)
    return AttachedTable(
        dataset_id=dataset.dataset_id,
        version=0,
        name=known.name if known else name,
        fields=_fields_text(dataset, stored.types),
        arrow_schema=schema.serialize().to_pybytes(),
        table_files=file_ids,
        n_rows=staged.n_rows,
        content_digest=digest,
    )


def _checked_schema(where: str, opened: "TableInput", dataset: DatasetRecord, samples: SamplesThere) -> "pa.Schema":
    schema = with_categories(opened.schema, opened.categories)
    check_names(where, schema)
    missing = [field for field in dataset.id_fields if field not in schema.names]
    if missing:
        raise missing_ids(where, dataset.name, missing, schema.names, index=opened.index)
    check_id_types(where, schema, dataset.id_fields)
    check_same_id_types(where, schema, dict(samples.id_types))
    return schema


def _matched(
    transaction: Transaction, where: str, dataset: DatasetRecord, staged: Staged, *, samples: SamplesThere
) -> "np.ndarray":
    """Return the sample of each row.

    Raises:
        UnmatchedResults: rows belong to no sample of the version; the first ones are named.
    """
    import numpy as np

    id_map = [file.path(transaction.root) for file in files_of(transaction, dataset.id_map_files)]
    numbers = find_numbers(transaction, staged, id_map, dataset.id_fields)
    strange = np.flatnonzero(~np.isin(numbers, samples.present))
    if strange.size:
        ids = joined(identifier(name) for name in dataset.id_fields)
        query = statement("queries/attached", "ids_of_rows").fill(ids=ids)
        files = [str(path) for path in staged.paths]
        rows = transaction.table(query, files=files, staged_rows=strange[:EXAMPLES].tolist()).to_pylist()
        belong = "belongs" if strange.size == 1 else "belong"
        raise UnmatchedResults(
            f"{where}: {strange.size:,} of {counted(staged.n_rows, 'row')} {belong} to no sample of {dataset.name!r}. "
            f"Unknown {', '.join(dataset.id_fields)}: {shown_ids(rows, dataset.id_fields)}. "
            "Correct the ids, or leave such rows out"
        )
    return numbers


def _ordered(staged: Staged, numbers: "np.ndarray") -> "Iterator[pa.Table]":
    """Yield the rows by sample; those of one sample keep their order."""
    import numpy as np
    import pyarrow as pa

    order = np.argsort(numbers, kind="stable")
    rows = pa.concat_tables(staged.rows(np.ones(staged.n_rows, dtype=np.bool_))).take(pa.array(order))
    parts = (rows.slice(start, ROWS_PER_GROUP) for start in range(0, rows.num_rows, ROWS_PER_GROUP))
    return renumbered(parts, numbers[order])


def _without(transaction: Transaction, table: AttachedTable, removed: "np.ndarray") -> AttachedTable:
    """Return a table without the rows of samples that left the dataset."""
    import pyarrow as pa
    import pyarrow.compute as pc

    files = files_of(transaction, table.table_files)
    gone, n_gone = pa.array(removed), 0
    for batch in read_batches([file.path(transaction.root) for file in files], [SAMPLE]) if removed.size else ():
        n_gone += pc.sum(pc.is_in(batch.column(0), value_set=gone)).as_py() or 0
    if not n_gone:
        return table
    batches = read_batches([file.path(transaction.root) for file in files])
    kept = (pa.Table.from_batches([one.filter(pc.invert(pc.is_in(one.column(0), value_set=gone)))]) for one in batches)
    file_ids = _written(transaction, table.schema, kept)
    paths = [file.path(transaction.root) for file in files_of(transaction, file_ids)]
    content = content_of_rows(transaction, StoredRows(paths=paths, types=table.types, schema=table.schema))
    return replace(table, table_files=file_ids, n_rows=content.n_rows, content_digest=content.digest)


def _written(transaction: Transaction, schema: "pa.Schema", tables: "Iterator[pa.Table]") -> list[int]:
    written = write_files(transaction.root, TABLES_KIND, numbered_schema(schema), tables)
    return [transaction.add_file(file) for file in written]


def _fields_text(dataset: DatasetRecord, types: Mapping[str, str]) -> str:
    fields = [
        Field(name=name, type=kind, role="id" if name in dataset.id_fields else "metadata")
        for name, kind in types.items()
    ]
    return canonical_json([asdict(one) for one in fields])
