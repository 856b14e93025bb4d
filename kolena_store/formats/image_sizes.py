"""Width and height of image files, from their first bytes: PNG, JPEG, GIF, BMP and WebP."""

import struct
from pathlib import Path
from typing import BinaryIO

from kolena_store.errors import MalformedFile, UnreadableFile

__all__ = ["IMAGE_ENDINGS", "image_size"]

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
REMEDY = "Give width and height in a table (metadata=, on=), or save the image as PNG or JPEG"
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers of a JPEG file that stand for themselves, without a length."""


def image_size(path: Path) -> tuple[int, int]:
    """Return width and height in pixels, as stored: a rotation that a camera noted down is not looked at.

    Raises:
        MalformedFile: it is no such image.
        UnreadableFile: it can't be read.
    """
    try:
        with path.open("rb") as file:
            found = _size(file)
    except OSError as error:
        raise UnreadableFile(f"{path} can't be read: {error.strerror}; name a file that you may read") from error
    except (struct.error, IndexError):
        found = None
    if found is None or min(found) < 1:
        raise MalformedFile.of(path, None, "it is no image whose size can be read", REMEDY)
    return found


def _size(file: BinaryIO) -> tuple[int, int] | None:
    head = file.read(30)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _pair(struct.unpack(">II", head[16:24]))
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return _pair(struct.unpack("<HH", head[6:10]))
    if head.startswith(b"BM"):
        width, height = struct.unpack("<ii", head[18:26])
        return width, abs(height)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    return _jpeg(file) if head.startswith(b"\xff\xd8") else None


def _webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    """Return the size in the first start of a frame."""
    file.seek(2)
    while True:
        if file.read(1) != b"\xff":
            return None
        marker = 0xFF
        while marker == 0xFF:
            marker = file.read(1)[0]
        if marker in ALONE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker in START_OF_FRAME:
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, 1)


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    return values[0], values[1]
