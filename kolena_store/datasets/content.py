"""Content digests: equal rows have equal digests, whatever their order, their files, and the store that holds them.

The digest is the sum, modulo 2^128, of a hash of each row, so that no order is needed and memory stays bounded. A row
is hashed as a text: 32 digits for the names and types of the columns, then each value behind its length, by column
name.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets.canonical_text import canonical_cell, canonical_type
from kolena_store.datasets.exact_rows import counted_columns, exact_batches
from kolena_store.datasets.identity import same_ids
from kolena_store.datasets.records import DatasetRecord, VersionRecord, files_of, version_of
from kolena_store.digests import sha256_of_texts
from kolena_store.files import SAMPLE
from kolena_store.formats import duckdb_type
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa

__all__ = [
    "ChangeCounts",
    "Content",
    "StoredRows",
    "content_of_answers",
    "content_of_members",
    "content_of_rows",
    "content_of_version",
    "count_changes",
    "rows_of_version",
    "version_digest",
]

HEADER_DIGITS = 32
DIGEST_DIGITS = 32
MODULUS = 1 << 128
WHOLE_NUMBERS = frozenset(
    (
        *("tinyint", "smallint", "integer", "bigint", "hugeint"),
        *("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """How many rows there are, and the digest of what they say: 32 hexadecimal digits."""

    n_rows: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCounts:
    """How many rows were added, changed, removed and left unchanged."""

    added: int
    changed: int
    removed: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRows:
    """The rows of some files: their columns with SQL types, and the Arrow schema that they came with."""

    paths: Sequence[Path]
    types: dict[str, str]
    schema: "pa.Schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column as it is hashed: `spelled` names its type in the header."""

    name: str
    value: Fragment
    kind: "duckdb.sqltypes.DuckDBPyType"
    spelled: str


def version_digest(session: Session, version: VersionRecord) -> str:
    """Return the content digest of a dataset version; a transaction keeps what had to be computed."""
    key = {"dataset_id": version.dataset_id, "version": version.version}
    known = session.value("datasets.content_digest", **key)
    if known is not None:
        return str(known)
    found = content_of_version(session, version).digest
    if isinstance(session, Transaction):
        session.run("datasets.note_content_digest", **key, content_digest=found)
    return found


def content_of_version(session: Session, version: VersionRecord) -> Content:
    """Return the content of a dataset version: ids and fields, without sample numbers, and its attached tables."""
    found = content_of_rows(session, rows_of_version(session, version))
    tables = session.rows("attached.digests", dataset_id=version.dataset_id, version=version.version)
    if not tables:
        return found
    texts = [found.digest, *(text for name, digest in tables for text in (name, digest))]
    return replace(found, digest=sha256_of_texts(texts)[:DIGEST_DIGITS])


def content_of_rows(session: Session, stored: StoredRows) -> Content:
    """Return the content of some rows, whatever their order and their sample numbers."""
    with _opened(session, stored, "samples") as (columns, rows):
        return _content(session, columns, rows)


def content_of_answers(
    session: Session, dataset: DatasetRecord, answers: StoredRows, *, known: Sequence[Path] | None = None
) -> Content:
    """Return the content of one model's inferences, each beside the ids of its sample.

    Args:
        session: of the store that has both.
        dataset: the one whose samples were answered.
        answers: the inferences.
        known: files of ids (another store's); inferences of other samples are left out.
    """
    with _opened(session, answers, "answers") as (columns, rows):
        ids = _id_columns(session, dataset)
        return _content(session, [*ids, *columns], _with_ids(session, dataset, rows, known))


def content_of_members(
    session: Session, dataset: DatasetRecord, samples: "np.ndarray", *, known: Sequence[Path] | None = None
) -> Content:
    """Return the content of a set of samples: their ids."""
    import pyarrow as pa

    session.connection.register("member_samples", pa.table({SAMPLE: pa.array(samples)}))
    try:
        rows = _with_ids(session, dataset, Fragment(f"member_samples AS {identifier('answers')}"), known)
        return _content(session, _id_columns(session, dataset), rows)
    finally:
        session.connection.unregister("member_samples")


def rows_of_version(session: Session, version: VersionRecord) -> StoredRows:
    """Return the rows of a dataset version."""
    paths = [file.path(session.root) for file in files_of(session, version.sample_files)]
    return StoredRows(paths=paths, types=version.types, schema=version.schema)


def count_changes(session: Session, older: StoredRows, newer: StoredRows) -> ChangeCounts:
    """Return what changed between rows that are numbered alike; a column that one side lacks is NULL there."""
    with _opened(session, older, "older") as (before, older_rows), _opened(session, newer, "newer") as (after, rows):
        names = sorted({column.name for column in (*before, *after)})
        query = statement("queries/content", "count_changes").fill(
            older=_cells(before, names), newer=_cells(after, names), older_rows=older_rows, newer_rows=rows
        )
        added, changed, removed, unchanged = session.rows(query)[0]
    return ChangeCounts(added=added, changed=changed, removed=removed, unchanged=unchanged)


def _content(session: Session, columns: Iterable[_Column], rows: Fragment) -> Content:
    ordered = sorted(columns, key=lambda column: column.name)
    header = sha256_of_texts(text for column in ordered for text in (column.name, column.spelled))[:HEADER_DIGITS]
    row = joined([literal(header), *(canonical_cell(column.value, column.kind) for column in ordered)], " || ")
    n_rows, low, high = session.rows(statement("queries/content", "digest").fill(row=row, rows=rows))[0]
    return Content(n_rows=n_rows, digest=f"{(int(low) + (int(high) << 64)) % MODULUS:032x}")


def _cells(columns: Iterable[_Column], names: Iterable[str]) -> Fragment:
    cells = {column.name: canonical_cell(column.value, column.kind) for column in columns}
    return joined([cells.get(name, literal("-")) for name in names], " || ")


@contextmanager
def _opened(session: Session, stored: StoredRows, table: str) -> Iterator[tuple[list[_Column], Fragment]]:
    """Give the columns of stored rows, and what they are selected from; through Arrow where SQL loses something."""
    counted = counted_columns(stored.schema)
    kinds = {**stored.types, **{name: duckdb_type(kind) for name, kind in counted.items()}}
    columns = _columns(session, table, kinds)
    if not counted:
        yield columns, _files(stored.paths, table)
        return
    name = f"exact_{table}"
    session.connection.register(name, exact_batches(stored.paths, stored.schema, counted))
    try:
        seen = {one.name: one.spelled for one in _columns(session, table, {one: stored.types[one] for one in counted})}
        spelled = {one: f"{kind} in nanoseconds" for one, kind in seen.items()}
        exact = [replace(one, spelled=spelled.get(one.name, one.spelled)) for one in columns]
        yield exact, Fragment(f"{identifier(name)} AS {identifier(table)}")
    finally:
        session.connection.unregister(name)


def _columns(session: Session, table: str, kinds: dict[str, str]) -> list[_Column]:
    nulls = joined(Fragment(f"NULL::{kind} AS {identifier(name)}") for name, kind in kinds.items())
    relation = session.connection.sql(statement("queries/content", "types").fill(columns=nulls))
    return [
        _Column(
            name=name,
            value=Fragment(f"{identifier(table, name)}::{kinds[name]}"),
            kind=kind,
            spelled=canonical_type(kind),
        )
        for name, kind in zip(kinds, relation.types, strict=True)
    ]


def _id_columns(session: Session, dataset: DatasetRecord) -> list[_Column]:
    """Return the id columns of a dataset; widths of integers don't count."""
    types = version_of(session, dataset).types
    columns = _columns(session, "ids", {name: types[name] for name in dataset.id_fields})
    return [replace(one, spelled="INTEGER") if one.kind.id in WHOLE_NUMBERS else one for one in columns]


def _with_ids(session: Session, dataset: DatasetRecord, rows: Fragment, known: Sequence[Path] | None) -> Fragment:
    paths = [file.path(session.root) for file in files_of(session, dataset.id_map_files)]
    condition = Fragment("")
    if known is not None:
        condition = statement("queries/content", "known_ids").fill(
            known=_files(known, "known"), same_ids=same_ids("ids", "known", dataset.id_fields)
        )
    with_ids = statement("queries/content", "rows_with_ids")
    return with_ids.fill(rows=rows, ids=_files(paths, "ids"), known=condition)


def _files(paths: Sequence[Path], name: str) -> Fragment:
    files = literal([str(path) for path in paths])
    return statement("queries/content", "rows_of_files").fill(files=files, name=identifier(name))
