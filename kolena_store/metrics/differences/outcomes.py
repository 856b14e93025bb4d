"""What each sample counts for on either side: whether it is a success, and whether the two models count it alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Flags, Words, from_flags
from kolena_store.metrics.counting import Counts, count_many
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.differences.sides import Pair, PairedRows, codes_in_first
from kolena_store.metrics.expressions import gradient_of
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.statistics.smooth import Numbers

__all__ = ["Discordant", "counts_of_rows", "differing", "discordant", "is_counted", "trials_and_successes"]

ROUNDING = 1e-9
"""Of averages of several answers, such as thirds."""


@dataclass(frozen=True, kw_only=True)
class Discordant:
    """How many samples of each row are a success of the first side alone, and of the second side alone."""

    first_only: Numbers
    second_only: Numbers


def is_counted(evidence: Evidence, metric: MetricDefinition) -> bool:
    """Return whether all terms of a metric are counts of samples, or of their elements."""
    return all(term.kind == "count" for term in evidence.definitions_of(metric))


def discordant(pair: Pair, rows: PairedRows) -> Discordant | None:
    """Return the discordant samples of a proportion whose trials are the same samples on both sides.

    None where they are not, as for precision, whose trials are what each model predicts.
    """
    planes: list[Words] = []
    for first_class, second_class in rows.class_pairs:
        first = trials_and_successes(pair.first.evidence, rows.metric, first_class)
        second = trials_and_successes(pair.second.evidence, rows.metric, second_class)
        if first is None or second is None or _any_member(pair, first[0] != second[0]):
            return None
        planes += [from_flags(first[1] & ~second[1]), from_flags(second[1] & ~first[1])]
    counts = count_many(pair.members, np.stack(planes))
    return Discordant(
        first_only=counts_of_rows(rows, counts[:, ::2]), second_only=counts_of_rows(rows, counts[:, 1::2])
    )


def differing(pair: Pair, rows: PairedRows) -> Numbers:
    """Return how many samples of each row count otherwise for one model than for the other, in counts.

    Of several answers to a sample, what they count for on average.
    """
    first, second = pair.first.evidence, pair.second.evidence
    mapping, planes = codes_in_first(pair), []
    own_numbers = np.arange(len(first.classes.names))
    for first_class, second_class in rows.class_pairs:
        is_other = np.zeros(1, dtype=np.bool_)
        for term in first.definitions_of(rows.metric):
            if first_class >= 0 and term.is_of_class:
                here = _of_class(first.columns, term, first_class).astype(np.float64)
                there = _of_class(second.columns, term, second_class).astype(np.float64)
            else:
                here, there = _marks(first.columns, term, own_numbers), _marks(second.columns, term, mapping)
            apart = first.columns.by_sample(here) - second.columns.by_sample(there)
            is_other = is_other | (np.abs(apart) > ROUNDING)
        planes.append(from_flags(np.asarray(is_other)))
    return counts_of_rows(rows, count_many(pair.members, np.stack(planes)))


def counts_of_rows(rows: PairedRows, counts: Counts) -> Numbers:
    """Return the counts[test cases, class pairs] that belong to each row."""
    places = {pair: place for place, pair in enumerate(rows.class_pairs)}
    columns = [places[key] for key in zip(rows.classes.tolist(), rows.second_classes.tolist(), strict=True)]
    return counts[rows.cases, columns].astype(np.float64)


def trials_and_successes(evidence: Evidence, metric: MetricDefinition, class_place: int) -> tuple[Flags, Flags] | None:
    """Return which samples are trials of a proportion and which of them successes; None: not each one or none."""
    successes = metric.interval.successes
    texts = (metric.n, successes) if successes is not None else ()
    found = [_added(evidence, metric, str(text), class_place) for text in texts]
    if not found or any(one is None or one.min(initial=0) < 0 or one.max(initial=0) > 1 for one in found):
        return None
    trials, wins = (np.asarray(one == 1) for one in found)
    return trials, wins


def _added(evidence: Evidence, metric: MetricDefinition, text: str, class_place: int) -> Numbers | None:
    """Return what each sample adds to an expression that is linear in counts, by `_sample`; None: it is not."""
    terms = evidence.terms_for(metric, slice(0, 1))
    gradient = gradient_of(text, {name: np.ones_like(values) for name, values in terms.items()})
    elsewhere = gradient_of(text, {name: np.full_like(values, 2.0) for name, values in terms.items()})
    slopes = {term.name: gradient.by_term[term.name][0] for term in evidence.definitions_of(metric)}
    is_linear = all(np.array_equal(slope, elsewhere.by_term[name][0]) for name, slope in slopes.items())
    if not is_linear:
        return None
    added = np.zeros(evidence.columns.size)
    for term in evidence.definitions_of(metric):
        if not slopes[term.name].any():
            continue
        if term.kind != "count":
            return None
        added += _times_slope(evidence, metric, term, slopes[term.name], class_place=class_place)
    return added


def _times_slope(
    evidence: Evidence, metric: MetricDefinition, term: TermDefinition, slope: Numbers, *, class_place: int
) -> Numbers:
    """Return what each sample counts for in a term, times the slope of the term (of its class)."""
    columns = evidence.columns
    if class_place >= 0:
        counted = _of_class(columns, term, class_place) if term.is_of_class else columns.flags[term.expression]
        return np.asarray(slope[class_place] * counted)
    if not term.is_of_class:
        return np.asarray(slope[0] * columns.flags[term.expression])
    classes = evidence.reported if metric.level == "classes" else range(len(evidence.classes.names))
    total = np.zeros(columns.size)
    for code, one in zip(classes, slope.tolist(), strict=True):
        total += one * _of_class(columns, term, code)
    return total


def _of_class(columns: SampleColumns, term: TermDefinition, code: int) -> Flags:
    """Return which samples count in a class of a term."""
    if term.each:
        return np.asarray(columns.element_flags[term.expression][code])
    return np.asarray(columns.flags[term.expression] & (columns.codes[term.by[0]] == code))


def _marks(columns: SampleColumns, term: TermDefinition, numbers: NDArray[np.int64]) -> Numbers:
    """Return a number for what each row counts for in a term, the same for the same classes, and 0 for nothing.

    Each class has a number at random, so that averages of several rows are alike for the same classes alone. `numbers`
    has those of the model's classes that hold for both models.
    """
    if not term.is_of_class:
        return columns.flags[term.expression].astype(np.float64)
    marks = np.random.default_rng(0).random(int(numbers.max(initial=0)) + 1)[numbers] + 1
    if term.each:
        total = np.zeros(columns.size)
        for mark, flags in zip(marks.tolist(), columns.element_flags[term.expression], strict=True):
            total += mark * flags
        return total
    codes = columns.codes[term.by[0]]
    return np.where(columns.flags[term.expression] & (codes >= 0), np.append(marks, 0.0)[codes], 0.0)


def _any_member(pair: Pair, flags: Flags) -> bool:
    """Return whether any of the flagged samples belongs to a test case."""
    words = from_flags(flags)
    return bool(words.any()) and bool(count_many(pair.members, words[np.newaxis]).any())
