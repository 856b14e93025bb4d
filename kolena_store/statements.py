"""Named SQL from `sql/`, and the only functions that turn a value or a name into SQL text."""

import datetime
import decimal
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from kolena_store.errors import InvalidInput

__all__ = ["Fragment", "Statement", "identifier", "joined", "literal", "load", "sql_folder", "statement"]

HEADER = re.compile(r"^-- name: (?P<name>\w+)\((?P<parameters>[^)]*)\)\s*$")
EXAMPLE = re.compile(r"^-- example: (?P<name>\w+) = (?P<text>.*)$")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Fragment(str):
    """Text that may stand in SQL. Made here, and by code that has checked the text it passes on."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One named statement: its text, the parameters to bind, and an example of each fragment to fill in."""

    name: str
    parameters: tuple[str, ...]
    examples: Mapping[str, str]
    text: str

    def fill(self, **fragments: Fragment) -> Fragment:
        """Return the statement with each `{name}` replaced by its fragment.

        Raises:
            TypeError: a fragment is missing, is not asked for, or is plain text.
        """
        if set(fragments) != set(self.examples):
            raise TypeError(
                f"statement {self.name} takes the fragments {sorted(self.examples)}, not {sorted(fragments)}"
            )
        plain = [name for name, text in fragments.items() if not isinstance(text, Fragment)]
        if plain:
            raise TypeError(f"statement {self.name}: {plain} must be made by identifier(), literal() or joined()")
        return Fragment(PLACEHOLDER.sub(lambda match: fragments[match[1]], self.text))


def identifier(*parts: str) -> Fragment:
    """Return a quoted, possibly dotted name.

    Raises:
        InvalidInput: a part is empty or holds a NUL character, which SQL text can't carry.
    """
    for part in parts:
        if not part or "\0" in part:
            raise InvalidInput(f"{part!r} can't be a name in SQL; use a name with at least one character and no NUL")
    return Fragment(".".join('"' + part.replace('"', '""') + '"' for part in parts))


def literal(value: object) -> Fragment:
    """Return a value as a typed SQL literal: None, booleans, numbers, text, dates, times, UUIDs, and lists of them.

    Raises:
        InvalidInput: a type that has no literal here.
    """
    if value is None:
        return Fragment("NULL")
    if isinstance(value, bool):
        return Fragment("TRUE" if value else "FALSE")
    if isinstance(value, int):
        return Fragment(str(value))
    if isinstance(value, float):
        return _float_literal(value)
    if isinstance(value, str):
        return _text_literal(value)
    if isinstance(value, (list, tuple)):
        return Fragment(f"[{joined(literal(item) for item in value)}]")
    return _typed_literal(value)


def joined(fragments: Iterable[Fragment], separator: str = ", ") -> Fragment:
    """Return fragments joined by a separator, themselves a fragment."""
    return Fragment(separator.join(fragments))


def statement(subject: str, name: str) -> Statement:
    """Return one named statement of the file `sql/<subject>.sql`."""
    return load(subject)[name]


@cache
def load(subject: str) -> Mapping[str, Statement]:
    """Return all statements of the file `sql/<subject>.sql` by name.

    Raises:
        InvalidInput: a name stands twice, or a statement is empty.
    """
    text = sql_folder().joinpath(*f"{subject}.sql".split("/")).read_text(encoding="utf-8")
    found: dict[str, Statement] = {}
    for block in re.split(r"(?m)^(?=-- name: )", text)[1:]:
        parsed = _parse_block(subject, block)
        if parsed.name in found:
            raise InvalidInput(f"sql/{subject}.sql has two statements named {parsed.name!r}; rename one")
        found[parsed.name] = parsed
    return found


@cache
def sql_folder() -> Traversable:
    """Return the folder `sql/`: inside the installed package, or beside it in a checkout."""
    package = files("kolena_store")
    inside = package.joinpath("sql")
    if inside.is_dir():
        return inside
    return package.joinpath("..", "sql")


def _parse_block(subject: str, block: str) -> Statement:
    lines = block.splitlines()
    header = HEADER.match(lines[0])
    if header is None:
        raise InvalidInput(f"sql/{subject}.sql: {lines[0]!r} is no header; write '-- name: the_name(parameter, ...)'")
    examples = {match["name"]: match["text"] for line in lines if (match := EXAMPLE.match(line))}
    text = "\n".join(line for line in lines if not line.startswith("--")).strip()
    if not text:
        raise InvalidInput(f"sql/{subject}.sql: the statement {header['name']!r} is empty")
    parameters = tuple(part.strip() for part in header["parameters"].split(",") if part.strip())
    return Statement(name=header["name"], parameters=parameters, examples=examples, text=text)


def _float_literal(value: float) -> Fragment:
    if math.isnan(value):
        return Fragment("'NaN'::DOUBLE")
    if math.isinf(value):
        return Fragment("'Infinity'::DOUBLE" if value > 0 else "'-Infinity'::DOUBLE")
    return Fragment(f"{value!r}::DOUBLE")


def _text_literal(value: str) -> Fragment:
    parts = ["'" + part.replace("'", "''") + "'" for part in value.split("\0")]
    # SQL text can't carry a NUL character, but a function can make one.
    return Fragment(parts[0] if len(parts) == 1 else f"({' || chr(0) || '.join(parts)})")


def _typed_literal(value: object) -> Fragment:
    if isinstance(value, datetime.datetime):
        kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
        return Fragment(f"'{value.isoformat(sep=' ')}'::{kind}")
    if isinstance(value, datetime.date):
        return Fragment(f"'{value.isoformat()}'::DATE")
    if isinstance(value, datetime.time):
        return Fragment(f"'{value.isoformat()}'::TIME")
    if isinstance(value, uuid.UUID):
        return Fragment(f"'{value}'::UUID")
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return Fragment(f"{value:f}")
    raise InvalidInput(f"a value of type {type(value).__name__} can't be written as a SQL literal; convert it first")
