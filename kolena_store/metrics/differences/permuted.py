"""Permutation tests: were the models the same, their answers to a sample (or a cluster) could be swapped."""

from dataclasses import dataclass

import numpy as np

from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import MetricDefinition
from kolena_store.metrics.differences.sides import Pair, PairedRows, is_of_class
from kolena_store.metrics.expressions import value_of
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.kernel_influence import KernelInfluence
from kolena_store.metrics.intervals.samples import CaseSamples
from kolena_store.metrics.intervals.spread import cluster_sums
from kolena_store.statistics.permutations import N_SWAPS, swapped_p, swapped_sums
from kolena_store.statistics.smooth import Numbers

__all__ = ["PermutedRows", "permutation_p"]

NAME = f"permutation, {N_SWAPS:,} swaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutedRows:
    """The p-value of each row by permutation, NaN where there is none, and the name of the test."""

    p: Numbers
    name: str = NAME


def permutation_p(pair: Pair, rows: PairedRows, *, seed: int) -> PermutedRows | None:
    """Return the p-values of a test that swaps the two models' answers by chance (Fisher 1935; Dwass 1957 on drawing).

    Each sample's answers (or those to a whole cluster) change sides or stay, by a coin, and the metric is computed
    again for both models. Assumes that equal models could be exchanged for each other. None for a metric over kernels
    or over extremes, for which sums don't suffice, and for models with other classes.
    """
    first, second = pair.first.evidence, pair.second.evidence
    terms = first.definitions_of(rows.metric)
    is_summed = rows.metric.interval.kind != "none" and all(term.kind in ("count", "sum") for term in terms)
    if not is_summed or first.classes != second.classes or first.constants != second.constants:
        return None
    found = np.full(len(rows.cases), np.nan)
    kernels = [KernelInfluence(one.columns, one.design) for one in (first, second)]

    def test_part(start: int, stop: int) -> None:
        for case in range(start, stop):
            of_case = np.flatnonzero((rows.cases == case) & np.isfinite(rows.delta))
            if of_case.size:
                sides = [CaseSamples(one, kernel, case) for one, kernel in zip((first, second), kernels, strict=True)]
                values = _swapped_differences(pair, rows.metric, case, sides, seed=seed)
                places = rows.classes[of_case] if is_of_class(rows.metric) else np.zeros(len(of_case), np.int64)
                for row, place in zip(of_case.tolist(), places.tolist(), strict=True):
                    found[row] = swapped_p(rows.delta[row], values[:, place])

    run_in_parts(test_part, pair.n_cases)
    return PermutedRows(p=found)


def _swapped_differences(
    pair: Pair, metric: MetricDefinition, case: int, sides: list[CaseSamples], *, seed: int
) -> Numbers:
    """Return the metric's difference on a test case after each draw: [N_SWAPS, 1 or classes]."""
    first, second = pair.first.evidence, pair.second.evidence
    sums = [cluster_sums(one, samples, metric) for one, samples in zip((first, second), sides, strict=True)]
    names = list(sums[0])
    widths = [sums[0][name].shape[1] for name in names]
    changes = np.concatenate([sums[1][name] - sums[0][name] for name in names], axis=1)
    moved = np.split(swapped_sums(changes, seed=seed), np.cumsum(widths)[:-1], axis=1)
    values = [
        value_of(metric.expression, _moved_terms(one, metric, case, dict(zip(names, moved, strict=True)), sign=sign))
        for one, sign in ((first, 1), (second, -1))
    ]
    return values[0] - values[1]


def _moved_terms(
    evidence: Evidence, metric: MetricDefinition, case: int, moved: dict[str, Numbers], *, sign: int
) -> dict[str, Numbers]:
    whole = evidence.terms_for(metric, slice(case, case + 1))
    return {name: values + sign * moved[name] if name in moved else values for name, values in whole.items()}
