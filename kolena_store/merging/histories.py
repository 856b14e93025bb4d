"""How two histories of versions stand to each other, by the content of their versions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Comparison", "History", "Relation", "VersionMap", "compare_histories", "taken_versions"]

Relation = Literal["new", "equal", "ahead", "extended", "diverged"]
"""Of the other history, seen from here: unknown here, equal at its end, older, longer, or both went on."""


class History:
    """The versions of one thing, oldest first: their numbers, and their contents, found when they are asked for."""

    def __init__(self, numbers: Sequence[int], contents: Sequence[Callable[[], str]]) -> None:
        """Hold the versions; no content is computed yet."""
        self.numbers = tuple(numbers)
        self._contents = tuple(contents)
        self._known: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def content(self, position: int) -> str:
        """Return what tells the content of one version from any other."""
        if position not in self._known:
            self._known[position] = self._contents[position]()
        return self._known[position]

    def positions(self, content: str) -> Iterator[int]:
        """Yield where a content stands, newest first."""
        return (position for position in reversed(range(len(self))) if self.content(position) == content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How another history stands to this one; its versions from position `start` on are what it has more."""

    relation: Relation
    start: int


def compare_histories(ours: History, theirs: History) -> Comparison:
    """Compare two histories; where each one's newest version is an older one of the other, neither is the later."""
    if not len(ours):
        return Comparison(relation="new", start=0)
    newest, other_newest = ours.content(len(ours) - 1), theirs.content(len(theirs) - 1)
    if newest == other_newest:
        return Comparison(relation="equal", start=len(theirs))
    shared = next(theirs.positions(newest), None)
    is_known_here = next(ours.positions(other_newest), None) is not None
    if shared is not None and not is_known_here:
        return Comparison(relation="extended", start=shared + 1)
    is_older = is_known_here and shared is None
    return Comparison(relation="ahead" if is_older else "diverged", start=len(theirs))


class VersionMap:
    """Which version here has the content of which version there; contents are compared when they are asked for."""

    def __init__(self, ours: History, theirs: History, taken: Mapping[int, int]) -> None:
        """Hold both histories; `taken` maps positions there that come here to the numbers that they get."""
        self._ours, self._theirs, self._taken = ours, theirs, dict(taken)

    @property
    def new_numbers(self) -> tuple[int, ...]:
        """Return the numbers of the versions that come here."""
        return tuple(self._taken.values())

    def here(self, number: int) -> int | None:
        """Return the version here of a version there, the newest where there are several; None when there is none."""
        if number not in self._theirs.numbers:
            return None
        position = self._theirs.numbers.index(number)
        if position in self._taken:
            return self._taken[position]
        content = self._theirs.content(position)
        later = [new for at, new in self._taken.items() if self._theirs.content(at) == content]
        found = next(self._ours.positions(content), None)
        return max(later) if later else None if found is None else self._ours.numbers[found]


def taken_versions(ours: History, theirs: History, start: int) -> VersionMap:
    """Return the map when the versions there from a position on come behind those here."""
    if not len(ours):
        return VersionMap(ours, theirs, dict(enumerate(theirs.numbers)))
    newest = ours.numbers[-1]
    return VersionMap(ours, theirs, {at: newest + 1 + at - start for at in range(start, len(theirs))})
