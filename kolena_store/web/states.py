"""The state of a page: the parameters of its address, read with care, and the addresses that differ from it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from kolena_store.errors import InvalidInput
from kolena_store.reports.rendering import address

__all__ = ["State"]

LARGEST_PAGE = 1_000_000
LONGEST = 100_000
SHARE = re.compile(r"0?\.[0-9]{1,9}|0|1(\.0+)?")

T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class State:
    """The parameters of one request; a value that can't be is an error of the user's own."""

    path: str
    parameters: QueryParams

    def text(self, name: str) -> str | None:
        """Return the last value of a parameter, None when it is not given or empty."""
        value = self.parameters.get(name)
        if value is not None and len(value) > LONGEST:
            raise InvalidInput(f"{name} has {len(value):,} characters, more than {LONGEST:,}; write less")
        return value or None

    def needed(self, name: str) -> str:
        """Return a parameter that a page can't do without.

        Raises:
            InvalidInput: it is not there.
        """
        value = self.text(name)
        if value is None:
            raise InvalidInput(f"the address names no {name}; start from the overview")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all values of a parameter, each once."""
        return tuple(dict.fromkeys(value for value in self.parameters.getlist(name) if value))

    def number(self, name: str, default: int) -> int:
        """Return a whole number from 0 on.

        Raises:
            InvalidInput: it is none.
        """
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdecimal()) or len(value) > 15:
            raise InvalidInput(f"{name}={value[:40]!r} is no whole number; write one such as 1")
        return int(value)

    def share(self, name: str, default: float) -> float:
        """Return a number from 0 to 1.

        Raises:
            InvalidInput: it is none.
        """
        value = self.text(name)
        if value is None:
            return default
        if not SHARE.fullmatch(value):
            raise InvalidInput(f"{name}={value[:40]!r} is no number from 0 to 1; write one such as 0.5")
        return float(value)

    def page(self) -> int:
        """Return the number of the page, from 1."""
        return min(LARGEST_PAGE, max(1, self.number("page", 1)))

    def choice(self, name: str, choices: Sequence[T], default: T) -> T:
        """Return a parameter that is one of several.

        Raises:
            InvalidInput: it is another.
        """
        value = self.text(name)
        for choice in choices:
            if value == choice:
                return choice
        if value is not None:
            raise InvalidInput(f"{name}={value[:40]!r} is none of {', '.join(choices)}")
        return default

    def pairs(self) -> list[tuple[str, str]]:
        """Return all parameters that are not empty."""
        return [(name, value) for name, value in self.parameters.multi_items() if value]

    def links(self, path: str, name: str, **changes: object) -> Callable[[str], str]:
        """Return what makes the addresses that differ from each other in one parameter alone, as those of rows do."""
        base = self.link(path, **changes, **{name: None})
        joint = "&" if "?" in base else "?"
        return lambda value: f"{base}{joint}{urlencode({name: value})}"

    def link(self, path: str | None = None, **changes: object) -> str:
        """Return the address that differs in some parameters; None takes one away."""
        kept: dict[str, object] = {}
        for name, value in self.pairs():
            if name not in changes:
                kept[name] = [*kept.get(name, []), value]  # type: ignore[misc]
        return address(path or self.path, **kept, **changes)
