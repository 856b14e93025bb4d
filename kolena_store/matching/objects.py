"""Objects of many images in columns: those that are there, and those that a model found."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput

__all__ = ["Detections", "Flags", "Floats", "Integers", "Truths", "detection_order", "falling_order", "group_starts"]

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Truths:
    """The objects that are there, an entry for each; images ascend, and objects of one image keep their order.

    `labels` are codes of classes. `areas` (pixels) decide which size an object has. A crowd stands for many objects:
    it is never missed, and any number of detections may lie in it. An ignored object is not missed either.
    """

    images: Integers
    labels: Integers
    areas: Floats
    is_crowd: Flags
    is_ignored: Flags

    def __post_init__(self) -> None:
        """Check that all columns have an entry for each object."""
        _check(self.images, self.labels, self.areas, self.is_crowd, self.is_ignored)

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.images)


@dataclass(frozen=True, kw_only=True, eq=False)
class Detections:
    """What a model found, an entry for each: by image, then label, then falling score, as `detection_order` has it.

    One that `is_outside` of what is looked at counts only where it is matched; None: none is.
    """

    images: Integers
    labels: Integers
    areas: Floats
    scores: Floats
    is_outside: Flags | None = None

    def __post_init__(self) -> None:
        """Check that all columns have an entry for each detection, and their order."""
        _check(self.images, self.labels, self.areas, self.scores)
        same_image = self.images[1:] == self.images[:-1]
        same_label = self.labels[1:] == self.labels[:-1]
        is_before = same_image & ((self.labels[1:] < self.labels[:-1]) | same_label & (np.diff(self.scores) > 0))
        if is_before.any():
            raise InvalidInput("detections of an image must stand by label and falling score; use detection_order")

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.images)

    @cached_property
    def ranks(self) -> Integers:
        """Return the place of each detection among those of its image and class, the highest score first, from 0."""
        return np.arange(self.size) - group_starts(self.images, self.labels)


def detection_order(images: Integers, labels: Integers, scores: Floats, *, falling: Integers | None = None) -> Integers:
    """Return the order of detections by image, label and falling score; ties keep their order.

    Args:
        images: of the detections.
        labels: as whole numbers from 0 on.
        scores: none of them NaN.
        falling: their places by falling score, where these are sorted already; as `falling_order` has them.
    """
    by_score = falling_order(scores) if falling is None else falling
    place = np.empty(len(scores), dtype=np.int64)
    place[by_score] = np.arange(len(scores))
    groups = images * (int(labels.max(initial=0)) + 1) + labels
    return np.argsort(groups * len(scores) + place, kind="stable")


def falling_order(scores: Floats) -> Integers:
    """Return the order of some scores from the highest to the lowest; ties keep their order.

    The place of each is put into the last bits of its score and both are sorted as whole numbers, which takes about
    half as long as sorting places by scores; scores that differ in these bits alone are left to that.

    Args:
        scores: none of them NaN.
    """
    n_bits = max(len(scores) - 1, 1).bit_length()
    bits = (scores + 0.0).view(np.int64)  # the sum makes -0.0 the 0.0 that it equals
    keys = ~bits if (bits >= 0).all() else ~np.where(bits < 0, bits ^ np.iinfo(np.int64).max, bits)
    keys >>= n_bits
    keys <<= n_bits
    keys |= np.arange(len(scores))
    keys.sort()
    order = keys & ((1 << n_bits) - 1)
    sorted_scores = scores[order]
    is_in_order = not (sorted_scores[1:] > sorted_scores[:-1]).any()
    return order if is_in_order else np.argsort(-scores, kind="stable")


def group_starts(*keys: Integers) -> Integers:
    """Return for each entry of sorted keys where the entries with its keys begin."""
    size = len(keys[0])
    is_new = np.zeros(size, dtype=np.bool_)
    is_new[:1] = True
    for key in keys:
        is_new[1:] |= key[1:] != key[:-1]
    return np.maximum.accumulate(np.where(is_new, np.arange(size), 0)) if size else np.zeros(0, dtype=np.int64)


def _check(images: Integers, *columns: "NDArray[np.generic]") -> None:
    if any(len(column) != len(images) for column in columns):
        raise InvalidInput(f"columns of {sorted({len(column) for column in (images, *columns)})} objects don't fit")
    if (np.diff(images) < 0).any():
        raise InvalidInput("images must ascend; sort the objects by image")
