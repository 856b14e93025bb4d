"""Plots as plain Vega-Lite dictionaries, and drawing them as SVG, PNG, PDF or a page that answers to the pointer."""

from kolena_store.plots.counts import Bar, Confusion, Distribution, confusion_plot, distribution_plot, histogram_plot
from kolena_store.plots.curves import CalibrationBin, Curve, calibration_plot, curve_plot, thinned
from kolena_store.plots.drawing import draw, javascript_bundle
from kolena_store.plots.fields import Cell, MiddleBand, residual_plot
from kolena_store.plots.plot import FORMATS, Plot
from kolena_store.plots.scenarios import Estimate, Moment, Pairing, dumbbell_plot, estimates_plot, history_plot

__all__ = [
    "FORMATS",
    "Bar",
    "CalibrationBin",
    "Cell",
    "Confusion",
    "Curve",
    "Distribution",
    "Estimate",
    "MiddleBand",
    "Moment",
    "Pairing",
    "Plot",
    "calibration_plot",
    "confusion_plot",
    "curve_plot",
    "distribution_plot",
    "draw",
    "dumbbell_plot",
    "estimates_plot",
    "histogram_plot",
    "history_plot",
    "javascript_bundle",
    "residual_plot",
    "thinned",
]
