"""The threshold that is best over all measured samples; a sample is predicted positive at score >= threshold."""

import math
from dataclasses import dataclass

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Flags
from kolena_store.metrics.counting import Counts
from kolena_store.metrics.ordered import Floats, begins_group, check_lengths

__all__ = ["accuracy_optimal", "f1_optimal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """The distinct scores, ascending, and what each would predict as positive if it were the threshold."""

    thresholds: Floats
    true_positives: Counts
    false_positives: Counts


def f1_optimal(scores: Floats, positive: Flags, measured: Flags) -> float:
    """Return the observed score with the greatest F1; the lowest of several that are equally good.

    Args:
        scores: one score per sample; NaN is not measured.
        positive: whether each sample is positive.
        measured: the samples to tune on.

    Raises:
        InvalidInput: no measured sample is positive, or the columns differ in length.
    """
    candidates = _candidates(scores, positive, measured)
    if not candidates.thresholds.size or not candidates.true_positives[0]:
        raise InvalidInput(
            "an F1-optimal threshold needs positive samples with a score, and there is none among the "
            f"{_n_measured(candidates)} measured; tune on other samples or give the threshold as a number"
        )
    predicted = candidates.true_positives + candidates.false_positives
    f1 = 2 * candidates.true_positives / (predicted + candidates.true_positives[0])
    return float(candidates.thresholds[np.argmax(f1)])


def accuracy_optimal(scores: Floats, positive: Flags, measured: Flags) -> float:
    """Return the threshold with the greatest accuracy; the lowest of several that are equally good.

    Candidates are the observed scores and infinity, which predicts no positive (unless a score is infinite itself).

    Args:
        scores: one score per sample; NaN is not measured.
        positive: whether each sample is positive.
        measured: the samples to tune on.

    Raises:
        InvalidInput: no sample is measured, or the columns differ in length.
    """
    candidates = _candidates(scores, positive, measured)
    if not candidates.thresholds.size:
        raise InvalidInput(
            "an accuracy-optimal threshold needs samples with a score and a truth, and none is measured; "
            "tune on other samples or give the threshold as a number"
        )
    # Against predicting nothing, each true positive is one more that is right, each false positive one fewer.
    gain = candidates.true_positives - candidates.false_positives
    best = int(np.argmax(gain))
    # No threshold lies above an infinite score, so that predicting nothing is then no candidate.
    can_predict_nothing = candidates.thresholds[-1] < math.inf
    return math.inf if can_predict_nothing and gain[best] < 0 else float(candidates.thresholds[best])


def _candidates(scores: Floats, positive: Flags, measured: Flags) -> _Candidates:
    check_lengths(scores, positive, measured)
    samples = np.flatnonzero(measured & ~np.isnan(scores))
    order = samples[np.argsort(scores[samples])]
    in_order = scores[order] + 0.0  # turns -0.0 into 0.0, which it equals
    firsts = np.flatnonzero(begins_group(in_order))
    from_here = np.cumsum(positive[order][::-1], dtype=np.int64)[::-1][firsts]
    return _Candidates(
        thresholds=in_order[firsts],
        true_positives=from_here,
        false_positives=order.size - firsts - from_here,
    )


def _n_measured(candidates: _Candidates) -> int:
    return int(candidates.false_positives[0]) if candidates.thresholds.size else 0
