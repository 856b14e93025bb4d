"""Attribution: what a change between two test runs is due to."""

from kolena_store.attribution.chain import Part
from kolena_store.attribution.compare import compare_runs, parts_between
from kolena_store.attribution.outcome import TITLES, Attribution

__all__ = ["TITLES", "Attribution", "Part", "compare_runs", "parts_between"]
