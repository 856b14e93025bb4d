"""Whether stored memberships are what the definitions select, bit for bit."""

from collections.abc import Iterator
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
    from kolena_store.membership.evaluation import Membership, SampleTables

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
    from kolena_store.membership.evaluation import SampleTables
    from kolena_store.membership.stored import stored_memberships

    key = {"dataset_id": dataset_id}
    datasets = session.records(DatasetRecord, "datasets.dataset_numbered", **key)
    versions = session.records(VersionRecord, "datasets.version_numbered", **key, version=number)
    if not datasets or not versions:
        return  # a finding of the catalogue
    cases = session.records(CaseRecord, "verification.cases_with_members", **key, dataset_version=number)
    stored = stored_memberships(session, datasets[0], versions[0], cases)
    tables = SampleTables(session, versions[0], datasets[0].next_sample, cases)
    try:
        for case in cases:
            where = f"test case {case.name} version {case.version} on {datasets[0].name} version {number}"
            problem = _problem(tables, case, stored[case.key])
            if problem is None:
                check.n_equal += 1
            else:
                yield Finding(kind="membership", subject=where, problem=problem, remedy=REMEDY)
    finally:
        tables.close()


def _problem(tables: "SampleTables", case: CaseRecord, stored: "Membership") -> str | None:
    import numpy as np

    try:
        found = tables.membership(case)
    except RefusedStatement as error:
        return str(error)
    if np.array_equal(found.words, stored.words) and (found.n, found.n_nan) == (stored.n, stored.n_nan):
        return None
    return f"{stored.n:,} samples are stored ({stored.n_nan:,} with NaN), it selects {found.n:,} ({found.n_nan:,})"
