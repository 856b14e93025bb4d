"""The one way in which a store changes: a copy of the catalogue is changed, then put in the place of the old one."""

import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kolena_store.database.connections import Connections
from kolena_store.database.lock import is_no_room, no_room, writable, writer_lock
from kolena_store.database.seals import Seals
from kolena_store.database.session import Session
from kolena_store.database.snapshot import CATALOGUE_FILE, attaching, check_no_wal, check_not_open_elsewhere
from kolena_store.errors import DamagedStore, StoreError
from kolena_store.faults import reach
from kolena_store.files import DATA_FOLDER, INCOMING_PREFIX, WrittenFile, data_path
from kolena_store.schema import FORMAT_VERSION, STORAGE_VERSION, check_format, create_catalogue, now
from kolena_store.statements import literal, statement

__all__ = ["Transaction", "writing"]

WORK_PREFIX = ".store-"
READ_ONLY_MODE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


class Transaction(Session):
    """A session on the work copy that will become the store: it gives out ids and takes in files.

    `leftovers` are the files of dead writers that were removed when it began; `files_to_remove` go once it has ended
    well, before another writer can begin.
    """

    def __init__(self, session: Session) -> None:
        """Go on from the ids that the catalogue has given out so far."""
        super().__init__(session.connection, session.root, session.seals)
        _, self.store_id, _, self.generation, self._next_id, _ = self.rows("store.store_info")[0]
        self.touched_datasets: set[int] = set()
        self.taken_files: set[tuple[str, str]] = set()
        self._new_paths: list[Path] = []
        self.is_first = int(self.generation) == 0
        self.has_new_runs = False
        self.failed = False
        self.leftovers: tuple[Path, ...] = ()
        self.files_to_remove: list[Path] = []
        self._n_statements = 0

    def touch_everything(self) -> None:
        """Say that any view may read other files than before."""
        self.has_new_runs = True
        self.touched_datasets.update(row[0] for row in self.rows("store.all_datasets"))

    @property
    def next_id(self) -> int:
        """The first id that has not been given out."""
        return int(self._next_id)

    def new_id(self) -> int:
        """Return an id that nothing in this store has or ever had."""
        self._next_id += 1
        return int(self._next_id) - 1

    def run(self, query: str, /, **parameters: object) -> None:
        """Execute a statement for its effect."""
        self._n_statements += 1
        reach(f"statement {self._n_statements}")
        super().run(query, **parameters)

    def add_file(self, written: WrittenFile) -> int:
        """Enter a file under its digest and return its id; equal content is entered once."""
        self.taken_files.add((written.kind, written.sha256))
        self.seals.add(data_path(self.root, written.kind, written.sha256), written.sha256)
        known = self.value("store.file_of_content", kind=written.kind, sha256=written.sha256)
        if written.is_new:
            self._new_paths.append(data_path(self.root, written.kind, written.sha256))
        if known is not None:
            return int(known)
        file_id = self.new_id()
        self.run("store.insert_file", file_id=file_id, added_in=self.generation + 1, **written.facts())
        return file_id

    @property
    def new_folders(self) -> list[Path]:
        """The folders in which this transaction made files, those inside before those around them."""
        kinds = {path.parent for path in self._new_paths}
        return [*sorted(kinds), *sorted({kind.parent for kind in kinds})]

    @property
    def new_files(self) -> frozenset[Path]:
        """The data files that this transaction made, which nothing outside it can know."""
        return frozenset(self._new_paths)

    def remove_new_files(self) -> None:
        """Remove the data files that this transaction brought, after it failed."""
        for path in self._new_paths:
            path.unlink(missing_ok=True)


@contextmanager
def writing(
    root: Path,
    *,
    timeout: float,
    before_commit: Callable[[Transaction], None],
    seals: Seals,
    connections: Connections,
) -> Iterator[Transaction]:
    """Hold the lock and yield a transaction; commit when the block ends well, leave no trace when it raises.

    Args:
        before_commit: what brings the store's views up to date.
        seals: which of the store's files are known to be as they were written.
        connections: where a connection comes from, and goes to when all went well.

    Raises:
        StoreLocked: another process is writing, or a client has the catalogue open for writing.
        ReadOnlyStore: the directory can't be written.
        DamagedStore: a stray `.wal` lies beside the catalogue.
    """
    with writable(root):
        root.mkdir(parents=True, exist_ok=True)
    with writer_lock(root, timeout=timeout):
        check_no_wal(root)
        leftovers = _remove_leftovers(root)
        reach("work copy: leftovers removed")
        work = root / f"{WORK_PREFIX}{uuid.uuid4().hex}.duckdb"
        try:
            session = Session(connections.take(), root, seals)
            try:
                yield from _changed(session, work, before_commit, leftovers=leftovers)
            except BaseException:
                connections.close(session.connection)
                raise
            connections.give_back(session.connection, has_store=False)
        finally:
            _remove_work_copy(work)


def _changed(
    session: Session, work: Path, before_commit: Callable[[Transaction], None], *, leftovers: Sequence[Path]
) -> Iterator[Transaction]:
    root = session.root
    with _room_in(root):
        transaction = _begin(session, work)
        transaction.leftovers = tuple(leftovers)
        try:
            yield transaction
            if transaction.failed:
                raise StoreError("an operation of this transaction failed, so nothing of it was kept; start it again")
            reach("views: before")
            before_commit(transaction)
            reach("views: made")
            _finish(transaction)
            _replace(root, work, transaction.new_folders)
            _remove_files(root, transaction.files_to_remove)
        except BaseException:
            if work.exists():  # else the store names the new files already: an interrupt came a moment too late
                transaction.remove_new_files()
            raise


@contextmanager
def _room_in(root: Path) -> Iterator[None]:
    """Turn what the system or DuckDB says of a disk that is full into our error."""
    try:
        yield
    except BaseException as error:
        if is_no_room(error):
            raise no_room(root, error) from error
        raise


def _begin(session: Session, work: Path) -> Transaction:
    root, catalogue = session.root, session.root / CATALOGUE_FILE
    is_first = not catalogue.exists()
    if not is_first:
        check_not_open_elsewhere(session)
        with writable(root):
            reach("work copy: before")
            shutil.copyfile(catalogue, work)
            reach("work copy: made")
    with attaching(catalogue):
        path, storage = literal(str(work)), literal(STORAGE_VERSION)
        session.connection.execute(statement("queries/store", "attach_work_copy").fill(path=path, storage=storage))
        session.run("store.use_store")
    reach("work copy: attached")
    if is_first:
        _create(session, root)
    check_format(session.value("store.format_version"), root)
    session.run("store.begin")
    return Transaction(session)


def _create(session: Session, root: Path) -> None:
    create_catalogue(session.connection)
    session.run(
        "store.insert_store_info",
        format_version=FORMAT_VERSION,
        store_id=str(uuid.uuid4()),
        root=str(root),
        updated=now(),
    )


def _finish(transaction: Transaction) -> None:
    transaction.run("store.finish_generation", root=str(transaction.root), next_id=transaction.next_id, updated=now())
    for step in ("store.commit", "store.checkpoint", "store.leave_store", "store.detach"):
        reach(f"{step}: before")
        transaction.run(step)
    reach("store.detach: done")


def _replace(root: Path, work: Path, new_folders: Iterable[Path]) -> None:
    """Put the work copy in the catalogue's place, after all that it names has reached the disk."""
    if work.with_name(work.name + ".wal").exists():
        raise DamagedStore(f"{work} still has a write-ahead log after its checkpoint; nothing was changed, try again")
    with writable(root):
        reach("data folders: before fsync")
        for folder in new_folders:
            _sync_folder(folder)
        reach("catalogue: before fsync")
        with work.open("rb+") as file:
            os.fsync(file.fileno())
        reach("catalogue: before chmod")
        work.chmod(READ_ONLY_MODE)
        reach("catalogue: before replace")
        work.replace(root / CATALOGUE_FILE)
        reach("catalogue: replaced")
        _sync_folder(root)
        reach("catalogue: durable")


def _remove_files(root: Path, paths: Sequence[Path]) -> None:
    with writable(root):
        for path in paths:
            reach("removal: before")
            path.unlink(missing_ok=True)
        reach("removal: done")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(root: Path) -> list[Path]:
    patterns = (f"{WORK_PREFIX}*", f"{DATA_FOLDER}/*/{INCOMING_PREFIX}*")
    found = sorted(path for pattern in patterns for path in root.glob(pattern))
    for leftover in found:
        leftover.unlink(missing_ok=True)
    return found


def _remove_work_copy(work: Path) -> None:
    work.unlink(missing_ok=True)
    work.with_name(work.name + ".wal").unlink(missing_ok=True)
