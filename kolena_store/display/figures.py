"""Numbers as people read them: `.612` for a metric between 0 and 1, significant digits for all others."""

import math
import re
from collections.abc import Iterable

__all__ = ["UNDEFINED", "are_figures", "counted", "fraction", "interval_cell", "number"]

UNDEFINED = "\N{EN DASH}"
LARGEST_DECIMAL = 1e12
VALUE = rf"(?:[<>]?[+-]?(?:[\d,]*\.?\d+(?:e[+-]?\d+)?|inf)|NaN|{UNDEFINED})"
FIGURE = re.compile(rf"{VALUE}(?: \[{VALUE}, {VALUE}\])?(?: n +[\d,]+)?")


def fraction(value: float | None, digits: int = 3) -> str:
    """Return a value of -1 to 1 as `.612`; `.000` and `1.000` are exact, values near them `<.001` and `>.999`."""
    if value is None or not math.isfinite(value) or abs(value) > 1:
        return number(value)
    step = 10.0**-digits
    magnitude = abs(value)
    sign = "-" if value < 0 else ""
    if 0 < magnitude < step / 2:
        return f"{'>' if sign else '<'}{sign}{_without_zero(step, digits)}"
    if 1 - step / 2 <= magnitude < 1:
        return f"{'<' if sign else '>'}{sign}{_without_zero(1 - step, digits)}"
    return sign + _without_zero(magnitude, digits)


def number(value: float | None) -> str:
    """Return a value as `38,473.6`, `233.26`, `2.334` or `0.00012`, a whole number without decimals, None as a dash."""
    if value is None:
        return UNDEFINED
    if math.isnan(value):
        return "NaN"
    if isinstance(value, int) or (math.isfinite(value) and value == round(value) and abs(value) < LARGEST_DECIMAL):
        return f"{int(value):,}"
    magnitude = abs(value)
    if magnitude < 1 or magnitude >= LARGEST_DECIMAL:
        return _small(value, magnitude)
    return f"{value:,.{_decimals(magnitude)}f}"


def are_figures(cells: Iterable[str]) -> bool:
    """Whether all cells that hold something hold figures, as `interval_cell` writes them, which are read as one."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(FIGURE.fullmatch(cell) for cell in filled)


def counted(n: int, noun: str, verbs: tuple[str, str] | None = None) -> str:
    """Return a number with its noun, as `1 sample` or `1,200 samples`, and with the verb that it takes.

    Args:
        verbs: the verb after one thing and after several, as in `("has", "have")`.
    """
    is_one = n == 1
    verb = f" {verbs[0] if is_one else verbs[1]}" if verbs else ""
    return f"{n:,} {noun}{'' if is_one else 's'}{verb}"


def interval_cell(
    value: float | None,
    low: float | None,
    high: float | None,
    n: int | None,
    *,
    bounded: bool = True,
    n_width: int = 0,
) -> str:
    """Return a metric in one cell, as `.612 [.57, .65] n 412`; an interval or n that is None is left out.

    A `bounded` metric lies between -1 and 1 and is written as `fraction` does; n is filled up to `n_width` characters,
    so that the cells of a column line up.
    """
    parts = [fraction(value) if bounded else number(value)]
    if low is not None and high is not None:
        ends = [fraction(end, 2) if bounded else number(end) for end in (low, high)]
        parts.append(f"[{', '.join(ends)}]")
    if n is not None:
        parts.append(f"n {number(n):>{n_width}}")
    return " ".join(parts)


def _without_zero(magnitude: float, digits: int) -> str:
    return f"{magnitude:.{digits}f}".removeprefix("0")


def _decimals(magnitude: float) -> int:
    for limit, decimals in ((10, 3), (1_000, 2), (1_000_000, 1)):
        if magnitude < limit:
            return decimals
    return 0


def _small(value: float, magnitude: float) -> str:
    return f"{value:.3f}" if 0.1 <= magnitude < 1 else f"{value:.3g}"
