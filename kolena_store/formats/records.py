"""Python objects as Arrow columns: one kind of value in each column, and a missing value told from NaN."""

import datetime
import decimal
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolena_store.errors import InvalidInput
from kolena_store.formats.nesting import MOST_LEVELS, is_deep_value

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["array_of_objects", "table_of_records"]

MISSING_TYPES = ("NAType", "NaTType")
WHOLE, REAL, TIMESTAMPS = "integers", "numbers", "timestamps"
LISTS, OBJECTS = "lists", "objects"
KINDS: tuple[tuple[type, str], ...] = (
    (bool, "booleans"),
    (int, WHOLE),
    (float, REAL),
    (str, "text"),
    (bytes, "bytes"),
    (decimal.Decimal, "decimals"),
    (datetime.datetime, TIMESTAMPS),
    (datetime.date, "dates"),
    (datetime.time, "times"),
    (datetime.timedelta, "durations"),
    (uuid.UUID, "UUIDs"),
    (Mapping, OBJECTS),
    (list, LISTS),
    (tuple, LISTS),
)
NUMPY_KINDS = (
    ("datetime64", "NumPy times"),
    ("timedelta64", "NumPy times"),
    ("bool", "booleans"),
    ("bool_", "booleans"),
    ("integer", WHOLE),
    ("floating", REAL),
    ("ndarray", LISTS),
)


def table_of_records(records: Sequence[object], where: str) -> "pa.Table":
    """Return dictionaries as a table: a column for each key, in order of appearance; a key that is not there is NULL.

    Raises:
        InvalidInput: an item is no dictionary with text keys, or a column mixes kinds of values.
    """
    import pyarrow as pa

    names: dict[str, None] = {}
    for row, record in enumerate(records, start=1):
        if not isinstance(record, Mapping):
            raise InvalidInput(
                f"{where}: item {row} is of type {type(record).__name__}, no dictionary; give dictionaries alone"
            )
        names.update(dict.fromkeys(record))
    odd = next((name for name in names if not isinstance(name, str)), None)
    if odd is not None:
        raise InvalidInput(f"{where}: the key {odd!r} is no text; give text keys, which become the columns' names")
    rows = [record for record in records if isinstance(record, Mapping)]
    arrays = [array_of_objects([row.get(name) for row in rows], name, where) for name in names]
    return pa.table(arrays, names=list(names))


def array_of_objects(values: Sequence[object], column: str, where: str) -> "pa.Array":
    """Return Python values as an Arrow array. None is NULL; NaN is NaN among numbers, and NULL among anything else.

    Raises:
        InvalidInput: the values are of several kinds, or of one that Arrow does not have.
    """
    import pyarrow as pa

    present = [None if type(value).__name__ in MISSING_TYPES else value for value in values]
    kind = _kind_of(present, column, where)
    if kind in (LISTS, OBJECTS):
        _check_depth(present, column, where)
    if kind != REAL:
        present = [None if _is_nan(value) else value for value in present]
    try:
        return _array(present, kind)
    except OverflowError as error:
        raise InvalidInput(
            f"{where}: column {column!r} holds integers of more than 64 bits; write them as text"
        ) from error
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{where}: column {column!r} holds {kind} that can't be stored: {error}; convert them"
        ) from error


def _check_depth(values: Sequence[object], column: str, where: str) -> None:
    row = next((row for row, value in enumerate(values, start=1) if is_deep_value(value)), None)
    if row is not None:
        raise InvalidInput(
            f"{where}: column {column!r} holds a value that is nested more than {MOST_LEVELS} levels deep (row {row}); "
            "give flatter values, none of which holds itself"
        )


def _array(values: Sequence[Any], kind: str | None) -> "pa.Array":
    import pyarrow as pa

    if kind == REAL:
        is_single = {type(value).__name__ for value in values if value is not None} == {"float32"}
        numbers = [None if value is None else float(value) for value in values]
        return pa.array(numbers, pa.float32() if is_single else pa.float64(), from_pandas=False)
    if kind == WHOLE:
        is_unsigned = max((value for value in values if value is not None), default=0) >= 2**63
        return pa.array(values, pa.uint64() if is_unsigned else None)
    if kind == "NumPy times":
        import numpy as np

        return pa.array(np.array(["NaT" if value is None else value for value in values], dtype=_numpy_type(values)))
    array = pa.array(values, from_pandas=False)
    if kind == TIMESTAMPS and any(getattr(value, "nanosecond", 0) for value in values):
        return pa.array(values, pa.timestamp("ns", array.type.tz))
    return array


def _numpy_type(values: Sequence[Any]) -> "np.dtype":
    import numpy as np

    return np.array([value for value in values if value is not None]).dtype


def _kind_of(values: Sequence[object], column: str, where: str) -> str | None:
    """Return the one kind of the values, None when all are missing."""
    first_of: dict[str, int] = {}
    kinds: dict[type, str] = {}
    for position, value in enumerate(values):
        if value is None or _is_nan(value):
            continue
        python_type = type(value)
        kind = kinds.get(python_type) or kinds.setdefault(python_type, _kind_of_type(python_type, column, where))
        if kind == TIMESTAMPS and getattr(value, "tzinfo", None) is not None:
            kind = "timestamps with a zone"
        first_of.setdefault(kind, position)
    if set(first_of) <= {WHOLE, REAL} and any(_is_nan(value) for value in values):
        return REAL
    if set(first_of) == {WHOLE, REAL}:
        return REAL
    if len(first_of) > 1:
        (one, first), (other, second) = list(first_of.items())[:2]
        raise InvalidInput(
            f"{where}: column {column!r} mixes {one} (row {first + 1}: {values[first]!r:.60}) and "
            f"{other} (row {second + 1}: {values[second]!r:.60}); make the column one kind"
        )
    return next(iter(first_of), "").removesuffix(" with a zone") or None


def _kind_of_type(python_type: type, column: str, where: str) -> str:
    numpy_names = {base.__name__ for base in python_type.__mro__ if base.__module__.startswith("numpy")}
    candidates = (
        *(kind for name, kind in NUMPY_KINDS if name in numpy_names),
        *(kind for base, kind in KINDS if issubclass(python_type, base)),
    )
    if not candidates:
        raise InvalidInput(
            f"{where}: column {column!r} holds values of type {python_type.__name__}, which can't be stored; "
            "convert them to text, numbers, dates, lists or dictionaries"
        )
    return candidates[0]


def _is_nan(value: object) -> bool:
    is_number = isinstance(value, float) or type(value).__name__ in ("float16", "float32")
    return is_number and value != value
