"""Plots over test cases: values with intervals, and a model beside its baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kolena_store.plots.plot import Plot
from kolena_store.plots.themes import MODEL_COLOURS, QUIET, SHAPES, model_scale

__all__ = ["Estimate", "Pairing", "dumbbell_plot", "estimates_plot"]

MOST_CASES = 50
STEP = 22
VERDICTS = ("regressed", "different", "improved", "equivalent", "inconclusive")
VERDICT_COLOURS = ("#b3261e", "#8a4fbe", "#1b7a3d", "#1f6fb2", QUIET)
VERDICT_SHAPES = ("triangle-down", "diamond", "triangle-up", "square", "circle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A model's value on a test case, with its interval where there is one."""

    test_case: str
    model: str
    value: float
    low: float | None
    high: float | None
    n: int

    @classmethod
    def of(cls, row: Mapping[str, Any], *, model: str) -> "Estimate":
        """Return a row of metrics that has a value."""
        return cls(
            test_case=row["test_case"],
            model=model,
            value=row["value"],
            low=row["ci_low"],
            high=row["ci_high"],
            n=row["n"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A model's value beside the baseline's on a test case, and the verdict on the difference."""

    test_case: str
    baseline: float
    value: float
    verdict: str
    delta: float | None
    n: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Pairing":
        """Return a row of a comparison that has both values."""
        names = ("test_case", "baseline", "value", "verdict", "delta", "n")
        return cls(**{name: row[name] for name in names})


def estimates_plot(title: str, metric: str, found: Sequence[Estimate]) -> Plot:
    """Return the values of each test case with their intervals, one mark for each model; at most 50 test cases."""
    models, cases, left_out = _names(found)
    chosen = [one for one in found if one.test_case in set(cases)]
    rows = [
        {"case": one.test_case, "model": one.model, "x": one.value, "low": one.low, "high": one.high, "n": one.n}
        for one in chosen
    ]
    colour = {"field": "model", "type": "nominal", "scale": model_scale(models, MODEL_COLOURS)}
    offset = {"field": "model", "type": "nominal", "sort": models}
    y = {"field": "case", "type": "nominal", "sort": cases, "title": None, "axis": {"labelLimit": 260, "grid": True}}
    x = {"field": "x", "type": "quantitative", "title": metric, "scale": {"zero": False}}
    whiskers = {
        "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
        "mark": {"type": "rule", "strokeWidth": 1.5},
        "encoding": {"y": y, "yOffset": offset, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour},
    }
    points = {
        "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1},
        "encoding": {
            "y": y,
            "yOffset": offset,
            "x": x,
            "color": colour,
            "shape": {"field": "model", "type": "nominal", "scale": model_scale(models, SHAPES)},
            "tooltip": [
                {"field": "case", "type": "nominal", "title": "test case"},
                {"field": "model", "type": "nominal"},
                {"field": "x", "type": "quantitative", "title": metric, "format": ".4~g"},
                {"field": "low", "type": "quantitative", "format": ".4~g", "title": "from"},
                {"field": "high", "type": "quantitative", "format": ".4~g", "title": "to"},
                {"field": "n", "type": "quantitative", "format": ","},
            ],
        },
    }
    spec = {
        "width": "container",
        "height": max(8 * len(models), STEP) * max(1, len(cases)),
        "data": {"values": rows},
        "layer": [whiskers, points],
    }
    summary = f"{metric} of {', '.join(models)} on {len(cases)} test cases"
    return Plot(kind="estimates", title=title, summary=summary, spec=spec, notes=_left_out_note(left_out))


def dumbbell_plot(title: str, metric: str, pairs: Sequence[Pairing], *, model: str, baseline: str) -> Plot:
    """Return for each test case the baseline's value and the model's, joined by a line; at most 50, in their order."""
    shown = list(pairs)[:MOST_CASES]
    rows = [
        {
            "case": one.test_case,
            "baseline": one.baseline,
            "value": one.value,
            "verdict": one.verdict,
            "delta": one.delta,
            "n": one.n,
        }
        for one in shown
    ]
    cases = [one.test_case for one in shown]
    y = {"field": "case", "type": "nominal", "sort": cases, "title": None, "axis": {"labelLimit": 260, "grid": False}}
    x = {"field": "value", "type": "quantitative", "title": metric, "scale": {"zero": False}}
    occurring = [place for place, verdict in enumerate(VERDICTS) if verdict in {one.verdict for one in shown}]
    colour = {"field": "verdict", "type": "nominal", "scale": _verdict_scale(occurring, VERDICT_COLOURS)}
    tooltip = _pair_tooltip(model, baseline)
    lines = {
        "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55},
        "encoding": {"y": y, "x": {**x, "field": "baseline"}, "x2": {"field": "value"}, "color": colour},
    }
    starts = {
        "mark": {
            "type": "point",
            "shape": "circle",
            "size": 55,
            "filled": True,
            "fill": "white",
            "stroke": QUIET,
            "strokeWidth": 2,
            "opacity": 1,
        },
        "encoding": {"y": y, "x": {**x, "field": "baseline"}, "tooltip": tooltip},
    }
    ends = {
        "mark": {"type": "point", "filled": True, "size": 85, "opacity": 1},
        "encoding": {
            "y": y,
            "x": x,
            "color": colour,
            "shape": {
                "field": "verdict",
                "type": "nominal",
                "scale": _verdict_scale(occurring, VERDICT_SHAPES),
            },
            "tooltip": tooltip,
        },
    }
    spec = {
        "width": "container",
        "height": STEP * max(1, len(cases)),
        "data": {"values": rows},
        "layer": [lines, starts, ends],
    }
    counts = {verdict: sum(one.verdict == verdict for one in pairs) for verdict in VERDICTS}
    said = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
    summary = f"{metric} of {model} beside {baseline} (hollow) on {len(pairs)} test cases: {said}"
    return Plot(kind="dumbbell", title=title, summary=summary, spec=spec, notes=_left_out_note(len(pairs) - len(shown)))


def _names(found: Sequence[Estimate]) -> tuple[list[str], list[str], int]:
    models = list(dict.fromkeys(one.model for one in found))
    cases = list(dict.fromkeys(one.test_case for one in found))
    return models, cases[:MOST_CASES], max(0, len(cases) - MOST_CASES)


def _pair_tooltip(model: str, baseline: str) -> list[dict[str, Any]]:
    """Return what the pointer shows of a pair of values."""
    return [
        {"field": "case", "type": "nominal", "title": "test case"},
        {"field": "baseline", "type": "quantitative", "title": baseline, "format": ".4~g"},
        {"field": "value", "type": "quantitative", "title": model, "format": ".4~g"},
        {"field": "delta", "type": "quantitative", "format": "+.4~g"},
        {"field": "verdict", "type": "nominal"},
        {"field": "n", "type": "quantitative", "format": ","},
    ]


def _verdict_scale(occurring: Sequence[int], values: tuple[str, ...]) -> dict[str, Any]:
    """Return the scale of the verdicts that occur, each with its own of `values`."""
    return {"domain": [VERDICTS[place] for place in occurring], "range": [values[place] for place in occurring]}


def _left_out_note(n: int) -> tuple[str, ...]:
    return (f"{n} further test cases are not shown",) if n else ()
