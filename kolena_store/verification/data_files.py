"""Whether every data file is there, whole, what its digest says, and readable as Parquet."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from kolena_store.database import DERIVED_KINDS, Session, check_file
from kolena_store.errors import DamagedStore, UnreadableFile
from kolena_store.files import SAMPLE, FileRecord, read_batches
from kolena_store.progress import track
from kolena_store.verification.report import Finding

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["all_files", "file_findings"]

COMPUTED_AGAIN = "kolena-store verify --repair computes it again"


def all_files(session: Session) -> list[FileRecord]:
    """Return every data file of the catalogue."""
    return session.records(FileRecord, "verification.all_files")


def file_findings(
    session: Session, files: Iterable[FileRecord], *, is_quick: bool
) -> Iterator[tuple[FileRecord, Finding]]:
    """Yield each file that is not as it should be, and what is wrong with it.

    Args:
        is_quick: compare sizes and digests, and don't read the rows.
    """
    listed = list(files)
    with track(sum(file.n_bytes for file in listed), "reading files") as advance:
        for file in listed:
            problem = _problem(session, file, is_quick=is_quick)
            if problem is not None:
                session.seals.forget(file.sha256)
                yield file, _finding(session, file, problem)
            advance(file.n_bytes)


def _problem(session: Session, file: FileRecord, *, is_quick: bool) -> str | None:
    try:
        check_file(file, session.root)
        return None if is_quick else _problem_of_rows(session, file)
    except (DamagedStore, UnreadableFile) as error:
        return str(error).split("; ")[0]


def _problem_of_rows(session: Session, file: FileRecord) -> str | None:
    n_rows, first, last = 0, None, None
    for batch in read_batches([file.path(session.root)]):
        n_rows += batch.num_rows
        if SAMPLE in batch.schema.names and batch.num_rows:
            least, greatest = _bounds(batch)
            first = least if first is None else min(first, least)
            last = greatest if last is None else max(last, greatest)
    if (n_rows, first, last) == (file.n_rows, file.first_sample, file.last_sample):
        return None
    found, stated = (n_rows, first, last), (file.n_rows, file.first_sample, file.last_sample)
    return f"rows, first and last sample are {found}, the catalogue says {stated}"


def _bounds(batch: "pa.RecordBatch") -> tuple[int, int]:
    import pyarrow.compute as pc

    bounds = pc.min_max(batch.column(SAMPLE)).as_py()
    return int(bounds["min"]), int(bounds["max"])


def _finding(session: Session, file: FileRecord, problem: str) -> Finding:
    path = file.path(session.root)
    said = problem.removeprefix(str(path)).strip()
    subject = path.relative_to(session.root).as_posix()
    return Finding(kind="file", subject=subject, problem=said, remedy=_remedy(session, file))


def _remedy(session: Session, file: FileRecord) -> str:
    if file.kind in DERIVED_KINDS:
        return COMPUTED_AGAIN
    users: list[str] = []
    with suppress(DamagedStore):
        users = [row[0] for row in session.rows("verification.users_of_file", file_id=file.file_id)]
    needed = ", ".join(users) or "nothing any more"
    return f"restore it from a copy of the store, else upload again under another name: {needed}"
