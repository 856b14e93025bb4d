"""DuckDB's messages in our words: without its internals."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

__all__ = ["line_of", "missing_name", "plain_message"]

LINE = re.compile(r"\nLINE (\d+):")
NOISE = re.compile(r"\n\s*(LINE \d+:|Candidate |Possible fixes|Did you mean )", re.IGNORECASE)
KIND = re.compile(r"^[A-Z][\w ]* Error: ")
ADVICE = re.compile(r"\. (?:Use|Either|Please|Try) .*$")
"""DuckDB's own remedies name settings that are locked here, and functions that are refused."""

MISSING_COLUMN = re.compile(
    r'Referenced column "(?P<column>.+?)" (?:was )?not found|does not have a column named "(?P<of_table>.+?)"(?:\n|$)'
)
MISSING_TABLE = re.compile(r'Table with name (?P<table>.+?) does not exist|Referenced table "(?P<alias>.+?)" not found')
CANDIDATES = re.compile(r"\nCandidate (?:bindings|tables|Entries)[: ]+(.+)")
CALL = re.compile(r"'(.+?\(.*?\))'|\"(.+?\(.*?\))\"")


def plain_message(error: "duckdb.Error") -> str:
    """Return the first sentence or two of DuckDB's message: no kind of error, no excerpt, no list of candidates."""
    text = str(error)
    if "Max expression depth" in text:
        return "it is nested too deeply"
    if "Could not choose a best candidate function" in text or "No function matches" in text:
        return _mismatched_types(text)
    noise = NOISE.search(text)
    text = KIND.sub("", text[: noise.start()] if noise else text)
    return ADVICE.sub("", " ".join(text.split())).rstrip(".!")


def line_of(error: "duckdb.Error") -> int | None:
    """Return the line, counted from 1, of the text that DuckDB stumbled over."""
    found = LINE.search(str(error))
    return int(found[1]) if found else None


def missing_name(error: "duckdb.Error") -> tuple[str, str, tuple[str, ...]] | None:
    """Return what DuckDB did not find: "column" or "table", its name, and the names near it; None: something else."""
    text = str(error)
    for kind, pattern in (("column", MISSING_COLUMN), ("table", MISSING_TABLE)):
        found = pattern.search(text)
        if found:
            near = CANDIDATES.search(text)
            names = tuple(re.findall(r'"(.+?)"', near[1])) if near else ()
            return kind, next(group for group in found.groups() if group is not None), names
    return None


def _mismatched_types(text: str) -> str:
    call = CALL.search(text)
    named = next((group for group in call.groups() if group), "") if call else ""
    types = named.replace("STRING_LITERAL", "VARCHAR").replace("_LITERAL", "")
    return f"no function fits {types}: cast an argument to the type that you mean, such as x::DOUBLE"
