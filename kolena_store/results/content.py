"""Content digests of results: what a model said, beside the ids of the samples, without sample numbers."""

from collections.abc import Sequence
from pathlib import Path

from kolena_store.database import Session, Transaction
from kolena_store.datasets import Content, DatasetRecord, StoredRows, content_of_answers, files_of
from kolena_store.results.records import ResultsRecord

__all__ = ["content_of_results", "results_digest", "rows_of_results"]


def results_digest(session: Session, dataset: DatasetRecord, results: ResultsRecord) -> str:
    """Return the content digest of a version of results; a transaction keeps what had to be computed."""
    key = {"results_id": results.results_id, "version": results.version}
    known = session.value("results.content_digest", **key)
    if known is not None:
        return str(known)
    found = content_of_results(session, dataset, results).digest
    if isinstance(session, Transaction):
        session.run("results.note_content_digest", **key, content_digest=found)
    return found


def content_of_results(
    session: Session, dataset: DatasetRecord, results: ResultsRecord, *, known: Sequence[Path] | None = None
) -> Content:
    """Return the content of a version of results.

    Args:
        session: of the store that has them.
        dataset: the one that was answered.
        results: the version.
        known: files of ids (another store's); inferences of other samples are left out.
    """
    return content_of_answers(session, dataset, rows_of_results(session, results), known=known)


def rows_of_results(session: Session, results: ResultsRecord) -> StoredRows:
    """Return the rows of a version of results."""
    paths = [file.path(session.root) for file in files_of(session, results.inference_files)]
    return StoredRows(paths=paths, types=results.types, schema=results.schema)
