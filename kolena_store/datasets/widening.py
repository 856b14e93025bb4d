"""How a dataset's columns may change from one version to the next: they widen, they never narrow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.errors import ChangedType, InvalidInput
from kolena_store.formats import is_widening

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_names", "widened_schema"]

HIDDEN_PREFIX = "_"


def check_names(where: str, schema: "pa.Schema") -> None:
    """Refuse column names that start with an underscore: those are the store's own.

    Raises:
        InvalidInput: there is one.
    """
    hidden = [name for name in schema.names if name.startswith(HIDDEN_PREFIX)]
    if hidden:
        raise InvalidInput(
            f"{where}: column {hidden[0]!r} starts with an underscore, which is kept for the store's own columns; "
            "rename it"
        )


def widened_schema(where: str, stored: "pa.Schema", found: "pa.Schema", *, keep_missing: bool) -> "pa.Schema":
    """Return the schema of the next version: the input's columns, each with the wider of its two types.

    Args:
        keep_missing: stored columns that the input lacks stay (their values are NULL in its rows).

    Raises:
        ChangedType: a column's type is neither wider nor narrower than the stored one.
        InvalidInput: a column is a stored one in other capitals.
    """
    import pyarrow as pa

    _check_spelling(where, stored.names, found.names)
    before = {field.name: field for field in stored}
    fields = {field.name: _widened(where, before.get(field.name, field), field) for field in found}
    if keep_missing:
        fields = {**{name: fields.get(name, field) for name, field in before.items()}, **fields}
    return pa.schema(fields.values(), metadata={**(stored.metadata or {}), **(found.metadata or {})})


def _check_spelling(where: str, stored: Sequence[str], found: Sequence[str]) -> None:
    spellings = {name.casefold(): name for name in stored}
    for name in found:
        if spellings.get(name.casefold(), name) != name:
            raise InvalidInput(
                f"{where}: column {name!r} is stored as {spellings[name.casefold()]!r}, and SQL takes no account of "
                "capitals; spell it as it is stored"
            )


def _widened(where: str, stored: "pa.Field", field: "pa.Field") -> "pa.Field":
    if is_widening(field.type, stored.type):
        return stored
    if is_widening(stored.type, field.type):
        return field
    raise ChangedType(
        f"{where}: column {field.name!r} holds {field.type}, so far it held {stored.type}; only wider types are "
        "accepted. Convert the column, or give it another name"
    )
