"""How to cut a field into ranges, as objects and as the text of `--by`."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from typing import Any

from kolena_store.errors import InvalidInput

__all__ = ["MOST_VALUES", "PARTS", "Bins", "edge_text", "parse_bins"]

PARTS = ("year", "quarter", "month", "week", "day")
"""The periods into which dates are cut, the longest first."""

MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Bins:
    """How to cut the values of a field into ranges: at edges, in equal parts, equally wide, or by period.

    Args:
        field: the field, or `struct.field` for one inside a struct.
        period: of dates: year, quarter, month, week or day.
        edges: the limits, ascending: numbers, or dates; a value at an edge belongs to the range above it. What lies
            below the first and from the last on has ranges of its own. Moments without a zone are in UTC.
        quantiles: into how many parts of about equally many samples.
        widths: into how many equally wide parts between the least and the greatest value.

    Raises:
        InvalidInput: not exactly one of the four, or one that can't be used.
    """

    field: str
    period: str | None = None
    _: KW_ONLY
    edges: Sequence[Any] | None = None
    quantiles: int | None = None
    widths: int | None = None

    def __str__(self) -> str:
        """Return the cut as `--by` takes it: `age:0,18,65`, `age:quantiles=4`, `age:widths=3` or `taken:month`."""
        if self.period is not None:
            return f"{self.field}:{self.period}"
        if self.edges is not None:
            return f"{self.field}:{','.join(map(edge_text, self.edges))}"
        kind, count = ("quantiles", self.quantiles) if self.quantiles is not None else ("widths", self.widths)
        return f"{self.field}:{kind}={count}"

    def __post_init__(self) -> None:
        """Check that one way of cutting is named."""
        given = [one for one in (self.period, self.edges, self.quantiles, self.widths) if one is not None]
        if len(given) != 1:
            raise InvalidInput(f"Bins({self.field!r}) takes exactly one of edges=, quantiles= and widths=, or a period")
        if self.period is not None and self.period not in PARTS:
            raise InvalidInput(f"{self.period!r} is no period to cut {self.field!r} by; name one of {', '.join(PARTS)}")
        if self.edges is not None:
            object.__setattr__(self, "edges", _checked_edges(self.field, self.edges))
        elif self.period is None and (not _is_number(given[0]) or given[0] not in range(1, MOST_VALUES + 1)):
            raise InvalidInput(
                f"the number of bins of {self.field!r} must be a whole number from 1 to {MOST_VALUES}, not {given[0]!r}"
            )

    @property
    def has_dates(self) -> bool:
        """Return whether it cuts dates: by a period, or at dates."""
        return self.period is not None or (self.edges is not None and isinstance(self.edges[0], datetime.date))


def parse_bins(text: str, fields: Sequence[str]) -> "str | Bins":
    """Return what a `--by` text means: a field, or `field:0,18,65`, `field:quantiles=4`, `field:month` and the like.

    Raises:
        InvalidInput: the part behind the colon can't be read.
    """
    if text in fields or ":" not in text:
        return text
    # A time of day among the edges has colons of its own.
    field, rule = _split(text)
    if rule in PARTS:
        return Bins(field, rule)
    kind, equals, count = rule.partition("=")
    refusal = InvalidInput(
        f"{text!r}: write a field, or field:0,18,65 (edges), field:quantiles=4, field:widths=5, "
        f"or field:month of dates (year, quarter, month, week, day, or dates as edges: field:2026-01-01,2026-07-01)"
    )
    if equals and kind not in ("quantiles", "widths"):
        raise refusal
    try:
        cut: dict[str, Any] = {kind: int(count)} if equals else {"edges": [_edge(one) for one in rule.split(",")]}
    except ValueError as error:
        raise refusal from error
    return Bins(field, **cut)


def _plain_number(number: Any) -> Any:
    """Return a whole number as an int, anything else as it is."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def edge_text(edge: Any) -> str:
    """Return an edge as it is written: a number, or a date in the ISO form."""
    return edge.isoformat() if isinstance(edge, datetime.date) else str(_plain_number(edge))


def _split(text: str) -> tuple[str, str]:
    for position in (index for index, character in enumerate(text) if character == ":"):
        first = text[position + 1 :].split(",")[0]
        if len(first) >= len("2026-01-31") and _is_date(first):
            return text[:position], text[position + 1 :]
    field, _, rule = text.rpartition(":")
    return field, rule


def _is_date(text: str) -> bool:
    try:
        return isinstance(_edge(text), datetime.date)
    except ValueError:
        return False


def _edge(text: str) -> Any:
    try:
        return _plain_number(float(text))
    except ValueError:
        moment = datetime.datetime.fromisoformat(text.strip())
        return moment.date() if len(text.strip()) == len("2026-01-31") else moment


def _checked_edges(field: str, edges: Iterable[Any]) -> tuple[Any, ...]:
    plain = tuple(edge.item() if hasattr(edge, "item") else edge for edge in edges)
    if plain and all(isinstance(edge, datetime.date) for edge in plain):
        return _checked_dates(field, plain)
    if not plain or not all(map(_is_number, plain)) or any(low >= high for low, high in pairwise(plain)):
        raise InvalidInput(f"the edges of {field!r} must be numbers that ascend, each once; they are {_listed(plain)}")
    return plain


def _checked_dates(field: str, dates: tuple[Any, ...]) -> tuple[Any, ...]:
    moments = [_moment(date) for date in dates]
    zones = {moment.tzinfo is not None for moment in moments}
    if len(zones) > 1 or any(low >= high for low, high in pairwise(moments)):
        raise InvalidInput(
            f"the edges of {field!r} must be dates that ascend, each once, all with a zone or none; "
            f"they are {_listed([edge_text(date) for date in dates])}"
        )
    return dates


def _moment(date: datetime.date) -> datetime.datetime:
    is_moment = isinstance(date, datetime.datetime)
    return date if is_moment else datetime.datetime(date.year, date.month, date.day)  # type: ignore[return-value]


def _listed(edges: Sequence[Any]) -> str:
    return ", ".join(map(str, edges)) or "none"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
