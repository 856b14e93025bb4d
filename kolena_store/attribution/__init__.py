"""Attribution: what a change between two test runs is due to."""

from kolena_store.attribution.compare import compare_runs
from kolena_store.attribution.outcome import Attribution

__all__ = ["Attribution", "compare_runs"]
