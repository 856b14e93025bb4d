"""Tables of a TOML file, held against the keys that they may have: nothing unknown, nothing of another kind."""

import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from kolena_store.errors import MalformedFile, did_you_mean

__all__ = ["Key", "TablePlace", "checked_table", "lines_of_tables"]

Kind = Literal["text", "texts", "number", "whole", "day", "table", "tables"]

KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "text": ('a text that is not empty, such as "everyday"', lambda value: _is_text(value)),
        "texts": (
            'a text that is not empty, or a list of such, as in ["all", "Short*"]',
            lambda value: _is_text(value) or (isinstance(value, list) and value != [] and all(map(_is_text, value))),
        ),
        "number": (
            "a finite number, such as 0.9",
            lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value),
        ),
        "whole": (
            "a whole number from 1 on",
            lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
        ),
        "day": (
            "a date without quotes, such as 2031-03-31",
            lambda value: isinstance(value, datetime.date) and not isinstance(value, datetime.datetime),
        ),
        "table": ("a table, such as [tolerance]", lambda value: isinstance(value, dict)),
        "tables": (
            "tables of their own, each under [[gate]] or [[waiver]]",
            lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value),
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a table: what it holds, whether it must be there, and the only texts that it may hold."""

    name: str
    kind: Kind
    is_required: bool = False
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlace:
    """Where a table stands: its file, the line that it begins in if that is known, and how to call it."""

    file: Path
    line: int | None
    table: str

    def error(self, problem: str, remedy: str) -> MalformedFile:
        """Return the error for something that is wrong with the table."""
        return MalformedFile.of(self.file, self.line, f"{self.table} {problem}", remedy)

    def unknown(self, problem: str, name: str, known: Iterable[str], remedy: str) -> MalformedFile:
        """Return the error for a name that is none of the known ones; near names stand before the remedy."""
        listed = list(known)
        near = did_you_mean(name, listed).removeprefix("; did")
        return self.error(problem, f"Did{near} {remedy}" if near else remedy)


def checked_table(table: Mapping[str, Any], keys: Sequence[Key], place: TablePlace) -> dict[str, Any]:
    """Return the values of a table by key, None for keys that it does not have; lists of texts are tuples.

    Raises:
        MalformedFile: a key is unknown or missing, or holds something else than it may.
    """
    known = [key.name for key in keys]
    for name in table:
        if name not in known:
            raise place.unknown(f"has an unknown key {name!r}", name, known, f"It takes {', '.join(known)}")
    for key in keys:
        if key.is_required and key.name not in table:
            raise place.error(f"has no {key.name!r}", f"Give it one: {KINDS[key.kind][0]}")
    return {key.name: _value(table[key.name], key, place) if key.name in table else None for key in keys}


def lines_of_tables(text: str, name: str, count: int) -> Sequence[int | None]:
    """Return the lines (from 1) in which the tables `[[name]]` of a TOML text begin, None for each when unsure."""
    head = re.compile(rf"""\s*\[\[\s*["']?{re.escape(name)}["']?\s*\]\]""")
    found = [number for number, line in enumerate(text.split("\n"), start=1) if head.match(line)]
    return found if len(found) == count else [None] * count


def _value(value: object, key: Key, place: TablePlace) -> object:
    expected, is_fit = KINDS[key.kind]
    if not is_fit(value):
        raise place.error(f"has {key.name} = {value!r}", f"Write {expected}")
    for one in value if isinstance(value, list) and key.choices else [value] if key.choices else []:
        if one not in key.choices:
            remedy = f"It is one of {', '.join(key.choices)}"
            raise place.unknown(f"has {key.name} = {one!r}", str(one), key.choices, remedy)
    if key.kind == "texts":
        return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))  # type: ignore[call-overload]
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() == value and value != ""
