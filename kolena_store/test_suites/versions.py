"""Versions of test cases: an equal definition is the same version, also on return to an older text."""

from dataclasses import dataclass

from kolena_store.database import Transaction
from kolena_store.datasets import DatasetRecord
from kolena_store.digests import sha256_of_text
from kolena_store.schema import now
from kolena_store.statements import Fragment, statement
from kolena_store.test_suites.records import ALL, CaseRecord

__all__ = ["CaseDefinition", "add_case", "all_samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDefinition:
    """A test case as it is to be: its identity is the digest, its text or its list of members what runs."""

    name: str
    level: str
    digest: str
    source: str | None
    query: Fragment | None
    fields: tuple[str, ...]
    members_file: int | None
    description: str | None
    tags: tuple[str, ...]


def all_samples() -> CaseDefinition:
    """Return the definition of the reserved test case of every sample."""
    query = statement("queries/suites", "all_samples").fill()
    return CaseDefinition(
        name=ALL,
        level="sample",
        digest=sha256_of_text(query),
        source=query,
        query=query,
        fields=(),
        members_file=None,
        description="Every sample of the dataset",
        tags=(),
    )


def add_case(
    transaction: Transaction, dataset: DatasetRecord, definition: CaseDefinition, *, keeps_texts: bool = False
) -> CaseRecord:
    """Return the version of the test case that has this definition, made when there is none.

    Args:
        keeps_texts: leave a test case that is there its name, description and tags: nobody wrote new ones.
    """
    versions = _versions(transaction, dataset, definition.name)
    test_case_id = versions[0].test_case_id if versions else _new_case(transaction, dataset, definition.name)
    if not (versions and keeps_texts):
        transaction.run(
            "suites.update_case",
            test_case_id=test_case_id,
            name=definition.name,
            description=definition.description,
            tags=list(definition.tags),
        )
    if definition.digest not in {record.definition_digest for record in versions}:
        transaction.run(
            "suites.insert_case_version",
            test_case_id=test_case_id,
            version=len(versions) + 1,
            level=definition.level,
            definition_digest=definition.digest,
            source=definition.source,
            normalised=definition.query,
            fields=list(definition.fields),
            members_file=definition.members_file,
            created=now(),
        )
    found = _versions(transaction, dataset, definition.name)
    return next(record for record in found if record.definition_digest == definition.digest)


def _versions(transaction: Transaction, dataset: DatasetRecord, name: str) -> list[CaseRecord]:
    return transaction.records(CaseRecord, "suites.case_versions", dataset_id=dataset.dataset_id, name=name)


def _new_case(transaction: Transaction, dataset: DatasetRecord, name: str) -> int:
    test_case_id = transaction.new_id()
    transaction.run("suites.insert_case", test_case_id=test_case_id, dataset_id=dataset.dataset_id, name=name)
    return test_case_id
