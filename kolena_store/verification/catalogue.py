"""Whether the tables of the catalogue agree with each other."""

from collections.abc import Iterator

from kolena_store.database import Session
from kolena_store.verification.report import Finding

__all__ = ["catalogue_findings"]

RULES = (
    "verification.one_store_info",
    "verification.unknown_files",
    "verification.repeated_ids",
    "verification.ids_ahead",
    "verification.lost_parents",
    "verification.lost_versions",
    "verification.gaps",
    "verification.wrong_counts",
    "verification.numbers_ahead",
)
"""Statements that list what breaks a rule: a subject, and what is wrong with it."""

REMEDY = "restore store.duckdb from a copy of the store; nothing writes such a thing, so please report it"


def catalogue_findings(session: Session) -> Iterator[Finding]:
    """Yield what is wrong in the catalogue."""
    for rule in RULES:
        for subject, problem in session.rows(rule):
            yield Finding(kind="catalogue", subject=subject, problem=problem, remedy=REMEDY)
