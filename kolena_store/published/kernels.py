"""Kernel terms in SQL: what a metric macro puts in the place of a kernel's numpy."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType

from kolena_store.statements import Fragment, joined, literal, statement

__all__ = ["RANKED", "calibration_error", "median", "ranked"]

N_BINS = 15
"""As the kernel's `ExpectedCalibrationError`."""

ONE = Fragment("1")


def _piece(name: str, **fragments: Fragment) -> Fragment:
    return statement("macros/terms", name).fill(**fragments)


def median(value: Fragment, weight: Fragment | None) -> Fragment:
    """Return the median of an expression; under weights the value at which they reach half."""
    if weight is None:
        return _piece("median", value=value)
    half = _piece("half_of_weights", value=value, weight=weight)
    return _piece("middle", state=_piece("weighted_median", value=value, weight=weight, half=half))


def calibration_error(confidence: Fragment, correct: Fragment, weight: Fragment | None) -> Fragment:
    """Return the calibration error over bins of equal width, the kernel's edges to the last digit."""
    edges = [number / N_BINS for number in range(1, N_BINS + 1)]
    first = _piece("first_bin", confidence=confidence, high=literal(edges[0]))
    others = [
        _piece("bin", confidence=confidence, low=literal(low), high=literal(high)) for low, high in pairwise(edges)
    ]
    shared = {"confidence": confidence, "correct": correct, "weight": weight or ONE}
    gaps = joined([_piece("calibration_gap", inside=inside, **shared) for inside in (first, *others)], " + ")
    return _piece("calibration_error", gaps=gaps, **shared)


def _roc_auc(entries: Fragment, *, is_weighted: bool) -> Fragment:
    if not is_weighted:
        return _piece("roc_auc", entries=entries)
    return _piece("weighted_roc_auc", entries=entries, below=_piece("weight_of_negatives_below", entries=entries))


def _average_precision(entries: Fragment, *, is_weighted: bool) -> Fragment:
    if is_weighted:
        tallied = _piece("weights_from_the_top", entries=entries)
        return _piece("weighted_average_precision", entries=entries, tallied=tallied)
    scores = _piece("positive_scores", entries=entries)
    last = _piece("last_of_their_score", scores=scores)
    found = _piece("found_positives", scores=scores, last=last)
    return _piece(
        "average_precision", entries=entries, found=found, among=_piece("among_all", entries=entries, last=last)
    )


RANKED: Mapping[str, Callable[..., Fragment]] = MappingProxyType(
    {
        "roc_auc": _roc_auc,
        "average_precision": _average_precision,
        "roc_auc_micro": _roc_auc,
        "average_precision_micro": _average_precision,
    }
)


def ranked(kernel: str, entries: Fragment, *, is_weighted: bool) -> Fragment:
    """Return a kernel over ranked scores for a list of entries."""
    return RANKED[kernel](entries, is_weighted=is_weighted)
