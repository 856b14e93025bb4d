"""The entries of an array in a JSON file, and the errors that name file and entry."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from kolena_store.errors import MalformedFile, shown

__all__ = ["Entries", "is_key"]

REMEDY = "Correct the entry, or leave it out"


LARGEST_NUMBER = 2**63


def is_key(value: object) -> bool:
    """Return whether a value can be an id: a text, or a whole number of 64 bits."""
    if isinstance(value, str):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and -LARGEST_NUMBER <= value < LARGEST_NUMBER


class Entries:
    """The entries of one array of a file, as messages name them."""

    def __init__(self, path: Path, what: str) -> None:
        """Name the file and what its entries are."""
        self.path, self.what = path, what

    def refuse(self, number: int, entry: object, problem: str) -> NoReturn:
        """Raise the error for an entry, numbered from 0.

        Raises:
            MalformedFile: always.
        """
        called = f" (id {entry['id']!r})" if isinstance(entry, dict) and "id" in entry else ""
        raise MalformedFile.of(self.path, None, f"{self.what} {number}{called}: {problem}", REMEDY)

    def checked(self, number: int, entry: object) -> dict[str, Any]:
        """Return an entry that is a JSON object."""
        if not isinstance(entry, dict):
            self.refuse(number, entry, f"it is no JSON object but {type(entry).__name__}")
        return entry

    def check_known(self, number: int, entry: Mapping[str, Any], name: str, known: Mapping[object, object]) -> None:
        """Refuse an entry that names an image or category that the file does not have."""
        value = entry.get(name)
        if not is_key(value) or value not in known:
            self.refuse(number, entry, f"its {name} {value!r} is none of {shown(known)}")

    def check_new(self, number: int, entry: Mapping[str, Any], seen: Mapping[object, object]) -> None:
        """Refuse an entry without an id, or with one that stands twice."""
        value = entry.get("id")
        if not is_key(value):
            self.refuse(number, entry, f"its id {value!r} is neither a whole number of 64 bits nor a text")
        if value in seen:
            self.refuse(number, entry, f"its id {value!r} stands twice")
