"""Files that the user names: found, or refused with the names that are near."""

import gzip
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from kolena_store.errors import EmptyInput, MalformedFile, UnreadableFile, did_you_mean, shown

__all__ = ["compression_of", "opened", "path_for_duckdb", "read_text", "readable_file"]

GZIP_MARK = b"\x1f\x8b"
CHUNK_BYTES = 1 << 20
PATTERN_SIGN = re.compile(r"([*?\[])")


def readable_file(path: Path) -> Path:
    """Return the absolute path of a file that is there, can be opened and is not empty.

    Raises:
        UnreadableFile: it is not there or can't be opened; the message names the near files of its folder.
        EmptyInput: it holds nothing.
        MalformedFile: it is compressed, and cut off or damaged (DuckDB 1 would read half a file without a word).
    """
    with _refusals(path), _regular(path).open("rb") as handle:
        if not handle.read(1):
            raise EmptyInput(f"{path} is empty; give a file with columns")
    if compression_of(path) == "gzip":
        _check_gzip(path)
    return path.absolute()


def read_text(path: str | Path) -> str:
    """Return the text of a file that a user names: a suite, metrics, a configuration.

    Raises:
        UnreadableFile: it is not there, can't be opened, or is no UTF-8; near names are suggested.
    """
    file = Path(path)
    try:
        with _refusals(file):
            return _regular(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{error.object[error.start]:02x} at position {error.start:,}"
        raise UnreadableFile(f"{path} is no text in UTF-8 ({byte}); save it as UTF-8") from error


def _regular(path: Path) -> Path:
    """Return a path unless a pipe or a device stands there: one can be read but once, and may never end."""
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise UnreadableFile(f"{path} is no file but a pipe or a device; write its content to a file and name that")
    return path


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turn the system's refusal to open a file into ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFile(_not_there(path)) from error
    except OSError as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(f"{path} can't be read: {error.strerror}; name a file that you may read") from error


def compression_of(path: Path) -> str:
    """Return how a file is compressed, by its first bytes: `gzip` or `uncompressed`."""
    with path.open("rb") as handle:
        return "gzip" if handle.read(len(GZIP_MARK)) == GZIP_MARK else "uncompressed"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading its bytes, decompressed."""
    if compression_of(path) == "gzip":
        with gzip.open(path) as unpacked:
            yield cast(BinaryIO, unpacked)
    else:
        with path.open("rb") as handle:
            yield handle


def path_for_duckdb(path: Path) -> str:
    """Return a path in which DuckDB finds no pattern, so that `a[1].csv` is that file and not `a1.csv`."""
    return PATTERN_SIGN.sub(r"[\1]", str(path))


def _check_gzip(path: Path) -> None:
    try:
        with opened(path) as content:
            while content.read(CHUNK_BYTES):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise MalformedFile.of(
            path, None, f"its gzip data is damaged ({error})", "Compress or copy the file again"
        ) from error


def _not_there(path: Path) -> str:
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"{path} can't be read: there is no folder {folder}; check the path"
    names = sorted(entry.name for entry in folder.iterdir())
    near = did_you_mean(path.name, names)
    listing = "" if near or not names else f", which holds {shown(names)}"
    return f"{path} can't be read: there is no such file in {folder}{listing}{near or '; check the path'}"
