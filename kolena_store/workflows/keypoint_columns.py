"""Keypoints of a scoring batch: a list of x, y and visibility for each object."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.workflows.base import WrongObject
from kolena_store.workflows.object_columns import LARGEST, ObjectLists

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Keypoints", "keypoints_of", "wrong_keypoints"]

NUMBERS = 3
"""Of each keypoint: x, y and visibility."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypoints:
    """The field with the keypoints of an object, and how far people place each of them apart."""

    field: str
    sigmas: tuple[float, ...]


def keypoints_of(lists: ObjectLists, keypoints: Keypoints) -> "np.ndarray":
    """Return the keypoints of each object, float64[n, keypoints, 3]: NaN where the list has another length."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = len(keypoints.sigmas) * NUMBERS
    found = np.full((len(lists.rows), wanted), np.nan)
    if not lists.has(keypoints.field) or not len(lists.rows):
        return found.reshape(-1, len(keypoints.sigmas), NUMBERS)
    column = lists.field(keypoints.field)
    if pa.types.is_null(column.type):
        return found.reshape(-1, len(keypoints.sigmas), NUMBERS)
    lengths = pc.list_value_length(column).fill_null(-1).to_numpy(zero_copy_only=False)
    is_whole = lengths == wanted
    whole = column.filter(pa.array(is_whole)).flatten().cast(pa.float64())
    found[is_whole] = whole.to_numpy(zero_copy_only=False).reshape(-1, wanted)
    return found.reshape(-1, len(keypoints.sigmas), NUMBERS)


def wrong_keypoints(lists: ObjectLists, keypoints: Keypoints, samples: "np.ndarray") -> WrongObject | None:
    """Return the first object whose keypoints are none: too many or few numbers, or one that is no place."""
    import numpy as np

    is_bad = ~(np.abs(keypoints_of(lists, keypoints)) <= LARGEST).all(axis=(1, 2))
    if not is_bad.any():
        return None
    n = len(keypoints.sigmas)
    what = (
        f"has no {n} keypoints: {keypoints.field!r} must hold {n * NUMBERS} finite numbers, x, y and visibility of each"
    )
    return lists.wrong(int(np.flatnonzero(is_bad)[0]), what, samples)
