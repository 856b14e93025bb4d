"""How a value went on from one version of results to the next."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kolena_store.display import counted
from kolena_store.plots.plot import Plot
from kolena_store.plots.themes import ACCENT, MODEL_COLOURS, QUIET, SHAPES, model_scale

__all__ = ["Moment", "history_plot"]

MOST_MODELS = 8
"""More than that are not told apart by their marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The value of some results, the `step`-th that came, named by `label`; None where they have none.

    `line` is of what was measured in the same way; `connected` says whether the step before has a value on it.
    `differs` is what sets the line apart from the newest one.
    """

    step: int
    label: str
    model: str
    value: float | None
    low: float | None
    high: float | None
    run: int | None
    started: datetime.datetime | None
    line: int
    connected: bool
    differs: str | None = None


def history_plot(title: str, metric: str, moments: Sequence[Moment]) -> Plot:
    """Return a metric over the results of models, in the order in which they came.

    Values are joined that were measured in the same way, without a gap; what was measured otherwise is pale.
    """
    models = list(dict.fromkeys(one.model for one in moments))
    labels = [label for _, label in sorted({(one.step, one.label) for one in moments})]
    rows = _rows(moments)
    x = {
        "field": "label",
        "type": "nominal",
        "sort": labels,
        "title": None,
        "axis": {"labelAngle": -30, "labelLimit": 140},
    }
    y: dict[str, Any] = {"field": "y", "type": "quantitative", "title": metric, "scale": {"zero": False}}
    pale = {"condition": {"test": "datum.differs != null", "value": 0.45}, "value": 1}
    known = {"filter": "isValid(datum.y)"}
    whiskers = {
        "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
        "mark": {"type": "rule", "strokeWidth": 1.5},
        "encoding": {
            "x": x,
            "y": {**y, "field": "low"},
            "y2": {"field": "high"},
            "color": {"value": QUIET},
            "opacity": pale,
        },
    }
    lines = {
        "transform": [known],
        "mark": {"type": "line", "strokeWidth": 1.5, "color": ACCENT},
        "encoding": {"x": x, "y": y, "detail": {"field": "segment", "type": "nominal"}, "opacity": pale},
    }
    spec = {
        "width": "container",
        "height": 260,
        "data": {"values": rows},
        "layer": [whiskers, lines, {**_points(x, y, metric, models), "transform": [known]}],
    }
    n_known = sum(one.value is not None for one in moments)
    summary = (
        f"{metric} of {counted(n_known, 'result')} of {_named(models)}, in the order in which they came{_ends(moments)}"
    )
    n_unknown = len(moments) - n_known
    notes = (f"{n_unknown} of the results have no value",) if n_unknown else ()
    return Plot(kind="history", title=title, summary=summary, spec=spec, notes=notes)


def _points(x: dict[str, Any], y: dict[str, Any], metric: str, models: list[str]) -> dict[str, Any]:
    encoding: dict[str, Any] = {
        "x": x,
        "y": y,
        "opacity": {"condition": {"test": "datum.differs != null", "value": 0.45}, "value": 1},
        "tooltip": [
            {"field": "model", "type": "nominal"},
            {"field": "run", "type": "quantitative"},
            {"field": "started", "type": "nominal"},
            {"field": "y", "type": "quantitative", "title": metric, "format": ".4~g"},
            {"field": "low", "type": "quantitative", "title": "from", "format": ".4~g"},
            {"field": "high", "type": "quantitative", "title": "to", "format": ".4~g"},
            {"field": "differs", "type": "nominal", "title": "other"},
        ],
    }
    if len(models) <= MOST_MODELS:
        encoding["color"] = {"field": "model", "type": "nominal", "scale": model_scale(models, MODEL_COLOURS)}
        encoding["shape"] = {"field": "model", "type": "nominal", "scale": model_scale(models, SHAPES)}
    return {"mark": {"type": "point", "filled": True, "size": 60}, "encoding": encoding}


def _rows(moments: Sequence[Moment]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    segments: dict[int, int] = {}
    for one in sorted(moments, key=lambda one: (one.line, one.step)):
        segments[one.line] = segments.get(one.line, 0) + (not one.connected)
        rows.append(
            {
                "label": one.label,
                "model": one.model,
                "y": one.value,
                "low": one.low,
                "high": one.high,
                "run": one.run,
                "started": None if one.started is None else f"{one.started:%Y-%m-%d %H:%M}",
                "segment": f"{one.line}.{segments[one.line]}",
                "differs": one.differs,
            }
        )
    return rows


def _named(models: Sequence[str]) -> str:
    return ", ".join(models) if len(models) <= MOST_MODELS else f"{len(models)} models"


def _ends(moments: Sequence[Moment]) -> str:
    known = [one for one in sorted(moments, key=lambda one: one.step) if one.value is not None and one.differs is None]
    if not known or known[0] is known[-1]:
        return ""
    return f": {known[0].value:.4g} ({known[0].label}) to {known[-1].value:.4g} ({known[-1].label})"
