"""How much one more sample at each score would move a metric over ranked scores.

The influence of a sample is the derivative of the metric by the sample's weight. Their squares sum to the metric's
variance; their sums over clusters do the same for clusters (the infinitesimal jackknife of Jaeckel 1972).
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.statistics.smooth import dot

__all__ = ["ScoreInfluence", "average_precision_influence", "roc_auc_influence"]

Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreInfluence:
    """The influence of one positive and of one negative at each distinct score, from the lowest to the highest."""

    of_positive: Numbers
    of_negative: Numbers

    def of(self, groups: NDArray[np.signedinteger], is_positive: NDArray[np.bool_]) -> Numbers:
        """Return the influence of samples, given the position of each one's score among the distinct ones."""
        return np.asarray(np.where(is_positive, self.of_positive[groups], self.of_negative[groups]))


def roc_auc_influence(positives: Numbers, negatives: Numbers) -> ScoreInfluence:
    """Return the influences on the area under the ROC curve: the placements of DeLong 1988, about their mean.

    Args:
        positives: how many positives (or what weight of them) have each distinct score, ascending.
        negatives: the same of negatives; neither may sum to 0.
    """
    n_positive, n_negative = positives.sum(), negatives.sum()
    of_positive = (np.cumsum(negatives) - negatives / 2) / n_negative
    of_negative = (n_positive - np.cumsum(positives) + positives / 2) / n_positive
    area = dot(positives, of_positive) / n_positive
    return ScoreInfluence(of_positive=(of_positive - area) / n_positive, of_negative=(of_negative - area) / n_negative)


def average_precision_influence(positives: Numbers, negatives: Numbers) -> ScoreInfluence:
    """Return the influences on average precision, the sum over positives of the precision at their score.

    A sample counts at its own score, among the true positives of every lower threshold, and among all that is predicted
    there. The arguments are those of `roc_auc_influence`; the positives may not sum to 0.
    """
    n_positive = positives.sum()
    found = np.cumsum(positives[::-1])[::-1]
    predicted = np.cumsum((positives + negatives)[::-1])[::-1]
    # Without a sample at the highest scores nothing is predicted there; no positive is found there either.
    predicted = np.where(predicted > 0, predicted, 1.0)
    precision = found / predicted
    average = dot(positives, precision) / n_positive
    as_found = np.cumsum(positives / predicted)
    as_predicted = np.cumsum(positives * precision / predicted)
    return ScoreInfluence(
        of_positive=(precision + as_found - as_predicted - average) / n_positive,
        of_negative=-as_predicted / n_positive,
    )
