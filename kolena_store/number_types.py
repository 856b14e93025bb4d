"""The names of DuckDB's types of numbers."""

__all__ = ["SMALL_WHOLE_NUMBERS", "WHOLE_NUMBERS", "is_number"]

SMALL_WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
"""Those whose every value fits a signed integer of 64 bits."""

WHOLE_NUMBERS = (*SMALL_WHOLE_NUMBERS, "UBIGINT", "HUGEINT", "UHUGEINT")


def is_number(kind: str) -> bool:
    """Return whether a type, by its name, is one of numbers."""
    return kind in (*WHOLE_NUMBERS, "FLOAT", "DOUBLE") or (kind.startswith("DECIMAL(") and kind.endswith(")"))
