"""Likeness of keypoints: COCO's OKS."""

import numpy as np
from numpy.typing import NDArray

from kolena_store.matching.objects import Floats, Integers

__all__ = ["COCO_SIGMAS", "keypoint_likeness"]

COCO_SIGMAS = (
    *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062),
    *(0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
)
"""How far people place each of the 17 keypoints of a person apart, in units of its size."""

PAIRS_AT_ONCE = 100_000


def keypoint_likeness(
    found: Floats, true: Floats, pairs: tuple[Integers, Integers], *, areas: Floats, boxes: Floats, sigmas: Floats
) -> Floats:
    """Return the object keypoint similarity of some pairs, in [0, 1] (as in the COCO API).

    Of an object without a visible keypoint, distances are those from its box made three times as wide and high.

    Args:
        found: the detections' keypoints, float64[n, keypoints, 3] of x, y and whatever follows.
        true: the objects' keypoints: x, y and visibility, 0 for one that is not labelled.
        pairs: the positions of the detection and of the object of each pair.
        areas: of the objects.
        boxes: of the objects: left, top, width and height.
        sigmas: of each keypoint.
    """
    parts = [
        _likeness(found, true, (pairs[0][one], pairs[1][one]), areas=areas, boxes=boxes, sigmas=sigmas)
        for one in (slice(start, start + PAIRS_AT_ONCE) for start in range(0, len(pairs[0]), PAIRS_AT_ONCE))
    ]
    return np.concatenate([np.zeros(0), *parts])


def _likeness(
    found: Floats, true: Floats, pairs: tuple[Integers, Integers], *, areas: Floats, boxes: Floats, sigmas: Floats
) -> Floats:
    detections, objects = pairs
    is_visible = true[objects, :, 2] > 0
    has_visible = np.asarray(is_visible.any(axis=1))
    squares = np.zeros(is_visible.shape)
    for axis in (0, 1):
        place, length = boxes[objects, axis], boxes[objects, axis + 2]
        at = found[detections, :, axis]
        outside = _outside(at, place - length, place + 2 * length)
        apart = np.where(has_visible[:, np.newaxis], at - true[objects, :, axis], outside)
        squares += apart * apart
    scale = 2 * (2 * sigmas) ** 2 * (areas[objects, np.newaxis] + np.spacing(1.0))
    likeness = np.exp(-squares / scale)
    counts = is_visible | ~has_visible[:, np.newaxis]
    return np.asarray(np.where(counts, likeness, 0.0).sum(axis=1) / np.maximum(counts.sum(axis=1), 1))


def _outside(at: Floats, low: Floats, high: Floats) -> NDArray[np.float64]:
    """Return how far outside of a range each place is."""
    return np.maximum(low[:, np.newaxis] - at, 0.0) + np.maximum(at - high[:, np.newaxis], 0.0)
