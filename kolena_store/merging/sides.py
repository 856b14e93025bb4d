"""Words for what both stores have of one thing."""

import datetime

from kolena_store.display import counted
from kolena_store.merging.histories import Relation
from kolena_store.merging.report import Outcome

__all__ = ["described_side", "outcome_of"]


def described_side(version: int, created: datetime.datetime, author: str | None = None) -> str:
    """Return which version one side has, of when, and by whom."""
    by = f" by {author}" if author else ""
    return f"version {version} of {created:%Y-%m-%d %H:%M}{by}"


def outcome_of(relation: Relation, n_taken: int, *, is_left: bool) -> tuple[Outcome, str | None]:
    """Return what becomes of a thing that both stores may have, and what there is to say of it."""
    if is_left:
        return "left out", "it went on in both stores, and the one here stays"
    if n_taken:
        return "added" if relation == "new" else "extended", counted(n_taken, "version")
    return "equal", "the one here is newer" if relation == "ahead" else None
