"""Plots of counts: confusion matrices, histograms of scores and errors, and how a field is spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kolena_store.plots.plot import Plot
from kolena_store.plots.themes import ACCENT, MODEL_COLOURS, QUIET, model_scale

__all__ = ["Bar", "Confusion", "Distribution", "confusion_plot", "distribution_plot", "histogram_plot"]

MOST_LABELS = 40
MOST_TEXTS = 15
CELL = 34
ROW = 26
SHORT_LABEL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How often the label `labels[i]` was answered by `labels[j]`: `counts[i][j]`."""

    model: str
    labels: Sequence[str]
    counts: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar from `start` to `end` with `n` samples of a `group`, such as a model or a true label."""

    group: str
    start: float
    end: float
    n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A value or range of a field: how many samples of the test case have it, and how many of the whole dataset."""

    label: str
    n_case: int
    n_all: int


def confusion_plot(title: str, confusion: Confusion) -> Plot:
    """Return a confusion matrix, true labels down; the shade is the share of the true label's samples.

    Of more than 40 labels those with the most samples are shown.
    """
    totals = [sum(row) for row in confusion.counts]
    shown = sorted(sorted(range(len(totals)), key=lambda place: -totals[place])[:MOST_LABELS])
    rows = [
        {
            "truth": confusion.labels[truth],
            "prediction": confusion.labels[answer],
            "n": confusion.counts[truth][answer],
            "share": confusion.counts[truth][answer] / totals[truth] if totals[truth] else 0,
        }
        for truth in shown
        for answer in shown
    ]
    labels = [confusion.labels[place] for place in shown]
    axis: dict[str, Any] = {"labelLimit": 110}
    angle = 0 if max((len(label) for label in labels), default=0) <= SHORT_LABEL else -40
    encoding = {
        "x": {
            "field": "prediction",
            "type": "nominal",
            "sort": labels,
            "axis": {**axis, "orient": "top", "labelAngle": angle},
        },
        "y": {"field": "truth", "type": "nominal", "sort": labels, "axis": axis},
        "tooltip": [
            {"field": "truth", "type": "nominal"},
            {"field": "prediction", "type": "nominal"},
            {"field": "n", "type": "quantitative", "format": ","},
            {"field": "share", "type": "quantitative", "format": ".1%", "title": "share of the true label"},
        ],
    }
    shade: dict[str, Any] = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": ["#eef3f8", ACCENT]},
    }
    cells = {
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {**encoding, "color": shade | {"legend": None}},
    }
    ink = {"condition": {"test": "datum.share > 0.6", "value": "white"}, "value": "#1c232b"}
    texts = {
        "mark": {"type": "text", "fontSize": 11},
        "encoding": {**encoding, "text": {"field": "n", "type": "quantitative", "format": ",.4~g"}, "color": ink},
    }
    right = sum(confusion.counts[place][place] for place in range(len(totals)))
    summary = f"{confusion.model}: {right:,} of {sum(totals):,} on the diagonal. {_worst(confusion)}"
    left_out = len(totals) - len(shown)
    notes = (f"{left_out} labels with fewer samples are not shown",) if left_out else ()
    spec = {
        "width": {"step": CELL},
        "height": {"step": CELL},
        "data": {"values": rows},
        "layer": [cells, *([texts] if len(shown) <= MOST_TEXTS else [])],
    }
    return Plot(kind="confusion_matrix", title=title, summary=summary, spec=spec, notes=notes)


def histogram_plot(
    kind: str, title: str, bars: Sequence[Bar], *, axis: str, unit: str = "samples", stacked: bool = True
) -> Plot:
    """Return bars over ranges of a number, those of groups in colours of their own; not stacked they are outlines."""
    groups = list(dict.fromkeys(one.group for one in bars))
    rows = [{"group": one.group, "start": one.start, "end": one.end, "n": one.n} for one in bars]
    mark: dict[str, Any] = {"type": "bar"} if stacked else {"type": "bar", "fillOpacity": 0.35, "strokeWidth": 1.5}
    spec = {
        "width": "container",
        "height": 220,
        "data": {"values": rows},
        "mark": mark,
        "encoding": {
            "x": {"field": "start", "type": "quantitative", "bin": {"binned": True}, "title": axis},
            "x2": {"field": "end"},
            "y": {
                "field": "n",
                "type": "quantitative",
                "title": unit,
                "stack": "zero" if stacked else None,
                "axis": {"format": ",~s"},
            },
            "color": {"field": "group", "type": "nominal", "scale": model_scale(groups, MODEL_COLOURS)},
            "tooltip": [
                {"field": "group", "type": "nominal"},
                {"field": "start", "type": "quantitative", "title": "from", "format": ".4~g"},
                {"field": "end", "type": "quantitative", "title": "to", "format": ".4~g"},
                {"field": "n", "type": "quantitative", "format": ","},
            ],
        },
    }
    total = sum(one.n for one in bars)
    summary = f"{axis} of {total:,.0f} {unit}, by {', '.join(groups)}"
    return Plot(kind=kind, title=title, summary=summary, spec=spec)


def distribution_plot(title: str, field: str, found: Sequence[Distribution], *, case: str) -> Plot:
    """Return how a field is spread in a test case beside the whole dataset, as shares of either."""
    n_case, n_all = (sum(counts) for counts in zip(*((one.n_case, one.n_all) for one in found), strict=True))
    sides = (("of the dataset", n_all, "n_all"), (f"of {case}", n_case, "n_case"))
    rows = [
        {"value": one.label, "side": side, "share": getattr(one, name) / total if total else 0, "n": getattr(one, name)}
        for one in found
        for side, total, name in sides
    ]
    names = [side for side, _, _ in sides]
    spec = {
        "width": "container",
        "height": ROW * max(1, len(found)),
        "data": {"values": rows},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "value", "type": "nominal", "sort": [one.label for one in found], "title": field},
            "yOffset": {"field": "side", "type": "nominal", "sort": names},
            "x": {"field": "share", "type": "quantitative", "axis": {"format": ".0%"}, "title": "share of samples"},
            "color": {
                "field": "side",
                "type": "nominal",
                "scale": {"domain": names, "range": [QUIET, ACCENT]},
            },
            "tooltip": [
                {"field": "value", "type": "nominal", "title": field},
                {"field": "side", "type": "nominal", "title": "share"},
                {"field": "share", "type": "quantitative", "format": ".1%"},
                {"field": "n", "type": "quantitative", "format": ","},
            ],
        },
    }
    summary = f"{field} of {n_case:,} samples of {case} beside {n_all:,} of the dataset"
    return Plot(kind="distribution", title=title, summary=summary, spec=spec)


def _worst(confusion: Confusion) -> str:
    """Return the commonest mistake in words."""
    mistakes = [
        (count, truth, answer)
        for truth, row in enumerate(confusion.counts)
        for answer, count in enumerate(row)
        if truth != answer and count
    ]
    if not mistakes:
        return "No sample stands beside it"
    count, truth, answer = max(mistakes)
    return f"The commonest mistake: {confusion.labels[truth]} answered as {confusion.labels[answer]}, {count:,} times"
