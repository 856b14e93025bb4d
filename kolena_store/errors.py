"""The errors that users meet: one root, and every message says what is wrong, where, and what to do."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

__all__ = [
    "ChangedType",
    "ConflictingDefinition",
    "DamagedStore",
    "DuplicateIds",
    "EmptyInput",
    "FailedScorer",
    "InvalidInput",
    "LimitExceeded",
    "MalformedFile",
    "MergeConflict",
    "MissingColumns",
    "MissingExtra",
    "OutdatedSession",
    "ReadOnlyStore",
    "RefusedStatement",
    "StoreError",
    "StoreLocked",
    "StoreNotFound",
    "UnknownName",
    "UnmatchedResults",
    "UnreadableFile",
    "UnsupportedStore",
    "did_you_mean",
    "shown",
]

EXAMPLES_SHOWN = 5
SUGGESTIONS_SHOWN = 3


class StoreError(Exception):
    """The root of every error that kolena_store raises on purpose."""


class InvalidInput(StoreError, ValueError):
    """An argument, a file or a definition that can't be used as it is."""


class UnknownName(StoreError, LookupError):
    """A name that the store does not have."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str], listing: str) -> Self:
        """Return the error for `name`, with near names and the command `listing` that shows all of them."""
        return cls(f"no {kind} named {name!r}{did_you_mean(name, known)} (list them: {listing})")


class MissingColumns(InvalidInput):
    """The input lacks a column that the dataset, the workflow or a definition needs."""

    @classmethod
    def of(
        cls,
        where: str,
        missing: Iterable[str],
        available: Iterable[str],
        *,
        remedy: str = "Rename the column or name another one",
    ) -> Self:
        """Return the error for the columns `missing` from `where`, with the near names among those available."""
        columns, names = list(available), list(missing)
        near = [did_you_mean(name, columns) for name in names]
        if len(names) == 1:
            named = f"column {names[0]!r}{near[0]}"
        else:
            hints = (f" ({one.removeprefix('; ')})" if one else "" for one in near)
            named = "columns " + ", ".join(f"{name!r}{hint}" for name, hint in zip(names, hints, strict=True))
        return cls(f"{where} has no {named}; it has {shown(columns) or 'none'}. {remedy}")


class DuplicateIds(InvalidInput):
    """Several rows of the input carry the same id."""


class ChangedType(InvalidInput):
    """A field's type is not the one it had, or one side's type does not fit the other's."""


class UnmatchedResults(InvalidInput):
    """Rows of results, or of an attached table, that belong to no test sample of the dataset."""


class EmptyInput(InvalidInput):
    """An input without a row, or without a column."""


class FailedScorer(InvalidInput):
    """A scorer of the user that is not to be found, raises, or returns something else than it should."""


class MalformedFile(InvalidInput):
    """A file whose content breaks its own format."""

    @classmethod
    def of(cls, path: str | Path, line: int | None, problem: str, remedy: str) -> Self:
        """Return the error for `problem` in line `line` (counted from 1; None: unknown) of the file `path`."""
        where = f"{path}, line {line}" if line is not None else str(path)
        return cls(f"{where}: {problem}. {remedy}")


class UnreadableFile(StoreError, OSError):
    """A file that can't be opened or read."""


class RefusedStatement(InvalidInput):
    """SQL that is not allowed where it stands."""


class ConflictingDefinition(InvalidInput):
    """A name that is already taken by something else."""


class MergeConflict(StoreError, ValueError):
    """Two stores that hold different things under one name."""


class StoreNotFound(StoreError, FileNotFoundError):
    """No store at this path."""


class StoreLocked(StoreError, TimeoutError):
    """Another process is writing to the store."""


class DamagedStore(StoreError, RuntimeError):
    """The store's files contradict each other; the command line leaves with 3."""


class OutdatedSession(StoreError, RuntimeError):
    """A view of the store that is so old that its files were cleaned up; `refresh()` gives a new one."""


class UnsupportedStore(StoreError, RuntimeError):
    """A store written by a newer kolena_store."""


class ReadOnlyStore(StoreError, PermissionError):
    """The store's directory can't be written."""


class LimitExceeded(StoreError, RuntimeError):
    """A query took more time or memory than it was allowed."""


class MissingExtra(StoreError, ImportError):
    """A feature whose optional dependencies are not installed."""

    @classmethod
    def of(cls, feature: str, extra: str) -> Self:
        """Return the error for `feature`, which the packages of `extra` bring."""
        return cls(f"{feature} needs further packages: pip install 'kolena-store[{extra}]'")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` with the nearest of the known names, or nothing when none is near."""
    from difflib import get_close_matches

    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = [by_folded[match] for match in get_close_matches(name.casefold(), by_folded, SUGGESTIONS_SHOWN, 0.6)]
    return f"; did you mean {' or '.join(repr(candidate) for candidate in near)}?" if near else ""


def shown(values: Iterable[object], spell: Callable[[object], str] = repr) -> str:
    """Return the first few values, by repr or as `spell` spells them, and how many more there are."""
    listed = list(values)
    text = ", ".join(spell(value) for value in listed[:EXAMPLES_SHOWN])
    more = len(listed) - EXAMPLES_SHOWN
    return f"{text} and {more} more" if more > 0 else text
