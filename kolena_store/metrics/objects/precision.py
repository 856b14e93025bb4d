"""Precision and recall of true positives, summed up: average precision and log-average miss rate."""

import numpy as np

from kolena_store.matching.objects import Floats, Integers
from kolena_store.metrics.objects.hits import Hits

__all__ = ["COCO_RECALLS", "area_under", "interpolated_precision", "log_average_miss_rate"]

COCO_RECALLS = 101
"""At how many recalls from 0 to 1 COCO reads off the precision."""

N_RATES = 9
"""Rates of false positives that the miss rate is read at."""

LEAST_MISS_RATE = 1e-10
"""What a miss rate of 0 counts as in the geometric mean, as in the Caltech code."""


def interpolated_precision(hits: Hits, n_recalls: int = COCO_RECALLS) -> Floats:
    """Return the mean of the highest precision at each recall and beyond: [curves, classes]; NaN without an object.

    It is COCO's average precision (101 recalls), or with 11 recalls the older one of Pascal VOC.
    """
    reached = _levels(np.linspace(0.0, 1.0, n_recalls), hits.recall + hits.slack)
    more = np.diff(reached, prepend=0)
    more[hits.firsts] = reached[hits.firsts]
    summed = hits.summed(hits.envelope * more)
    is_known = hits.of_segment.reshape(summed.shape) > 0
    return np.where(is_known, summed / n_recalls, np.nan)


def area_under(hits: Hits) -> Floats:
    """Return the area under the highest precision at each recall and beyond: [curves, classes], as Pascal VOC 2010."""
    summed = hits.summed(hits.envelope * hits.weights)
    total = hits.of_segment.reshape(summed.shape)
    return np.divide(summed, total, out=np.full_like(summed, np.nan), where=total > 0)


def log_average_miss_rate(hits: Hits, curve: int, n_images: float) -> Floats:
    """Return the geometric mean of the miss rates at nine rates of false positives (Dollar 2012), for each class.

    At 0.01 to 1 false positives an image, evenly spaced in the logarithm, it is the share of the objects that the
    detections up to there miss. NaN without an object or image.

    Args:
        hits: the true positives.
        curve: the curve to follow.
        n_images: how many images there are, as they are weighted.
    """
    n_classes = hits.ranked.n_classes
    bounds = np.searchsorted(hits.segments, curve * n_classes + np.arange(n_classes + 1))
    part = slice(bounds[0], bounds[-1])
    labels = hits.segments[part] - curve * n_classes
    false = hits.seen[part] - hits.found[part]
    total = hits.of_segment[curve * n_classes : (curve + 1) * n_classes]
    most = np.logspace(-2.0, 0.0, N_RATES) * n_images * (1 + hits.slack)
    cells = labels * (N_RATES + 1) + np.searchsorted(most, false)
    sums = np.bincount(cells, weights=hits.weights[part], minlength=n_classes * (N_RATES + 1))
    found = np.ascontiguousarray(sums.reshape(n_classes, N_RATES + 1).cumsum(axis=1)[:, :N_RATES].T)
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = 1 - found / total
    logarithms = np.log(np.maximum(missed, LEAST_MISS_RATE))
    return np.where((total > 0) & (n_images > 0), np.exp(logarithms.mean(axis=0)), np.nan)


def _levels(recalls: Floats, reached: Floats) -> Integers:
    """Return how many of the evenly spaced recalls are reached."""
    last = len(recalls) - 1
    guess = np.minimum((reached * last).astype(np.int64), last)
    guess -= recalls[guess] > reached
    following = np.minimum(guess + 1, last)
    return np.asarray(guess + 1 + ((following > guess) & (recalls[following] <= reached)))
