"""Comparing as users ask for it: models beside a baseline on a suite."""

from collections.abc import Sequence

from kolena_store.comparisons.outcome import Comparison
from kolena_store.comparisons.records import ComparisonOptions
from kolena_store.database import Transaction

__all__ = ["compare_models"]


def compare_models(
    transaction: Transaction, name: str, models: str | Sequence[str] | None, baseline: str, options: ComparisonOptions
) -> Comparison:
    """Return how models (None: all others with results) differ from a baseline on a dataset.

    Raises:
        StoreError: an unknown name, a refused suite or configuration, or data that don't allow it.
    """
    raise NotImplementedError
