"""Terms of matched objects: statistics of precision, recall and mistakes, for every test case and class."""

from collections.abc import Callable, Sequence

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.matching.objects import Floats
from kolena_store.membership.bitmaps import Words, to_flags
from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.objects.curves import CaseCurves
from kolena_store.metrics.objects.hits import Weights
from kolena_store.metrics.objects.values import STATISTICS, ObjectStatistics

__all__ = ["case_statistics", "image_weights", "object_terms"]


def object_terms(
    curves: CaseCurves | None, terms: Sequence[TermDefinition], members: Words, *, weights: Floats | None = None
) -> dict[str, Floats]:
    """Return the terms of matches among some terms: float64[test cases, classes]; NaN where one is not defined.

    Args:
        curves: the matches of one model; None when no term needs them.
        terms: of any kind.
        members: the samples of each test case.
        weights: how much each `_sample` counts; None when all count alike.

    Raises:
        InvalidInput: a term names a statistic that does not exist.
    """
    wanted = {term.name: str(term.kernel) for term in terms if term.kind == "matches"}
    if curves is None or not wanted:
        return {}
    unknown = [name for name in wanted.values() if name not in STATISTICS]
    if unknown:
        raise InvalidInput(f"a term names the statistic {unknown[0]!r} of matches; there are {', '.join(STATISTICS)}")
    statistics = case_statistics(curves, list(dict.fromkeys(wanted.values())))
    whole = curves.whole
    found = {name: np.zeros((len(members), whole.n_classes)) for name in wanted}

    def measure_part(start: int, stop: int) -> None:
        for case in range(start, stop):
            values = statistics(case).on(image_weights(members[case], whole.size, weights))
            for name, statistic in wanted.items():
                found[name][case] = values.value(statistic)

    run_in_parts(measure_part, len(members))
    return found


def case_statistics(curves: CaseCurves, wanted: Sequence[str]) -> Callable[[int], ObjectStatistics]:
    """Return what gives the statistics of a test case by its place; all are made at once."""
    whole = ObjectStatistics(curves.whole, wanted)
    own = {case: ObjectStatistics(one, wanted) for case, one in curves.of_cases.items()}
    return lambda case: own.get(case, whole)


def image_weights(members: Words, size: int, weights: Floats | None) -> Weights:
    """Return how often each sample counts in a test case."""
    flags = to_flags(members, size)
    return flags.astype(np.int32) if weights is None else np.where(flags, weights, 0.0)
