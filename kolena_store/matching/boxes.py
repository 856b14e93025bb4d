"""Overlaps of boxes."""

import numpy as np

from kolena_store.matching.objects import Flags, Floats, Integers

__all__ = ["box_areas", "box_overlaps"]


def box_overlaps(found: Floats, true: Floats, pairs: tuple[Integers, Integers], is_crowd: Flags) -> Floats:
    """Return the intersection over union of some pairs of boxes; of a crowd it is the intersection over the detection.

    Boxes that only touch, and those without area, overlap by 0 (as in the COCO API).

    Args:
        found: the detections, float64[n, 4] of left, top, width and height.
        true: the objects, in the same form.
        pairs: the positions of the detection and of the object of each pair.
        is_crowd: which objects are crowds.
    """
    shared = np.zeros(len(pairs[0]))
    near = np.arange(len(shared))
    lengths: list[Floats] = []
    for axis in (0, 1):
        length = _shared_length(found, true, axis, (pairs[0][near], pairs[1][near]))
        is_near = length > 0
        near, lengths = near[is_near], [*(one[is_near] for one in lengths), length[is_near]]
    common = lengths[0] * lengths[1]
    detections, objects = pairs[0][near], pairs[1][near]
    own = box_areas(found)[detections]
    union = np.where(is_crowd[objects], own, own + box_areas(true)[objects] - common)
    shared[near] = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return shared


def _shared_length(found: Floats, true: Floats, axis: int, pairs: tuple[Integers, Integers]) -> Floats:
    """Return how long the part is that both boxes of each pair cover along an axis; 0 or less when there is none."""
    start, end = (np.ascontiguousarray(one) for one in (found[:, axis], found[:, axis] + found[:, axis + 2]))
    other_start, other_end = (np.ascontiguousarray(one) for one in (true[:, axis], true[:, axis] + true[:, axis + 2]))
    ends = np.minimum(end[pairs[0]], other_end[pairs[1]])
    return np.asarray(ends - np.maximum(start[pairs[0]], other_start[pairs[1]]))


def box_areas(boxes: Floats) -> Floats:
    """Return width times height."""
    return np.asarray(boxes[:, 2] * boxes[:, 3], dtype=np.float64)
