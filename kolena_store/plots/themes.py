"""How plots look: colours that the colour-blind can tell apart, with dashes and shapes beside them; quiet axes."""

from typing import Any

__all__ = ["ACCENT", "DASHES", "EXPORT_WIDTH", "MODEL_COLOURS", "QUIET", "SCHEMA", "SHAPES", "config", "model_scale"]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
EXPORT_WIDTH = 560
MODEL_COLOURS = ("#1f6fb2", "#c2501a", "#147d64", "#8a4fbe", "#8f6a00", "#b8326f", "#4a7613", "#56657a")
"""One for each model, in their order; each has a contrast of 4.5 and more against white."""

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 2], [3, 1])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
ACCENT = "#1f6fb2"
QUIET = "#8b95a1"
N_COLUMNS = 4
"""Of a legend; the web app takes fewer where a plot is narrow."""

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def config() -> dict[str, Any]:
    """Return the theme; the web app lays colours for a dark page over it."""
    axis = {
        "labelColor": "#48525e",
        "titleColor": "#48525e",
        "gridColor": "#e6e9ed",
        "domainColor": "#b8c0c9",
        "tickColor": "#b8c0c9",
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": 500,
        "labelLimit": 220,
    }
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "title": {"anchor": "start", "fontSize": 13, "fontWeight": 600, "color": "#1c232b", "limit": 520},
        "axis": axis,
        "legend": {
            "labelColor": "#48525e",
            "titleColor": "#48525e",
            "orient": "top",
            "title": None,
            "labelLimit": 240,
            "columns": N_COLUMNS,
        },
        "range": {"category": list(MODEL_COLOURS)},
    }


def model_scale(models: list[str], values: tuple[Any, ...]) -> dict[str, Any]:
    """Return a scale that gives each model its own of `values`, which come round again after the last."""
    return {"domain": models, "range": [values[place % len(values)] for place in range(len(models))]}
