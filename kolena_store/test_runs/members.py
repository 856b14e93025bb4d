"""The members of a suite's test cases: the same for every model, but for inference-level ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.results import ResultsRecord
from kolena_store.test_suites import CaseRecord

if TYPE_CHECKING:
    from kolena_store.membership.evaluation import Membership
    from kolena_store.membership.stored import CaseKey

__all__ = ["Members", "ensured_members", "stored_members"]


@dataclass(frozen=True, kw_only=True)
class Members:
    """The members of test cases; of inference-level ones for each model: id of the results -> test case -> members."""

    of_every_model: "Mapping[CaseKey, Membership]"
    of_results: "Mapping[int, Mapping[CaseKey, Membership]]"

    def in_order(self, cases: Sequence[CaseRecord], size: int) -> "list[Membership]":
        """Return the members of each test case; nothing for those that have others for each model."""
        from kolena_store.membership.of_results import united

        return [united([], size) if case.is_of_model else self.of_every_model[case.key] for case in cases]

    def by_place(self, cases: Sequence[CaseRecord]) -> "dict[int, dict[int, Membership]]":
        """Return the members for each model by the places of their test cases in a suite."""
        return {
            results_id: {place: members[case.key] for place, case in enumerate(cases) if case.is_of_model}
            for results_id, members in self.of_results.items()
        }


def ensured_members(
    transaction: Transaction,
    dataset: DatasetRecord,
    version: VersionRecord,
    cases: Sequence[CaseRecord],
    *,
    results: Sequence[ResultsRecord],
) -> Members:
    """Return the members of test cases, those of inference-level ones for some models; what is new is stored.

    Raises:
        RefusedStatement: a definition selects a sample twice, or fails on these data.
    """
    from kolena_store.membership.of_results import ensure_members_of_results
    from kolena_store.membership.stored import ensure_memberships

    of_samples, of_models = _apart(cases)
    every = ensure_memberships(transaction, dataset, version, of_samples)
    own = {
        one.results_id: ensure_members_of_results(transaction, dataset, version, of_models, results=one)
        for one in (results if of_models else ())
    }
    return Members(of_every_model=every, of_results=own)


def stored_members(
    session: Session,
    dataset: DatasetRecord,
    version: VersionRecord,
    cases: Sequence[CaseRecord],
    *,
    results: Sequence[ResultsRecord],
) -> Members | None:
    """Return the members of test cases as they are stored; None when some are not."""
    from kolena_store.membership.of_results import stored_members_of_results
    from kolena_store.membership.stored import stored_memberships

    of_samples, of_models = _apart(cases)
    every = stored_memberships(session, dataset, version, of_samples)
    own = {
        one.results_id: stored_members_of_results(session, dataset, version, of_models, results=one)
        for one in (results if of_models else ())
    }
    is_whole = all(case.key in every for case in of_samples)
    is_whole &= all(case.key in members for members in own.values() for case in of_models)
    return Members(of_every_model=every, of_results=own) if is_whole else None


def _apart(cases: Sequence[CaseRecord]) -> tuple[list[CaseRecord], list[CaseRecord]]:
    return [case for case in cases if not case.is_of_model], [case for case in cases if case.is_of_model]
