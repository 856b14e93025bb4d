"""Objects of many images in columns: those that are there, and those that a model found."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput

__all__ = ["Detections", "Flags", "Floats", "Integers", "Truths", "group_starts", "ranks_by_score"]

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
    """What a model found, an entry for each; images ascend, and detections of one image keep their order."""

    images: Integers
    labels: Integers
    areas: Floats
    scores: Floats

    def __post_init__(self) -> None:
        """Check that all columns have an entry for each detection."""
        _check(self.images, self.labels, self.areas, self.scores)

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.images)

    @cached_property
    def ranks(self) -> Integers:
        """Return the place of each detection among those of its image and class, the highest score first, from 0."""
        return ranks_by_score(self.images, self.labels, self.scores)


def ranks_by_score(images: Integers, labels: Integers, scores: Floats) -> Integers:
    """Return the place of each entry among those of its image and label by falling score; ties keep their order."""
    order = np.lexsort((-scores, labels, images))
    starts = group_starts(images[order], labels[order])
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order)) - starts
    return ranks


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
