"""What a gate says of one metric on one test case, with all that it rests on."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kolena_store.standards.documents import Gate, Severity, Standard, Undecided, Waiver
from kolena_store.standards.judgements import Judgement, Outcome
from kolena_store.tables import RecordColumn

__all__ = ["GATE_COLUMNS", "CountsAs", "Found", "GateResult", "gate_result"]

CountsAs: TypeAlias = Literal["pass", "warning", "failure", "waived"]

NUMBERS = ("value", "baseline_value", "delta", "ci_low", "ci_high")
GATE_COLUMNS = (
    *(RecordColumn(name=name) for name in ("gate", "severity", "model", "test_case", "metric")),
    RecordColumn(name="class", of="class_name"),
    *(RecordColumn(name=name) for name in ("outcome", "counts_as")),
    *(RecordColumn(name=name, kind="number") for name in NUMBERS),
    RecordColumn(name="n", kind="whole"),
    RecordColumn(name="q", kind="number"),
    RecordColumn(name="verdict"),
    RecordColumn(name="mde", kind="number"),
    *(RecordColumn(name=name) for name in ("mde_basis", "reason", "waiver", "waiver_expires")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a gate was held against: a value with its interval, or a difference from the baseline with its own."""

    model: str
    test_case: str
    metric: str
    class_name: str | None
    value: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    baseline_value: float | None = None
    delta: float | None = None
    q: float | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A gate on one metric and one test case.

    `outcome` is what the data say; `counts_as` what that means for the standard, after severity, waivers and what is
    undecided. `ci_low` and `ci_high` are of the value, or of `delta` where the gate compares with a baseline, and `n`
    is what they rest on. `mde` is the difference that the data could have shown. `waiver` is the reason of the waiver
    that holds for it, expired or not.
    """

    gate: str
    severity: Severity
    model: str
    test_case: str
    metric: str
    class_name: str | None
    outcome: Outcome
    counts_as: CountsAs
    value: float | None
    baseline_value: float | None
    delta: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    q: float | None
    verdict: str | None
    mde: float | None
    mde_basis: str | None
    reason: str | None
    waiver: str | None
    waiver_expires: str | None

    @property
    def subject(self) -> str:
        """Return the metric, with its class when it is of one."""
        return self.metric if self.class_name is None else f"{self.metric} of {self.class_name}"


def gate_result(
    standard: Standard, gate: Gate, found: Found, judgement: Judgement, *, today: datetime.date
) -> GateResult:
    """Return what a judgement means for the standard on a day: waivers that expired count no more."""
    waiver = _waiver(standard.waivers, gate, found)
    is_expired = waiver is not None and waiver.is_expired(today)
    is_waived = waiver is not None and not is_expired
    expiry = f"its waiver ({waiver.reason}) expired after {waiver.expires}" if waiver and is_expired else None
    parts = [judgement.reason, expiry if judgement.outcome != "pass" else None]
    return GateResult(
        gate=gate.id,
        severity=gate.severity,
        model=found.model,
        test_case=found.test_case,
        metric=found.metric,
        class_name=found.class_name,
        outcome=judgement.outcome,
        counts_as=_counts_as(judgement.outcome, gate.severity, standard.undecided, is_waived=is_waived),
        value=found.value,
        baseline_value=found.baseline_value,
        delta=found.delta,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        n=found.n,
        q=found.q,
        verdict=found.verdict,
        mde=judgement.mde,
        mde_basis=judgement.mde_basis,
        reason="; ".join(part for part in parts if part) or None,
        waiver=waiver.reason if waiver is not None else None,
        waiver_expires=waiver.expires.isoformat() if waiver is not None else None,
    )


def _waiver(waivers: Sequence[Waiver], gate: Gate, found: Found) -> Waiver | None:
    """Return the waiver of a gate's result; one that names the metric wins over one that does not."""
    fitting = [
        one
        for one in waivers
        if (one.gate, one.case) == (gate.id, found.test_case) and one.metric in (None, found.metric)
    ]
    return max(fitting, key=lambda one: one.metric is not None, default=None)


def _counts_as(outcome: Outcome, severity: Severity, undecided: Undecided, *, is_waived: bool) -> CountsAs:
    if outcome == "pass" or (outcome == "undecided" and undecided == "pass"):
        return "pass"
    if is_waived:
        return "waived"
    is_mild = severity == "warn" or (outcome == "undecided" and undecided == "warn")
    return "warning" if is_mild else "failure"
