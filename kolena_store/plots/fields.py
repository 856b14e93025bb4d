"""Plots of errors against a number: where they lie, as shaded cells, and where their middle runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.plots.plot import Plot
from kolena_store.plots.themes import ACCENT, MODEL_COLOURS, QUIET

__all__ = ["Cell", "MiddleBand", "residual_plot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A rectangle of the plane with `n` samples in it."""

    x_start: float
    x_end: float
    y_start: float
    y_end: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MiddleBand:
    """A range of x: the median of y there, and its quartiles."""

    x: float
    median: float
    lower: float
    upper: float
    n: int


def residual_plot(title: str, cells: Sequence[Cell], bands: Sequence[MiddleBand], *, axes: tuple[str, str]) -> Plot:
    """Return errors against a number: cells shaded by how many samples they hold, and the median with quartiles."""
    cell_rows = [{"x": one.x_start, "x2": one.x_end, "y": one.y_start, "y2": one.y_end, "n": one.n} for one in cells]
    band_rows = [{"x": one.x, "y": one.median, "low": one.lower, "high": one.upper, "n": one.n} for one in bands]
    x = {"field": "x", "type": "quantitative", "title": axes[0], "scale": {"zero": False, "nice": False}}
    y = {"field": "y", "type": "quantitative", "title": axes[1]}
    shaded = {
        "data": {"values": cell_rows},
        "mark": {"type": "rect"},
        "encoding": {
            "x": x,
            "x2": {"field": "x2"},
            "y": y,
            "y2": {"field": "y2"},
            "color": {
                "field": "n",
                "type": "quantitative",
                "scale": {"type": "log", "range": ["#dbe6f1", ACCENT]},
                "legend": None,
            },
            "tooltip": [{"field": "n", "type": "quantitative", "format": ",", "title": "samples"}],
        },
    }
    zero = {
        "data": {"values": [{"y": 0}]},
        "mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 4]},
        "encoding": {"y": {"field": "y", "type": "quantitative"}},
    }
    middle = {
        "data": {"values": band_rows},
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "rule", "color": MODEL_COLOURS[1], "strokeWidth": 1.5},
                "encoding": {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "color": MODEL_COLOURS[1], "size": 45, "opacity": 1},
                "encoding": {
                    "y": y,
                    "tooltip": [
                        {"field": "x", "type": "quantitative", "format": ".4~g", "title": axes[0]},
                        {"field": "y", "type": "quantitative", "format": ".4~g", "title": "median"},
                        {"field": "low", "type": "quantitative", "format": ".4~g", "title": "lower quartile"},
                        {"field": "high", "type": "quantitative", "format": ".4~g", "title": "upper quartile"},
                        {"field": "n", "type": "quantitative", "format": ","},
                    ],
                },
            },
        ],
    }
    total = sum(one.n for one in cells)
    summary = f"{axes[1]} against {axes[0]} of {total:,} samples, with the median and quartiles of {len(bands)} ranges"
    spec = {"width": "container", "height": 300, "layer": [shaded, zero, middle]}
    return Plot(kind="residuals", title=title, summary=summary, spec=spec)
