"""Stratifying: one test case for each value, or range of values, of a field, written as views that can be saved."""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from typing import Any

from kolena_store.database import Session
from kolena_store.datasets import VersionRecord, files_of
from kolena_store.digests import sha256_of_text
from kolena_store.errors import InvalidInput, MissingColumns
from kolena_store.number_types import is_number
from kolena_store.statements import Fragment, identifier, literal, statement

__all__ = ["Bins", "parse_bins", "stratified_text"]

PLAIN = ("BOOLEAN", "VARCHAR")
TEMPORAL = ("DATE", "TIME")
TYPED = (*TEMPORAL, "UUID", "INTERVAL")
"""Types whose values are written as DuckDB's own text and a cast, which keeps every digit (TIMESTAMP among them)."""

DATE_LIKE = re.compile(r"\d{4}-\d")
MOST_VALUES = 100
MOST_PLAIN_NUMBERS = 20
DEFAULT_QUANTILES = 4
LONGEST_NAME = 180


@dataclass(frozen=True, slots=True)
class Bins:
    """How to cut the values of a numeric field into ranges: at given edges, in equal parts, or equally wide.

    Args:
        edges: the limits, ascending; a value at an edge belongs to the range above it. What lies below the first and
            from the last on has ranges of its own.
        quantiles: into how many parts of about equally many samples.
        widths: into how many equally wide parts between the least and the greatest value.

    Raises:
        InvalidInput: not exactly one of the three, or one that can't be used.
    """

    field: str
    _: KW_ONLY
    edges: Sequence[float] | None = None
    quantiles: int | None = None
    widths: int | None = None

    def __str__(self) -> str:
        """Return the cut as `--by` takes it: `age:0,18,65`, `age:quantiles=4` or `age:widths=3`."""
        if self.edges is not None:
            return f"{self.field}:{','.join(str(_plain(edge)) for edge in self.edges)}"
        kind, count = ("quantiles", self.quantiles) if self.quantiles is not None else ("widths", self.widths)
        return f"{self.field}:{kind}={count}"

    def __post_init__(self) -> None:
        """Check that one way of cutting is named."""
        given = [one for one in (self.edges, self.quantiles, self.widths) if one is not None]
        if len(given) != 1:
            raise InvalidInput(f"Bins({self.field!r}) takes exactly one of edges=, quantiles= and widths=")
        if self.edges is not None:
            object.__setattr__(self, "edges", _checked_edges(self.field, self.edges))
        elif not _is_number(given[0]) or given[0] not in range(1, MOST_VALUES + 1):
            raise InvalidInput(
                f"the number of bins of {self.field!r} must be a whole number from 1 to {MOST_VALUES}, not {given[0]!r}"
            )


def _checked_edges(field: str, edges: Iterable[Any]) -> tuple[Any, ...]:
    plain = tuple(edge.item() if hasattr(edge, "item") else edge for edge in edges)
    if any(isinstance(edge, datetime.date) for edge in plain):
        raise InvalidInput(_no_ranges_yet(field, "DATE"))
    if not plain or not all(map(_is_number, plain)) or any(low >= high for low, high in pairwise(plain)):
        raise InvalidInput(f"the edges of {field!r} must be numbers that ascend, each once; they are {_listed(plain)}")
    return plain


def _listed(edges: Sequence[Any]) -> str:
    return ", ".join(map(str, edges)) or "none"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stratum:
    name: str
    predicate: str


def parse_bins(text: str, fields: Sequence[str]) -> "str | Bins":
    """Return what a `--by` text means: a field, or `field:0,18,65`, `field:quantiles=4`, `field:widths=5`.

    Raises:
        InvalidInput: the part behind the colon can't be read.
    """
    field, colon, rule = text.rpartition(":")
    if text in fields or not colon:
        return text
    kind, equals, count = rule.partition("=")
    if DATE_LIKE.match(rule):
        raise InvalidInput(_no_ranges_yet(field, "DATE"))
    refusal = InvalidInput(f"{text!r}: write a field, or field:0,18,65 (edges), field:quantiles=4, field:widths=5")
    if equals and kind not in ("quantiles", "widths"):
        raise refusal
    try:
        cut: dict[str, Any] = (
            {kind: int(count)} if equals else {"edges": [_plain(float(one)) for one in rule.split(",")]}
        )
    except ValueError as error:
        raise refusal from error
    return Bins(field, **cut)


def stratified_text(session: Session, version: VersionRecord, by: Sequence["str | Bins"]) -> str:
    """Return the CREATE VIEW statements for each field in turn: one view for each value or range, and for missing ones.

    Raises:
        MissingColumns: a field does not exist.
        InvalidInput: a field has too many values, or ranges were asked of a field without numbers.
    """
    template = statement("queries/suites", "stratum")
    taken: set[str] = set()
    statements = []
    for one in by:
        for stratum in _strata_of(session, version, one):
            name = _unique(stratum.name, taken)
            statements.append(template.fill(name=identifier(name), predicate=Fragment(stratum.predicate)))
    return "\n".join(statements) + "\n"


def _strata_of(session: Session, version: VersionRecord, one: "str | Bins") -> "list[_Stratum]":
    try:
        return list(_strata(session, version, one))
    except OverflowError as error:
        field = one.field if isinstance(one, Bins) else one
        raise InvalidInput(
            f"{field!r} holds dates beyond the years 1 to 9999 ({error}); write the ranges as views in a suite file"
        ) from error


def _strata(session: Session, version: VersionRecord, one: "str | Bins") -> Iterator[_Stratum]:
    field = one.field if isinstance(one, Bins) else one
    kind = version.types.get(field)
    if kind is None:
        raise MissingColumns.of("the dataset", [field], list(version.types))
    has_numbers = is_number(kind)
    if not (has_numbers or kind in PLAIN or kind.startswith(TYPED)) or kind.endswith("]"):
        raise InvalidInput(
            f"{field!r} holds {kind}, which has no plain values to make test cases of; name a plain field, "
            "or write the test cases in a suite file"
        )
    if isinstance(one, Bins):
        if kind.startswith(TEMPORAL):
            raise InvalidInput(_no_ranges_yet(field, kind))
        if not has_numbers:
            raise InvalidInput(f"{field!r} holds {kind}, which has no ranges; name the field alone")
        return _ranges(session, version, one)
    return _by_value(session, version, field, kind, has_numbers=has_numbers)


def _by_value(
    session: Session, version: VersionRecord, field: str, kind: str, *, has_numbers: bool
) -> Iterator[_Stratum]:
    query = statement("queries/suites", "field_values").fill(field=identifier(field), kind=Fragment(kind))
    rows = session.table(query, files=_paths(session, version), most=MOST_VALUES + 2).to_pylist()
    values = [row["value"] for row in rows if row["value"] is not None and row["value"] == row["value"]]
    if has_numbers and len(values) > MOST_PLAIN_NUMBERS:
        return _ranges(session, version, Bins(field=field, quantiles=DEFAULT_QUANTILES))
    if len(values) > MOST_VALUES and kind.startswith(TEMPORAL):
        raise InvalidInput(f"{field!r} has more than {MOST_VALUES} different values; {_no_ranges_yet(field, kind)}")
    if len(values) > MOST_VALUES:
        raise InvalidInput(
            f"{field!r} has more than {MOST_VALUES} different values; choose a coarser field, "
            "or write the test cases that matter in a suite file"
        )
    return _values(field, kind, [(row["value"], row["text"]) for row in rows])


def _no_ranges_yet(field: str, kind: str) -> str:
    """Return why dates and times are not cut into ranges, and the view to write in the place of that."""
    moment = "12:00:00" if kind == "TIME" else "2026-01-31"
    since = Fragment(f"{identifier(field)} >= {literal(moment)}::{kind}")
    view = statement("queries/suites", "stratum").fill(name=identifier(f"{field} from {moment} on"), predicate=since)
    return (
        f"ranges of {kind} in {field!r} are not made for you yet: write a view for each in a suite file, such as {view}"
    )


def _values(field: str, kind: str, values: Sequence[tuple[Any, str]]) -> Iterator[_Stratum]:
    name = identifier(field)
    is_typed = kind.startswith(TYPED)
    for value, text in values:
        if value is None:
            yield _Stratum(name=f"{field} is missing", predicate=f"{name} IS NULL")
        elif value != value:
            yield _Stratum(name=f"{field} is NaN", predicate=f"isnan({name})")
        else:
            same = f"{literal(text)}::{kind}" if is_typed else literal(value)
            yield _Stratum(name=f"{field} = {_shown(text if is_typed else value)}", predicate=f"{name} = {same}")


def _ranges(session: Session, version: VersionRecord, bins: Bins) -> Iterator[_Stratum]:
    name = identifier(bins.field)
    facts = _facts(session, version, bins)
    if bins.edges is not None:
        yield from _below(bins.field, bins.edges[0], facts["lowest"])
        yield from _between(bins, bins.edges)
        yield from _above(bins.field, bins.edges[-1], facts["highest"])
    elif facts["least"] is not None:
        yield from _between(bins, _edges(bins, facts))
    if bins.edges is None and facts["n_infinite"]:
        yield _Stratum(name=f"{bins.field} is infinite", predicate=f"isinf({name})")
    if facts["n_null"]:
        yield _Stratum(name=f"{bins.field} is missing", predicate=f"{name} IS NULL")
    if facts["n_nan"]:
        yield _Stratum(name=f"{bins.field} is NaN", predicate=f"isnan({name})")


def _facts(session: Session, version: VersionRecord, bins: Bins) -> dict[str, Any]:
    parts = bins.quantiles or 1
    fractions = [index / parts for index in range(parts + 1)]
    field = identifier(bins.field)
    query = statement("queries/suites", "field_facts").fill(field=field, number=Fragment(f"{field}::DOUBLE"))
    return dict(session.table(query, files=_paths(session, version), fractions=fractions).to_pylist()[0])


def _edges(bins: Bins, facts: Mapping[str, Any]) -> list[Any]:
    least, greatest = facts["least"], facts["greatest"]
    if bins.quantiles is not None:
        return sorted(set(facts["quantiles"]))
    n_bins = bins.widths or 1
    # Each end is divided by itself: the distance of two huge numbers may be infinite.
    step = float(greatest) / n_bins - float(least) / n_bins
    inner = [float(least) + step * index for index in range(1, n_bins)]
    return sorted({least, *(edge for edge in inner if least < edge < greatest), greatest})


def _below(field: str, edge: Any, lowest: float | None) -> Iterator[_Stratum]:
    if lowest is not None and lowest < edge:
        yield _Stratum(name=f"{field} < {_shown(edge)}", predicate=f"{identifier(field)} < {literal(edge)}")


def _above(field: str, edge: Any, highest: float | None) -> Iterator[_Stratum]:
    """Yield the range from an edge on, without NaN, which DuckDB holds for greater than every number."""
    if highest is not None and highest >= edge:
        name = identifier(field)
        predicate = f"{name} >= {literal(edge)} AND NOT isnan({name}::DOUBLE)"
        yield _Stratum(name=f"{field} >= {_shown(edge)}", predicate=predicate)


def _between(bins: Bins, edges: Sequence[Any]) -> Iterator[_Stratum]:
    name = identifier(bins.field)
    if len(edges) == 1 and bins.edges is None:
        yield _Stratum(name=f"{bins.field} = {_shown(edges[0])}", predicate=f"{name} = {literal(edges[0])}")
    for low, high in pairwise(edges):
        is_last = bins.edges is None and high == edges[-1]
        sign, bracket = ("<=", "]") if is_last else ("<", ")")
        yield _Stratum(
            name=f"{bins.field} in [{_shown(low)}, {_shown(high)}{bracket}",
            predicate=f"{name} >= {literal(low)} AND {name} {sign} {literal(high)}",
        )


def _paths(session: Session, version: VersionRecord) -> list[str]:
    return [str(file.path(session.root)) for file in files_of(session, version.sample_files)]


def _plain(number: float) -> float:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value + 0.0:.6g}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if text.isprintable() and text.strip() == text and text else repr(text)


def _unique(name: str, taken: set[str]) -> str:
    """Return a name that is visible, fits and is not taken: names don't differ by case alone."""
    name = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in name)
    short = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}… {sha256_of_text(name)[:8]}"
    found, number = short, 1
    while found.lower() in taken:
        number += 1
        found = f"{short} ({number})"
    taken.add(found.lower())
    return found
