"""A JSON file row by row: slower than DuckDB's reader, but exact about what stands where."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kolena_store.errors import MalformedFile
from kolena_store.formats.json_shapes import Clash, Shape
from kolena_store.formats.paths import opened
from kolena_store.formats.type_names import declaring

__all__ = ["ARRAY", "LINES", "JsonFile"]

LINES, ARRAY = "newline_delimited", "array"
LONGEST_OBJECT = 16_777_216
HALF_CHARACTER = b"\\ud"
REMEDY = "Each row is one JSON object"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFile:
    """A file of JSON objects: one on each line, or all in one array."""

    path: Path
    label: str
    layout: str

    @property
    def unit(self) -> str:
        """Return what the rows are counted in."""
        return "line" if self.layout == LINES else "item"

    def shape(self, lenient: Collection[str]) -> Shape:
        """Return the shape of all rows.

        Args:
            lenient: columns whose values may be of several kinds, since they will be read as text.

        Raises:
            MalformedFile: a line is no JSON object, or a column holds values that don't fit together.
        """
        whole = Shape()
        whole.describe({})
        for row, value in self.rows():
            for name, part in value.items():
                clash = whole.field(name).add(part, row, name)
                if clash and name not in lenient:
                    raise self._mixed(row, name, clash)
        for name in set(lenient) & set(whole.fields):
            whole.field(name).is_mixed = True
        self._check_width(whole)
        return whole

    def find(self, is_wanted: Callable[[dict[str, Any]], bool]) -> int:
        """Return the number of the first row that fulfils a condition, 0 when none does."""
        return next((row for row, value in self.rows() if is_wanted(value)), 0)

    def place_of(self, position: int) -> tuple[int | None, str]:
        """Return the line of a row, given its number, and how to call it when there is no line."""
        if self.layout == ARRAY:
            return None, f" in item {position}"
        with opened(self.path) as handle:
            filled = (number for number, content in enumerate(handle, start=1) if content.strip())
            return next((number for count, number in enumerate(filled, start=1) if count == position), None), ""

    def fault(self, row: int, problem: str, remedy: str) -> MalformedFile:
        """Return the error for a problem in a row."""
        if self.layout == LINES:
            return MalformedFile.of(self.label, row or None, problem, remedy)
        return MalformedFile.of(self.label, None, f"item {row}: {problem}" if row else problem, remedy)

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the rows with their line or item numbers.

        Raises:
            MalformedFile: one of them is no JSON object.
        """
        values = self._lines() if self.layout == LINES else self._items()
        for row, value in values:
            if not isinstance(value, dict):
                raise self.fault(row, f"it holds {json.dumps(value)[:40]}, which is no object", REMEDY)
            yield row, value

    def _mixed(self, row: int, column: str, clash: Clash) -> MalformedFile:
        before = f"in {self.unit} {clash.earlier_row} it held {clash.earlier}"
        remedy = f"Make the values one kind, or keep them as text with {declaring(column, 'VARCHAR')}"
        return self.fault(row, f"column {clash.path!r} holds {clash.kind}, {before}", remedy)

    def _lines(self) -> Iterator[tuple[int, Any]]:
        with opened(self.path) as handle:
            for line, content in enumerate(handle, start=1):
                if len(content) > LONGEST_OBJECT:
                    problem = f"the object has {len(content):,} bytes, and {LONGEST_OBJECT:,} are read at most"
                    raise self.fault(line, problem, "Give the data as Parquet")
                if content.strip():
                    yield line, self._parsed(content, line)

    def _items(self) -> Iterator[tuple[int, Any]]:
        with opened(self.path) as handle:
            whole = self._parsed(handle.read(), 0)
        if not isinstance(whole, list):
            raise self.fault(0, "it holds one value, which is no array of objects", REMEDY)
        yield from enumerate(whole, start=1)

    def _parsed(self, content: bytes, line: int) -> Any:
        try:
            value = json.loads(content.decode("utf-8"), object_pairs_hook=_object)
            if HALF_CHARACTER in content.lower():
                json.dumps(value, ensure_ascii=False).encode()
            return value
        except UnicodeDecodeError as error:
            byte = content[error.start : error.start + 1].hex()
            raise self.fault(line, f"the text is not UTF-8 (byte 0x{byte})", "Save the file as UTF-8") from error
        except UnicodeEncodeError as error:
            raise self.fault(line, "a text holds half a character (a lone surrogate)", "Correct the text") from error
        except json.JSONDecodeError as error:
            place = f"column {error.colno}" if line else f"line {error.lineno}, column {error.colno}"
            raise self.fault(line, f"the text is no JSON: {error.msg} ({place})", REMEDY) from error
        except ValueError as error:
            raise self.fault(line, str(error), "Correct the object") from error

    def _check_width(self, whole: Shape) -> None:
        found = whole.too_wide()
        if found is not None:
            row, column = found
            problem = f"column {column!r} holds an integer of more than 64 bits"
            name = column.split(".")[0].removesuffix("[]")
            raise self.fault(row, problem, f"Write it as text, or declare {declaring(name, 'VARCHAR')}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the key {twice!r} twice")
    return found
