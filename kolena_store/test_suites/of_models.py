"""Inference-level test cases as a suite is applied: other members for each model, and what to say of that."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.errors import shown
from kolena_store.results import ResultsRecord, results_of_dataset
from kolena_store.test_suites.records import CaseRecord

if TYPE_CHECKING:
    from kolena_store.membership.evaluation import Membership

__all__ = ["lacking_notes", "members_of_models", "note_of_models"]

MOST_MODELS = 5

Key = tuple[int, int]


def members_of_models(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, cases: Sequence[CaseRecord]
) -> "dict[Key, dict[str, Membership | None]]":
    """Return the members of inference-level test cases for each model; None for one that declares no such fields.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on what a model declares.
    """
    if not cases:
        return {}
    from kolena_store.membership.of_results import ensure_members_of_results, lacking_fields

    found: dict[Key, dict[str, Membership | None]] = {case.key: {} for case in cases}
    for results in results_of_dataset(transaction, dataset):
        members = ensure_members_of_results(transaction, dataset, version, cases, results=results)
        for case in cases:
            is_lacking = lacking_fields(version, results, case)
            found[case.key][results.label] = None if is_lacking else members[case.key]
    return found


def note_of_models(members: "Mapping[str, Membership | None]") -> str:
    """Return how many samples an inference-level test case has for each model."""
    sizes = [f"{label} {one.n:,}" if one else f"{label} has no such fields" for label, one in members.items()]
    more = len(sizes) - MOST_MODELS
    return f"by model: {', '.join(sizes[:MOST_MODELS])}{f' and {more} more' if more > 0 else ''}"


def lacking_notes(version: VersionRecord, results: ResultsRecord, cases: Sequence[CaseRecord]) -> list[str]:
    """Return a sentence on the inference-level test cases that have no members, as some results lack their fields."""
    of_model = [case for case in cases if case.is_of_model]
    if not of_model:
        return []
    from kolena_store.membership.of_results import lacking_fields

    by_fields: dict[tuple[str, ...], list[str]] = {}
    for case in of_model:
        by_fields.setdefault(tuple(lacking_fields(version, results, case)), []).append(case.name)
    return [
        f"no sample counts on {shown(names)}: these results declare no inference metadata {shown(fields)} "
        "(upload them with metadata_fields=)"
        for fields, names in by_fields.items()
        if fields
    ]
