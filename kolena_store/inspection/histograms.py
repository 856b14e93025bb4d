"""Histograms of a column of sample metrics, those of several models over the same bars."""

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.inspection.asked_plots import AskedPlot
from kolena_store.inspection.curves import bars_of
from kolena_store.inspection.score_arrays import sample_numbers
from kolena_store.plots import Bar, Plot, histogram_plot
from kolena_store.statistics.smooth import Numbers

__all__ = ["bar_edges", "bars_drawn", "histogram_drawn"]

N_BARS = 30


def histogram_drawn(asked: AskedPlot, column: str, kind: str, *, title: str, axis: str) -> Plot:
    """Return the histogram of a column of sample metrics on the samples of a test case.

    Raises:
        InvalidInput: no model has a finite value there.
    """
    found: dict[str, Numbers] = {}
    for model, scored, samples in asked.scored():
        (values,) = sample_numbers(asked.look, scored, (column,), asked.size)
        found[model] = values[samples]
    return bars_drawn(found, kind, title=asked.titled(title), axis=axis)


def bars_drawn(values: dict[str, Numbers], kind: str, *, title: str, axis: str, unit: str = "samples") -> Plot:
    """Return the histogram of the finite values of each model.

    Raises:
        InvalidInput: there are none.
    """
    finite = {model: some[np.isfinite(some)] for model, some in values.items()}
    known = {model: some for model, some in finite.items() if some.size}
    if not known:
        raise InvalidInput(f"no model has a {axis} here")
    edges = bar_edges(np.concatenate(list(known.values())))
    bars: list[Bar] = [bar for model, some in known.items() for bar in bars_of(model, some, edges)]
    return histogram_plot(kind, title, bars, axis=axis, unit=unit, stacked=False)


def bar_edges(values: Numbers) -> Numbers:
    """Return the edges of 30 bars; values between 0 and 1 are shown over all of that range."""
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, N_BARS + 1)
