"""Results of several rows for each sample: an object in each row, and every sample is answered."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import (
    OBJECTS,
    DatasetRecord,
    VersionRecord,
    check_same_id_types,
    collected_objects,
    files_of,
    input_of,
)
from kolena_store.errors import InvalidInput, UnmatchedResults, shown
from kolena_store.formats import TableInput
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Answered", "object_results"]

Answered = Fragment | Sequence[object] | None
"""The samples that were answered: a checked predicate, or their ids (several id fields: tuples); None: all."""


def object_results(
    session: Session, dataset: DatasetRecord, version: VersionRecord, rows: TableInput, *, answered: Answered
) -> tuple[TableInput, int]:
    """Return a row for each answered sample with the list of its objects, and how many samples have none.

    Raises:
        InvalidInput: `answered` is no predicate and no list of ids, or rows are of a sample that it leaves out.
        UnmatchedResults: it names samples that are not there.
    """
    import pyarrow as pa

    ids = dataset.id_fields
    check_same_id_types(rows.name, rows.schema, {name: version.plain_types[name] for name in ids})
    found = collected_objects(rows, ids)
    own = pa.schema([found.schema.field(name) for name in ids])
    everyone = _answered_ids(session, dataset, version, answered).cast(own)
    if answered is not None:
        _check_left_out(rows.name, found, everyone, ids)
    silent = everyone.join(found.select(ids), keys=ids, join_type="left anti").select(ids)
    empty = pa.array([[]] * silent.num_rows, found.schema.field(OBJECTS).type)
    whole = pa.concat_tables([found, silent.cast(own).append_column(OBJECTS, empty)])
    return input_of(whole, rows), silent.num_rows


def _answered_ids(session: Session, dataset: DatasetRecord, version: VersionRecord, answered: Answered) -> "pa.Table":
    import pyarrow as pa

    ids = dataset.id_fields
    if answered is None or isinstance(answered, Fragment):
        return _ids_where(session, version, ids, literal(True) if answered is None else answered)
    if isinstance(answered, str) or not isinstance(answered, Iterable):
        raise InvalidInput(f"answered={answered!r} is neither a predicate nor a list of ids")
    tuples = [one if isinstance(one, tuple) and len(ids) > 1 else (one,) for one in answered]
    kinds = [version.plain_types[name] for name in ids]
    try:
        columns = [pa.array(column, kind) for column, kind in zip(zip(*tuples, strict=True), kinds, strict=True)]
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInput(f"answered= must hold ids, {', '.join(ids)}, of the dataset's types ({error})") from error
    given = pa.Table.from_arrays(columns, names=ids)
    strange = given.join(
        _ids_where(session, version, ids, literal(True)).cast(given.schema), ids, join_type="left anti"
    )
    if strange.num_rows:
        raise UnmatchedResults(
            f"answered= names samples that {dataset.name!r} does not have: {shown(strange.to_pylist())}; "
            "correct the ids"
        )
    return given


def _ids_where(session: Session, version: VersionRecord, ids: Sequence[str], condition: Fragment) -> "pa.Table":
    query = statement("queries/results", "ids_where").fill(ids=joined(map(identifier, ids)), predicate=condition)
    return session.table(
        query, files=[str(file.path(session.root)) for file in files_of(session, version.sample_files)]
    )


def _check_left_out(where: str, found: "pa.Table", everyone: "pa.Table", ids: Sequence[str]) -> None:
    others = found.select(ids).join(everyone, keys=list(ids), join_type="left anti")
    if others.num_rows:
        raise InvalidInput(
            f"{where}: there are rows of samples that answered= leaves out: {shown(others.to_pylist())}; take "
            "them into answered=, or leave the rows out"
        )
