"""Content digests that people ask for: computed once, then kept where the store can be written."""

from contextlib import suppress

from kolena_store.database import Database, Transaction
from kolena_store.datasets.content import version_digest
from kolena_store.datasets.records import dataset_named, version_of
from kolena_store.errors import ReadOnlyStore, StoreLocked

__all__ = ["dataset_digest"]


def dataset_digest(database: Database, name: str, version: int | None = None) -> str:
    """Return the content digest of a dataset version, by default the newest: equal in any store with equal content.

    Raises:
        UnknownName: there is no such dataset or version.
    """
    session = database.session()
    record = version_of(session, dataset_named(session, name), version)
    key = {"dataset_id": record.dataset_id, "version": record.version}
    known = session.value("datasets.content_digest", **key)
    if known is not None or isinstance(session, Transaction):
        return version_digest(session, record)
    found = version_digest(session, record)
    with suppress(ReadOnlyStore, StoreLocked), database.transaction(makes_store=False) as transaction:
        transaction.run("datasets.note_content_digest", **key, content_digest=found)
    return found
