"""Which data files are known to hold what their names say: digests are computed once, then stamps are watched."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kolena_store.database.caches import cache_folder
from kolena_store.digests import sha256_of_text
from kolena_store.errors import DamagedStore, UnreadableFile
from kolena_store.files import FileRecord
from kolena_store.progress import track

__all__ = ["DERIVED_KINDS", "Seals", "Stamp", "check_file", "remedy", "stamp_of"]

WORTH_KEEPING = 256 * 1024
"""A file of fewer bytes is hashed as fast as its stamp is found in the cache."""

LARGEST_CACHE = 4 * 1024 * 1024
DERIVED_KINDS = frozenset(("memberships", "sample_metrics", "metrics", "terms", "comparisons"))

STAMP_NUMBERS = 5
Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, and when content and inode last changed, in nanoseconds."""


class Seals:
    """What one process knows of the data files of a store, and what earlier ones of this user have noted down.

    A file of which nothing is known is read once and its digest compared; from then on only its stamp is. Notes on
    large files outlive the process, in the folder that `KOLENA_STORE_CACHE` names (by default in the user's cache
    folder; when it is empty, there are none).
    """

    def __init__(self, root: Path, *, notes_of: Path | None = None) -> None:
        """Name the store; the notes are read when they are needed.

        Args:
            root: the store.
            notes_of: the store whose files those at `root` are links to, and whose notes hold for them.
        """
        self._root = root
        self._noted_root = notes_of or root
        self._stamps: dict[str, Stamp] = {}
        self._noted: dict[str, Stamp] | None = None

    def add(self, path: Path, sha256: str) -> None:
        """Note that a file that was just written is as it should be."""
        self._note({sha256: stamp_of(path)})

    def check(self, files: Iterable[FileRecord]) -> None:
        """Stop unless every file is what it was when it was written.

        Raises:
            DamagedStore: one is not there, was cut or altered.
            UnreadableFile: one may not be read.
        """
        unknown = list(self._unknown(files))
        if not unknown:
            return
        with track(len(unknown), "checking files") as advance:
            for file, stamp in unknown:
                check_file(file, self._root)
                self._note({file.sha256: stamp})
                advance(1)

    def forget(self, sha256: str) -> None:
        """Take back what is known of a file."""
        self._stamps.pop(sha256, None)
        self._notes().pop(sha256, None)

    def _unknown(self, files: Iterable[FileRecord]) -> Iterator[tuple[FileRecord, Stamp]]:
        for file in files:
            stamp = _stamp_in_store(file, self._root)
            if self._stamps.get(file.sha256) == stamp:
                continue
            if file.n_bytes >= WORTH_KEEPING and self._notes().get(file.sha256) == stamp:
                self._stamps[file.sha256] = stamp
            else:
                yield file, stamp

    def _notes(self) -> dict[str, Stamp]:
        if self._noted is None:
            self._noted = dict(_read_notes(self._place()))
        return self._noted

    def _note(self, stamps: dict[str, Stamp]) -> None:
        self._stamps.update(stamps)
        large = {sha256: stamp for sha256, stamp in stamps.items() if stamp[2] >= WORTH_KEEPING}
        if large:
            self._notes().update(large)
            _write_notes(self._place(), large)

    def _place(self) -> Path | None:
        folder = cache_folder()
        return None if folder is None else folder / f"{sha256_of_text(str(self._noted_root))[:32]}.files"


def check_file(file: FileRecord, root: Path) -> None:
    """Read a whole file and stop unless its size and digest are those that the catalogue holds.

    Raises:
        DamagedStore: it is not there, was cut or altered.
        UnreadableFile: it may not be read.
    """
    stamp = _stamp_in_store(file, root)
    path = file.path(root)
    if stamp[2] != file.n_bytes:
        raise DamagedStore(f"{path} has {stamp[2]:,} bytes, it was written with {file.n_bytes:,}; {remedy(file.kind)}")
    try:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error
    if found != file.sha256:
        raise DamagedStore(f"{path} was altered: its digest is not the one in its name; {remedy(file.kind)}")


def remedy(kind: str) -> str:
    """Return what to do about a damaged file of this kind."""
    if kind in DERIVED_KINDS:
        return "kolena-store verify --repair computes it again"
    return "restore it from a copy of the store (kolena-store verify says what depends on it)"


def stamp_of(path: Path) -> Stamp:
    """Return what changes with a file's content."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _stamp_in_store(file: FileRecord, root: Path) -> Stamp:
    path = file.path(root)
    try:
        return stamp_of(path)
    except FileNotFoundError as error:
        raise DamagedStore(f"{path} can't be read: it is not there; {remedy(file.kind)}") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> UnreadableFile | DamagedStore:
    if isinstance(error, PermissionError):
        return UnreadableFile(f"{path} can't be read ({error.strerror}); ask its owner for the right to read it")
    return DamagedStore(f"{path} can't be read ({error.strerror}); restore it from a copy of the store")


def _read_notes(place: Path | None) -> Iterator[tuple[str, Stamp]]:
    try:
        if place is None or place.stat().st_size > LARGEST_CACHE:
            _drop(place)
            return
        lines = place.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        sha256, *numbers = line.split()
        if len(numbers) == STAMP_NUMBERS and all(one.isdecimal() for one in numbers):
            device, inode, size, changed, touched = map(int, numbers)
            yield sha256, (device, inode, size, changed, touched)


def _write_notes(place: Path | None, stamps: dict[str, Stamp]) -> None:
    """Add lines to the notes, each whole; where that can't be, files are hashed again by the next process."""
    if place is None:
        return
    text = "".join(f"{sha256} {' '.join(map(str, stamp))}\n" for sha256, stamp in stamps.items())
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, text.encode("ascii"))
        finally:
            os.close(descriptor)
    except OSError:
        return


def _drop(place: Path | None) -> None:
    if place is not None:
        place.unlink(missing_ok=True)
