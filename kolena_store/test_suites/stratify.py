"""Stratifying: one test case for each value, or range of values, of some fields, written as views that can be saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kolena_store.database import Session
from kolena_store.datasets import VersionRecord
from kolena_store.digests import sha256_of_text
from kolena_store.errors import InvalidInput
from kolena_store.statements import Fragment, identifier, statement
from kolena_store.test_suites.bins import Bins
from kolena_store.test_suites.crossing import CutInto, crossed
from kolena_store.test_suites.dates import by_date
from kolena_store.test_suites.elements import by_element
from kolena_store.test_suites.fields import CutField, cut_field
from kolena_store.test_suites.strata import Stratum, by_value, no_ranges, ranges

__all__ = ["Stratified", "stratified"]

LONGEST_NAME = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratified:
    """The text of a suite that was made by fields, and what to know of it."""

    text: str
    notes: tuple[str, ...]


def stratified(
    session: Session, version: VersionRecord, by: Sequence["str | Bins"], *, cross: bool = False
) -> Stratified:
    """Return the CREATE VIEW statements for each field in turn: one view for each value or range, and for missing ones.

    With `cross`, one for each combination of these that occurs.

    Raises:
        MissingColumns: a field does not exist.
        InvalidInput: a field has too many values, or they are too many combinations, or ranges were asked of a field
            without numbers or dates.
    """
    notes: list[str] = []
    cuts = [_cut(session, version, one, notes) for one in by]
    if cross and len(cuts) < 2:
        raise InvalidInput("fields are crossed from two on; name another field, or leave cross= (--cross) away")
    strata = crossed(cuts, notes) if cross else [stratum for cut in cuts for stratum in cut.strata]
    template = statement("queries/suites", "stratum")
    taken: set[str] = set()
    views = [
        template.fill(name=identifier(_unique(one.name, taken)), predicate=Fragment(one.predicate)) for one in strata
    ]
    return Stratified(text="\n".join(views) + "\n", notes=tuple(notes))


def _cut(session: Session, version: VersionRecord, one: "str | Bins", notes: list[str]) -> CutInto:
    import duckdb

    field = cut_field(session, version, one.field if isinstance(one, Bins) else one)
    try:
        return CutInto(field=field, strata=tuple(_strata(field, one if isinstance(one, Bins) else None, notes)))
    except (OverflowError, duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        cause = str(error).splitlines()[0]
        raise InvalidInput(
            f"{field.name!r} holds dates beyond the years 1 to 9999 ({cause}); "
            "write the ranges as views in a suite file"
        ) from error


def _strata(field: CutField, bins: Bins | None, notes: list[str]) -> Iterator[Stratum]:
    if field.is_list:
        return by_element(field, bins, notes)
    if not field.is_plain:
        raise InvalidInput(
            f"{field.name!r} holds {field.kind}, which has no plain values to make test cases of; name a plain field, "
            "or write the test cases in a suite file"
        )
    if field.has_dates:
        return by_date(field, bins)
    if bins is None:
        return by_value(field)
    if field.kind.startswith("TIME"):
        raise InvalidInput(no_ranges(field))
    if bins.has_dates or not field.is_number:
        what = "dates" if bins.has_dates else "ranges"
        raise InvalidInput(f"{field.name!r} holds {field.kind}, which has no {what}; name the field alone")
    return ranges(field, bins)


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
