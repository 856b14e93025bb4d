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

__all__ = [
    "ALPHA",
    "ComparedModel",
    "Comparison",
    "ComparisonOptions",
    "Correction",
    "Difference",
    "Family",
    "TestKind",
    "Verdict",
    "compare_models",
]
