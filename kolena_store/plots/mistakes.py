"""What average precision would gain if a kind of mistake were mended (TIDE, Bolya 2020), model by model."""

from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.plots.plot import Plot
from kolena_store.plots.themes import MODEL_COLOURS, model_scale

__all__ = ["Gain", "mistakes_plot"]

BAR = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The gain of a model's average precision without one kind of mistake, with its interval where there is one."""

    model: str
    kind: str
    value: float
    low: float | None
    high: float | None
    n: int


def mistakes_plot(title: str, gains: Sequence[Gain]) -> Plot:
    """Return a bar for each kind of mistake and model."""
    models = list(dict.fromkeys(one.model for one in gains))
    kinds = list(dict.fromkeys(one.kind for one in gains))
    rows = [
        {"model": one.model, "kind": one.kind, "x": one.value, "low": one.low, "high": one.high, "n": one.n}
        for one in gains
    ]
    y = {"field": "kind", "type": "nominal", "sort": kinds, "title": None}
    offset = {"field": "model", "type": "nominal", "sort": models}
    x = {"type": "quantitative", "title": "gain in average precision if mended"}
    bars = {
        "mark": {"type": "bar"},
        "encoding": {
            "y": y,
            "yOffset": offset,
            "x": {**x, "field": "x"},
            "color": {"field": "model", "type": "nominal", "scale": model_scale(models, MODEL_COLOURS)},
            "tooltip": [
                {"field": "model", "type": "nominal"},
                {"field": "kind", "type": "nominal", "title": "mistake"},
                {"field": "x", "type": "quantitative", "title": "gain", "format": ".3f"},
                {"field": "low", "type": "quantitative", "title": "from", "format": ".3f"},
                {"field": "high", "type": "quantitative", "title": "to", "format": ".3f"},
            ],
        },
    }
    whiskers = {
        "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
        "mark": {"type": "rule", "color": "#48525e"},
        "encoding": {"y": y, "yOffset": offset, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
    }
    spec = {
        "width": "container",
        "height": max(BAR * len(models), 2 * BAR) * max(1, len(kinds)),
        "data": {"values": rows},
        "layer": [bars, whiskers],
    }
    largest = [max((one for one in gains if one.model == model), key=lambda one: one.value) for model in models]
    said = "; ".join(f"{one.model} most without mistakes of {one.kind} ({one.value:.3f})" for one in largest)
    return Plot(kind="mistakes", title=title, summary=f"gains in average precision: {said}", spec=spec)
