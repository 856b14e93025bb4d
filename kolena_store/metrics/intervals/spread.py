"""Variances from the samples themselves: linearised, or by leaving out one cluster after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.expressions import Gradient, value_of
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.kernel_influence import KernelInfluence
from kolena_store.metrics.intervals.samples import CaseSamples
from kolena_store.statistics.smooth import Numbers, dot, jackknife_variance

__all__ = ["Spread", "cluster_sums", "is_measured", "slopes_of_row", "spreads", "values_without"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The variance of a metric on every test case: [cases, 1], or [cases, classes] for a metric of each class.

    `n_units` is how many independent units (clusters, or samples) each rests on.
    """

    variance: Numbers
    n_units: Numbers


def spreads(evidence: Evidence, metrics: Sequence[MetricDefinition]) -> list[Spread]:
    """Return the spread of some metrics; each test case's samples are read once for all of them.

    Without clusters it is the sum of the squared influences of the samples (Woodruff 1971), times n / (n - 1). With
    clusters a metric over sums is computed without each cluster in turn (the jackknife; Efron and Stein 1981), and one
    over kernels by the influences summed over each cluster.
    """
    gradients = [evidence.gradient(metric) for metric in metrics]
    counts = [value_of(metric.n, evidence.terms_for(metric)) for metric in metrics]
    found = [np.full((2, *gradient.value.shape), np.nan) for gradient in gradients]
    kernels = KernelInfluence(evidence.columns, evidence.design)

    def spread_part(start: int, stop: int) -> None:
        for case in range(start, stop):
            samples = CaseSamples(evidence, kernels, case)
            for metric, gradient, n, spread in zip(metrics, gradients, counts, found, strict=True):
                spread[:, case] = _spread(evidence, samples, metric, gradient, n=n[case], case=case)

    run_in_parts(spread_part, len(evidence.members), smallest_part=4)
    return [Spread(variance=variance, n_units=n_units) for variance, n_units in found]


def _spread(
    evidence: Evidence, samples: CaseSamples, metric: MetricDefinition, gradient: Gradient, *, n: Numbers, case: int
) -> Numbers:
    """Return the variance and the number of units, [2, 1] or [2, classes]."""
    terms = evidence.definitions_of(metric)
    has_kernel = any(term.kind == "kernel" for term in terms)
    if evidence.design.clusters is not None and not has_kernel:
        return _without_each_cluster(evidence, samples, metric, case)
    is_of_class = metric.level in ("class", "class, positive")
    rows: Sequence[int | None] = range(gradient.value.shape[1]) if is_of_class else [None]
    derivatives = [slopes_of_row(evidence, metric, gradient, case, index=index) for index in rows]
    return np.array([_squares(samples, terms, row, count) for row, count in zip(derivatives, n, strict=True)]).T


def slopes_of_row(
    evidence: Evidence, metric: MetricDefinition, gradient: Gradient, case: int, *, index: int | None
) -> dict[str, Numbers]:
    """Return a metric's derivatives by its terms on one test case, of one class or (None) of the whole.

    Those by terms of classes have an entry for every class, 0 for those that don't enter.
    """
    terms = evidence.definitions_of(metric)
    derivatives = _row(gradient, terms, case, index)
    return _of_all_classes(evidence, terms, derivatives) if metric.level == "classes" else derivatives


def _row(gradient: Gradient, terms: Sequence[TermDefinition], case: int, index: int | None) -> dict[str, Numbers]:
    """Return a metric's derivatives on one test case; a metric of one class has none by what the others count."""
    found = {}
    for term in terms:
        values = gradient.by_term[term.name][case]
        if index is not None:
            values = np.where(np.arange(len(values)) == index, values, 0.0) if term.is_of_class else values[[index]]
        found[term.name] = values
    return found


def _of_all_classes(
    evidence: Evidence, terms: Sequence[TermDefinition], derivatives: Mapping[str, Numbers]
) -> dict[str, Numbers]:
    """Return derivatives by the terms of every class, 0 for those that don't enter the averages."""
    found = dict(derivatives)
    for term in terms:
        if term.is_of_class:
            found[term.name] = np.zeros(len(evidence.classes.names))
            found[term.name][evidence.reported] = derivatives[term.name]
    return found


def _squares(
    samples: CaseSamples, terms: Sequence[TermDefinition], derivatives: Mapping[str, Numbers], n: float
) -> tuple[float, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        moved = samples.by_unit(samples.influence(terms, derivatives))
        n_units = samples.n_units(moved, n)
        variance = dot(moved, moved) * n_units / (n_units - 1) if n_units > 1 else np.nan
    return (variance if np.isfinite(variance) else np.nan), n_units


def _without_each_cluster(evidence: Evidence, samples: CaseSamples, metric: MetricDefinition, case: int) -> Numbers:
    sums = cluster_sums(evidence, samples, metric)
    columns = values_without(evidence, metric, case, sums, is_left_out=is_measured(sums)).T
    n_clusters = columns.shape[1]
    return np.stack([jackknife_variance(columns), np.full(len(columns), n_clusters, dtype=np.float64)])


def cluster_sums(evidence: Evidence, samples: CaseSamples, metric: MetricDefinition) -> dict[str, Numbers]:
    """Return what the samples of each cluster add to the terms of a metric that are sums, as its expression reads them.

    Each is [clusters, 1], or [clusters, classes].
    """
    n_classes = len(evidence.classes.names)
    parts = {
        term.name: samples.cluster_sums(term, n_classes)
        for term in evidence.definitions_of(metric)
        if term.kind in ("count", "sum")
    }
    reported = evidence.reported if metric.level == "classes" else slice(None)
    return {name: part[:, reported] if part.shape[1] > 1 else part for name, part in parts.items()}


def is_measured(sums: Mapping[str, Numbers]) -> NDArray[np.bool_]:
    """Return which clusters add anything."""
    return np.asarray(np.any(np.concatenate(list(sums.values()), axis=1) != 0, axis=1))


def values_without(
    evidence: Evidence,
    metric: MetricDefinition,
    case: int,
    sums: Mapping[str, Numbers],
    *,
    is_left_out: NDArray[np.bool_],
) -> Numbers:
    """Return a metric's values on a test case without each of some clusters in turn: [clusters, 1 or classes]."""
    whole = evidence.terms_for(metric, slice(case, case + 1))
    terms = {name: values - sums[name][is_left_out] if name in sums else values for name, values in whole.items()}
    values = value_of(metric.expression, terms)
    return np.broadcast_to(values, (int(is_left_out.sum()), values.shape[1]))
