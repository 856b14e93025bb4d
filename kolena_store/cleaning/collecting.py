"""Cleaning up: files that nothing needs go, once the grace time has passed since something did."""

import datetime
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from kolena_store.cleaning.compaction import SmallFiles, compact, small_files
from kolena_store.cleaning.report import Compaction, GcReport
from kolena_store.database import Database, Session, Transaction
from kolena_store.errors import InvalidInput
from kolena_store.files import DATA_FOLDER, FileRecord, data_path
from kolena_store.schema import now
from kolena_store.statements import load
from kolena_store.test_runs.repeat import StoredRun, stored_runs

__all__ = ["DEFAULT_GRACE", "Released", "Version", "collect_garbage"]

DEFAULT_GRACE = 24.0
"""Hours: longer than a session stays open."""

LONGEST_GRACE = 24 * 366 * 100
DATA_NAME = re.compile(r"[0-9a-f]{64}\.parquet")
DATASET_PARTS = (
    "cleaning.drop_thresholds_of_dataset",
    "cleaning.drop_scores_of_dataset",
    "cleaning.drop_memberships_of",
    "cleaning.drop_tables_of",
    "cleaning.drop_dataset_version",
)
RESULTS_PARTS = (
    "cleaning.drop_thresholds_of_results",
    "cleaning.drop_scores_of_results",
    "cleaning.drop_memberships_of_results",
    "cleaning.drop_results_version",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a dataset or of results; `id` is whose."""

    id: int
    version: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A file that nothing needs any more, and since when."""

    kind: str
    sha256: str
    n_bytes: int
    released: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What there is to do: versions to drop, files to write as one, files that nothing needs once they are dropped."""

    dataset_versions: Sequence[Version]
    results_versions: Sequence[Version]
    small: Sequence[SmallFiles]
    unneeded: Sequence[FileRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unneeded:
    """Files that nothing needs any more: those whose time has come, as paths and bytes, and those that wait."""

    due: Sequence[tuple[Path, int]]
    waiting: Sequence[int]


def collect_garbage(
    database: Database, *, grace: float | None = None, keep: int | None = None, is_dry_run: bool = False
) -> GcReport:
    """Remove files that nothing needs, write many small ones as few, and return what that freed.

    What the present state and its versions need stays, and so does a file that something needed less than `grace` hours
    ago, or that was made then: sessions that were opened before may still read it.

    Args:
        grace: hours; None for the usual 24.
        keep: how many versions of each dataset and of each result stay; None keeps all.
        is_dry_run: change nothing, and return what would be done (without the files that compaction would free).

    Raises:
        InvalidInput: a grace time below 0, or no version to keep.
        DamagedStore: a file that is to be compacted was cut or altered.
    """
    grace = DEFAULT_GRACE if grace is None else grace
    if not 0 <= grace <= LONGEST_GRACE:
        raise InvalidInput(f"grace={grace!r} is no time to wait; give hours from 0 to {LONGEST_GRACE:,}")
    if keep is not None and keep < 1:
        raise InvalidInput(f"keep={keep!r} would drop every version; keep at least 1")
    hours = datetime.timedelta(hours=grace)
    database.refresh()
    session = database.session()
    plan, unneeded = _plan(session, keep), _unneeded(session, hours)
    has_work = plan.dataset_versions or plan.results_versions or plan.small or plan.unneeded or unneeded.due
    if is_dry_run or not has_work:
        compacted = [one.compaction for one in plan.small]
        runs = _unrepeatable(session, plan)
        return _report(_with_released(session, unneeded, plan, hours), plan, compacted, runs, is_dry_run=is_dry_run)
    with database.transaction(makes_store=False) as transaction:
        return _carry_out(transaction, hours, keep)


def _plan(session: Session, keep: int | None) -> _Plan:
    names = ("cleaning.dropped_dataset_versions", "cleaning.dropped_results_versions") if keep is not None else ()
    dropped = [session.records(Version, name, keep=keep) for name in names] or [[], []]
    unneeded = session.records(FileRecord, "cleaning.unreferenced_files", keep=keep)
    small = list(small_files(session))
    return _Plan(dataset_versions=dropped[0], results_versions=dropped[1], small=small, unneeded=unneeded)


def _carry_out(transaction: Transaction, hours: datetime.timedelta, keep: int | None) -> GcReport:
    """Do what is to be done by now: other processes may have written since the plan was made."""
    transaction.run(load("schema/catalogue")["released_files"].fill())
    transaction.run("cleaning.forget_needed_files")
    plan = _plan(transaction, keep)
    runs = _unrepeatable(transaction, plan)
    for parts, versions in ((DATASET_PARTS, plan.dataset_versions), (RESULTS_PARTS, plan.results_versions)):
        for version, part in product(versions, parts):
            transaction.run(part, id=version.id, version=version.version)
    if plan.dataset_versions or plan.results_versions:
        transaction.touch_everything()
    compacted = [compact(transaction, one) for one in plan.small]
    for file in transaction.records(FileRecord, "cleaning.unreferenced_files", keep=None):
        transaction.run("cleaning.release_file", file_id=file.file_id, released=now())
        transaction.run("cleaning.drop_file", file_id=file.file_id)
    unneeded = _unneeded(transaction, hours)
    for path, _ in unneeded.due:
        transaction.run("cleaning.forget_released_file", kind=path.parent.name, sha256=path.stem)
    transaction.files_to_remove += [path for path, _ in unneeded.due]
    return _report(unneeded, plan, compacted, runs, is_dry_run=False)


def _unneeded(session: Session, hours: datetime.timedelta) -> _Unneeded:
    """Return the files that nothing needs: those that were released, and those that no commit ever took in."""
    has_table = session.value("cleaning.has_released_files")
    released = session.records(Released, "cleaning.released_files") if has_table else []
    since = now() - hours
    known = {(one.kind, one.sha256) for one in released} | set(session.rows("cleaning.file_names"))
    due = [(data_path(session.root, one.kind, one.sha256), one.n_bytes) for one in released if one.released <= since]
    waiting = [one.n_bytes for one in released if one.released > since]
    for path in sorted(session.root.glob(f"{DATA_FOLDER}/*/*.parquet")):
        if DATA_NAME.fullmatch(path.name) and (path.parent.name, path.stem) not in known:
            status = path.stat()
            if status.st_mtime <= since.replace(tzinfo=datetime.UTC).timestamp():
                due.append((path, status.st_size))
            else:
                waiting.append(status.st_size)
    return _Unneeded(due=due, waiting=waiting)


def _with_released(session: Session, unneeded: _Unneeded, plan: _Plan, hours: datetime.timedelta) -> _Unneeded:
    """Return what a dry run finds: the files that would be released go at once, or wait."""
    if not hours:
        more = [(file.path(session.root), file.n_bytes) for file in plan.unneeded]
        return _Unneeded(due=[*unneeded.due, *more], waiting=unneeded.waiting)
    return _Unneeded(due=unneeded.due, waiting=[*unneeded.waiting, *(file.n_bytes for file in plan.unneeded)])


def _unrepeatable(session: Session, plan: _Plan) -> list[str]:
    """Return the runs that were measured on versions which go."""
    datasets = {(one.id, one.version) for one in plan.dataset_versions}
    results = {(one.id, one.version) for one in plan.results_versions}
    if not (datasets or results):
        return []
    return [run.label for run in stored_runs(session) if _needs(run, datasets, results)]


def _needs(run: StoredRun, datasets: Container[tuple[int, int]], results: Container[tuple[int, int]]) -> bool:
    used = [(run.results_id, run.results_version), *run.compared]
    return (run.dataset_id, run.dataset_version) in datasets or any(one in results for one in used)


def _report(
    unneeded: _Unneeded, plan: _Plan, compacted: Sequence[Compaction], runs: Sequence[str], *, is_dry_run: bool
) -> GcReport:
    return GcReport(
        removed_files=len(unneeded.due),
        removed_bytes=sum(n_bytes for _, n_bytes in unneeded.due),
        waiting_files=len(unneeded.waiting),
        waiting_bytes=sum(unneeded.waiting),
        compacted=tuple(compacted),
        dropped=tuple(one.label for one in (*plan.dataset_versions, *plan.results_versions)),
        unrepeatable_runs=tuple(runs),
        is_dry_run=is_dry_run,
    )
