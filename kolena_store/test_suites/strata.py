"""The test cases of one field: for each value, or range of values, and for missing ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kolena_store.errors import InvalidInput
from kolena_store.statements import Fragment, identifier, literal, statement
from kolena_store.test_suites.bins import MOST_VALUES, Bins
from kolena_store.test_suites.fields import CutField

__all__ = ["MOST_PLAIN_NUMBERS", "Stratum", "by_value", "missing", "no_ranges", "ranges", "same", "shown_value"]

MOST_PLAIN_NUMBERS = 20
DEFAULT_QUANTILES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A test case to be: what it is called, and the condition on a sample."""

    name: str
    predicate: str


def missing(field: CutField) -> Stratum:
    """Return the test case of the samples without a value."""
    return Stratum(name=f"{field.name} is missing", predicate=f"{field.value} IS NULL")


def by_value(field: CutField) -> Iterator[Stratum]:
    """Yield a test case for each value; numbers with many values are cut into quarters.

    Raises:
        InvalidInput: there are too many values.
    """
    fragments = {"field": field.in_files, "kind": Fragment(field.kind)}
    rows = field.rows(statement("queries/suites", "field_values"), fragments, most=MOST_VALUES + 2)
    values = [row["value"] for row in rows if row["value"] is not None and row["value"] == row["value"]]
    if field.is_number and len(values) > MOST_PLAIN_NUMBERS:
        return ranges(field, Bins(field=field.name, quantiles=DEFAULT_QUANTILES))
    if len(values) > MOST_VALUES and field.kind.startswith("TIME"):
        raise InvalidInput(f"{field.name!r} has more than {MOST_VALUES} different values; {no_ranges(field)}")
    if len(values) > MOST_VALUES:
        raise InvalidInput(
            f"{field.name!r} has more than {MOST_VALUES} different values; choose a coarser field, "
            "or write the test cases that matter in a suite file"
        )
    return _values(field, [(row["value"], row["text"]) for row in rows])


def no_ranges(field: CutField) -> str:
    """Return why times of day are not cut into ranges, and the view to write in the place of that."""
    moment = "12:00:00"
    since = Fragment(f"{field.value} >= {literal(moment)}::{field.kind}")
    view = statement("queries/suites", "stratum").fill(
        name=identifier(f"{field.name} from {moment} on"), predicate=since
    )
    return (
        f"ranges of {field.kind} in {field.name!r} are not made for you yet: "
        f"write a view for each in a suite file, such as {view}"
    )


def same(field: CutField, value: Any, text: str) -> Fragment:
    """Return a value of the field, or of its lists, as a literal."""
    return field.typed(text) if field.is_typed else literal(value)


def _values(field: CutField, values: Sequence[tuple[Any, str]]) -> Iterator[Stratum]:
    for value, text in values:
        if value is None:
            yield missing(field)
        elif value != value:
            yield Stratum(name=f"{field.name} is NaN", predicate=f"isnan({field.value})")
        else:
            shown = shown_value(text if field.is_typed else value)
            yield Stratum(name=f"{field.name} = {shown}", predicate=f"{field.value} = {same(field, value, text)}")


def ranges(field: CutField, bins: Bins) -> Iterator[Stratum]:
    """Yield a test case for each range of numbers, and for those that are none."""
    facts = _facts(field, bins)
    if bins.edges is not None:
        yield from _below(field, bins.edges[0], facts["lowest"])
        yield from _between(field, bins.edges, has_end=False)
        yield from _above(field, bins.edges[-1], facts["highest"])
    elif facts["least"] is not None:
        yield from _between(field, _edges(bins, facts), has_end=True)
    if bins.edges is None and facts["n_infinite"]:
        yield Stratum(name=f"{field.name} is infinite", predicate=f"isinf({field.value})")
    if facts["n_null"]:
        yield missing(field)
    if facts["n_nan"]:
        yield Stratum(name=f"{field.name} is NaN", predicate=f"isnan({field.value})")


def _facts(field: CutField, bins: Bins) -> dict[str, Any]:
    parts = bins.quantiles or 1
    fractions = [index / parts for index in range(parts + 1)]
    fragments = {"field": field.in_files, "number": Fragment(f"({field.in_files})::DOUBLE")}
    return field.rows(statement("queries/suites", "field_facts"), fragments, fractions=fractions)[0]


def _edges(bins: Bins, facts: Mapping[str, Any]) -> list[Any]:
    least, greatest = facts["least"], facts["greatest"]
    if bins.quantiles is not None:
        return sorted(set(facts["quantiles"]))
    n_bins = bins.widths or 1
    # Each end is divided by itself: the distance of two huge numbers may be infinite.
    step = float(greatest) / n_bins - float(least) / n_bins
    inner = [float(least) + step * index for index in range(1, n_bins)]
    return sorted({least, *(edge for edge in inner if least < edge < greatest), greatest})


def _below(field: CutField, edge: Any, lowest: float | None) -> Iterator[Stratum]:
    if lowest is not None and lowest < edge:
        yield Stratum(name=f"{field.name} < {shown_value(edge)}", predicate=f"{field.value} < {literal(edge)}")


def _above(field: CutField, edge: Any, highest: float | None) -> Iterator[Stratum]:
    """Yield the range from an edge on, without NaN, which DuckDB holds for greater than every number."""
    if highest is not None and highest >= edge:
        predicate = f"{field.value} >= {literal(edge)} AND NOT isnan({field.value}::DOUBLE)"
        yield Stratum(name=f"{field.name} >= {shown_value(edge)}", predicate=predicate)


def _between(field: CutField, edges: Sequence[Any], *, has_end: bool) -> Iterator[Stratum]:
    """Yield the ranges between edges; the last one with its end, where no range above it follows."""
    if len(edges) == 1 and has_end:
        yield Stratum(name=f"{field.name} = {shown_value(edges[0])}", predicate=f"{field.value} = {literal(edges[0])}")
    for low, high in pairwise(edges):
        sign, bracket = ("<=", "]") if has_end and high == edges[-1] else ("<", ")")
        yield Stratum(
            name=f"{field.name} in [{shown_value(low)}, {shown_value(high)}{bracket}",
            predicate=f"{field.value} >= {literal(low)} AND {field.value} {sign} {literal(high)}",
        )


def shown_value(value: object) -> str:
    """Return a value as the name of a test case shows it."""
    if isinstance(value, float):
        return f"{value + 0.0:.6g}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if text.isprintable() and text.strip() == text and text else repr(text)
