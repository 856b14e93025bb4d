"""What text cells look like, which type a column of them has, and how a cell of a given type may be spelled."""

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CellClass", "pattern_of", "plain_macro", "type_of_classes"]

NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)"
DAY = r"\d\d\d\d[-/]\d\d?[-/]\d\d?"
TIME = r"\d\d?:\d\d(:\d\d(\.\d{1,9})?)?"
ZONE = r" ?(Z|[+-]\d\d(:?\d\d)?)"
INTEGER_PATTERN = r"[+-]?\d+"
FLOAT_PATTERN = NUMBER + r"([eE][+-]?\d+)?|[+-]?(?i:nan|inf|infinity)"
TIMESTAMP_PATTERN = f"{DAY}([ T]{TIME})?"
ZONED_PATTERN = f"{DAY}([ T]{TIME}({ZONE})?)?"


class CellClass(IntFlag):
    """What a cell looks like, as the SQL macro `class_of_cell` says it; the classes of a column's cells are or-ed."""

    BLANK = 1
    NATURAL = 2
    NEGATIVE = 4
    UNSIGNED = 8
    DECIMAL = 16
    NOT_FINITE = 32
    BOOLEAN = 64
    DATE = 128
    TIMESTAMP = 256
    TIMESTAMP_NS = 512
    ZONED = 1024
    TEXT = 2048


INTEGERS = CellClass.NATURAL | CellClass.NEGATIVE
NUMBERS = INTEGERS | CellClass.DECIMAL | CellClass.NOT_FINITE
TIMES = CellClass.DATE | CellClass.TIMESTAMP

PLAIN_MACROS = (
    (CellClass(0), "is_plain_blank"),
    (INTEGERS, "is_plain_integer"),
    (NUMBERS, "is_plain_number"),
    (CellClass.BOOLEAN, "is_plain_boolean"),
    (CellClass.DATE, "is_plain_date"),
    (TIMES, "is_plain_timestamp"),
)


def plain_macro(classes: CellClass) -> str | None:
    """Return the SQL macro that says quickly whether a further cell fits a column of these classes, if any does."""
    found = classes & ~CellClass.BLANK
    return next((name for allowed, name in PLAIN_MACROS if not found & ~allowed), None)


def type_of_classes(classes: CellClass) -> "pa.DataType":
    """Return the type of a column whose cells have these classes: null without any value, text when in doubt."""
    import pyarrow as pa

    found = classes & ~CellClass.BLANK
    if not found:
        return pa.null()
    candidates = (
        (INTEGERS, pa.int64()),
        (CellClass.NATURAL | CellClass.UNSIGNED, pa.uint64()),
        (NUMBERS, pa.float64()),
        (CellClass.BOOLEAN, pa.bool_()),
        (CellClass.DATE, pa.date32()),
        (TIMES, pa.timestamp("us")),
        (TIMES | CellClass.TIMESTAMP_NS, pa.timestamp("ns")),
        (CellClass.ZONED, pa.timestamp("us", "UTC")),
    )
    return next((kind for allowed, kind in candidates if not found & ~allowed), pa.string())


def pattern_of(kind: "pa.DataType") -> str | None:
    """Return the regular expression of the cells that are read as a declared or known type; None: any that converts."""
    import pyarrow as pa

    patterns = (
        (pa.types.is_integer, INTEGER_PATTERN),
        (pa.types.is_floating, FLOAT_PATTERN),
        (pa.types.is_decimal, NUMBER),
        (pa.types.is_date, DAY),
        (pa.types.is_time, TIME),
    )
    if pa.types.is_timestamp(kind):
        return TIMESTAMP_PATTERN if kind.tz is None else ZONED_PATTERN
    return next((pattern for is_kind, pattern in patterns if is_kind(kind)), None)
