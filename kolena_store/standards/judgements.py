"""Holding a bound against a value or the end of its interval: passed, failed, or not to be decided by these data."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, TypeAlias

from kolena_store.display import counted, fraction
from kolena_store.standards.documents import Gate
from kolena_store.statistics.levels import LEVEL, normal_quantile
from kolena_store.test_runs import MetricValue

__all__ = ["POWER", "Judgement", "Outcome", "demand_of", "judged", "too_few", "written_apart"]

Outcome: TypeAlias = Literal["pass", "fail", "undecided"]

POWER = 0.8
MOST_DIGITS = 9
PRECISION = 1e-9
MDE_BASIS = "width of the interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a gate says of one value, and why; `mde` is the difference that so many samples could have shown.

    `mde_basis` says what that was reckoned from.
    """

    outcome: Outcome
    reason: str | None = None
    mde: float | None = None
    mde_basis: str | None = None


def judged(gate: Gate, found: MetricValue) -> Judgement:
    """Return what a gate with bounds says of a value.

    A bound that is held against the near end of an interval asks that the data show it: at_least by ci_low passes when
    the whole interval lies above, fails when it lies below, and is undecided when the bound lies within. Held against
    the far end (at_least by ci_high) it asks that the data do not show the contrary, which they do or do not.
    """
    if found.value is None:
        return Judgement(outcome="undecided", reason=f"no value: {found.reason}")
    few = too_few(gate, found.n)
    if few is not None:
        return _undecided(found, few)
    for bound, sign in ((gate.at_least, 1), (gate.at_most, -1)):
        if bound is not None:
            judgement = _against(gate, found, bound, sign)
            if judgement.outcome != "pass":
                return judgement
    return Judgement(outcome="pass")


def too_few(gate: Gate, n: int) -> str | None:
    """Return that a value rests on fewer samples than a gate asks for, or None when it does not."""
    if gate.min_n is None or n >= gate.min_n:
        return None
    return f"{counted(n, 'sample')}, and the gate asks for {gate.min_n:,}"


def demand_of(gate: Gate) -> str:
    """Return what a gate demands, in a few words."""
    least = f", n at least {gate.min_n:,}" if gate.min_n is not None else ""
    if gate.on_baseline is not None:
        return f"{gate.on_baseline.replace('_', ' ')}{least}"
    bounds = (("at least", gate.at_least), ("at most", gate.at_most))
    text = " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)
    return f"{'' if gate.by == 'value' else f'{gate.by} '}{text}{least}"


def written_apart(first: float, second: float) -> tuple[str, str]:
    """Return two numbers with as many digits as it takes to tell them apart."""
    for digits in range(3, MOST_DIGITS + 1):
        texts = fraction(first, digits), fraction(second, digits)
        if texts[0] != texts[1]:
            return texts
    return repr(first), repr(second)


def _against(gate: Gate, found: MetricValue, bound: float, sign: int) -> Judgement:
    """Return what one bound says; `sign` is 1 for a lower bound and -1 for an upper one."""
    near, far = ("ci_low", "ci_high") if sign > 0 else ("ci_high", "ci_low")
    held, other = getattr(found, gate.by), getattr(found, far)
    if held is None:
        return Judgement(outcome="undecided", reason=f"no {gate.by}: {found.reason}")
    if _reaches(held, bound, sign):
        return Judgement(outcome="pass")
    if gate.by == near and _reaches(other, bound, sign):
        return _undecided(found, f"the interval {_interval(found, bound)} holds {bound:g}")
    side = "under" if sign > 0 else "over"
    if gate.by == near:
        return Judgement(outcome="fail", reason=f"the interval {_interval(found, bound)} lies {side} {bound:g}")
    return Judgement(outcome="fail", reason=f"{gate.by} {written_apart(held, bound)[0]} is {side} {bound:g}")


def _interval(found: MetricValue, bound: float) -> str:
    ends = (written_apart(end, bound)[0] for end in (found.ci_low, found.ci_high) if end is not None)
    return f"[{', '.join(ends)}]"


def _reaches(held: float, bound: float, sign: int) -> bool:
    """Return whether a value keeps a bound, up to the precision that sums repeat to on any machine."""
    return sign * (held - bound) >= -PRECISION * abs(bound)


def _undecided(found: MetricValue, reason: str) -> Judgement:
    mde = _detectable(found)
    return Judgement(outcome="undecided", reason=reason, mde=mde, mde_basis=MDE_BASIS if mde is not None else None)


def _detectable(found: MetricValue) -> float | None:
    """Return how far from a bound the truth must lie to be seen on its side of it, with 80 % power.

    (z of the level + z of the power) x standard error, for which half the interval's width over z stands (the usual
    normal approximation, as in Cohen 1988): at such a truth the interval lies wholly on that side in four tests of
    five. Assumes that it is as wide there as here.
    """
    if found.ci_low is None or found.ci_high is None:
        return None
    level = normal_quantile(LEVEL)
    return (level + NormalDist().inv_cdf(POWER)) / (2 * level) * (found.ci_high - found.ci_low)
