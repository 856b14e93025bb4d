"""Versions of test cases: an equal definition is the same version, also on return to an older text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kolena_store.database import Transaction
from kolena_store.datasets import DatasetRecord
from kolena_store.digests import sha256_of_text
from kolena_store.schema import now
from kolena_store.statements import Fragment, statement
from kolena_store.test_suites.records import ALL, CaseRecord

__all__ = ["CaseDefinition", "add_cases", "all_samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDefinition:
    """A test case as it is to be: its identity is the digest, its text or its list of members what runs.

    An object-level one has two queries: that of the samples that it is measured on, which are those of the test case
    `within` (None: all), and that of its objects.
    """

    name: str
    level: str
    digest: str
    source: str | None
    query: Fragment | None
    object_query: Fragment | None = None
    within: str | None = None
    fields: tuple[str, ...]
    inference_fields: tuple[str, ...] = ()
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


def add_cases(
    transaction: Transaction,
    dataset: DatasetRecord,
    definitions: Sequence[CaseDefinition],
    *,
    keeps_texts: bool = False,
) -> list[CaseRecord]:
    """Return the version of each test case that has its definition, made when there is none.

    Args:
        transaction: the open one.
        dataset: whose test cases they are.
        definitions: the test cases, each name once.
        keeps_texts: leave a test case that is there its name, description and tags: nobody wrote new ones.
    """
    before = _versions(transaction, dataset)
    made = {_key(one.name): transaction.new_id() for one in definitions if _key(one.name) not in before}
    names = [one.name for one in definitions if _key(one.name) in made]
    transaction.run(
        "suites.insert_cases", test_case_ids=list(made.values()), dataset_id=dataset.dataset_id, names=names
    )
    for one in definitions:
        versions = before.get(_key(one.name), [])
        if _has_new_texts(one, versions[-1] if versions else None) and not (versions and keeps_texts):
            transaction.run(
                "suites.update_case",
                test_case_id=versions[0].test_case_id if versions else made[_key(one.name)],
                name=one.name,
                description=one.description,
                tags=list(one.tags),
            )
    _insert_versions(transaction, [one for one in definitions if not _find(before, one)], before, made)
    after = _versions(transaction, dataset)
    return [record for one in definitions if (record := _find(after, one)) is not None]


def _insert_versions(
    transaction: Transaction,
    definitions: Sequence[CaseDefinition],
    before: Mapping[str, Sequence[CaseRecord]],
    made: Mapping[str, int],
) -> None:
    rows = []
    for one in definitions:
        versions = before.get(_key(one.name), [])
        test_case_id = versions[0].test_case_id if versions else made[_key(one.name)]
        rows.append((test_case_id, len(versions) + 1, one))
    if rows:
        transaction.run(
            "suites.insert_case_versions",
            test_case_ids=[test_case_id for test_case_id, _, _ in rows],
            versions=[version for _, version, _ in rows],
            levels=[one.level for one in definitions],
            definition_digests=[one.digest for one in definitions],
            sources=[one.source for one in definitions],
            normalised=[one.query for one in definitions],
            object_queries=[one.object_query for one in definitions],
            within=[one.within for one in definitions],
            fields=[list(one.fields) for one in definitions],
            inference_fields=[list(one.inference_fields) for one in definitions],
            members_files=[one.members_file for one in definitions],
            created=now(),
        )


def _has_new_texts(one: CaseDefinition, known: CaseRecord | None) -> bool:
    if known is None:
        return one.description is not None or bool(one.tags)
    return (one.name, one.description, list(one.tags)) != (known.name, known.description, known.tags)


def _find(versions: Mapping[str, Sequence[CaseRecord]], one: CaseDefinition) -> CaseRecord | None:
    found = versions.get(_key(one.name), ())
    return next((record for record in found if record.definition_digest == one.digest), None)


def _versions(transaction: Transaction, dataset: DatasetRecord) -> dict[str, list[CaseRecord]]:
    """Return the versions of every test case of a dataset, by name without regard to case."""
    found: dict[str, list[CaseRecord]] = {}
    for record in transaction.records(CaseRecord, "suites.case_versions", dataset_id=dataset.dataset_id):
        found.setdefault(_key(record.name), []).append(record)
    return found


def _key(name: str) -> str:
    return name.lower()
