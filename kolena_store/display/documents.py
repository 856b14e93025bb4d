"""Values as machines read them: CSV after RFC 4180 and JSON after RFC 8259, none of them lossy where types allow it."""

import base64
import dataclasses
import datetime
import decimal
import enum
import json
import math
import pathlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from kolena_store.errors import InvalidInput

__all__ = ["csv_text", "json_text"]

LINE_END = "\r\n"
NEEDS_QUOTES = frozenset('",\r\n')
AS_TEXT = (decimal.Decimal, uuid.UUID, pathlib.PurePath)


def csv_text(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV with a header line (RFC 4180): None is an empty field, empty text is `""`.

    Lists and mappings are JSON, dates ISO 8601, bytes base64, NaN and the infinities `NaN`, `Infinity`, `-Infinity`.
    Text is written as it is: a spreadsheet may run a cell that starts with `=`.
    """
    return "".join(_record(row) for row in (names, *rows))


def json_text(value: object, *, indent: int | None = 2) -> str:
    """Return a value as strict JSON: the inputs of `csv_text` and dataclasses, nested; None is null.

    NaN and the infinities are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, so that they stay apart from null.
    """
    plain = _plain(value)
    text = json.dumps(plain, indent=indent, ensure_ascii=False, allow_nan=False)
    is_unicode = text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
    return text if is_unicode else json.dumps(plain, indent=indent, allow_nan=False)


def _record(values: Sequence[object]) -> str:
    fields = [_field(value) for value in values]
    return ('""' if fields == [""] else ",".join(fields)) + LINE_END


def _field(value: object) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, allow_nan=False)
    is_plain = text and NEEDS_QUOTES.isdisjoint(text) and text == text.strip()
    return text if is_plain else '"' + text.replace('"', '""') + '"'


def _plain(value: object) -> object:
    """Return the value as JSON knows it: None, booleans, numbers, text, lists and dictionaries."""
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _plain_float(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return _plain_other(value)


def _plain_float(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


def _plain_mapping(value: Mapping[object, object]) -> dict[str, object]:
    found = {_key(key): _plain(item) for key, item in value.items()}
    if len(found) != len(value):
        raise InvalidInput(f"a mapping has two keys that are the same text: {list(value)[:5]!r}; rename one of them")
    return found


def _key(key: object) -> str:
    plain = _plain(key)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain_other(value: object) -> object:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return f"PT{decimal.Decimal(value // datetime.timedelta(microseconds=1)).scaleb(-6).normalize():f}S"
    if isinstance(value, AS_TEXT):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, AbstractSet):
        return sorted((_plain(item) for item in value), key=repr)
    return _plain_array(value)


def _plain_array(value: object) -> object:
    """Return the value of a numpy or Arrow array or scalar; a numpy date is its text, as Python has no nanoseconds."""
    if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m") and not getattr(value, "shape", ()):
        return str(value)
    for method in ("tolist", "as_py"):
        if hasattr(value, method):
            return _plain(getattr(value, method)())
    raise InvalidInput(f"a value of type {type(value).__name__} can't be written as text; convert it first")
