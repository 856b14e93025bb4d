"""DuckDB's messages in our words: without its internals, with the line of the user's text and a remedy."""

import re
from typing import TYPE_CHECKING

from kolena_store.errors import did_you_mean

if TYPE_CHECKING:
    import duckdb

__all__ = ["line_of", "missing_name", "plain_message", "syntax_remedy"]

LINE = re.compile(r"\nLINE (\d+):")
NOISE = re.compile(r"\n\s*(LINE \d+:|Candidate |Possible fixes|Did you mean )", re.IGNORECASE)
KIND = re.compile(r"^[A-Z][\w ]* Error: ")
MISSING_COLUMN = re.compile(
    r'Referenced column "(?P<column>.+?)" (?:was )?not found|does not have a column named "(?P<of_table>.+?)"(?:\n|$)'
)
MISSING_TABLE = re.compile(r"Table with name (?P<table>.+?) does not exist|Referenced table \"(?P<alias>.+?)\" not found")
DEPTH = "Max expression depth"


def plain_message(error: "duckdb.Error") -> str:
    """Return the first sentence or two of DuckDB's message: no kind of error, no excerpt, no list of candidates."""
    text = str(error)
    if DEPTH in text:
        return "it is nested too deeply"
    if "Could not choose a best candidate function" in text or "No function matches" in text:
        return _mismatched_types(text)
    noise = NOISE.search(text)
    text = KIND.sub("", text[: noise.start()] if noise else text)
    return " ".join(text.split()).rstrip(".!")


def line_of(error: "duckdb.Error") -> int | None:
    """Return the line, counted from 1, of the text that DuckDB stumbled over."""
    found = LINE.search(str(error))
    return int(found[1]) if found else None


def missing_name(error: "duckdb.Error") -> tuple[str, str] | None:
    """Return what DuckDB did not find: ("column", its name) or ("table", its name); None: something else is wrong."""
    text = str(error)
    for kind, pattern in (("column", MISSING_COLUMN), ("table", MISSING_TABLE)):
        found = pattern.search(text)
        if found:
            return kind, next(group for group in found.groups() if group is not None)
    return None


def syntax_remedy(text: str) -> str:
    """Return what to do about a syntax error in `text`."""
    first = text.split(maxsplit=1)[0] if text.split() else ""
    near = did_you_mean(first, ("select", "from", "with", "create", "comment"))
    return f"check the spelling there{near}"


def _mismatched_types(text: str) -> str:
    call = re.search(r"'(.+?\(.*?\))'|\"(.+?\(.*?\))\"", text)
    named = next((group for group in call.groups() if group), "") if call else ""
    types = named.replace("_LITERAL", "").replace("STRING", "VARCHAR")
    return f"no function fits {types}: cast an argument to the type that you mean, such as {'x::DOUBLE'}"
