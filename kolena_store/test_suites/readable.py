"""What test cases may read beside the samples: the objects of the ground truth, and attached tables."""

from collections.abc import Mapping

from kolena_store.database import Session
from kolena_store.datasets import OBJECTS, VersionRecord, attached_tables, object_types

__all__ = ["other_tables"]

GROUND_TRUTHS = "ground_truths"


def other_tables(session: Session, version: VersionRecord) -> dict[str, Mapping[str, str]]:
    """Return name -> field -> type in SQL of each table; `ground_truths` has a row for each object, where there are."""
    attached: dict[str, Mapping[str, str]] = {one.name: one.types for one in attached_tables(session, version)}
    fields = object_types(version.types[OBJECTS]) if version.column_needs.has_objects else {}
    return {GROUND_TRUTHS: {"_object": "BIGINT", **fields}, **attached} if fields else attached
