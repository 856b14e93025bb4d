"""What differences between two runs are due to, test case by test case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kolena_store.plots.plot import Plot
from kolena_store.plots.themes import MODEL_COLOURS, model_scale

__all__ = ["Shares", "attribution_plot"]

MOST_CASES = 50
STEP = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """A difference on a test case, and the parts that add up to it, by what they are due to."""

    test_case: str
    delta: float
    parts: Mapping[str, float]


def attribution_plot(title: str, metric: str, found: Sequence[Shares]) -> Plot:
    """Return for each test case its difference (a tick) and the parts of it as bars; at most 50, in their order."""
    shown = list(found)[:MOST_CASES]
    parts = list(dict.fromkeys(part for one in shown for part in one.parts))
    cases = [one.test_case for one in shown]
    rows = [
        {"case": one.test_case, "part": part, "x": value, "delta": one.delta}
        for one in shown
        for part, value in one.parts.items()
    ]
    y = {"field": "case", "type": "nominal", "sort": cases, "title": None, "axis": {"labelLimit": 260}}
    tooltip = [
        {"field": "case", "type": "nominal", "title": "test case"},
        {"field": "part", "type": "nominal", "title": "due to"},
        {"field": "x", "type": "quantitative", "title": "part", "format": "+.4~g"},
        {"field": "delta", "type": "quantitative", "title": "whole difference", "format": "+.4~g"},
    ]
    bars = {
        "mark": {"type": "bar", "height": STEP - 10},
        "encoding": {
            "y": y,
            "x": {"field": "x", "type": "quantitative", "title": f"difference in {metric}", "stack": "zero"},
            "color": {"field": "part", "type": "nominal", "scale": model_scale(parts, MODEL_COLOURS)},
            "tooltip": tooltip,
        },
    }
    wholes = {
        "mark": {"type": "tick", "thickness": 3, "color": "#1c232b", "height": STEP - 4},
        "encoding": {"y": y, "x": {"field": "delta", "type": "quantitative"}, "tooltip": tooltip},
    }
    spec = {
        "width": "container",
        "height": STEP * max(1, len(cases)),
        "data": {"values": rows},
        "layer": [bars, wholes],
    }
    said = "; ".join(
        f"{one.test_case} {one.delta:+.3g}: " + ", ".join(f"{part} {value:+.3g}" for part, value in one.parts.items())
        for one in shown[:3]
    )
    left_out = len(found) - len(shown)
    notes = (f"{left_out} further test cases are not shown",) if left_out else ()
    summary = f"what the differences in {metric} are due to. {said}"
    return Plot(kind="attribution", title=title, summary=summary, spec=spec, notes=notes)
