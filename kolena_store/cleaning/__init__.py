"""Cleaning a store up: what nothing needs goes, and many small files become few."""

from kolena_store.cleaning.collecting import DEFAULT_GRACE, collect_garbage
from kolena_store.cleaning.report import Compaction, GcReport

__all__ = ["DEFAULT_GRACE", "Compaction", "GcReport", "collect_garbage"]
