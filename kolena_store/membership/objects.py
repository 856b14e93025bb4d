"""Which objects a test case selects: those of the ground truth, and detections that look alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from kolena_store.database import Session
from kolena_store.datasets import VersionRecord
from kolena_store.membership.bitmaps import Flags, Samples
from kolena_store.membership.general import WholeTables
from kolena_store.predicates.object_conditions import condition_on_objects
from kolena_store.predicates.relations import tables_read
from kolena_store.statements import Fragment

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FoundSelection", "ObjectDefinition", "SelectedObjects", "selected_objects"]

MOST_PLACES = 1 << 31
OF_TRUTHS_ALONE = (
    "With ignore = 'coco' it is asked of detections too, which have label, box and area alone; test with ignore = "
    "'caltech', which asks it of the ground truth alone"
)


class ObjectDefinition(Protocol):
    """What is needed of an object-level test case: the query of its objects, and that of the samples around them."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def query(self) -> Fragment:
        """Return the SELECT of the samples that it is measured on."""

    @property
    def object_query(self) -> str | None:
        """Return the SELECT of its objects."""

    @property
    def within(self) -> str | None:
        """Return the name that its query gives to the samples that it is measured on; None: they are all samples."""

    @property
    def fields(self) -> Sequence[str]:
        """Return the columns that the queries read."""


@dataclass(frozen=True, eq=False)
class SelectedObjects:
    """Objects by the numbers of their samples, and their places there, in their order."""

    samples: Samples
    places: Samples

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.samples)

    def has(self, samples: Samples, places: Samples) -> Flags:
        """Return which of some objects are among them."""
        keys = _keys(samples, places)
        at = np.minimum(np.searchsorted(self._own, keys), max(self.size - 1, 0))
        return self._own[at] == keys if self.size else np.zeros(len(keys), dtype=np.bool_)

    @cached_property
    def _own(self) -> NDArray[np.int64]:
        return _keys(self.samples, self.places)


def selected_objects(
    session: Session, version: VersionRecord, definitions: Sequence[ObjectDefinition]
) -> list[SelectedObjects]:
    """Return the objects of the ground truth that test cases select in a dataset version.

    Raises:
        RefusedStatement: a definition selects an object twice, or fails on these data.
    """
    if not definitions:
        return []
    fields = {name for one in definitions for name in one.fields}
    read = frozenset[str]().union(*(tables_read(str(one.object_query)) for one in definitions))
    tables = WholeTables(session, version, sorted(fields), tables=read)
    try:
        return [SelectedObjects(*tables.objects(Fragment(str(one.object_query)), one.name)) for one in definitions]
    finally:
        tables.close()


class FoundSelection:
    """An object-level test case that is asked of detections too, some at a time."""

    def __init__(self, session: Session, version: VersionRecord, definition: ObjectDefinition) -> None:
        """Load what the test case reads of the samples.

        Raises:
            RefusedStatement: it looks at more than one object at a time, so that it can't be asked of detections.
        """
        self._name = definition.name
        self._condition = condition_on_objects(str(definition.object_query), definition.name, definition.within)
        read = tables_read(definition.query) if definition.within is not None else frozenset[str]()
        self._tables = WholeTables(session, version, sorted(definition.fields), tables=read)
        if definition.within is not None:
            self._tables.name_samples(definition.within, definition.query)

    def of(self, detections: "pa.Table") -> SelectedObjects:
        """Return which of some detections it selects.

        Args:
            detections: `_sample`, `_object`, and what detections and objects have in common.

        Raises:
            RefusedStatement: it reads anything else.
        """
        self._tables.show_objects(detections)
        return SelectedObjects(*self._tables.objects(self._condition, self._name, remedy=OF_TRUTHS_ALONE))

    def close(self) -> None:
        """Free what is loaded."""
        self._tables.close()


def _keys(samples: Samples, places: Samples) -> NDArray[np.int64]:
    return np.asarray(samples, dtype=np.int64) * MOST_PLACES + places
