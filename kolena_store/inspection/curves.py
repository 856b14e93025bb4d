"""What curves are made of: every point from the samples' own scores, no binning where the field does none."""

from dataclasses import dataclass

import numpy as np

from kolena_store.plots import Bar, CalibrationBin, Cell, MiddleBand
from kolena_store.statistics.levels import LEVEL
from kolena_store.statistics.proportions import wilson_bounds
from kolena_store.statistics.smooth import Numbers

__all__ = [
    "Points",
    "bands_of",
    "bars_of",
    "calibration_bins",
    "cells_of",
    "cumulated",
    "precision_recall_points",
    "roc_points",
]

N_CALIBRATION_BINS = 15
N_CELLS = (48, 32)
N_BANDS = 12
TAIL = 0.001
"""The share of values at either end that cells leave out, so that one outlier does not fill the plane."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """A curve and the area that it stands for, by the definition of the metric of that name."""

    x: Numbers
    y: Numbers
    area: float | None


def roc_points(counts: tuple[Numbers, Numbers]) -> Points:
    """Return false positive rate against true positive rate at every distinct threshold, and the area under it.

    Args:
        counts: what `cumulated` returns.
    """
    true, false = counts
    if true.size == 0 or true[-1] == 0 or false[-1] == 0:
        return Points(x=np.empty(0), y=np.empty(0), area=None)
    x, y = np.append(0, false) / false[-1], np.append(0, true) / true[-1]
    return Points(x=x, y=y, area=float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)))


def precision_recall_points(counts: tuple[Numbers, Numbers]) -> Points:
    """Return recall against precision at every distinct threshold, and the average precision.

    Average precision is the sum of precision times the step in recall, without interpolation, as in scikit-learn.
    """
    true, false = counts
    if true.size == 0 or true[-1] == 0:
        return Points(x=np.empty(0), y=np.empty(0), area=None)
    recall, precision = true / true[-1], true / (true + false)
    area = float(np.sum(np.diff(np.append(0, recall)) * precision))
    return Points(x=np.append(0, recall), y=np.append(precision[0], precision), area=area)


def calibration_bins(model: str, scores: Numbers, is_so: "np.ndarray") -> list[CalibrationBin]:
    """Return the samples by 15 equal-width bins of their score, as the expected calibration error has them."""
    place = np.clip(np.ceil(scores * N_CALIBRATION_BINS) - 1, 0, N_CALIBRATION_BINS - 1).astype(np.int64)
    n = np.bincount(place, minlength=N_CALIBRATION_BINS)
    right = np.bincount(place, weights=is_so, minlength=N_CALIBRATION_BINS)
    total = np.bincount(place, weights=scores, minlength=N_CALIBRATION_BINS)
    filled = np.flatnonzero(n)
    low, high = wilson_bounds(right[filled], n[filled].astype(np.float64), LEVEL)
    return [
        CalibrationBin(
            model=model,
            score=float(total[one] / n[one]),
            share=float(right[one] / n[one]),
            low=float(low[row]),
            high=float(high[row]),
            n=int(n[one]),
        )
        for row, one in enumerate(filled.tolist())
    ]


def bars_of(group: str, values: Numbers, edges: Numbers) -> list[Bar]:
    """Return how many values lie between each pair of edges; the last bar has its upper edge too."""
    n, _ = np.histogram(values, edges)
    return [
        Bar(group=group, start=float(start), end=float(end), n=int(count))
        for start, end, count in zip(edges[:-1], edges[1:], n, strict=True)
    ]


def cells_of(x: Numbers, y: Numbers) -> tuple[list[Cell], int]:
    """Return how many samples lie in each cell of a grid over the plane, and how many lie outside it."""
    if x.size == 0:
        return [], 0
    edges = [_edges(values, n) for values, n in zip((x, y), N_CELLS, strict=True)]
    n, _, _ = np.histogram2d(x, y, bins=edges)
    filled = np.argwhere(n > 0)
    cells = [
        Cell(
            x_start=float(edges[0][column]),
            x_end=float(edges[0][column + 1]),
            y_start=float(edges[1][row]),
            y_end=float(edges[1][row + 1]),
            n=int(n[column, row]),
        )
        for column, row in filled.tolist()
    ]
    return cells, int(x.size - n.sum())


def bands_of(x: Numbers, y: Numbers) -> list[MiddleBand]:
    """Return the median and quartiles of y in ranges of x that hold about as many samples each."""
    if x.size == 0:
        return []
    edges = np.unique(np.quantile(x, np.linspace(0, 1, N_BANDS + 1)))
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, max(0, len(edges) - 2))
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(np.append(-1, place[order])))
    found = []
    for part in np.split(order, starts[1:]):
        lower, median, upper = np.quantile(y[part], [0.25, 0.5, 0.75])
        found.append(
            MiddleBand(
                x=float(np.median(x[part])), median=float(median), lower=float(lower), upper=float(upper), n=part.size
            )
        )
    return found


def cumulated(scores: Numbers, is_so: "np.ndarray") -> tuple[Numbers, Numbers]:
    """Return how many samples of the class, and of the others, score at least each distinct score, from the highest.

    Args:
        scores: one for each sample, none NaN.
        is_so: whether the sample is of the class.
    """
    order = np.argsort(-scores, kind="stable")
    ordered, so = scores[order], is_so[order].astype(np.float64)
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True)) if ordered.size else np.empty(0, np.int64)
    true = np.cumsum(so)[last]
    return true, last + 1 - true


def _edges(values: Numbers, n: int) -> Numbers:
    low, high = np.quantile(values, [TAIL, 1 - TAIL])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n + 1)
