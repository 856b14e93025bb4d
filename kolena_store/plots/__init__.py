"""Plots as plain Vega-Lite dictionaries, and drawing them as SVG, PNG, PDF or a page that answers to the pointer."""

from kolena_store.plots.attributions import Shares, attribution_plot
from kolena_store.plots.counts import Bar, Confusion, Distribution, confusion_plot, distribution_plot, histogram_plot
from kolena_store.plots.curves import CalibrationBin, Curve, calibration_plot, curve_plot, thinned
from kolena_store.plots.drawing import draw, inlined, javascript_bundle
from kolena_store.plots.fields import Cell, MiddleBand, residual_plot
from kolena_store.plots.histories import Moment, history_plot
from kolena_store.plots.mistakes import Gain, mistakes_plot
from kolena_store.plots.notebooks import Plotted
from kolena_store.plots.plot import FORMATS, Plot
from kolena_store.plots.scenarios import Estimate, Pairing, dumbbell_plot, estimates_plot

__all__ = [
    "FORMATS",
    "Bar",
    "CalibrationBin",
    "Cell",
    "Confusion",
    "Curve",
    "Distribution",
    "Estimate",
    "Gain",
    "MiddleBand",
    "Moment",
    "Pairing",
    "Plot",
    "Plotted",
    "Shares",
    "attribution_plot",
    "calibration_plot",
    "confusion_plot",
    "curve_plot",
    "distribution_plot",
    "draw",
    "dumbbell_plot",
    "estimates_plot",
    "histogram_plot",
    "history_plot",
    "inlined",
    "javascript_bundle",
    "mistakes_plot",
    "residual_plot",
    "thinned",
]
