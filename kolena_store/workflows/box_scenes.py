"""Boxes of a scoring batch as scenes that can be matched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.datasets import OBJECTS
from kolena_store.files import SAMPLE
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts, WrongObject
from kolena_store.workflows.keypoint_columns import Keypoints, keypoints_of, wrong_keypoints
from kolena_store.workflows.object_columns import (
    LARGEST,
    ObjectLists,
    boxes_of,
    flags_of,
    label_codes,
    object_lists,
    wrong_box,
    wrong_label,
)
from kolena_store.workflows.object_facts import is_class_agnostic, matching_of, settings_of
from kolena_store.workflows.object_scorer import Scene, scored_scene

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.matching.objects import Truths

__all__ = ["BoxFields", "scored_boxes", "wrong_box_object"]

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
    return found or (wrong_label(lists, fields.label, samples) if side == GROUND_TRUTH else None)


def _scene(fields: BoxFields, batch: "pa.RecordBatch", facts: Facts) -> Scene:
    import numpy as np

    from kolena_store.matching.objects import Detections, detection_order

    true, found = (object_lists(batch.column(side + OBJECTS)) for side in (GROUND_TRUTH, INFERENCE))
    true_boxes, found_boxes = (boxes_of(one, fields.box, are_corners=fields.are_corners) for one in (true, found))
    label = None if is_class_agnostic(facts) else fields.label
    (true_codes, found_codes), labels = label_codes([true, found], label)
    scores = found.numbers(fields.score) if found.has(fields.score) else np.full(len(found.rows), np.nan)
    is_box = (np.abs(found_boxes) <= LARGEST).all(axis=1) & (found_boxes[:, 2:] >= 0).all(axis=1)
    usable = np.flatnonzero(~np.isnan(scores) & (found_codes >= 0) & is_box)
    order = usable[detection_order(found.rows[usable], found_codes[usable], scores[usable])]
    truths = _truths(fields, true, true_codes, true_boxes)
    boxes = found_boxes[order]
    n_found, n_usable = (np.bincount(rows, minlength=batch.num_rows) for rows in (found.rows, found.rows[usable]))
    return Scene(
        n_rows=batch.num_rows,
        found=Detections(
            images=found.rows[order],
            labels=found_codes[order],
            areas=boxes[:, 2] * boxes[:, 3],
            scores=scores[order],
        ),
        true=truths,
        found_places=found.places[order],
        true_places=true.places,
        labels=labels,
        overlaps=_overlaps(fields, (true, found), (true_boxes, boxes), truths, order=order),
        settings=settings_of(facts),
        matching=matching_of(facts),
        n_unusable=n_found - n_usable,
    )


def _overlaps(
    fields: BoxFields,
    lists: "tuple[ObjectLists, ObjectLists]",
    boxes: "tuple[np.ndarray, np.ndarray]",
    truths: "Truths",
    *,
    order: "np.ndarray",
) -> "Callable[[tuple[np.ndarray, np.ndarray]], np.ndarray]":
    """Return how much pairs of a detection, in the order of matching, and an object are alike."""
    import numpy as np

    from kolena_store.matching.boxes import box_overlaps
    from kolena_store.matching.keypoints import keypoint_likeness

    true_boxes, found_boxes = boxes
    if fields.keypoints is None:
        return lambda pairs: box_overlaps(found_boxes, true_boxes, pairs, truths.is_crowd)
    true, found = (keypoints_of(one, fields.keypoints) for one in lists)
    sigmas, ordered = np.array(fields.keypoints.sigmas), found[order]
    return lambda pairs: keypoint_likeness(ordered, true, pairs, areas=truths.areas, boxes=true_boxes, sigmas=sigmas)


def _truths(fields: BoxFields, lists: ObjectLists, codes: "np.ndarray", boxes: "np.ndarray") -> "Truths":
    import numpy as np

    from kolena_store.matching.objects import Truths

    areas = boxes[:, 2] * boxes[:, 3]
    if fields.area is not None and lists.has(fields.area):
        given = lists.numbers(fields.area)
        areas = np.where(np.isnan(given), areas, given)
    return Truths(
        images=lists.rows,
        labels=codes,
        areas=areas,
        is_crowd=flags_of(lists, fields.crowd),
        is_ignored=flags_of(lists, fields.ignored) | _without_keypoints(fields, lists),
    )


def _without_keypoints(fields: BoxFields, lists: ObjectLists) -> "np.ndarray":
    """Return the objects whose keypoints are asked for, and of which none is visible."""
    import numpy as np

    if fields.keypoints is None:
        return np.zeros(len(lists.rows), dtype=bool)
    return np.asarray(~(keypoints_of(lists, fields.keypoints)[:, :, 2] > 0).any(axis=1))
