"""One self-contained file: the published database with native tables in the place of views on Parquet."""

import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from kolena_store.database import CATALOGUE_FILE, Session, open_snapshot
from kolena_store.errors import InvalidInput
from kolena_store.progress import track
from kolena_store.published.cases import case_views, current_cases
from kolena_store.published.definitions import objects_of, published_metrics
from kolena_store.published.objects import PublishedObject, comments_of
from kolena_store.published.publishing import store_views
from kolena_store.published.state import dataset_state
from kolena_store.published.views import dataset_views
from kolena_store.schema import STORAGE_VERSION
from kolena_store.statements import Fragment, identifier, literal, statement

__all__ = ["materialise"]

READS_FILES = "read_parquet("
CATALOGUE = "catalogue"


def materialise(root: Path, target: Path, *, overwrite: bool) -> None:
    """Write the store's present state to one DuckDB file that needs no other; it appears whole or not at all.

    Args:
        root: the store's directory.
        target: the file.
        overwrite: whether a file that is there may be replaced.

    Raises:
        InvalidInput: the file is there, its folder is not, it is the store's own, or it has a dataset's name.
        StoreNotFound: there is no store.
    """
    target = target.absolute()
    _check_target(root, target, overwrite=overwrite)
    session = open_snapshot(root)
    work = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    try:
        objects = list(_objects(session))
        _check_name(target, objects)
        _write(session, work, objects)
        session.connection.close()
        _sync(work)
        work.replace(target)
        _sync(target.parent)
    finally:
        session.connection.close()
        work.unlink(missing_ok=True)
        work.with_name(work.name + ".wal").unlink(missing_ok=True)


def _check_target(root: Path, target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise InvalidInput(f"{target} can't be written: there is no folder {target.parent}; make it first")
    if target.is_dir() or target.resolve() == (root / CATALOGUE_FILE).resolve():
        raise InvalidInput(f"{target} is a folder or the store's own file; name another file")
    if target.exists() and not overwrite:
        raise InvalidInput(f"{target} is there already; name another file, or replace it (--force; overwrite=True)")


def _check_name(target: Path, objects: Sequence[PublishedObject]) -> None:
    """Refuse a file with a schema's name: clients call the database by it, and `name.view` would mean two things."""
    taken = next((one.schema for one in objects if one.schema.lower() == target.stem.lower()), None)
    if taken is not None:
        raise InvalidInput(
            f"{target.name} would be a database {target.stem!r} with a schema {taken!r}, and DuckDB could not tell the "
            "two apart; give the file another name"
        )


def _write(session: Session, work: Path, objects: Sequence[PublishedObject]) -> None:
    for name in ("materialised.less_memory", "materialised.any_order"):
        session.run(name)
    attach = statement("queries/materialised", "attach_copy")
    session.run(attach.fill(path=literal(str(work)), storage=literal(STORAGE_VERSION)))
    _copy_catalogue(session)
    for schema in dict.fromkeys(one.schema for one in objects):
        session.run(statement("queries/materialised", "copy_schema").fill(schema=identifier("copy", schema)))
    with track(len(objects), "writing tables and views") as advance:
        for one in objects:
            _make(session, one)
            advance(1)
    for step in ("materialised.checkpoint_copy", "store.leave_store", "materialised.detach_copy"):
        session.run(step)


def _objects(session: Session) -> Iterator[PublishedObject]:
    """Yield all objects, each after those that it reads."""
    yield from store_views(session)
    for (dataset_id,) in session.rows("store.all_datasets"):
        state = dataset_state(session, dataset_id)
        yield from dataset_views(session, state)
        yield from case_views(session, state, current_cases(session, dataset_id, state.columns))
        yield from objects_of(list(published_metrics(session, state)))


def _copy_catalogue(session: Session) -> None:
    session.run(statement("queries/materialised", "copy_schema").fill(schema=identifier("copy", CATALOGUE)))
    for (name,) in session.rows("materialised.catalogue_tables"):
        _copy_table(session, CATALOGUE, name)


def _copy_table(session: Session, schema: str, name: str) -> None:
    copy = statement("queries/materialised", "copy_table")
    session.run(copy.fill(target=identifier("copy", schema, name), source=identifier("store", schema, name)))


def _make(session: Session, one: PublishedObject) -> None:
    """Make one object in the copy: what reads files becomes a table, all else is made as it is in the store."""
    create = one.create()
    is_table = one.kind == "view" and READS_FILES in create
    if is_table:
        _copy_table(session, one.schema, one.name)
    session.run("materialised.use_copy")
    texts = [*([] if is_table else [create]), *comments_of(one, is_table=is_table)]
    session.run(Fragment("\n".join(texts)))
    session.run("store.use_store")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
