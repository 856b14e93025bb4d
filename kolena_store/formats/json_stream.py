"""A large JSON document element by element: an array's, or those of the arrays that an object holds."""

import codecs
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from kolena_store.errors import MalformedFile
from kolena_store.formats.paths import opened

__all__ = ["JsonStream"]

CHUNK_BYTES = 1 << 20
SMALL_BYTES = 64 << 20
SPACE = re.compile(r"[ \t\n\r]*")
REMEDY = "Write the file again as JSON in UTF-8"


class JsonStream:
    """Reads a document once, from its first character to its last, holding little of it at a time.

    A small one is parsed as a whole, which is quicker; where that fails, reading on says what is wrong and where.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it is opened by `elements`."""
        self.path = path
        self._decoder = json.JSONDecoder()
        self._text, self._at, self._is_whole = "", 0, False
        self.is_array = False
        """Whether the document is an array, once it is begun."""

    def elements(self) -> Iterator[tuple[str | None, int, object]]:
        """Yield (key, number, element) of each array in an object, and (key, -1, value) of its other values.

        Of a document that is one array, the key is None. Elements are numbered from 0.

        Raises:
            MalformedFile: it is no JSON, no object and no array, or ends too early.
            UnreadableFile: the file can't be read.
        """
        document = _small_document(self.path)
        if document is not None:
            self.is_array = isinstance(document, list)
            yield from _elements_of(document)
            return
        with opened(self.path) as handle:
            self._chunks = self._read(handle)
            sign = self._sign()
            self.is_array = sign == "["
            if self.is_array:
                yield from ((None, number, one) for number, one in self._array())
            elif sign == "{":
                yield from self._object()
            else:
                raise self.malformed("it is neither a JSON object nor an array")
            if self._sign(may_end=True):
                raise self.malformed("something follows the end of the document")

    def malformed(self, problem: str) -> MalformedFile:
        """Return the error for a document that breaks its format."""
        return MalformedFile.of(self.path, None, problem, REMEDY)

    def _object(self) -> Iterator[tuple[str | None, int, object]]:
        self._at += 1
        while self._sign() != "}":
            key = self._value()
            if not isinstance(key, str) or self._sign() != ":":
                raise self.malformed(f"a name and a colon are expected, and {self._near()!r} was found")
            self._at += 1
            if self._sign() == "[":
                yield from ((key, number, one) for number, one in self._array())
            else:
                yield key, -1, self._value()
            self._separator("}")
        self._at += 1

    def _array(self) -> Iterator[tuple[int, object]]:
        self._at += 1
        number = 0
        while self._sign() != "]":
            yield number, self._value()
            self._separator("]")
            number += 1
        self._at += 1

    def _separator(self, end: str) -> None:
        sign = self._sign()
        if sign == ",":
            self._at += 1
            if self._sign() == end:
                raise self.malformed(f"a value is expected behind a comma, and {end!r} was found")
        elif sign != end:
            raise self.malformed(f"a comma or {end!r} is expected, and {self._near()!r} was found")

    def _sign(self, *, may_end: bool = False) -> str:
        """Return the next character that is no white space; nothing at the end of the document, if it may end."""
        while True:
            self._at = SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                if may_end:
                    return ""
                raise self.malformed("it ends too early")

    def _value(self) -> object:
        """Return the value that begins here; read on until it is whole."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self.malformed(f"{error.msg} at {self._near()!r}") from None
                continue
            except RecursionError:
                raise self.malformed("its values are nested too deeply") from None
            # A number at the end of what was read may go on.
            if end < len(self._text) or not self._more():
                self._at = end
                return value

    def _near(self) -> str:
        return self._text[self._at : self._at + 20]

    def _more(self) -> bool:
        """Read on, each time as much as is still unread at least; return whether there was more."""
        waiting = len(self._text) - self._at
        parts, size = [self._text[self._at :]], 0
        while size <= waiting and not self._is_whole:
            part = next(self._chunks, None)
            self._is_whole = part is None
            parts.append(part or "")
            size += len(part or "")
        self._text, self._at = "".join(parts), 0
        return size > 0

    def _read(self, handle: BinaryIO) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            while chunk := handle.read(CHUNK_BYTES):
                if text := decoder.decode(chunk):
                    yield text
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise self.malformed(f"it is no UTF-8 ({error.reason})") from error


def _small_document(path: Path) -> "dict[str, Any] | list[Any] | None":
    """Return an object or array; None when it is large, or no such thing."""
    try:
        with opened(path) as handle:
            content = handle.read(SMALL_BYTES + 1)
        document = json.loads(content.decode("utf-8")) if len(content) <= SMALL_BYTES else None
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        return None
    return document if isinstance(document, (dict, list)) else None


def _elements_of(document: "dict[str, Any] | list[Any]") -> Iterator[tuple[str | None, int, object]]:
    arrays = document.items() if isinstance(document, dict) else [(None, document)]
    for key, value in arrays:
        if isinstance(value, list):
            yield from ((key, number, one) for number, one in enumerate(value))
        else:
            yield key, -1, value
