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
    detections, objects = pairs
    shared = np.ones(len(detections))
    for axis in (0, 1):
        a, b, long_a, long_b = (
            one.take(places)
            for one, places in (
                (found[:, axis], detections),
                (true[:, axis], objects),
                (found[:, axis + 2], detections),
                (true[:, axis + 2], objects),
            )
        )
        shared *= np.maximum(np.minimum(a + long_a, b + long_b) - np.maximum(a, b), 0.0)
    own = box_areas(found).take(detections)
    union = np.where(is_crowd.take(objects), own, own + box_areas(true).take(objects) - shared)
    return np.divide(shared, union, out=np.zeros_like(shared), where=(shared > 0) & (union > 0))


def box_areas(boxes: Floats) -> Floats:
    """Return width times height."""
    return np.asarray(boxes[:, 2] * boxes[:, 3], dtype=np.float64)
