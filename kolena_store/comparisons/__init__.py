"""Comparisons: models beside a baseline, paired by sample, with evidence and verdicts."""

from kolena_store.comparisons.compare import compare_models
from kolena_store.comparisons.outcome import Comparison
from kolena_store.comparisons.records import (
    ALPHA,
    ComparedModel,
    ComparisonOptions,
    Correction,
    Difference,
    Family,
    TestKind,
    Verdict,
)
from kolena_store.comparisons.samples import DifferingSamples, SampleRequest, differing_samples

__all__ = [
    "ALPHA",
    "ComparedModel",
    "Comparison",
    "ComparisonOptions",
    "Correction",
    "Difference",
    "DifferingSamples",
    "Family",
    "SampleRequest",
    "TestKind",
    "Verdict",
    "compare_models",
    "differing_samples",
]
