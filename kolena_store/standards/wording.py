"""What a gate found and why it did not pass, in words that all forms of a report share."""

from collections.abc import Mapping
from types import MappingProxyType

from kolena_store.display import fraction, interval_cell, number
from kolena_store.standards.judgements import Outcome
from kolena_store.standards.results import CountsAs, GateResult

__all__ = ["found_cell", "outcome_of", "why"]

USUAL: Mapping[Outcome, CountsAs] = MappingProxyType({"fail": "failure", "undecided": "failure", "pass": "pass"})


def outcome_of(result: GateResult) -> str:
    """Return an outcome, and what it counts as where that is something else."""
    is_usual = result.counts_as == USUAL[result.outcome]
    return result.outcome if is_usual else f"{result.outcome} ({result.counts_as})"


def why(result: GateResult) -> str:
    """Return why a gate has not passed: the reason, the smallest effect that could have been seen, the waiver."""
    seen = f"differences from {_plain(result.mde)} on would be seen" if result.mde is not None else None
    waived = f"waived until {result.waiver_expires}: {result.waiver}" if result.counts_as == "waived" else None
    return "; ".join(part for part in (result.reason, seen, waived) if part)


def found_cell(result: GateResult) -> str:
    """Return the value with its interval and n, or the difference from the baseline with its own."""
    if result.delta is None:
        is_bounded = result.value is None or abs(result.value) <= 1
        return interval_cell(result.value, result.ci_low, result.ci_high, result.n, bounded=is_bounded)
    is_bounded = abs(result.delta) <= 1
    cell = interval_cell(result.delta, result.ci_low, result.ci_high, result.n, bounded=is_bounded)
    return cell if result.delta < 0 else f"+{cell}"


def _plain(value: float) -> str:
    return fraction(value) if abs(value) <= 1 else number(value)
