"""How precise a query's answer is: from what each sample adds to its sums, or by asking it of samples drawn again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Samples, Words, from_flags, to_flags
from kolena_store.metrics.counting import Codes, Counts, count_many
from kolena_store.metrics.repeated_rows import RepeatedRows
from kolena_store.metrics.sums import Floats
from kolena_store.metrics.user.additive import CASE, AdditiveQuery, Aggregate
from kolena_store.metrics.user.answers import AnswerSpread
from kolena_store.metrics.user.sums import SampleSums
from kolena_store.statements import Fragment, identifier, joined, statement
from kolena_store.statistics.smooth import dot, summed

if TYPE_CHECKING:
    import duckdb

__all__ = ["SideSums", "bootstrapped", "difference_spreads", "influences", "linearised"]

DRAWS = 200
LEAST_SHARE_DEFINED = 0.95
ROUNDING = 1e-9
"""Of averages of several answers, such as thirds."""

STEP = 1e-5
"""Of a term, relative to its size: differences of the metric at either side are exact to about the square of it."""


def linearised(
    connection: "duckdb.DuckDBPyConnection",
    query: AdditiveQuery,
    sums: SampleSums,
    *,
    members: Words,
    clusters: Codes | None,
) -> list[AnswerSpread]:
    """Return the spread of an additive query on every test case, from the squared influences of its samples.

    The influence of a sample is what it adds to each sum times the value's derivative by that sum, about their mean
    (Woodruff 1971); those of one cluster are added up first.
    """
    return [
        _of_influences(moved, samples, clusters)
        for moved, samples in influences(connection, query, sums, members=members)
    ]


def influences(
    connection: "duckdb.DuckDBPyConnection", query: AdditiveQuery, sums: SampleSums, *, members: Words
) -> Iterator[tuple[Floats, Samples]]:
    """Return for each test case how much each of its answered samples moves the value, and the samples.

    The connection is asked at once, while its view shows these samples.
    """
    slopes = _slopes(connection, query, sums)
    added = [sums.contributions(one) for one in query.aggregates]
    return _influences(query, sums, members, slopes, added=added)


@dataclass(frozen=True, kw_only=True)
class SideSums:
    """The sums of one of two models over the samples [0, size), or over `rows` where samples have several answers."""

    sums: SampleSums
    rows: RepeatedRows | None
    size: int

    def contributions(self, one: Aggregate) -> Floats:
        """Return what each sample adds to an aggregate: of several answers their average."""
        added = self.sums.contributions(one)
        if self.rows is not None:
            return self.rows.averages(added)
        dense = np.zeros(self.size)
        dense[self.sums.samples] = added
        return dense

    def by_sample(self, moved: Floats, places: Samples) -> tuple[Floats, Samples]:
        """Return how much each sample moves a value, and the samples, given how much each of the sums' rows does."""
        if self.rows is None:
            return moved, places
        samples, first = np.unique(self.rows.samples[places], return_inverse=True)
        return summed(first.astype(np.int64), moved, len(samples)), samples


def difference_spreads(
    query: AdditiveQuery,
    sides: tuple[SideSums, SideSums],
    moved: tuple[Iterator[tuple[Floats, Samples]], Iterator[tuple[Floats, Samples]]],
    *,
    members: Words,
    clusters: Codes | None,
) -> list[AnswerSpread]:
    """Return the spread of the difference of two models' values on every test case, paired by sample.

    A query of nothing but counts also tells how many samples count otherwise for one model than for the other.
    """
    is_counted = all(one.kind in ("count", "count_if") for one in query.aggregates)
    differing = _differing(query.aggregates, sides, members) if is_counted else None
    found = []
    for case, of_sides in enumerate(zip(*moved, strict=True)):
        (first, samples), (second, _) = (side.by_sample(*one) for side, one in zip(sides, of_sides, strict=True))
        n_differing = int(differing[case]) if differing is not None else None
        found.append(replace(_of_influences(first - second, samples, clusters), n_differing=n_differing))
    return found


def _influences(
    query: AdditiveQuery, sums: SampleSums, members: Words, slopes: Floats, *, added: Sequence[Floats]
) -> Iterator[tuple[Floats, Samples]]:
    for case, words in enumerate(members):
        is_chosen = to_flags(words, sums.size)[sums.samples]
        yield _influence(query.aggregates, added, slopes[case], is_chosen), sums.samples[is_chosen]


def _differing(aggregates: Sequence[Aggregate], sides: tuple[SideSums, SideSums], members: Words) -> Counts:
    """Return how many members of each test case count otherwise on one side, among those that both answered."""
    is_other = np.zeros(sides[0].size, dtype=np.bool_)
    for one in aggregates:
        first, second = (side.contributions(one) for side in sides)
        is_other |= np.abs(first - second) > ROUNDING
    return count_many(members, from_flags(is_other)[np.newaxis])[:, 0]


def bootstrapped(
    samples: Samples, clusters: Codes | None, seed: int, value_of: "Callable[[pa.Table], float | None]"
) -> AnswerSpread:
    """Return the standard deviation of a query's value over samples (or whole clusters) that are drawn again.

    As many units are drawn as there are, with their multiplicities (Efron 1979). NaN when more than one draw in twenty
    has no value.

    Args:
        samples: those of the test case.
        clusters: the cluster of every `_sample`.
        seed: of the draws.
        value_of: the query's value on a table of samples, `_sample` and `times`.
    """
    units = np.arange(len(samples)) if clusters is None else np.unique(clusters[samples], return_inverse=True)[1]
    n_units = int(units.max()) + 1 if len(units) else 0
    random = np.random.default_rng(seed)
    values = np.full(DRAWS, np.nan)
    for draw in range(DRAWS if n_units > 1 else 0):
        times = np.bincount(random.integers(n_units, size=n_units), minlength=n_units)[units]
        value = value_of(pa.table({"_sample": samples, "times": times}))
        values[draw] = np.nan if value is None else value
    known = values[np.isfinite(values)]
    is_enough = known.size >= LEAST_SHARE_DEFINED * DRAWS
    return AnswerSpread(kind="bootstrap", error=float(known.std(ddof=1)) if is_enough else np.nan, n_units=n_units)


def _slopes(connection: "duckdb.DuckDBPyConnection", query: AdditiveQuery, sums: SampleSums) -> Floats:
    """Return the derivative of the value by each sum: [test cases, sums]; 0 where the value ends at either side.

    All points are answered by one query: two for each sum of each test case.
    """
    totals = np.column_stack([_numbers(sums.term(one)) for one in query.aggregates])
    n_cases, n_terms = totals.shape
    steps = STEP * np.maximum(np.abs(np.nan_to_num(totals)), sums.typical(query.aggregates))
    points = np.repeat(totals[:, np.newaxis, :], 2 * n_terms, axis=1)
    for term in range(n_terms):
        points[:, 2 * term, term] += steps[:, term]
        points[:, 2 * term + 1, term] -= steps[:, term]
    values = _values(connection, query, points.reshape(-1, n_terms)).reshape(n_cases, n_terms, 2)
    return np.nan_to_num((values[:, :, 0] - values[:, :, 1]) / (2 * steps))


def _values(connection: "duckdb.DuckDBPyConnection", query: AdditiveQuery, points: Floats) -> Floats:
    columns = {f"t{term}": pa.array(column, from_pandas=True) for term, column in enumerate(points.T)}
    connection.register("given_terms", pa.table({CASE: np.arange(len(points)), **columns}))
    try:
        named = joined(Fragment(identifier(name)) for name in columns)
        connection.execute(statement("queries/user_metrics", "term_values").fill(columns=named))
    finally:
        connection.unregister("given_terms")
    relation = connection.sql(query.outer)
    position = [name.lower() for name in relation.columns].index("value")
    found = np.full(len(points), np.nan)
    for row in relation.fetchall():
        found[row[-1]] = np.nan if row[position] is None else float(row[position])
    return found


def _influence(
    aggregates: Sequence[Aggregate], added: Sequence[Floats], slopes: Floats, is_chosen: NDArray[np.bool_]
) -> Floats:
    """Return how much each chosen sample moves the value."""
    moved = np.zeros(int(is_chosen.sum()))
    for one, values, slope in zip(aggregates, added, slopes.tolist(), strict=True):
        if slope:
            moved += slope * _about_mean(values[is_chosen], is_average=one.kind == "avg")
    return moved


def _about_mean(values: Floats, *, is_average: bool) -> Floats:
    """Return what each sample adds to a sum, about the mean; to an average, which only those with a value move."""
    if not is_average:
        return values - values.mean() if values.size else values
    is_known = ~np.isnan(values)
    if not is_known.any():
        return np.zeros_like(values)
    return np.asarray(np.where(is_known, values - values[is_known].mean(), 0.0) / is_known.sum())


def _of_influences(moved: Floats, samples: Samples, clusters: Codes | None) -> AnswerSpread:
    if clusters is not None:
        places = np.unique(clusters[samples], return_inverse=True)[1].astype(np.int64)
        moved = summed(places, moved, int(places.max()) + 1) if places.size else moved
    n_units = len(moved)
    error = np.sqrt(dot(moved, moved) * n_units / (n_units - 1)) if n_units > 1 else np.nan
    return AnswerSpread(kind="linearised", error=float(error), n_units=n_units)


def _numbers(column: pa.Array) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
