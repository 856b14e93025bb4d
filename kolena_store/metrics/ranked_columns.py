"""The scores of one model ranked for a term: those of one class, or of all classes together."""

import numpy as np
from numpy.typing import NDArray

from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.element_columns import kernel_arguments
from kolena_store.metrics.ranked_scores import RankedScores
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.metrics.sums import Floats

__all__ = ["ranked_of_class", "ranked_over_classes"]


def ranked_of_class(columns: SampleColumns, term: TermDefinition, code: int) -> RankedScores:
    """Return the scores of one class: positive are the samples that have it.

    A sample of one label is measured when its label and all its scores are known; of many labels, when the truth and
    the score of this class are.
    """
    if term.each:
        scores, truths = (columns.element_numbers[text][code] for text in kernel_arguments(term))
        return RankedScores(scores, truths == 1, ~np.isnan(scores) & ~np.isnan(truths))
    scores, codes = columns.matrices[term.expression], columns.codes[term.by[0]]
    return RankedScores(scores[:, code], codes == code, _is_scored(scores, codes))


def ranked_over_classes(columns: SampleColumns, term: TermDefinition) -> RankedScores | None:
    """Return the scores of all classes, each sample with an entry for every class, or None when there is no class.

    A sample is measured when the scores and truths of all classes are known.
    """
    if term.each:
        scores, truths = (columns.element_numbers[text].T for text in kernel_arguments(term))
        is_measured = np.asarray(~np.isnan(scores).any(axis=1) & ~np.isnan(truths).any(axis=1))
        return RankedScores(scores, truths == 1, is_measured) if scores.shape[1] else None
    scores, codes = columns.matrices[term.expression], columns.codes[str(term.over)]
    return RankedScores.of_classes(scores, codes, _is_scored(scores, codes)) if scores.shape[1] else None


def _is_scored(scores: Floats, codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.asarray((codes >= 0) & ~np.isnan(scores).any(axis=1))
