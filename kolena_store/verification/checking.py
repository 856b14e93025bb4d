"""Checking a whole store: its catalogue, its files, and all that was computed from them."""

from kolena_store.database import Database, Session, stray_log
from kolena_store.errors import OutdatedSession
from kolena_store.verification.catalogue import catalogue_findings
from kolena_store.verification.data_files import all_files, file_findings
from kolena_store.verification.memberships import MembershipCheck, membership_findings
from kolena_store.verification.report import Finding, VerifyReport
from kolena_store.verification.runs import RunCheck, run_findings

__all__ = ["verify"]


def verify(database: Database, *, is_quick: bool = False) -> VerifyReport:
    """Return what is wrong in a store.

    Args:
        is_quick: check the catalogue, and size and digest of each file; compute nothing again.

    Raises:
        DamagedStore: the catalogue can't be opened.
        OutdatedSession: another process cleaned the store up meanwhile.
    """
    log = stray_log(database.root)
    if log is not None:
        return _report(database, None, [_log_finding(str(log))])
    database.refresh()
    session = database.session()
    findings = list(catalogue_findings(session))
    damaged = list(file_findings(session, all_files(session), is_quick=is_quick))
    if any(not file.path(session.root).exists() for file, _ in damaged) and database.has_gone_on():
        raise OutdatedSession(f"{database.root} was changed while it was checked, and files went; check it again")
    findings += [finding for _, finding in damaged]
    if is_quick:
        return _report(database, session, findings)
    members, runs = MembershipCheck(), RunCheck()
    findings += membership_findings(session, members)
    findings += run_findings(session, runs)
    return _report(database, session, findings, members=members, runs=runs)


def _report(
    database: Database,
    session: Session | None,
    findings: list[Finding],
    *,
    members: MembershipCheck | None = None,
    runs: RunCheck | None = None,
) -> VerifyReport:
    files = all_files(session) if session is not None else []
    return VerifyReport(
        store=database.root,
        generation=int(session.value("store.generation")) if session is not None else None,
        n_files=len(files),
        n_bytes=sum(file.n_bytes for file in files),
        n_memberships=members.n_equal if members is not None else None,
        n_runs=runs.n_equal if runs is not None else None,
        findings=tuple(findings),
        not_repeated=tuple(runs.not_repeated) if runs is not None else (),
    )


def _log_finding(log: str) -> Finding:
    return Finding(
        kind="log",
        subject=log,
        problem="was left by a client that opened the store for writing; nothing else was checked",
        remedy="kolena-store verify --repair moves it aside; open the store read-only from other clients",
    )
