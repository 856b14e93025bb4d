"""Fields crossed: a test case for each combination of their values or ranges that occurs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kolena_store.errors import InvalidInput, shown
from kolena_store.statements import Fragment, Statement, identifier, joined, literal, statement
from kolena_store.test_suites.fields import CutField
from kolena_store.test_suites.strata import Stratum

__all__ = ["MOST_CELLS", "CutInto", "crossed"]

MOST_CELLS = 200
"""So many combinations make a suite that can still be read; each has an interval to be computed, too."""

FEW = 30
"""A test case of fewer samples says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutInto:
    """A field and the test cases that it makes; those of lists overlap, the others never do."""

    field: CutField
    strata: tuple[Stratum, ...]


def crossed(cuts: Sequence[CutInto], notes: list[str]) -> list[Stratum]:
    """Return a test case for each combination that occurs, in the order of the fields' own.

    Args:
        cuts: the fields.
        notes: gets a sentence on combinations with few samples.

    Raises:
        InvalidInput: they are too many.
    """
    cells = list(_cells(cuts))
    if len(cells) > MOST_CELLS:
        sizes = " x ".join(f"{cut.field.name} ({len(cut.strata):,})" for cut in cuts)
        raise InvalidInput(
            f"{sizes}: {_count(cuts):,} combinations occur, more than {MOST_CELLS}; cross fewer fields, or cut them "
            "into fewer ranges, as in age:0,18,65, income:quantiles=3 or taken:year"
        )
    named = [(_joined([cuts[i].strata[code] for i, code in enumerate(codes)]), n) for codes, n in cells]
    small = sorted((n, stratum.name) for stratum, n in named if n < FEW)
    if small:
        notes.append(
            f"{len(small):,} of {len(named):,} combinations have fewer than {FEW} samples, which say little: "
            f"{shown([f'{name} (n {n:,})' for n, name in small], str)}"
        )
    return [stratum for stratum, _ in named]


def _joined(strata: Sequence[Stratum]) -> Stratum:
    return Stratum(name=", ".join(one.name for one in strata), predicate=" AND ".join(one.predicate for one in strata))


def _cells(cuts: Sequence[CutInto]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield the combinations that occur, as places in each field's test cases, and how many samples each has."""
    names = _names(cuts)
    rows = _rows(cuts, statement("queries/suites", "cells"), most=MOST_CELLS + 1)
    return ((tuple(row[name] for name in names), row["n"]) for row in rows)


def _count(cuts: Sequence[CutInto]) -> int:
    return int(_rows(cuts, statement("queries/suites", "count_cells"))[0]["n_cells"])


def _rows(cuts: Sequence[CutInto], query: Statement, **parameters: object) -> list[dict[str, int]]:
    columns = [identifier(name) for name in _names(cuts)]
    present = joined((Fragment(f"{column} IS NOT NULL") for column in columns), " AND ")
    fragments = {"columns": joined(columns), "coded": _coded(cuts), "present": present}
    return cuts[0].field.rows(query, fragments, **parameters)


def _names(cuts: Sequence[CutInto]) -> list[str]:
    return [f"_cut{index}" for index in range(len(cuts))]


def _coded(cuts: Sequence[CutInto]) -> Fragment:
    """Return the query of every sample's place in each field's test cases: a row for each element of its lists."""
    types = cuts[0].field.version.types
    roots = dict.fromkeys(cut.field.root for cut in cuts)
    columns = joined(Fragment(f"{identifier(root)}::{types[root]} AS {identifier(root)}") for root in roots)
    codes = joined(
        Fragment(f"{_code(cut)} AS {identifier(name)}") for name, cut in zip(_names(cuts), cuts, strict=True)
    )
    query = statement("queries/suites", "coded_samples").fill(columns=columns, codes=codes)
    for name, cut in zip(_names(cuts), cuts, strict=True):
        if cut.field.is_list:
            query = statement("queries/suites", "unnested").fill(column=identifier(name), query=query)
    return query


def _code(cut: CutInto) -> str:
    whens = [f"WHEN {one.predicate} THEN {literal(place)}" for place, one in enumerate(cut.strata)]
    if not cut.field.is_list:
        return f"CASE {' '.join(whens)} END" if whens else "NULL::INTEGER"
    return f"[{', '.join(f'CASE {when} END' for when in whens) or 'NULL::INTEGER'}]"
