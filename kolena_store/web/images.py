"""Images of samples: files that a field names, below folders that were allowed, as small pictures kept in a cache."""

import contextlib
import hashlib
import io
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kolena_store.database import cache_folder, keep_in_cache
from kolena_store.errors import InvalidInput, StoreError, UnknownName, UnreadableFile
from kolena_store.web.recent_failures import RecentFailures
from kolena_store.web.remote_images import fetched, is_allowed

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "ENDINGS",
    "image_fields",
    "image_place",
    "kept_remote_picture",
    "picture",
    "remote_picture",
    "size_of_picture",
]

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
THUMBNAIL = 320
LARGEST = 2048
MOST_PIXELS = 80_000_000
MOST_BYTES = 100 * 1024 * 1024
NOT_ALLOWED = "images of this folder are not shown; allow it when the app is started: --images FOLDER"

_pillow_lock_ = threading.Lock()


def image_fields(rows: Sequence[dict[str, object]], names: Sequence[str]) -> list[str]:
    """Return the fields whose values end like the names of image files, judged by some rows."""
    found = []
    for name in names:
        values = [row[name] for row in rows if isinstance(row.get(name), str) and row[name]]
        if values and all(str(value).lower().split("?")[0].endswith(ENDINGS) for value in values):
            found.append(name)
    return found


def image_place(value: object, roots: Sequence[Path]) -> Path:
    """Return the file that a value names, which lies below one of the roots with all links followed.

    A relative path is looked for below each root, and from where the root lies: it may begin with the folder's name.

    Raises:
        InvalidInput: it is an address, or lies outside the roots.
        UnknownName: there is no such file.
    """
    if not isinstance(value, str) or not value or "\0" in value:
        raise UnknownName("this sample names no image here")
    if "://" in value.replace("file://", "", 1):
        raise InvalidInput("this is no file, and no address of a host that was allowed; put the images into a folder")
    text = value.removeprefix("file://")
    places = [Path(text)] if Path(text).is_absolute() else _around(text, roots)
    inside = False
    for place in places:
        real = Path(os.path.realpath(place))
        if not any(_is_below(real, Path(os.path.realpath(root))) for root in roots):
            continue
        inside = True
        if real.suffix.lower() not in ENDINGS:
            raise InvalidInput(f"{real.name[:80]!r} is no image that is shown; they end in {', '.join(ENDINGS)}")
        if _is_file(real):
            return real
    if not inside:
        raise InvalidInput(NOT_ALLOWED)
    raise UnknownName("the image is not there")


def _is_file(path: Path) -> bool:
    """Return whether there is a file; where the system does not say so (no right, too long a name) there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _around(text: str, roots: Sequence[Path]) -> list[Path]:
    return [start / text for root in roots for start in (root, root.absolute().parent)]


def remote_picture(
    address: str, hosts: Sequence[str], failures: RecentFailures, *, is_small: bool
) -> tuple[bytes, str]:
    """Return an image elsewhere as JPEG or PNG, shrunk as those of files are, and its media type; it is fetched once.

    Raises:
        InvalidInput: its host was not named, or is not public.
        UnreadableFile: there is no image, or there was none a moment ago.
        MissingExtra: Pillow is not installed.
    """
    kept = kept_remote_picture(address, hosts, is_small=is_small)
    if kept is not None:
        return kept
    with failures.remembering(address):
        made = _shrunk(fetched(address, hosts, failures), _size_shown(is_small=is_small), "the image")
    keep_in_cache(_remote_place(address, is_small=is_small), made)
    return made, _kind_of(made)


def kept_remote_picture(address: str, hosts: Sequence[str], *, is_small: bool) -> tuple[bytes, str] | None:
    """Return the same when it was fetched before; None: it was not, or its host may not be asked."""
    kept = _kept(_remote_place(address, is_small=is_small)) if is_allowed(address, hosts) else None
    return None if kept is None else (kept, _kind_of(kept))


def _remote_place(address: str, *, is_small: bool) -> Path | None:
    return _cache_place(f"{address}|{_size_shown(is_small=is_small)}")


def _size_shown(*, is_small: bool) -> int:
    return THUMBNAIL if is_small else LARGEST


def picture(path: Path, roots: Sequence[Path], *, is_small: bool) -> tuple[bytes, str]:
    """Return an image as JPEG or PNG, shrunk to 320 pixels or to 2048, and its media type.

    Raises:
        UnreadableFile: it is no image, is too large, or was exchanged meanwhile.
        MissingExtra: Pillow is not installed.
    """
    with _opened(path, roots) as file:
        status = os.fstat(file.fileno())
        if status.st_size > MOST_BYTES:
            raise UnreadableFile(f"{path.name} has more than {MOST_BYTES >> 20} MB; make it smaller")
        size = _size_shown(is_small=is_small)
        key = f"{path}|{status.st_mtime_ns}|{status.st_size}|{size}"
        place = _cache_place(key)
        kept = _kept(place)
        if kept is None:
            kept = _shrunk(file.read(), size, path.name)
            keep_in_cache(place, kept)
    return kept, _kind_of(kept)


def _kind_of(content: bytes) -> str:
    return "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"


def size_of_picture(value: object, roots: Sequence[Path]) -> tuple[int, int] | None:
    """Return width and height of the image that a value names; None when it is not shown, or is none."""
    try:
        place = image_place(value, roots)
        with _opened(place, roots) as file:
            return _size(file)
    except (StoreError, ImportError, OSError, ValueError, SyntaxError):
        return None


def _size(file: BinaryIO) -> tuple[int, int] | None:
    """Return width and height of an image; None when it would have far too many pixels."""
    import warnings

    from PIL import Image

    with _pillow_lock_, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=FORMATS) as image:
                return image.width, image.height
        except Image.DecompressionBombError:
            return None


def _is_below(path: Path, root: Path) -> bool:
    return path != root and os.path.commonpath([path, root]) == str(root)


@contextlib.contextmanager
def _opened(path: Path, roots: Sequence[Path]) -> Iterator[BinaryIO]:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        number = os.open(path, flags)
    except OSError as error:
        raise UnreadableFile(f"{path.name} can't be read ({error.strerror}); check its rights") from error
    with os.fdopen(number, "rb") as file:
        opened = Path(os.path.realpath(f"/proc/self/fd/{number}")) if Path("/proc/self/fd").exists() else path
        if not stat.S_ISREG(os.fstat(number).st_mode) or not any(
            _is_below(opened, Path(os.path.realpath(root))) for root in roots
        ):
            raise UnreadableFile(f"{path.name} is no plain file below an allowed folder; check what it is")
        yield file


def _shrunk(content: bytes, size: int, name: str) -> bytes:
    from kolena_store.errors import MissingExtra

    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra.of("showing images", "ui") from None
    import warnings

    with _pillow_lock_, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise UnreadableFile(f"{name} has more than {MOST_PIXELS:,} pixels; make it smaller")
                image.draft("RGB", (size, size))
                return _saved(image.convert("I") if image.mode.startswith("I;16") else image, size)
        except (
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombWarning,
            Image.DecompressionBombError,
        ) as error:
            raise UnreadableFile(f"{name} can't be read as an image; check the file") from error


def _saved(image: "Image", size: int) -> bytes:
    """Return an image, shrunk, as PNG when it has transparent places, else as JPEG."""
    image.thumbnail((size, size))
    buffer = io.BytesIO()
    if image.mode in ("RGBA", "LA", "P", "1"):
        image.convert("RGBA").save(buffer, "PNG")
    else:
        shown = _of_eight_bits(image) if image.mode in ("I", "F") else image
        shown.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _of_eight_bits(image: "Image") -> "Image":
    """Return an image of large numbers, such as depths, in grey: its least value is black, its greatest is white."""
    import numpy as np
    from PIL.Image import fromarray

    pixels = np.asarray(image, dtype=np.float64)
    known = pixels[np.isfinite(pixels)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    finite = np.nan_to_num(pixels, nan=low, posinf=high, neginf=low)
    return fromarray(np.rint((finite - low) * (255 / ((high - low) or 1.0))).astype(np.uint8))


def _cache_place(key: str) -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / "images" / hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _kept(place: Path | None) -> bytes | None:
    try:
        return None if place is None else place.read_bytes()
    except OSError:
        return None
