"""What the query of a user metric answered, and the value, n, interval or reason that follow from it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from kolena_store.errors import did_you_mean
from kolena_store.metrics.user.files import IntervalKind
from kolena_store.number_types import WHOLE_NUMBERS, is_number
from kolena_store.statistics.clusters import FEWEST_CLUSTERS, cluster_note, effective_wilson_bounds, too_few_clusters
from kolena_store.statistics.levels import LEVEL
from kolena_store.statistics.proportions import wilson
from kolena_store.statistics.reasons import NO_SPREAD, ONE_SAMPLE

__all__ = [
    "Answer",
    "AnswerSpread",
    "Declared",
    "Outcome",
    "SpreadKind",
    "difference_kind",
    "outcome",
    "shape_problem",
    "spread_kind",
]

SpreadKind = Literal["linearised", "bootstrap"]

COLUMNS = ("value", "n", "successes")
TOLERANCE = 1e-9
NO_VALUE = "the query gave no value"
NOT_FINITE = "the query gave NaN or an infinite value"
NO_COUNTS = "no interval: value times n is no whole number; let the query return a column successes"
OTHER_RATIO = "no interval: value is not successes / n"
NOT_ASKED = "no interval: the metric's header names none"
NOT_FOUND = "no interval: most samples like these leave the metric undefined, or its standard error is not finite"


class Declared(Protocol):
    """What the header of a metric says of its values."""

    @property
    def interval(self) -> IntervalKind | None:
        """Return how the interval is made, or None when there is none."""

    @property
    def undefined(self) -> str | None:
        """Return what it means that there is no value, or None when that is not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSpread:
    """The standard error of a query's value on one test case, NaN when it is not known, and how it was found.

    The units that it rests on are clusters, or samples. `n_differing`, of a difference of two models in counts, says
    how many samples count otherwise for one of them.
    """

    kind: SpreadKind
    error: float
    n_units: int
    n_differing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query returned on one test case: its columns with their types, and at most two rows; or what went wrong.

    `missing` is the name of a column that DuckDB did not find; `is_bound` says whether the query fits the columns at
    all, so that only a value can have made it fail. `spread` is there when it was asked for.
    """

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[float | int | None, ...], ...] = ()
    problem: str | None = None
    missing: str | None = None
    is_bound: bool = True
    spread: AnswerSpread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A metric's value on one test case; None means undefined, and `reason` says why, or why there is no interval."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    method: str | None = None
    reason: str | None = None


def shape_problem(answer: Answer) -> str | None:
    """Return what is wrong with the columns or the number of rows that a query returned, or None."""
    return next(_shape_problems(answer), None)


def spread_kind(interval: IntervalKind | None, *, is_clustered: bool) -> SpreadKind | None:
    """Return how the precision of a metric with this header is found, or None when it is not asked for.

    Clusters make even a proportion less precise than its counts say.
    """
    if interval == "bootstrap":
        return "bootstrap"
    is_asked = interval == "ratio" or (interval != "none" and is_clustered)
    return "linearised" if is_asked else None


def difference_kind(interval: IntervalKind | None) -> str | None:
    """Return how the precision of a difference of this metric is found, or None when there is none.

    Without a header that says so, only a query of sums has one, if it returns successes.
    """
    if interval in ("bootstrap", "none"):
        return interval if interval == "bootstrap" else None
    return "additive" if interval is None else "linearised"


def outcome(metric: Declared, answer: Answer, *, n_rows: int, unit: str | None = None) -> Outcome:
    """Return the value of a metric with the interval that its header names.

    Args:
        metric: its header.
        answer: what its query returned.
        n_rows: how many samples the query saw; the metric's n when the query returns none.
        unit: what messages call a cluster of samples; None: there are no clusters.
    """
    problem = answer.problem or shape_problem(answer)
    if problem is not None:
        return Outcome(value=None, n=0, reason=f"the query {'failed: ' if answer.problem else ''}{problem}")
    found = dict(zip((name.lower() for name, _ in answer.columns), answer.rows[0], strict=True))
    value = found["value"]
    n = int(found.get("n") or 0) if "n" in found else n_rows
    if value is None or not math.isfinite(value):
        return Outcome(value=None, n=n, reason=metric.undefined or (NO_VALUE if value is None else NOT_FINITE))
    kind = metric.interval or ("proportion" if "successes" in found else "none")
    if kind == "none":
        return Outcome(value=float(value), n=n, reason=NOT_ASKED)
    if kind == "proportion":
        counted = _proportion(float(value), n, found.get("successes"))
        return counted if counted.low is None or unit is None else _by_clusters(counted, answer.spread, unit)
    return _by_error(float(value), n, answer.spread, unit)


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
        if name.lower() != "value" and kind not in WHOLE_NUMBERS:
            yield f"returns {name} as {kind}; make it a count, such as count(*) or sum(x)::BIGINT"


def _by_clusters(counted: Outcome, spread: AnswerSpread | None, unit: str) -> Outcome:
    """Return Wilson's interval of the n that as precise a set of independent samples would have."""
    import numpy as np

    if spread is None or spread.n_units < FEWEST_CLUSTERS or not math.isfinite(spread.error):
        return replace(counted, low=None, high=None, method=None, reason=_why_not(spread, unit))
    variance, units = np.array([spread.error**2]), np.array([float(spread.n_units)])
    share, n = np.array([counted.value]), np.array([float(counted.n)])
    low, high = effective_wilson_bounds(share, variance, n=n, units=units, level=LEVEL)
    method = f"wilson, effective n, {cluster_note(spread.n_units, unit)}"
    return replace(counted, low=float(low[0]), high=float(high[0]), method=method)


def _by_error(value: float, n: int, spread: AnswerSpread | None, unit: str | None) -> Outcome:
    """Return the interval of t from a standard error."""
    from kolena_store.statistics.distributions import t_quantile

    fewest = 2 if unit is None else FEWEST_CLUSTERS
    if spread is None or spread.n_units < fewest or not (spread.error > 0 and math.isfinite(spread.error)):
        return Outcome(value=value, n=n, reason=_why_not(spread, unit))
    reach = float(t_quantile(LEVEL, [spread.n_units - 1.0])[0]) * spread.error
    note = "" if unit is None else f", {cluster_note(spread.n_units, unit)}"
    return Outcome(value=value, n=n, low=value - reach, high=value + reach, method=f"{spread.kind} t{note}")


def _why_not(spread: AnswerSpread | None, unit: str | None) -> str:
    if spread is None:
        return NOT_FOUND
    if unit is not None and spread.n_units < FEWEST_CLUSTERS:
        return too_few_clusters(spread.n_units, unit)
    if spread.n_units < 2:
        return ONE_SAMPLE
    return NO_SPREAD if spread.error == 0 else NOT_FOUND


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
