"""What the readers of annotated images have in common: a table of images, a table of objects, and what is neither."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["IMAGE_ID", "SIDES", "ImageSet", "box_around", "sides_of", "table_of_rows"]

IMAGE_ID = "image_id"
SIDES = ("x", "y", "width", "height")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSet:
    """Annotated images as tables: `images` by `image_id`, ascending, and `objects`, a row for each annotation.

    An object has a `label`, the box as `x`, `y`, `width` and `height` in pixels, and all further fields as they stand.
    `document` holds what is neither, such as the categories and which columns are JSON; `notes` are for the user.
    """

    images: "pa.Table"
    objects: "pa.Table"
    document: dict[str, Any]
    notes: tuple[str, ...] = ()


def box_around(xs: Sequence[float], ys: Sequence[float]) -> dict[str, float]:
    """Return the box around some points, one or more."""
    box = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    return dict(zip(SIDES, box, strict=True))


def sides_of(one: Mapping[str, Any]) -> list[float]:
    """Return left, top, width and height of an object's box.

    Raises:
        InvalidInput: one of them is missing.
    """
    for name in SIDES:
        if not isinstance(one.get(name), (int, float)):
            raise InvalidInput(
                f"an object {one.get('label')!r} can't be written: its {name} is {one.get(name)!r}; give it a box, or "
                "leave it out"
            )
    return [float(one[name]) for name in SIDES]


def table_of_rows(rows: Sequence[Mapping[str, Any]], fixed: "Mapping[str, pa.DataType]") -> "pa.Table":
    """Return rows as a table: the fixed columns with their types first, then all others as they are inferred.

    Args:
        rows: a mapping each; a column that one lacks is NULL there.
        fixed: the columns that are always there.
    """
    import pyarrow as pa

    names = dict.fromkeys(name for row in rows for name in row if name not in fixed)
    columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in fixed.items()}
    return pa.table(columns | {name: pa.array(_alike([row.get(name) for row in rows])) for name in names})


def _alike(values: Iterable[object]) -> list[object]:
    """Return values of one type: numbers stay numbers only where all are."""
    found = list(values)
    kinds = {type(value) for value in found} - {type(None)}
    is_plain = len(kinds) <= 1 or kinds == {int, float}
    return found if is_plain else [None if value is None else str(value) for value in found]
