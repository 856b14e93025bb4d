"""Whether stored memberships are what the definitions select, bit for bit."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.errors import DamagedStore, RefusedStatement
from kolena_store.progress import track
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
        for dataset_id, number in versions:
            with suppress(DamagedStore):  # the file is a finding of its own
                yield from _of_version(session, dataset_id, number, check)
            advance(1)


def _of_version(session: Session, dataset_id: int, number: int, check: MembershipCheck) -> Iterator[Finding]:
    from kolena_store.membership.stored import stored_memberships

    key = {"dataset_id": dataset_id}
    datasets = session.records(DatasetRecord, "datasets.dataset_numbered", **key)
    versions = session.records(VersionRecord, "datasets.version_numbered", **key, version=number)
    if not datasets or not versions:
        return  # a finding of the catalogue
    cases = session.records(CaseRecord, "verification.cases_with_members", **key, dataset_version=number)
    stored = stored_memberships(session, datasets[0], versions[0], cases)
    for case, found in zip(cases, _evaluated(session, versions[0], datasets[0].next_sample, cases), strict=True):
        where = f"test case {case.name} version {case.version} on {datasets[0].name} version {number}"
        problem = found if isinstance(found, str) else _problem(found, stored[case.key])
        if problem is None:
            check.n_equal += 1
        else:
            yield Finding(kind="membership", subject=where, problem=problem, remedy=REMEDY)


def _evaluated(
    session: Session, version: VersionRecord, size: int, cases: Sequence[CaseRecord]
) -> "list[Membership | str]":
    """Return the members of each test case, or why it can't be evaluated."""
    from kolena_store.membership.evaluation import evaluate

    try:
        return [*evaluate(session, version, size, cases)]
    except RefusedStatement as error:
        if len(cases) == 1:
            return [str(error)]
        return [one for case in cases for one in _evaluated(session, version, size, [case])]


def _problem(found: "Membership", stored: "Membership") -> str | None:
    import numpy as np

    if np.array_equal(found.words, stored.words) and (found.n, found.n_nan) == (stored.n, stored.n_nan):
        return None
    return f"{stored.n:,} samples are stored ({stored.n_nan:,} with NaN), it selects {found.n:,} ({found.n_nan:,})"
