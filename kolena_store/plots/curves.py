"""Plots of curves: one line for each model, and calibration, where each point stands for a bin of scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

from kolena_store.plots.plot import Plot
from kolena_store.plots.themes import DASHES, MODEL_COLOURS, QUIET, SHAPES, model_scale

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CalibrationBin", "Curve", "calibration_plot", "curve_plot", "thinned"]

MOST_POINTS = 200

Numbers: TypeAlias = Union[Sequence[float], "np.ndarray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A model's line: its points in order, and a sentence on it such as `AUC .91`."""

    model: str
    x: Numbers
    y: Numbers
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin:
    """The samples of one model whose score lies in a bin: the mean score, the share that is so, and its interval."""

    model: str
    score: float
    share: float
    low: float
    high: float
    n: int


def thinned(x: Numbers, y: Numbers, most: int = MOST_POINTS) -> tuple[list[float], list[float]]:
    """Return at most `most` of a curve's points, its ends among them, spread evenly over the length of the curve."""
    import numpy as np

    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(across) <= most:
        return across.tolist(), up.tolist()
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(across), np.diff(up)))])
    nearest = np.searchsorted(lengths, np.linspace(0.0, lengths[-1], most))
    kept = np.unique(np.concatenate([[0], nearest.clip(0, len(x) - 1), [len(x) - 1]]))
    kept = kept if len(kept) <= most else np.delete(kept, -2)
    return across[kept].tolist(), up[kept].tolist()


def curve_plot(
    kind: str,
    title: str,
    curves: Sequence[Curve],
    *,
    axes: tuple[str, str],
    diagonal: bool = False,
    shape: Literal["linear", "step-after"] = "linear",
) -> Plot:
    """Return one line for each model over the unit square.

    Args:
        kind: what kind of curve it is, such as `roc`.
        title: what stands above it.
        curves: the lines; those of more than 200 points are thinned.
        axes: the titles of x and y.
        diagonal: whether to draw what a guess would give.
        shape: how points are joined.
    """
    models = [curve.model for curve in curves]
    named = {curve.model: f"{curve.model} · {curve.label}" if curve.label else curve.model for curve in curves}
    rows = [
        {"model": named[curve.model], "x": x, "y": y, "order": order}
        for curve in curves
        for order, (x, y) in enumerate(zip(*thinned(curve.x, curve.y), strict=True))
    ]
    names = [named[model] for model in models]
    by_model = {"field": "model", "type": "nominal"}
    line = {
        "data": {"values": rows},
        "mark": {"type": "line", "interpolate": shape, "strokeWidth": 2, "clip": True},
        "encoding": {
            "x": _unit_axis("x", axes[0]),
            "y": _unit_axis("y", axes[1]),
            "order": {"field": "order", "type": "quantitative"},
            "color": {**by_model, "scale": model_scale(names, MODEL_COLOURS)},
            "strokeDash": {**by_model, "scale": model_scale(names, DASHES)},
            "tooltip": [
                {"field": "model", "type": "nominal"},
                {"field": "x", "type": "quantitative", "title": axes[0], "format": ".3f"},
                {"field": "y", "type": "quantitative", "title": axes[1], "format": ".3f"},
            ],
        },
    }
    layers = [*([_diagonal_layer()] if diagonal else []), line]
    summary = f"{axes[1]} against {axes[0]}: " + "; ".join(names)
    return Plot(kind=kind, title=title, summary=summary, spec={"width": "container", "height": 300, "layer": layers})


def calibration_plot(title: str, bins: Sequence[CalibrationBin], *, axes: tuple[str, str]) -> Plot:
    """Return for each model how often what it scores is so, by bins of its score, with intervals of 95 %."""
    models = list(dict.fromkeys(one.model for one in bins))
    rows = [
        {"model": one.model, "x": one.score, "y": one.share, "low": one.low, "high": one.high, "n": one.n}
        for one in bins
    ]
    colour = {"field": "model", "type": "nominal", "scale": model_scale(models, MODEL_COLOURS)}
    whiskers = {
        "mark": {"type": "rule", "opacity": 0.6},
        "encoding": {
            "x": _unit_axis("x", axes[0]),
            "y": _unit_axis("low", axes[1]),
            "y2": {"field": "high"},
            "color": colour,
        },
    }
    points = {
        "mark": {"type": "line", "point": {"filled": True, "size": 50}, "strokeWidth": 1.5},
        "encoding": {
            "x": _unit_axis("x", axes[0]),
            "y": _unit_axis("y", axes[1]),
            "color": colour,
            "shape": {"field": "model", "type": "nominal", "scale": model_scale(models, SHAPES)},
            "tooltip": [
                {"field": "model", "type": "nominal"},
                {"field": "x", "type": "quantitative", "title": axes[0], "format": ".3f"},
                {"field": "y", "type": "quantitative", "title": axes[1], "format": ".3f"},
                {"field": "n", "type": "quantitative", "format": ","},
            ],
        },
    }
    spec = {
        "width": "container",
        "height": 300,
        "data": {"values": rows},
        "layer": [_diagonal_layer(), whiskers, points],
    }
    widest = max((abs(one.share - one.score) for one in bins), default=0.0)
    summary = f"{axes[1]} by {axes[0]} for {', '.join(models)}; the widest gap to the diagonal is {widest:.2f}"
    return Plot(kind="calibration", title=title, summary=summary, spec=spec)


def _unit_axis(field: str, title: str) -> dict[str, Any]:
    """Return the encoding of an axis from 0 to 1."""
    return {"field": field, "type": "quantitative", "title": title, "scale": {"domain": [0, 1], "nice": False}}


def _diagonal_layer() -> dict[str, Any]:
    """Return a thin line from corner to corner."""
    ends = [{"x": 0, "y": 0}, {"x": 1, "y": 1}]
    return {
        "data": {"values": ends},
        "mark": {"type": "line", "color": QUIET, "strokeWidth": 1, "strokeDash": [4, 4]},
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "y": {"field": "y", "type": "quantitative"},
        },
    }
