"""Metadata from two stores as one: a value that both have and that differs is a conflict."""

from collections.abc import Mapping

from kolena_store.digests import canonical_json
from kolena_store.merging.report import Conflict, Ledger

__all__ = ["united_documents"]


def united_documents(
    ledger: Ledger, kind: str, name: str, *, ours: Mapping[str, object], theirs: Mapping[str, object]
) -> dict[str, object]:
    """Return the metadata of both sides together; of what contradicts, the side that is preferred."""
    united = {**theirs, **ours}
    for key in ours.keys() & theirs.keys():
        if canonical_json(ours[key]) != canonical_json(theirs[key]):
            side = ledger.settle(_contradiction(kind, name, key, ours[key], theirs[key]))
            united[key] = theirs[key] if side == "theirs" else ours[key]
    return united


def _contradiction(kind: str, name: str, key: str, *values: object) -> Conflict:
    ours, theirs = (canonical_json(value) for value in values)
    return Conflict(
        kind=kind,
        dataset=name if kind == "dataset" else None,
        name=name,
        problem=f"has contradicting metadata {key!r}",
        ours=ours,
        theirs=theirs,
        remedy="prefer one, or give it the same value in both",
    )
