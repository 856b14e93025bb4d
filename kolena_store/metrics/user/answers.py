"""What the query of a user metric answered, and the value, n, interval or reason that follow from it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kolena_store.errors import did_you_mean
from kolena_store.metrics.user.files import IntervalKind
from kolena_store.statistics.proportions import wilson

__all__ = ["Answer", "Declared", "Outcome", "is_number", "outcome", "shape_problem"]

COLUMNS = ("value", "n", "successes")
SIGNED = frozenset(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"))
INTEGERS = SIGNED | {f"U{name}" for name in SIGNED}
TOLERANCE = 1e-9
NO_VALUE = "the query gave no value"
NO_COUNTS = "no interval: value times n is no whole number; let the query return a column successes"
OTHER_RATIO = "no interval: value is not successes / n"
NOT_YET = "no interval: the interval of this metric is not computed yet"
NOT_ASKED = "no interval: the metric's header names none"


class Declared(Protocol):
    """What the header of a metric says of its values."""

    @property
    def interval(self) -> IntervalKind | None:
        """Return how the interval is made, or None when there is none."""

    @property
    def undefined(self) -> str | None:
        """Return what it means that there is no value, or None when that is not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query returned on one test case: its columns with their types, and at most two rows; or what went wrong.

    `missing` is the name of a column that DuckDB did not find; `is_bound` says whether the query fits the columns at
    all, so that only a value can have made it fail.
    """

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[float | int | None, ...], ...] = ()
    problem: str | None = None
    missing: str | None = None
    is_bound: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A metric's value on one test case; None means undefined, and `reason` says why, or why there is no interval."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    method: str | None = None
    reason: str | None = None


def is_number(kind: str) -> bool:
    """Return whether a DuckDB type is one of numbers."""
    return kind in INTEGERS or kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL")


def shape_problem(answer: Answer) -> str | None:
    """Return what is wrong with the columns or the number of rows that a query returned, or None."""
    return next(_shape_problems(answer), None)


def outcome(metric: Declared, answer: Answer, *, n_rows: int) -> Outcome:
    """Return the value of a metric, with a Wilson interval where it is a proportion of counts.

    Args:
        metric: its header.
        answer: what its query returned.
        n_rows: how many samples the query saw; the metric's n when the query returns none.
    """
    problem = answer.problem or shape_problem(answer)
    if problem is not None:
        return Outcome(value=None, n=0, reason=f"the query {'failed: ' if answer.problem else ''}{problem}")
    found = dict(zip((name.lower() for name, _ in answer.columns), answer.rows[0], strict=True))
    value = found["value"]
    n = int(found.get("n") or 0) if "n" in found else n_rows
    if value is None or not math.isfinite(value):
        return Outcome(value=None, n=n, reason=metric.undefined or NO_VALUE)
    kind = metric.interval or ("proportion" if "successes" in found else "none")
    if kind != "proportion":
        return Outcome(value=float(value), n=n, reason=NOT_ASKED if kind == "none" else NOT_YET)
    return _proportion(float(value), n, found.get("successes"))


def _shape_problems(answer: Answer) -> Iterator[str]:
    names = [name.lower() for name, _ in answer.columns]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        near = did_you_mean(unknown[0], COLUMNS)
        yield f"returns a column {unknown[0]!r}, which is none of {', '.join(COLUMNS)}{near}"
    repeated = [name for name in COLUMNS if names.count(name) > 1]
    if repeated:
        yield f"returns two columns {repeated[0]!r}; leave one"
    if "value" not in names:
        yield "returns no column 'value'; name the number with AS value"
    yield from _type_problems(answer.columns)
    if len(answer.rows) != 1:
        found = "no row" if not answer.rows else "several rows"
        yield f"returns {found}; return one row for every test case, an empty one too: no GROUP BY or HAVING at the end"


def _type_problems(columns: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, kind in columns:
        if name.lower() == "value" and not is_number(kind):
            yield f"returns value as {kind}; make it a number, such as avg(x::DOUBLE)"
        if name.lower() != "value" and kind not in INTEGERS:
            yield f"returns {name} as {kind}; make it a count, such as count(*) or sum(x)::BIGINT"


def _proportion(value: float, n: int, successes: float | None) -> Outcome:
    if successes is None:
        counted = value * n
        successes = round(counted)
        if abs(counted - successes) > TOLERANCE * max(1, n):
            return Outcome(value=value, n=n, reason=NO_COUNTS)
    if n <= 0 or not 0 <= successes <= n or abs(successes / n - value) > TOLERANCE:
        return Outcome(value=value, n=n, reason=OTHER_RATIO)
    interval = wilson(successes, n)
    return Outcome(value=value, n=n, low=interval.low, high=interval.high, method=interval.method)
