"""The test cases of a field of dates: a period each, such as a month, or the ranges between dates."""

import datetime
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from kolena_store.errors import InvalidInput
from kolena_store.statements import Fragment, literal, statement
from kolena_store.test_suites.bins import MOST_VALUES, PARTS, Bins, edge_text
from kolena_store.test_suites.fields import CutField
from kolena_store.test_suites.strata import MOST_PLAIN_NUMBERS, Stratum, by_value, missing

__all__ = ["by_date"]

MOST_PERIODS = 24
"""A field without a named period is cut into at most so many, as long as years suffice."""

DATE = re.compile(r"(?P<year>\d+)-(?P<month>\d\d)-\d\d(?P<era> \(BC\))?")


def by_date(field: CutField, bins: Bins | None) -> Iterator[Stratum]:
    """Yield a test case for each period or range of dates that occurs; few dates have one for each.

    Without a period the shortest is chosen that makes at most 24 of them.

    Raises:
        InvalidInput: there are too many periods, or dates are to be cut like numbers.
    """
    if bins is not None and not bins.has_dates:
        raise InvalidInput(
            f"{field.name!r} holds {field.kind}; cut it by {', '.join(PARTS)}, as in {field.name}:month, or at dates, "
            f"as in {field.name}:2026-01-01,2026-07-01"
        )
    if bins is not None and bins.edges is not None:
        return _between_dates(field, bins.edges)
    facts = _facts(field)
    if bins is None and facts["n_values"] <= MOST_PLAIN_NUMBERS:
        return by_value(field)
    return _by_period(field, _chosen_period(facts) if bins is None else str(bins.period), facts)


def _facts(field: CutField) -> dict[str, Any]:
    fragments = {"field": field.in_files, "day": _day(field)}
    return field.rows(statement("queries/suites", "date_facts"), fragments)[0]


def _chosen_period(facts: dict[str, Any]) -> str:
    return next((part for part in reversed(PARTS) if facts[part] <= MOST_PERIODS), PARTS[0])


def _day(field: CutField) -> Fragment:
    """Return the day of each value, in UTC where it is a moment; nanoseconds before 1970 are cut off downwards."""
    if field.kind == "DATE":
        return field.in_files
    local = f"({field.in_files} AT TIME ZONE 'UTC')" if field.has_zone else f"({field.in_files})"
    return Fragment(f"({local}::DATE - ({local} < {local}::DATE::TIMESTAMP)::INTEGER)")


def _by_period(field: CutField, period: str, facts: dict[str, Any]) -> Iterator[Stratum]:
    query = statement("queries/suites", "periods")
    fragments = {
        "field": field.in_files,
        "day": _day(field),
        "period": literal(period),
        "length": Fragment(f"INTERVAL {'3 months' if period == 'quarter' else f'1 {period}'}"),
    }
    rows = field.rows(query, fragments, most=MOST_VALUES + 1)
    if len(rows) > MOST_VALUES:
        raise InvalidInput(
            f"{field.name!r} falls into more than {MOST_VALUES} different periods of a {period}; take a longer one, or "
            f"dates as edges: {field.name}:2026-01-01,2026-07-01"
        )
    for row in rows:
        predicate = f"{field.value} >= {_at(field, row['first'])} AND {field.value} < {_at(field, row['after'])}"
        yield Stratum(name=f"{field.name} {_named(period, row['first'])}", predicate=predicate)
    if facts["n_infinite"]:
        yield Stratum(name=f"{field.name} is infinite", predicate=f"NOT isfinite({field.value})")
    if facts["n_null"]:
        yield missing(field)


def _named(period: str, first: str) -> str:
    """Return how a period is called, by its first day."""
    found = DATE.fullmatch(first)
    if found is None or period in ("day", "week"):
        return f"{'on' if period == 'day' else 'in the week of'} {first}"
    year, era = found["year"], found["era"] or ""
    part = {"month": f"-{found['month']}", "quarter": f"-Q{(int(found['month']) + 2) // 3}"}.get(period, "")
    return f"in {year}{part}{era}"


def _between_dates(field: CutField, edges: Sequence[datetime.date]) -> Iterator[Stratum]:
    limits = [_at(field, _written(field, edge)) for edge in edges]
    names = [edge_text(edge) for edge in edges]
    facts = field.rows(
        statement("queries/suites", "date_sides"), {"field": field.in_files, "first": limits[0], "last": limits[-1]}
    )[0]
    if facts["n_below"]:
        yield Stratum(name=f"{field.name} before {names[0]}", predicate=f"{field.value} < {limits[0]}")
    for (low, high), (after, before) in zip(pairwise(names), pairwise(limits), strict=True):
        predicate = f"{field.value} >= {after} AND {field.value} < {before}"
        yield Stratum(name=f"{field.name} in [{low}, {high})", predicate=predicate)
    if facts["n_above"]:
        yield Stratum(name=f"{field.name} from {names[-1]} on", predicate=f"{field.value} >= {limits[-1]}")
    if facts["n_null"]:
        yield missing(field)


def _written(field: CutField, edge: datetime.date) -> str:
    if isinstance(edge, datetime.datetime) and (edge.tzinfo is not None) > field.has_zone:
        raise InvalidInput(
            f"{field.name!r} holds {field.kind}, which has no zone, and the edge {edge_text(edge)} has one; "
            "leave it away"
        )
    return edge.isoformat(" ") if isinstance(edge, datetime.datetime) else edge.isoformat()


def _at(field: CutField, text: str) -> Fragment:
    """Return a moment as a literal that compares with the field in the same way in every session."""
    if field.has_zone:
        moment = text if ":" in text else f"{text} 00:00:00"
        has_zone = re.search(r"[+-]\d\d:\d\d(:\d\d)?$", moment) is not None
        return Fragment(f"{literal(moment if has_zone else f'{moment}+00')}::TIMESTAMP WITH TIME ZONE")
    kind = "DATE" if field.kind == "DATE" and " " not in text.removesuffix(" (BC)") else "TIMESTAMP"
    return Fragment(f"{literal(text)}::{kind}")
