"""Merging: what another store has comes into this one, matched by content."""

from kolena_store.merging.merge import merge_stores
from kolena_store.merging.report import Conflict, MergedThing, MergeReport, Side

__all__ = ["Conflict", "MergeReport", "MergedThing", "Side", "merge_stores"]
