"""Objects of a scoring batch in columns: lists of structs, taken apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.workflows.base import WrongObject
from kolena_store.workflows.numbers import numbers_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = [
    "LARGEST",
    "OUTSIDE",
    "ObjectLists",
    "boxes_of",
    "flags_of",
    "label_codes",
    "marked_outside",
    "object_lists",
    "wrong_box",
    "wrong_label",
]

OUTSIDE = "_outside"
"""The field of an object, true or found, that an object-level test case does not select; the store adds it."""

LARGEST = 1e12
"""Beyond it a place or length in pixels is no measurement, and areas would lose their digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ObjectLists:
    """The objects of some samples, one after the other: the row of each one's sample, and its place there."""

    rows: "np.ndarray"
    places: "np.ndarray"
    objects: "pa.StructArray"

    def has(self, name: str | None) -> bool:
        """Return whether the objects have a field."""
        return name is not None and self.objects.type.get_field_index(name) >= 0

    def field(self, name: str) -> "pa.Array":
        """Return the values of a field."""
        import pyarrow.compute as pc

        return pc.struct_field(self.objects, name)

    def wrong(self, number: int, what: str, samples: "np.ndarray") -> WrongObject:
        """Return what is to be said of one of the objects, given the number of the sample in each row."""
        return WrongObject(int(samples[self.rows[number]]), int(self.places[number]), what)

    def numbers(self, name: str) -> "np.ndarray":
        """Return the values of a field of numbers; NULL is NaN."""
        return numbers_of(self.field(name))


def object_lists(column: "pa.ListArray") -> ObjectLists:
    """Return the objects of a column of lists; NULL is a list without any."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    rows = np.repeat(np.arange(len(column)), lengths)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    objects = column.flatten()
    if not pa.types.is_struct(objects.type):
        objects = pa.array([{}] * len(rows), pa.struct([]))
    return ObjectLists(rows=rows, places=places, objects=objects)


def marked_outside(column: "pa.ListArray", is_outside: "np.ndarray") -> "pa.ListArray":
    """Return a column of lists whose objects say whether they are outside of a test case; NULL becomes an empty list.

    Args:
        column: the lists.
        is_outside: an entry for each object, as `object_lists` has them.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    objects = column.flatten()
    if not pa.types.is_struct(objects.type):
        return column
    fields = [*objects.type, pa.field(OUTSIDE, pa.bool_())]
    marked = pa.StructArray.from_arrays([*objects.flatten(), pa.array(is_outside)], fields=fields)
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), marked)


def boxes_of(lists: ObjectLists, box: Sequence[str], *, are_corners: bool) -> "np.ndarray":
    """Return left, top, width and height of each object: float64[n, 4].

    Args:
        lists: the objects.
        box: the four fields.
        are_corners: whether these are left, top, right and bottom.
    """
    import numpy as np

    columns = [lists.numbers(name) if lists.has(name) else np.full(len(lists.rows), np.nan) for name in box]
    if are_corners:
        columns[2:] = [columns[2] - columns[0], columns[3] - columns[1]]
    return np.column_stack(columns) if columns[0].size else np.zeros((0, 4))


def wrong_box(lists: ObjectLists, boxes: "np.ndarray", samples: "np.ndarray") -> WrongObject | None:
    """Return the first object whose box is none: a number is missing or far out of any image, or a length negative.

    Args:
        lists: the objects.
        boxes: left, top, width and height of each.
        samples: the number of the sample in each row.
    """
    import numpy as np

    is_bad = ~(np.abs(boxes) <= LARGEST).all(axis=1) | (boxes[:, 2:] < 0).any(axis=1)
    if not is_bad.any():
        return None
    first = int(np.flatnonzero(is_bad)[0])
    left, top, width, height = boxes[first].tolist()
    what = f"has no box: left {left:g}, top {top:g}, width {width:g}, height {height:g}"
    return lists.wrong(first, what, samples)


def wrong_label(lists: ObjectLists, name: str | None, samples: "np.ndarray") -> WrongObject | None:
    """Return the first object without a label; None where objects need none, or all have one."""
    import numpy as np

    if name is None or not len(lists.rows):
        return None
    is_null = lists.field(name).is_null().to_numpy(zero_copy_only=False) if lists.has(name) else np.array([True])
    return lists.wrong(int(np.flatnonzero(is_null)[0]), "has no label", samples) if is_null.any() else None


def flags_of(lists: ObjectLists, name: str | None) -> "np.ndarray":
    """Return whether a field of each object is true or not 0; false without the field, or where it is NULL."""
    import numpy as np

    if name is None or not lists.has(name):
        return np.zeros(len(lists.rows), dtype=bool)
    return np.asarray(np.nan_to_num(lists.numbers(name), nan=0.0) != 0)


def label_codes(sides: Sequence[ObjectLists], name: str | None) -> "tuple[list[np.ndarray], list[str]]":
    """Return the code of each object's label, -1 where it is NULL, and the labels; without a field all are alike."""
    import numpy as np
    import pyarrow as pa

    if name is None:
        return [np.zeros(len(side.rows), dtype=np.int64) for side in sides], ["object"]
    columns = [side.field(name).cast(pa.string()) for side in sides]
    encoded = pa.concat_arrays(columns).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum([len(side.rows) for side in sides])
    return np.split(codes, ends[:-1]), encoded.dictionary.to_pylist()
