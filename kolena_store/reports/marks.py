"""Small marks in tables: intervals as bars, verdicts as shape and word, figures; all of them escaped markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape

from kolena_store.display import fraction, number

__all__ = [
    "Scale",
    "VERDICT_MARKS",
    "delta_bar",
    "figure",
    "interval_bar",
    "interval_text",
    "scale_of",
    "signed",
    "verdict",
]

VERDICT_MARKS: Mapping[str, str] = MappingProxyType(
    {"improved": "▲", "regressed": "▼", "equivalent": "≈", "different": "◆", "inconclusive": "○"}
)
"""A shape for each verdict, so that no meaning hangs on a colour alone."""

WIDTH, HEIGHT, MARGIN = 96, 14, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The range of numbers that the bars of one metric share."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a value stands in a bar, in its units."""
        if not self.high > self.low:
            return WIDTH / 2
        share = (value - self.low) / (self.high - self.low)
        return round(MARGIN + min(1.0, max(0.0, share)) * (WIDTH - 2 * MARGIN), 1)


def scale_of(rows: Sequence[Mapping[str, Any] | None]) -> Scale:
    """Return the scale that holds the values and intervals of some metric rows."""
    numbers = [
        row[name] for row in rows if row is not None for name in ("value", "ci_low", "ci_high") if row[name] is not None
    ]
    return Scale(low=min(numbers, default=0.0), high=max(numbers, default=1.0))


def figure(value: float | None, *, is_bounded: bool = True) -> str:
    """Return a number as tables show it."""
    return fraction(value) if is_bounded else number(value)


def signed(value: float | None, *, is_bounded: bool = True) -> str:
    """Return a difference as tables show it, with its sign."""
    if value is None:
        return number(None)
    text = figure(value, is_bounded=is_bounded).replace("-", "\N{MINUS SIGN}")
    return f"+{text}" if value > 0 and text[0] not in "<>" else text


def interval_text(row: Mapping[str, Any], *, is_bounded: bool = True) -> str:
    """Return the interval of a row in brackets, or nothing."""
    if row["ci_low"] is None or row["ci_high"] is None:
        return ""
    ends = [fraction(end, 2) if is_bounded else number(end) for end in (row["ci_low"], row["ci_high"])]
    return f"[{ends[0]}, {ends[1]}]"


def interval_bar(row: Mapping[str, Any], scale: Scale, *, label: str, baseline: float | None = None) -> Markup:
    """Return a value with its interval as a small bar, and a tick at a baseline's; `label` says it in words."""
    if row["value"] is None:
        return Markup("")
    line = ""
    if row["ci_low"] is not None and row["ci_high"] is not None:
        low, high = scale.place(row["ci_low"]), scale.place(row["ci_high"])
        line = f'<line x1="{low}" x2="{high}" y1="7" y2="7"/>'
    tick = "" if baseline is None else f'<path class="base" d="M{scale.place(baseline)} 2V12"/>'
    dot = f'<circle cx="{scale.place(row["value"])}" cy="7" r="3"/>'
    return _bar("bar", f'<path d="M0 13.5H{WIDTH}"/>{tick}{line}{dot}', label)


def delta_bar(row: Mapping[str, Any], reach: float, *, label: str) -> Markup:
    """Return a difference with its interval as a small bar about zero; `reach` is how far the bar goes to each side."""
    if row["delta"] is None:
        return Markup("")
    scale = Scale(low=-reach, high=reach)
    zero = scale.place(0.0)
    line = ""
    if row["ci_low"] is not None and row["ci_high"] is not None:
        low, high = scale.place(row["ci_low"]), scale.place(row["ci_high"])
        line = f'<line x1="{low}" x2="{high}" y1="7" y2="7"/>'
    dot = f'<circle cx="{scale.place(row["delta"])}" cy="7" r="3"/>'
    return _bar(f"bar delta {row['verdict']}", f'<path d="M{zero} 0V{HEIGHT}"/>{line}{dot}', label)


@lru_cache(maxsize=32)
def verdict(name: str | None, *, detected: bool = False) -> Markup:
    """Return a verdict as its shape and its word."""
    if name is None:
        return Markup("")
    word = "equivalent, detected" if name == "equivalent" and detected else name
    mark = VERDICT_MARKS.get(name, "○")
    return Markup('<span class="verdict {}"><span aria-hidden="true">{}</span> {}</span>').format(name, mark, word)


def _bar(kind: str, inner: str, label: str) -> Markup:
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(label)}"><title>{escape(label)}</title>{inner}</svg>'
    )
