"""Finding the suite that a test names: by name, by file, by fields, or the built-in one of all samples."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kolena_store.database import Transaction
from kolena_store.datasets import DatasetRecord, version_of
from kolena_store.digests import sha256_of_texts
from kolena_store.errors import InvalidInput
from kolena_store.formats import read_text
from kolena_store.test_suites import (
    ALL,
    Bins,
    ExplicitCase,
    SuiteInput,
    SuiteRecord,
    SuiteReport,
    apply_suites,
    find_suite,
    stratified,
    suite_named,
)

__all__ = ["SUITE_SUFFIX", "listed", "read_suite", "stratify", "suite_input", "suite_of"]

SUITE_SUFFIX = ".sql"
BY = "by"
LONGEST_NAME = 150


def suite_of(
    transaction: Transaction,
    dataset: DatasetRecord,
    suite: "str | Path | SuiteReport | None",
    by: Sequence["str | Bins"] | None,
    *,
    cross: bool = False,
) -> tuple[SuiteRecord, tuple[str, ...]]:
    """Return the suite to test: a stored one, one from a file (applied first), one by fields, or all samples.

    What there is to say of a file that was applied, or of the fields, stands beside it.

    Raises:
        InvalidInput: both a suite and fields are named, or fields are to be crossed and none is.
        UnknownName: there is no such suite.
    """
    if by is not None and suite is not None:
        raise InvalidInput(
            "a test takes either a suite or fields to cut by (--by, in Python by=), not both: "
            "fields make a suite of their own"
        )
    if by is not None:
        return _by_fields(transaction, dataset, by, cross=cross)
    if cross:
        raise InvalidInput("cross= (--cross) names no fields to cross; give them with by= (--by)")
    if suite is None:
        if find_suite(transaction, dataset, ALL) is None:
            apply_suites(transaction, dataset, [SuiteInput(name=ALL, text="", file=ALL, origin="all")])
        return suite_named(transaction, dataset, ALL), ()
    if isinstance(suite, SuiteReport):
        return suite_named(transaction, dataset, suite.name, suite.version), ()
    if isinstance(suite, Path) or suite.endswith(SUITE_SUFFIX):
        (report,) = apply_suites(transaction, dataset, [read_suite(suite)])
        return suite_named(transaction, dataset, report.name), report.notes
    return suite_named(transaction, dataset, suite), ()


def read_suite(path: str | Path) -> SuiteInput:
    """Return a suite file's text; the suite is named after the file.

    Raises:
        UnreadableFile: the file can't be read as UTF-8 text.
    """
    return SuiteInput(name=Path(path).stem, text=read_text(path), file=str(path))


def suite_input(
    source: str | Path,
    *,
    name: str | None = None,
    cases: Sequence[ExplicitCase] = (),
    description: str | None = None,
    tags: Sequence[str] | None = None,
) -> SuiteInput:
    """Return what to apply: a file, or, when a name is given and the source is no file, the text of a suite.

    Raises:
        InvalidInput: a text without a name.
    """
    is_file = isinstance(source, Path) or source.endswith(SUITE_SUFFIX)
    if not is_file and name is None:
        raise InvalidInput("the suite needs a name: give a file that ends in .sql, or the text and name=")
    given = read_suite(source) if is_file else SuiteInput(name=str(name), text=str(source), file=str(name))
    return replace(given, name=name or given.name, explicit=cases, description=description, tags=tags)


def stratify(
    transaction: Transaction,
    dataset: DatasetRecord,
    name: str,
    by: Sequence["str | Bins"],
    *,
    cross: bool = False,
    origin: str = "file",
) -> SuiteReport:
    """Write the views for some fields (or their combinations), apply them as a suite, and return it with its text."""
    made = stratified(transaction, version_of(transaction, dataset), listed(by), cross=cross)
    given = SuiteInput(name=name, text=made.text, file=name, origin=origin, warnings=made.notes)
    return apply_suites(transaction, dataset, [given])[0]


def _by_fields(
    transaction: Transaction, dataset: DatasetRecord, by: Sequence["str | Bins"], *, cross: bool
) -> tuple[SuiteRecord, tuple[str, ...]]:
    if not by:
        raise InvalidInput("by= names no field; give at least one, as in by=['language']")
    name = _name_of(listed(by), " x " if cross else ", ")
    taken = find_suite(transaction, dataset, name)
    if taken is not None and taken.origin != BY:
        name = f"{name} (fields)"
    report = stratify(transaction, dataset, name, by, cross=cross, origin=BY)
    return suite_named(transaction, dataset, name), report.warnings


def _name_of(by: Sequence["str | Bins"], between: str) -> str:
    """Return the name of the suite that fields make: it says how they are cut, as another cut is another suite."""
    cuts = [str(one) for one in by]
    name = f"by {between.join(cuts)}"
    is_fit = len(name) <= LONGEST_NAME and name.isprintable()
    return name if is_fit else f"by fields {sha256_of_texts([between, *cuts])[:8]}"


def listed(given: "Sequence[Any] | str | Bins") -> "Sequence[Any]":
    """Return what a caller gave as a list: a single field, range or name stands for a list of one."""
    return [given] if isinstance(given, (str, Bins)) else given
