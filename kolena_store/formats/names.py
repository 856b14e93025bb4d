"""Column names that a table can have: none empty, none twice, also when capitals are set aside; how deep columns go."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kolena_store.errors import EmptyInput, InvalidInput
from kolena_store.formats.nesting import MOST_LEVELS, children_of, is_deep_type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_depth", "check_names", "check_nested_names"]


def check_names(where: str, names: Iterable[str]) -> None:
    """Refuse names that SQL can't tell apart or can't write.

    Raises:
        EmptyInput: there is no column at all.
        InvalidInput: a name is empty, holds a NUL character, or stands twice (DuckDB takes no account of capitals).
    """
    listed = list(names)
    if not listed:
        raise EmptyInput(f"{where} has no columns; give at least one")
    _check(where, "column", listed)


def check_depth(where: str, schema: "pa.Schema") -> None:
    """Refuse lists and structs that are nested deeper than can be stored.

    Raises:
        InvalidInput: a column is.
    """
    for field in schema:
        if is_deep_type(field.type):
            raise InvalidInput(
                f"{where}: column {field.name!r} is nested more than {MOST_LEVELS} levels deep; give flatter values"
            )


def check_nested_names(where: str, schema: "pa.Schema") -> None:
    """Refuse the same in the fields of structs.

    Raises:
        InvalidInput: a field's name is empty, holds a NUL character, or stands twice; or a column is nested too deeply.
    """
    check_depth(where, schema)
    for field in schema:
        _check_type(where, field.name, field.type)


def _check(where: str, what: str, names: list[str]) -> None:
    seen: dict[str, str] = {}
    for position, name in enumerate(names, start=1):
        if not name:
            raise InvalidInput(
                f"{where}: {what} {position} has no name; name it, or leave it out (pandas writes its index "
                "so: write with index=False)"
            )
        if "\0" in name:
            raise InvalidInput(f"{where}: the name of {what} {name!r} holds a NUL character; rename it")
        earlier = seen.get(name.casefold())
        if earlier is not None:
            same = "" if earlier == name else f" (also written {earlier!r}: SQL takes no account of capitals)"
            raise InvalidInput(f"{where} has two {what}s named {name!r}{same}; rename one")
        seen[name.casefold()] = name


def _check_type(where: str, path: str, kind: "pa.DataType") -> None:
    import pyarrow as pa

    children = children_of(kind)
    if pa.types.is_struct(kind):
        _check(f"{where}, column {path!r}", "field", [child.name for child in children])
    for child in children:
        _check_type(where, f"{path}.{child.name}" if pa.types.is_struct(kind) else path, child.type)
