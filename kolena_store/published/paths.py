"""Paths of data files as published views name them."""

from collections.abc import Sequence

from kolena_store.database import Session
from kolena_store.statements import Fragment, joined, literal

__all__ = ["paths"]


def paths(session: Session, file_ids: Sequence[int]) -> Fragment:
    """Return a list of paths under the root that a session names, else under the root that the store was written at."""
    root = Fragment(f"coalesce(getvariable('kolena_root'), {literal(str(session.root))})")
    found = (
        f"{root} || {literal('/' + file.path(session.root).relative_to(session.root).as_posix())}"
        for file in session.files(file_ids)
    )
    return Fragment(f"[{joined(map(Fragment, found))}]")
