"""Folders of annotation files: listed in order, and written whole or not at all."""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kolena_store.errors import EmptyInput, InvalidInput, UnreadableFile

__all__ = ["files_in", "new_folder", "stem_of"]

PACKED = ".gz"


def files_in(folder: Path, endings: Sequence[str]) -> list[Path]:
    """Return the files with one of some endings (also behind .gz) in a folder and those inside it, in order.

    Raises:
        UnreadableFile: there is no such folder.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"{folder} is no folder; name the folder with the files")
    found = [path for path in folder.rglob("*") if path.is_file() and _ending(path) in endings]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def stem_of(path: Path) -> str:
    """Return the name of a file without its ending, `.xml.gz` counting as one."""
    return Path(path.stem).stem if path.suffix.lower() == PACKED else path.stem


def _ending(path: Path) -> str:
    name = path.name.lower()
    return Path(name.removesuffix(PACKED)).suffix


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Give a folder to write in, which takes its name when all is written; on an error nothing is left.

    Raises:
        InvalidInput: something has the name already, or there is no folder around it.
        EmptyInput: nothing was written.
    """
    folder = Path(path).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"{folder} is there already; name a folder that is not, or an empty one")
    if not folder.absolute().parent.is_dir():
        raise InvalidInput(f"{folder} can't be written: there is no folder {folder.absolute().parent}; make it first")
    beside = folder.absolute().with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    beside.mkdir()
    try:
        yield beside
        if not any(beside.iterdir()):
            raise EmptyInput(f"there is nothing to write to {folder}; the dataset has no images")
        if folder.exists():
            folder.rmdir()
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
