"""Test suites and their test cases as the catalogue knows them."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord
from kolena_store.errors import UnknownName
from kolena_store.statements import Fragment
from kolena_store.tables import Layout, RecordColumn

__all__ = ["ALL", "CASES", "SUITES", "CaseRecord", "SuiteRecord", "cases_of", "find_suite", "suite_named", "suites"]

ALL = "all"
"""The reserved test case of every sample, first in every suite."""

EXPLICIT = "(a list of ids)"
NOTES = (RecordColumn(name="description"), RecordColumn(name="tags", kind="texts"))

SUITES = Layout(
    fields=(
        RecordColumn(name="dataset"),
        RecordColumn(name="name"),
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="test_cases", kind="whole", of="n_test_cases"),
        RecordColumn(name="origin"),
        *NOTES,
        RecordColumn(name="created", kind="moment"),
    ),
    shown=(
        RecordColumn(name="suite", of="name"),
        RecordColumn(name="dataset"),
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="test cases", kind="whole", of="n_test_cases"),
        RecordColumn(name="tags", kind="texts"),
        RecordColumn(name="created", kind="moment"),
    ),
)
CASES = Layout(
    fields=(
        RecordColumn(name="name"),
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="level"),
        RecordColumn(name="definition", of="source"),
        *NOTES,
    ),
    shown=(
        RecordColumn(name="test case", of="name"),
        RecordColumn(name="version", kind="whole"),
        RecordColumn(name="level"),
        RecordColumn(name="definition", of="short_definition"),
        *NOTES,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One version of a test case."""

    test_case_id: int = field(repr=False)
    version: int
    name: str
    level: str
    definition_digest: str = field(repr=False)
    source: str | None
    normalised: str | None = field(repr=False)
    object_query: str | None = field(repr=False)
    within: str | None
    fields: list[str]
    inference_fields: list[str]
    members_file: int | None = field(repr=False)
    description: str | None
    tags: list[str]

    @property
    def query(self) -> Fragment:
        """Return the SELECT that names the members; it was checked when the suite was applied."""
        return Fragment(self.normalised or "")

    @property
    def selects_objects(self) -> bool:
        """Return whether it selects objects; its members are the samples on which these are looked for."""
        return self.object_query is not None

    @property
    def is_of_model(self) -> bool:
        """Return whether its members are other samples for each model: those that were shown to it in some way."""
        return self.level == "inference"

    @property
    def short_definition(self) -> str:
        """Return the definition on one line."""
        return EXPLICIT if self.source is None else " ".join(self.source.split())

    @property
    def key(self) -> tuple[int, int]:
        """Return the test case's id and version."""
        return self.test_case_id, self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRecord:
    """One version of a test suite; its origin says how it came to be: from a file, by fields, or built in."""

    suite_id: int = field(repr=False)
    dataset: str
    name: str
    origin: str
    description: str | None
    tags: list[str]
    version: int
    n_test_cases: int
    source: str | None
    created: datetime.datetime


def suites(session: Session, dataset: DatasetRecord | None = None) -> list[SuiteRecord]:
    """Return the newest version of every suite of a dataset (None: of all datasets), by name."""
    dataset_id = dataset.dataset_id if dataset is not None else None
    return session.records(SuiteRecord, "suites.all_suites", dataset_id=dataset_id)


def find_suite(session: Session, dataset: DatasetRecord, name: str, version: int | None = None) -> SuiteRecord | None:
    """Return a suite of this name (without regard to case), by default its newest version, or None."""
    key = {"dataset_id": dataset.dataset_id, "name": name, "version": version}
    found = session.records(SuiteRecord, "suites.suite_named", **key)
    return found[0] if found else None


def suite_named(session: Session, dataset: DatasetRecord, name: str, version: int | None = None) -> SuiteRecord:
    """Return a suite of a dataset, by default its newest version.

    Raises:
        UnknownName: the dataset has no such suite, or the suite no such version.
    """
    found = find_suite(session, dataset, name, version)
    if found is not None:
        return found
    newest = find_suite(session, dataset, name)
    if newest is not None:
        raise UnknownName(f"suite {newest.name!r} has no version {version}; it has 1 to {newest.version}")
    known = [record.name for record in suites(session, dataset)]
    raise UnknownName.of(f"test suite of {dataset.name!r}", name, known, f"kolena-store suite list {dataset.name}")


def cases_of(session: Session, suite: SuiteRecord) -> Sequence[CaseRecord]:
    """Return the test cases that a suite version pins, in order."""
    return session.records(CaseRecord, "suites.cases_of_suite", suite_id=suite.suite_id, version=suite.version)
