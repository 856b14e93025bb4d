"""Whether stored memberships are what the definitions select, bit for bit."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, VersionRecord, find_version
from kolena_store.errors import DamagedStore, RefusedStatement
from kolena_store.progress import track
from kolena_store.results import ResultsRecord, find_results
from kolena_store.test_suites import CaseRecord
from kolena_store.verification.report import Finding

if TYPE_CHECKING:
    from kolena_store.membership.evaluation import Membership

__all__ = ["MembershipCheck", "membership_findings"]

REMEDY = "apply the suite and test again with the DuckDB of that time, or report it: nothing changes a membership"


@dataclass(slots=True)
class MembershipCheck:
    """How many memberships were found as they should be."""

    n_equal: int = 0


def membership_findings(session: Session, check: MembershipCheck) -> Iterator[Finding]:
    """Yield the memberships that are not what their definitions select; those of damaged files are left out."""
    versions = session.rows("verification.stored_memberships")
    with track(len(versions), "selecting samples again") as advance:
        for row in versions:
            with suppress(DamagedStore):  # the file is a finding of its own
                yield from _of_version(session, _Key(*row), check)
            advance(1)


@dataclass(frozen=True, slots=True)
class _Key:
    """What memberships are of: a dataset version, and one of results where they differ by model."""

    dataset_id: int
    dataset_version: int
    results_id: int | None
    results_version: int | None


def _of_version(session: Session, key: _Key, check: MembershipCheck) -> Iterator[Finding]:
    parts = asdict(key)
    of_dataset = {"dataset_id": key.dataset_id}
    datasets = session.records(DatasetRecord, "datasets.dataset_numbered", **of_dataset)
    version = find_version(session, key.dataset_id, key.dataset_version)
    results = find_results(session, key.results_id, key.results_version) if key.results_id else None
    if not datasets or version is None or (key.results_id and results is None):
        return  # a finding of the catalogue
    cases = session.records(CaseRecord, "verification.cases_with_members", **parts)
    data = _Data(datasets[0], version, results)
    stored = data.stored(session, cases)
    for case, found in zip(cases, _evaluated(session, data, cases), strict=True):
        problem = found if isinstance(found, str) else _problem(found, stored[case.key])
        where = f"test case {case.name} version {case.version} on {data.label}"
        if problem is None:
            check.n_equal += 1
        else:
            yield Finding(kind="membership", subject=where, problem=problem, remedy=REMEDY)


@dataclass(frozen=True, slots=True)
class _Data:
    dataset: DatasetRecord
    version: VersionRecord
    results: ResultsRecord | None

    @property
    def label(self) -> str:
        of_results = f", results of {self.results.label} version {self.results.version}" if self.results else ""
        return f"{self.dataset.name} version {self.version.version}{of_results}"

    def stored(self, session: Session, cases: Sequence[CaseRecord]) -> "dict[tuple[int, int], Membership]":
        from kolena_store.membership.of_results import stored_members_of_results
        from kolena_store.membership.stored import stored_memberships

        if self.results is None:
            return stored_memberships(session, self.dataset, self.version, cases)
        return stored_members_of_results(session, self.dataset, self.version, cases, results=self.results)

    def evaluated(self, session: Session, cases: Sequence[CaseRecord]) -> "list[Membership]":
        from kolena_store.membership.evaluation import evaluate
        from kolena_store.membership.of_results import evaluate_results

        size = self.dataset.next_sample
        if self.results is None:
            return evaluate(session, self.version, size, cases)
        return evaluate_results(session, self.version, size, cases, results=self.results)


def _evaluated(session: Session, data: _Data, cases: Sequence[CaseRecord]) -> "list[Membership | str]":
    """Return the members of each test case, or why it can't be evaluated."""
    try:
        return [*data.evaluated(session, cases)]
    except RefusedStatement as error:
        if len(cases) == 1:
            return [str(error)]
        return [one for case in cases for one in _evaluated(session, data, [case])]


def _problem(found: "Membership", stored: "Membership") -> str | None:
    import numpy as np

    if np.array_equal(found.words, stored.words) and (found.n, found.n_nan) == (stored.n, stored.n_nan):
        return None
    return f"{stored.n:,} samples are stored ({stored.n_nan:,} with NaN), it selects {found.n:,} ({found.n_nan:,})"
