"""One type for the columns of several models."""

from collections.abc import Iterable, Mapping

from kolena_store.number_types import is_number

__all__ = ["common_types"]


def common_types(types_of_models: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the inference columns of all models, each with a type that all of them fit.

    Names that differ in capitals alone are one column, as they are in SQL; the first spelling stays.
    """
    spellings: dict[str, str] = {}
    found: dict[str, set[str]] = {}
    for types in types_of_models:
        for name, kind in types.items():
            found.setdefault(spellings.setdefault(name.casefold(), name), set()).add(kind)
    return {name: _common_type(kinds) for name, kinds in found.items()}


def _common_type(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "DOUBLE" if all(map(is_number, kinds)) else "VARCHAR"
