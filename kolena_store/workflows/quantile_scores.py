"""Scores of quantile forecasts: what each sample adds, level by level and interval by interval."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.workflows.lists import element_lists

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["FLAGS", "LISTS", "OF_INTERVALS", "central_intervals", "interval_name", "quantile_arrays", "quantile_fields"]

MEDIAN = 0.5
LISTS = ("quantiles", "pinball_losses", "widths")
FLAGS = ("at_or_under", "covered")
OF_INTERVALS = ("is_covered", "interval_width", "weighted_interval_score")


def central_intervals(levels: Sequence[str]) -> list[tuple[int, int]]:
    """Return the positions of the two ends of each central interval, the widest first: levels p and 1 - p."""
    ends = []
    for low, text in enumerate(levels):
        mirrored = [high for high, other in enumerate(levels) if abs(float(text) + float(other) - 1) < 1e-9]
        if float(text) < MEDIAN and mirrored:
            ends.append((low, mirrored[0]))
    return ends


def interval_name(levels: Sequence[str], ends: tuple[int, int]) -> str:
    """Return how an interval is called as a class: `[0.025, 0.975]`."""
    return f"[{levels[ends[0]]}, {levels[ends[1]]}]"


def quantile_fields() -> "list[pa.Field]":
    """Return the columns of `quantile_arrays`; lists have an element for each level, then one for each interval."""
    import pyarrow as pa

    lists = [*((name, pa.float64()) for name in LISTS), *((name, pa.bool_()) for name in FLAGS)]
    whole = [("is_covered", pa.bool_()), ("interval_width", pa.float64()), ("weighted_interval_score", pa.float64())]
    return [*(pa.field(name, pa.list_(kind)) for name, kind in lists), *(pa.field(*one) for one in whole)]


def quantile_arrays(truth: "np.ndarray", quantiles: "np.ndarray", levels: Sequence[str]) -> "list[pa.Array]":
    """Return the scores of forecasts against the truth (NaN: not known).

    Pinball loss (Koenker and Bassett 1978); interval score of Gneiting and Raftery (2007), of which the weighted one is
    the mean with weights alpha / 2, and 1 / 2 for the distance from the median, where that is forecast (Bracher et al.
    2021); it needs every quantile of a sample. `is_covered` and `interval_width` are of the widest interval.
    """
    import numpy as np
    import pyarrow as pa

    ends = central_intervals(levels)
    with np.errstate(over="ignore", invalid="ignore"):
        distance = truth[:, np.newaxis] - quantiles
        at_levels = np.array([float(level) for level in levels])
        losses = np.maximum(at_levels * distance, (at_levels - 1) * distance)
        low, high = (quantiles[:, [pair[side] for pair in ends]] for side in (0, 1))
        widths = high - low
        scores = _interval_scores(truth, low, high, at_levels[[pair[0] for pair in ends]])
    of_levels, of_intervals = np.full(quantiles.shape, np.nan), np.full(low.shape, np.nan)
    covered = ((low <= truth[:, np.newaxis]) & (truth[:, np.newaxis] <= high)).astype(np.float64)
    covered[np.isnan(widths) | np.isnan(truth)[:, np.newaxis]] = np.nan
    under = np.where(np.isnan(distance), np.nan, distance <= 0)
    of_widths = np.where(np.isnan(covered), np.nan, widths)
    lists = [(quantiles, of_intervals), (losses, of_intervals), (of_levels, of_widths)]
    flags = [(under, of_intervals), (of_levels, covered)]
    weighted = _weighted(truth, quantiles, scores, levels=at_levels, lows=[pair[0] for pair in ends])
    widest = covered[:, 0] if ends else np.full(len(truth), np.nan)
    width = np.where(np.isnan(widest), np.nan, widths[:, 0]) if ends else widest
    return [
        *(element_lists(np.concatenate(parts, axis=1)) for parts in lists),
        *(element_lists(np.concatenate(parts, axis=1), kind=pa.bool_()) for parts in flags),
        pa.array(widest == 1, mask=np.isnan(widest)),
        *(pa.array(values, mask=~np.isfinite(values)) for values in (width, weighted)),
    ]


def _interval_scores(truth: "np.ndarray", low: "np.ndarray", high: "np.ndarray", of_low: "np.ndarray") -> "np.ndarray":
    """Return the width of each interval and the penalties for a truth outside it."""
    import numpy as np

    alpha = 2 * of_low
    beyond = np.maximum(low - truth[:, np.newaxis], 0) + np.maximum(truth[:, np.newaxis] - high, 0)
    return np.asarray((high - low) + 2 / alpha * beyond)


def _weighted(
    truth: "np.ndarray", quantiles: "np.ndarray", scores: "np.ndarray", *, levels: "np.ndarray", lows: Sequence[int]
) -> "np.ndarray":
    """Return the weighted interval score, NaN where a quantile is missing or there is no interval."""
    import numpy as np

    middle = np.flatnonzero(np.abs(levels - MEDIAN) < 1e-9)
    if not lows and not middle.size:
        return np.full(len(truth), np.nan)
    weights = levels[list(lows)]
    with np.errstate(over="ignore", invalid="ignore"):
        total = (scores * weights).sum(axis=1)
        count = len(lows) + (0.5 if middle.size else 0.0)
        if middle.size:
            total = total + 0.5 * np.abs(truth - quantiles[:, middle[0]])
        return np.where(np.isnan(quantiles).any(axis=1), np.nan, total / count)
