"""Verdicts: what the evidence of each row supports, and no more."""

from dataclasses import dataclass

import numpy as np

from kolena_store.comparisons.families import Corrected, FamilyKeys, corrected
from kolena_store.comparisons.records import Correction, Family, Verdict
from kolena_store.metrics.differences.evidence import TestedRows
from kolena_store.statistics.smooth import Numbers

__all__ = ["JudgedRows", "judged"]


@dataclass(frozen=True, kw_only=True)
class JudgedRows:
    """The rows of one metric with corrected p-values and a verdict each."""

    tested: TestedRows
    q: Numbers
    q_equivalence: Numbers
    family_names: list[str]
    families: list[Family]
    verdicts: list[Verdict]
    detected: list[bool]
    reasons: list[str | None]
    notes: list[str | None]


def judged(tested: TestedRows, keys: FamilyKeys, *, alpha: float, correction: Correction) -> JudgedRows:
    """Return the verdict of each row, in this order: undefined or thin, equivalent, improved or regressed by q.

    Without a tolerance nothing is equivalent. What is left is inconclusive: the evidence does not suffice.
    """
    of_difference = corrected(tested.p, keys, correction)
    of_equivalence: Corrected = corrected(tested.p_equivalence, keys, correction)
    better = tested.rows.metric.better
    is_thin = np.array([one is not None for one in tested.thin], dtype=np.bool_)
    is_detected = (of_difference.q <= alpha) & ~is_thin
    is_equivalent = (of_equivalence.q <= alpha) & ~is_thin
    verdicts = [
        _verdict(delta, better, equivalent=equivalent, detected=detected)
        for delta, equivalent, detected in zip(
            tested.rows.delta.tolist(), is_equivalent.tolist(), is_detected.tolist(), strict=True
        )
    ]
    return JudgedRows(
        tested=tested,
        q=of_difference.q,
        q_equivalence=of_equivalence.q,
        family_names=of_difference.names,
        families=of_difference.families,
        verdicts=verdicts,
        detected=is_detected.tolist(),
        reasons=[known or thin for known, thin in zip(tested.reasons, tested.thin, strict=True)],
        notes=_notes(tested, alpha),
    )


def _verdict(delta: float, better: str, *, equivalent: bool, detected: bool) -> Verdict:
    if equivalent:
        return "equivalent"
    if not detected:
        return "inconclusive"
    if better == "none":
        return "different"
    return "improved" if (delta > 0) == (better == "higher") else "regressed"


def _notes(tested: TestedRows, alpha: float) -> list[str | None]:
    """Return where the interval and p, which follow from two methods, lie on two sides of the level."""
    excludes = (tested.low > 0) | (tested.high < 0)
    has_both = np.isfinite(tested.p) & np.isfinite(tested.low)
    apart = has_both & (excludes != (tested.p <= alpha))
    return [
        f"the interval {'excludes' if outside else 'holds'} 0 and p is {p:.3g}: two methods, and the verdict follows q"
        if is_apart
        else None
        for is_apart, outside, p in zip(apart.tolist(), excludes.tolist(), tested.p.tolist(), strict=True)
    ]
