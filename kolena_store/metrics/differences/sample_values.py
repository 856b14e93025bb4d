"""What single samples count for in a metric: success or not, or what each adds to a mean."""

import numpy as np

from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.differences.outcomes import trials_and_successes
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.statistics.smooth import Numbers

__all__ = ["sample_values"]


def sample_values(evidence: Evidence, metric: MetricDefinition, class_place: int) -> Numbers | None:
    """Return what each `_sample` counts for, NaN where it does not: 1 and 0 in a proportion, a term of a sum.

    Of several answers to a sample, their average. None for a metric that is neither a proportion nor made of one sum.

    Args:
        evidence: the model's.
        metric: the metric.
        class_place: the class that it is asked of; -1 is the whole.
    """
    found = _values_of_rows(evidence, metric, class_place)
    return None if found is None else evidence.columns.by_sample(found)


def _values_of_rows(evidence: Evidence, metric: MetricDefinition, class_place: int) -> Numbers | None:
    counted = trials_and_successes(evidence, metric, class_place)
    if counted is not None:
        trials, successes = counted
        return np.where(trials, successes.astype(np.float64), np.nan)
    summed = [term for term in evidence.definitions_of(metric) if term.kind == "sum"]
    if len(summed) != 1:
        return None
    (term,) = summed
    if term.each:
        return None if class_place < 0 else evidence.columns.element_numbers[term.expression][class_place]
    return evidence.columns.numbers[term.expression]
