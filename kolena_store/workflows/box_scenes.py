"""Boxes of a scoring batch as scenes that can be matched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kolena_store.datasets import OBJECTS
from kolena_store.files import SAMPLE
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, SAMPLE_FIELD, Facts, WrongObject
from kolena_store.workflows.keypoint_columns import Keypoints, keypoints_of, wrong_keypoints
from kolena_store.workflows.mask_columns import (
    EMPTY_MASK,
    Masks,
    Rle,
    image_sizes,
    mask_areas,
    mask_overlaps,
    masks_of,
    wrong_mask,
)
from kolena_store.workflows.numbers import numbers_of
from kolena_store.workflows.object_columns import (
    LARGEST,
    OUTSIDE,
    ObjectLists,
    boxes_of,
    flags_of,
    label_codes,
    object_lists,
    wrong_box,
    wrong_label,
)
from kolena_store.workflows.object_facts import is_caltech, is_class_agnostic, matching_of, settings_of
from kolena_store.workflows.object_scorer import Scene, scored_scene

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.matching.objects import Truths

__all__ = ["BoxFields", "found_geometry", "scored_boxes", "wrong_box_object"]

ROWS_AT_ONCE = 5_000
"""Samples whose pairs of objects are held in memory together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxFields:
    """The fields of an object: `box` are left, top, width and height, or with corners left, top, right and bottom."""

    label: str | None
    score: str
    box: tuple[str, ...]
    are_corners: bool
    crowd: str | None
    ignored: str | None
    area: str | None
    keypoints: Keypoints | None = None
    masks: Masks | None = None


def scored_boxes(fields: BoxFields, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
    """Return the matches of each sample of a batch, which has the objects of both sides as lists."""
    import pyarrow as pa

    parts = [
        scored_scene(_scene(fields, batch.slice(start, ROWS_AT_ONCE), facts))
        for start in range(0, max(batch.num_rows, 1), ROWS_AT_ONCE)
    ]
    return [pa.concat_arrays(columns) for columns in zip(*parts, strict=True)]


def wrong_box_object(fields: BoxFields, side: str, batch: "pa.RecordBatch") -> WrongObject | None:
    """Return the first object without a box, and of the ground truth without a label, on one side of some samples."""
    lists, samples = object_lists(batch.column(OBJECTS)), batch.column(SAMPLE).to_numpy()
    boxes = boxes_of(lists, fields.box, are_corners=fields.are_corners)
    found = wrong_box(lists, boxes, samples)
    if fields.keypoints is not None:
        found = found or wrong_keypoints(lists, fields.keypoints, samples)
    if fields.masks is not None:
        found = found or wrong_mask(lists, fields.masks, samples)
    return found or (wrong_label(lists, fields.label, samples) if side == GROUND_TRUTH else None)


def found_geometry(fields: BoxFields, batch: "pa.RecordBatch") -> "pa.Table":
    """Return a row for each detection: `_sample`, `_object`, label, box and area, under the names of the true ones."""
    import pyarrow as pa

    found = object_lists(batch.column(INFERENCE + OBJECTS))
    shapes = _shapes(fields, found, batch)
    columns = {SAMPLE: batch.column(SAMPLE).to_numpy()[found.rows], "_object": found.places}
    if fields.label is not None:
        columns[fields.label] = found.field(fields.label)
    columns |= {name: found.numbers(name) for name in fields.box if found.has(name)}
    if fields.area is not None:
        columns[fields.area] = shapes.areas
    return pa.table(columns)


def _scene(fields: BoxFields, batch: "pa.RecordBatch", facts: Facts) -> Scene:
    import numpy as np

    from kolena_store.matching.objects import Detections, detection_order

    true, found = (object_lists(batch.column(side + OBJECTS)) for side in (GROUND_TRUTH, INFERENCE))
    shapes = [_shapes(fields, one, batch) for one in (true, found)]
    label = None if is_class_agnostic(facts) else fields.label
    (true_codes, found_codes), labels = label_codes([true, found], label)
    scores = found.numbers(fields.score) if found.has(fields.score) else np.full(len(found.rows), np.nan)
    usable = np.flatnonzero(np.isfinite(scores) & (found_codes >= 0) & shapes[1].is_whole)
    order = usable[detection_order(found.rows[usable], found_codes[usable], scores[usable])]
    truths, ordered = _truths(fields, true, true_codes, shapes[0]), shapes[1].ordered(order)
    absorbing = replace(truths, is_crowd=truths.is_crowd | truths.is_ignored) if is_caltech(facts) else truths
    n_found, n_usable = (np.bincount(rows, minlength=batch.num_rows) for rows in (found.rows, found.rows[usable]))
    detections = Detections(
        images=found.rows[order],
        labels=found_codes[order],
        areas=ordered.areas,
        scores=scores[order],
        is_outside=flags_of(found, OUTSIDE)[order] if found.has(OUTSIDE) else None,
    )
    return Scene(
        n_rows=batch.num_rows,
        found=detections,
        true=absorbing,
        is_crowd=truths.is_crowd,
        found_places=found.places[order],
        true_places=true.places,
        labels=labels,
        overlaps=_overlaps(fields, ordered, shapes[0], images=detections.images, truths=absorbing),
        settings=settings_of(facts),
        matching=matching_of(facts),
        n_unusable=n_found - n_usable,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shapes:
    """What some objects cover: boxes, and the masks or keypoints that are asked for; `is_whole` marks those that do."""

    boxes: "np.ndarray"
    areas: "np.ndarray"
    is_whole: "np.ndarray"
    keypoints: "np.ndarray | None" = None
    masks: "Sequence[Rle | None] | None" = None

    def ordered(self, order: "np.ndarray") -> "_Shapes":
        """Return some of them in another order."""
        return _Shapes(
            boxes=self.boxes[order],
            areas=self.areas[order],
            is_whole=self.is_whole[order],
            keypoints=None if self.keypoints is None else self.keypoints[order],
            masks=None if self.masks is None else [self.masks[place] for place in order.tolist()],
        )


def _shapes(fields: BoxFields, lists: ObjectLists, batch: "pa.RecordBatch") -> _Shapes:
    import numpy as np

    boxes = boxes_of(lists, fields.box, are_corners=fields.are_corners)
    is_whole = (np.abs(boxes) <= LARGEST).all(axis=1) & (boxes[:, 2:] >= 0).all(axis=1)
    areas = boxes[:, 2] * boxes[:, 3]
    if fields.keypoints is not None:
        keypoints = keypoints_of(lists, fields.keypoints)
        is_whole &= (np.abs(keypoints) <= LARGEST).all(axis=(1, 2))
        return _Shapes(boxes=boxes, areas=areas, is_whole=is_whole, keypoints=keypoints)
    if fields.masks is None:
        return _Shapes(boxes=boxes, areas=areas, is_whole=is_whole)
    sides = (numbers_of(batch.column(SAMPLE_FIELD + name)) for name in (fields.masks.height, fields.masks.width))
    masks = masks_of(lists, fields.masks, image_sizes(*sides))
    has_mask = np.array([one is not None for one in masks], dtype=bool)
    areas[has_mask] = mask_areas([one for one in masks if one is not None])
    return _Shapes(boxes=boxes, areas=areas, is_whole=is_whole & has_mask, masks=masks)


def _overlaps(
    fields: BoxFields, found: _Shapes, true: _Shapes, *, images: "np.ndarray", truths: "Truths"
) -> "Callable[[tuple[np.ndarray, np.ndarray]], np.ndarray]":
    """Return how much pairs of a detection, in the order of matching, and an object are alike."""
    import numpy as np

    from kolena_store.matching.boxes import box_overlaps
    from kolena_store.matching.keypoints import keypoint_likeness

    if found.masks is not None and true.masks is not None:
        own, others = ([one or EMPTY_MASK for one in side] for side in (found.masks, true.masks))
        both = (images, truths.images)
        return lambda pairs: mask_overlaps(own, others, both, pairs, is_crowd=truths.is_crowd)
    if fields.keypoints is None or found.keypoints is None or true.keypoints is None:
        return lambda pairs: box_overlaps(found.boxes, true.boxes, pairs, truths.is_crowd)
    points, sigmas = (found.keypoints, true.keypoints), np.array(fields.keypoints.sigmas)
    return lambda pairs: keypoint_likeness(*points, pairs, areas=truths.areas, boxes=true.boxes, sigmas=sigmas)


def _truths(fields: BoxFields, lists: ObjectLists, codes: "np.ndarray", shapes: _Shapes) -> "Truths":
    import numpy as np

    from kolena_store.matching.objects import Truths

    areas = shapes.areas
    if fields.area is not None and lists.has(fields.area):
        given = lists.numbers(fields.area)
        areas = np.where(np.isnan(given), areas, given)
    is_ignored = flags_of(lists, fields.ignored) | flags_of(lists, OUTSIDE)
    if shapes.keypoints is not None:
        is_ignored = is_ignored | ~(shapes.keypoints[:, :, 2] > 0).any(axis=1)
    return Truths(
        images=lists.rows,
        labels=codes,
        areas=areas,
        is_crowd=flags_of(lists, fields.crowd),
        is_ignored=is_ignored,
    )
