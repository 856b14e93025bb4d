"""Test cases as suites pin them, in the terms of this store: lists of ids by the numbers of their samples here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, stored_samples
from kolena_store.merging.other_store import OtherStore
from kolena_store.merging.rows import Row, all_rows, insert_rows
from kolena_store.merging.transfer import Transfer
from kolena_store.test_suites import explicit_digest, write_members

if TYPE_CHECKING:
    import numpy as np

    from kolena_store.merging.suites import SuitePlan

__all__ = ["CaseVersion", "SuiteRows", "apply_suites", "suite_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVersion:
    """One version of a test case: what identifies its definition in this store, and its rows in its own catalogue.

    `samples` are the members here of one that lists them.
    """

    case: Row
    row: Row
    digest: str
    samples: "np.ndarray | None" = None

    @property
    def name(self) -> str:
        """Return the name."""
        return str(self.case["name"])

    @property
    def key(self) -> str:
        """Return the name without regard to case."""
        return self.name.lower()

    @property
    def level(self) -> str:
        """Return whether it selects by a query or lists its members."""
        return str(self.row["level"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRows:
    """The suites of a dataset by their names without regard to case, their versions, and what each version pins."""

    suites: Mapping[str, Row]
    versions: Mapping[str, Sequence[Row]]
    cases: Mapping[tuple[str, int], Sequence[CaseVersion]]

    def newest_cases(self, key: str) -> Sequence[CaseVersion]:
        """Return what the newest version of a suite pins."""
        return self.cases[key, self.versions[key][-1]["version"]]


def suite_rows(
    session: Session, dataset: DatasetRecord, *, numbers: "np.ndarray | None", read: OtherStore | None
) -> SuiteRows:
    """Return the suites of a dataset.

    Args:
        session: of the store that has them.
        dataset: whose suites they are.
        numbers: sample number there -> here; None leaves them as they are.
        read: the other store, when they are its suites.
    """
    suites = {row["suite_id"]: row for row in all_rows(session, "test_suites") if _is_of(row, dataset)}
    found = _case_versions(session, dataset, numbers, read)
    versions: dict[str, list[Row]] = {row["name"].lower(): [] for row in suites.values()}
    cases: dict[tuple[str, int], list[CaseVersion]] = {}
    for row in sorted(all_rows(session, "test_suite_versions"), key=lambda row: row["version"]):
        if row["suite_id"] in suites:
            key = suites[row["suite_id"]]["name"].lower()
            versions[key].append(row)
            cases[key, row["version"]] = []
    for row in sorted(all_rows(session, "test_suite_members"), key=lambda row: row["position"]):
        if row["suite_id"] in suites:
            key = suites[row["suite_id"]]["name"].lower()
            cases[key, row["suite_version"]].append(found[row["test_case_id"], row["test_case_version"]])
    return SuiteRows(suites={row["name"].lower(): row for row in suites.values()}, versions=versions, cases=cases)


def apply_suites(transfer: Transfer, dataset: DatasetRecord, plans: "Sequence[SuitePlan]") -> dict[int, int]:
    """Bring suites and the test cases that they pin; return the suites' ids there -> here."""
    transaction = transfer.transaction
    cases = _Cases(transfer, dataset)
    ids = {}
    for plan in plans:
        if plan.ours is None and not plan.taken:
            continue
        suite_id = plan.ours["suite_id"] if plan.ours else transaction.new_id()
        ids[plan.suite["suite_id"]] = suite_id
        if plan.ours is None:
            own = {"suite_id": suite_id, "dataset_id": dataset.dataset_id}
            insert_rows(transaction, "test_suites", [{**plan.suite, **own}])
        for row, number in zip(plan.taken, plan.versions.new_numbers, strict=True):
            insert_rows(transaction, "test_suite_versions", [{**row, "suite_id": suite_id, "version": number}])
            pinned = [cases.version_here(case) for case in plan.cases[row["version"]]]
            insert_rows(transaction, "test_suite_members", _members(suite_id, number, pinned))
    cases.insert()
    return ids


class _Cases:
    """The test cases of a dataset here; those that are not are made when a suite pins them."""

    def __init__(self, transfer: Transfer, dataset: DatasetRecord) -> None:
        self._transaction, self._dataset = transfer.transaction, dataset
        rows = [row for row in all_rows(self._transaction, "test_cases") if _is_of(row, dataset)]
        self._ids = {row["name"].lower(): row["test_case_id"] for row in rows}
        self._versions: dict[int, dict[str, int]] = {row["test_case_id"]: {} for row in rows}
        for row in all_rows(self._transaction, "test_case_versions"):
            if row["test_case_id"] in self._versions:
                self._versions[row["test_case_id"]][row["definition_digest"]] = row["version"]
        self._new_cases: list[Row] = []
        self._new_versions: list[Row] = []

    def version_here(self, case: CaseVersion) -> tuple[int, int]:
        """Return the id and version that a test case has here."""
        if case.key not in self._ids:
            self._ids[case.key] = self._transaction.new_id()
            self._versions[self._ids[case.key]] = {}
            own = {"test_case_id": self._ids[case.key], "dataset_id": self._dataset.dataset_id}
            self._new_cases.append({**case.case, **own})
        test_case_id = self._ids[case.key]
        known = self._versions[test_case_id]
        if case.digest not in known:
            known[case.digest] = max(known.values(), default=0) + 1
            here = {"test_case_id": test_case_id, "version": known[case.digest], "definition_digest": case.digest}
            members = None if case.samples is None else write_members(self._transaction, case.samples)
            self._new_versions.append({**case.row, **here, "members_file": members})
        return test_case_id, known[case.digest]

    def insert(self) -> None:
        """Enter what is new."""
        insert_rows(self._transaction, "test_cases", self._new_cases)
        insert_rows(self._transaction, "test_case_versions", self._new_versions)


def _members(suite_id: int, version: int, pinned: Sequence[tuple[int, int]]) -> list[Row]:
    key = {"suite_id": suite_id, "suite_version": version}
    return [
        {**key, "position": position, "test_case_id": test_case_id, "test_case_version": case_version}
        for position, (test_case_id, case_version) in enumerate(pinned)
    ]


def _case_versions(
    session: Session, dataset: DatasetRecord, numbers: "np.ndarray | None", read: OtherStore | None
) -> dict[tuple[int, int], CaseVersion]:
    cases = {row["test_case_id"]: row for row in all_rows(session, "test_cases") if _is_of(row, dataset)}
    found = {}
    for row in all_rows(session, "test_case_versions"):
        if row["test_case_id"] in cases:
            one = CaseVersion(case=cases[row["test_case_id"]], row=row, digest=row["definition_digest"])
            if row["members_file"] is not None and read is not None:
                one = _listed(one, read, numbers)
            found[row["test_case_id"], row["version"]] = one
    return found


def _listed(one: CaseVersion, other: OtherStore, numbers: "np.ndarray | None") -> CaseVersion:
    """Return a test case that lists its members with their numbers here; those that are not here are left out."""
    import numpy as np

    samples = stored_samples(other.root, other.files([one.row["members_file"]]))
    here = samples if numbers is None else numbers[samples]
    kept = np.sort(here[here >= 0])
    return replace(one, samples=kept, digest=explicit_digest(kept))


def _is_of(row: Row, dataset: DatasetRecord) -> bool:
    return bool(row["dataset_id"] == dataset.dataset_id)
