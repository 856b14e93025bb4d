"""A comparison as a dumbbell plot: a line from the baseline's value to the model's for each test case."""

from collections.abc import Mapping, Sequence
from typing import Any

from kolena_store.plots import Pairing, Plot, dumbbell_plot

__all__ = ["comparison_plot"]


def comparison_plot(rows: Sequence[Mapping[str, Any]], metric: str, *, model: str, baseline: str) -> Plot:
    """Return the plot of some rows of one metric, in their order; those without both values are left out."""
    pairs = [Pairing.of(row) for row in rows if row["value"] is not None and row["baseline"] is not None]
    title = f"{metric}: {model} beside {baseline}"
    return dumbbell_plot(title, metric, pairs, model=model, baseline=baseline)
