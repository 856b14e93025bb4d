"""Members of inference-level test cases: the samples that one model was shown in a certain way."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.errors import RefusedStatement
from kolena_store.membership.bitmaps import Words, count, from_samples, n_words
from kolena_store.membership.block_files import CaseKey
from kolena_store.membership.evaluation import Definition, Membership
from kolena_store.membership.general import Answers, WholeTables
from kolena_store.membership.stored import memberships_in, write_memberships
from kolena_store.predicates.tokens import lowered
from kolena_store.results import ResultsRecord, metadata_types

__all__ = [
    "INFERENCE",
    "InferenceDefinition",
    "ensure_members_of_results",
    "evaluate_results",
    "lacking_fields",
    "members_of_any",
    "shared",
    "stored_members_of_results",
    "united",
]

INFERENCE = "inference"
"""The level of test cases whose members are other samples for each model."""

FLOATS = ("DOUBLE", "FLOAT")


class InferenceDefinition(Definition, Protocol):
    """A definition that reads inference metadata too."""

    @property
    def inference_fields(self) -> Sequence[str]:
        """Return the inference metadata fields that the query reads."""


def lacking_fields(version: VersionRecord, results: ResultsRecord, definition: InferenceDefinition) -> list[str]:
    """Return the inference metadata fields that a definition reads and some results don't declare."""
    declared = {lowered(name) for name in metadata_types(version, results)}
    return [name for name in definition.inference_fields if lowered(name) not in declared]


def ensure_members_of_results(
    transaction: Transaction,
    dataset: DatasetRecord,
    version: VersionRecord,
    definitions: Sequence[InferenceDefinition],
    *,
    results: ResultsRecord,
) -> dict[CaseKey, Membership]:
    """Return the members of inference-level test cases for one version of results; what is not stored is found out.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on these data.
    """
    known = stored_members_of_results(transaction, dataset, version, definitions, results=results)
    missing = [one for one in definitions if _key(one) not in known]
    if not missing:
        return known
    found = evaluate_results(transaction, version, dataset.next_sample, missing, results=results)
    new = {_key(one): members for one, members in zip(missing, found, strict=True)}
    of_results = {"results_id": results.results_id, "results_version": results.version}
    write_memberships(transaction, dataset, version, new, of_results=of_results)
    return {**known, **new}


def stored_members_of_results(
    session: Session,
    dataset: DatasetRecord,
    version: VersionRecord,
    definitions: Sequence[InferenceDefinition],
    *,
    results: ResultsRecord,
) -> dict[CaseKey, Membership]:
    """Return the members of inference-level test cases that are stored for one version of results."""
    rows = session.rows(
        "membership.stored_of_results",
        dataset_id=dataset.dataset_id,
        dataset_version=version.version,
        results_id=results.results_id,
        results_version=results.version,
        test_case_ids=[one.test_case_id for one in definitions],
    )
    return memberships_in(session, rows, {_key(one) for one in definitions}, dataset.next_sample)


def evaluate_results(
    session: Session,
    version: VersionRecord,
    size: int,
    definitions: Sequence[InferenceDefinition],
    *,
    results: ResultsRecord,
) -> list[Membership]:
    """Return the members of inference-level test cases among what one model answered, over the numbers [0, size).

    Results that don't declare a field that a definition reads have no members.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on these data.
    """
    declared = metadata_types(version, results)
    nothing = Membership(words=np.zeros(n_words(size), dtype=np.uint64), n=0, n_nan=0)
    found = [nothing] * len(definitions)
    asked = [index for index, one in enumerate(definitions) if not lacking_fields(version, results, one)]
    if not asked:
        return found
    fields = {name for index in asked for name in definitions[index].fields}
    has_repeats = results.repeat_field is not None
    answers = Answers(files=results.inference_files, types=declared, has_repeats=has_repeats)
    tables = WholeTables(session, version, sorted(fields), answers=answers)
    try:
        for index in asked:
            words = _members(tables, definitions[index], size, results)
            with_nan = tables.with_nan(
                _floats(declared, definitions[index].inference_fields),
                _floats(version.types, definitions[index].fields),
            )
            found[index] = Membership(words=words, n=count(words), n_nan=count(words & from_samples(with_nan, size)))
    finally:
        tables.close()
    return found


def members_of_any(
    session: Session,
    version: VersionRecord,
    size: int,
    definitions: Sequence[InferenceDefinition],
    *,
    results: Sequence[ResultsRecord],
) -> list[Membership]:
    """Return the samples that are members of inference-level test cases for at least one of several results.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on these data.
    """
    by_results = [evaluate_results(session, version, size, definitions, results=one) for one in results]
    return [united([members[index] for members in by_results], size) for index in range(len(definitions))]


def united(members: Sequence[Membership], size: int) -> Membership:
    """Return the samples that belong to at least one of several memberships of one test case."""
    words = np.zeros(n_words(size), dtype=np.uint64)
    for one in members:
        words |= one.words
    return Membership(words=words, n=count(words), n_nan=max((one.n_nan for one in members), default=0))


def shared(members: Sequence[Membership]) -> Membership:
    """Return the samples that belong to all of several memberships of one test case."""
    words = np.asarray(np.bitwise_and.reduce(np.stack([one.words for one in members])), dtype=np.uint64)
    return Membership(words=words, n=count(words), n_nan=min(one.n_nan for one in members))


def _members(tables: WholeTables, definition: InferenceDefinition, size: int, results: ResultsRecord) -> Words:
    try:
        return tables.members(definition.query, definition.name, size)
    except RefusedStatement as error:
        raise RefusedStatement(f"on the inferences of {results.label!r}: {error}") from error


def _floats(types: Mapping[str, str], fields: Sequence[str]) -> list[str]:
    read = {lowered(name) for name in fields}
    return [name for name, kind in types.items() if kind in FLOATS and lowered(name) in read]


def _key(definition: Definition) -> CaseKey:
    return definition.test_case_id, definition.version
