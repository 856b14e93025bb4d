"""How much each sample moves a term that a kernel computes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Samples, Words
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.design import SamplingDesign
from kolena_store.metrics.element_columns import kernel_arguments
from kolena_store.metrics.grade_agreement import ordinal_alpha_influence
from kolena_store.metrics.intervals.medians import median_influence
from kolena_store.metrics.kernels import AveragePrecision, RocAuc
from kolena_store.metrics.rank_influence import kendall_tau_b_influence, spearman_influence
from kolena_store.metrics.ranked_columns import ranked_of_class, ranked_over_classes
from kolena_store.metrics.ranked_scores import RankedScores
from kolena_store.metrics.sample_columns import LIST_KERNELS, SampleColumns
from kolena_store.metrics.score_influence import ScoreInfluence
from kolena_store.statistics.smooth import Numbers, summed

__all__ = ["MEDIAN", "RANK_KERNELS", "SCORE_KERNELS", "KernelInfluence"]

MEDIAN = "median"
ScoreKernel = Callable[[Numbers, Numbers], ScoreInfluence]

SCORE_KERNELS: Mapping[str, ScoreKernel] = MappingProxyType(
    {
        "roc_auc": RocAuc.influence,
        "average_precision": AveragePrecision.influence,
        "roc_auc_micro": RocAuc.influence,
        "average_precision_micro": AveragePrecision.influence,
    }
)
RANK_KERNELS: Mapping[str, Callable[[Numbers, Numbers], Numbers]] = MappingProxyType(
    {"spearman": spearman_influence, "kendall_tau_b": kendall_tau_b_influence}
)


class KernelInfluence:
    """The kernel terms of one model: rankings are made at the first question and kept for all test cases."""

    def __init__(self, columns: SampleColumns, design: SamplingDesign) -> None:
        """Take the model's columns."""
        self._columns, self._design = columns, design
        self._ranked: dict[tuple[object, ...], list[RankedScores]] = {}

    def influence(self, term: TermDefinition, members: Words, samples: Samples) -> Numbers:
        """Return how much each of `samples` moves the term: [samples, 1], or [samples, classes] when it has classes.

        Raises:
            InvalidInput: no influence is known of the kernel, so that a metric of it has no linearised interval.
        """
        if term.kernel in RANK_KERNELS:
            return self._of_ranks(term, samples)[:, np.newaxis]
        if term.kernel in LIST_KERNELS:
            grades = self._columns.lists[kernel_arguments(term)[0]]
            return ordinal_alpha_influence(grades, samples)[:, np.newaxis]
        if term.kernel == MEDIAN:
            values = self._columns.numbers[kernel_arguments(term)[0]]
            return median_influence(values, self._design, samples)[:, np.newaxis]
        kernel = SCORE_KERNELS.get(str(term.kernel))
        if kernel is None:
            raise InvalidInput(
                f"a metric of the term {term.name!r} has no linearised interval, since nothing says how a sample moves "
                f"the kernel {term.kernel!r}; write 'interval: none: the reason' in the metric's block"
            )
        columns = [self._of_scores(kernel, ranked, members, samples) for ranked in self._rankings(term)]
        return np.column_stack(columns) if columns else np.zeros((samples.size, 0))

    def positives(self, term: TermDefinition, code: int, samples: Samples) -> NDArray[np.bool_]:
        """Return which of some samples are positives of the ranking of one class."""
        if term.each:
            return np.asarray(self._columns.element_numbers[kernel_arguments(term)[1]][code, samples] == 1)
        return np.asarray(self._columns.codes[term.by[0]][samples] == code)

    def _of_ranks(self, term: TermDefinition, samples: Samples) -> Numbers:
        x, y = (self._columns.numbers[text][samples] for text in kernel_arguments(term))
        is_measured = ~np.isnan(x) & ~np.isnan(y)
        found = np.zeros(samples.size)
        if is_measured.sum() > 1:
            found[is_measured] = RANK_KERNELS[str(term.kernel)](x[is_measured], y[is_measured])
        return found

    def _of_scores(self, kernel: ScoreKernel, ranked: RankedScores, members: Words, samples: Samples) -> Numbers:
        entries = ranked.entries(members)
        weights = self._design.weights_of(entries.samples)
        each = np.ones(entries.samples.size) if weights is None else weights
        of_entry = np.repeat(each, entries.groups.shape[1])
        groups, is_positive = entries.groups.ravel(), entries.is_positive.ravel()
        positives = summed(groups[is_positive], of_entry[is_positive], entries.n_groups)
        negatives = summed(groups[~is_positive], of_entry[~is_positive], entries.n_groups)
        found = np.zeros(samples.size)
        if positives.any() and negatives.any():
            moved = kernel(positives, negatives).of(entries.groups, entries.is_positive).sum(axis=1)
            found[np.searchsorted(samples, entries.samples)] = each * moved
        return found

    def _rankings(self, term: TermDefinition) -> list[RankedScores]:
        """Return the rankings of a term, one for each class, or one of all; terms over the same scores share them."""
        key = (term.expression, term.labels, term.each, term.is_of_class)
        if key not in self._ranked:
            self._ranked[key] = self._ranked_anew(term)
        return self._ranked[key]

    def _ranked_anew(self, term: TermDefinition) -> list[RankedScores]:
        if term.is_of_class:
            return [ranked_of_class(self._columns, term, code) for code in range(self._n_classes(term))]
        over_all = ranked_over_classes(self._columns, term)
        return [] if over_all is None else [over_all]

    def _n_classes(self, term: TermDefinition) -> int:
        if term.each:
            return len(self._columns.element_numbers[kernel_arguments(term)[0]])
        return int(self._columns.matrices[term.expression].shape[1])
