"""Gates that compare a model with a baseline: what the verdict of a comparison means for them."""

from kolena_store.comparisons import Difference
from kolena_store.standards.documents import Gate
from kolena_store.standards.judgements import Judgement, Outcome, too_few, written_apart

__all__ = ["judged_difference"]


def judged_difference(gate: Gate, found: Difference) -> Judgement:
    """Return what a gate with a demand on the baseline says of a difference.

    `not_regressed` fails on the verdict `regressed` alone, and is undecided where no test could be made. `improved`
    passes on that verdict alone, and fails where the contrary was shown: a regression, or a difference within the
    tolerance. `not_worse` passes where the data show that the model is not worse by the tolerance or more: by the
    verdicts `improved` and `equivalent`, or by an interval of the difference that lies wholly above minus the tolerance
    (non-inferiority, Wellek 2010; not corrected for the number of test cases).
    """
    if found.delta is None:
        return _undecided(found, f"no difference: {found.reason}")
    few = too_few(gate, min(found.n, found.baseline_n))
    if few is not None:
        return _undecided(found, few)
    if gate.on_baseline == "not_regressed":
        return _not_regressed(found)
    return _improved(found) if gate.on_baseline == "improved" else _not_worse(found)


def _not_regressed(found: Difference) -> Judgement:
    if found.verdict == "regressed":
        return _said(found, "fail", "regressed")
    if found.delta != 0 and found.p is None:
        return _undecided(found, f"nothing could have been shown: {found.reason}")
    reason = "; ".join(part for part in ("no regression was shown", found.reason) if part)
    return _said(found, "pass", reason if found.verdict == "inconclusive" else None)


def _improved(found: Difference) -> Judgement:
    if found.verdict == "improved":
        return Judgement(outcome="pass")
    if found.verdict == "regressed":
        return _said(found, "fail", "regressed")
    if found.verdict == "equivalent":
        return _said(found, "fail", f"no better by more than the tolerance of {found.tolerance:g}")
    return _undecided(found, "; ".join(part for part in ("no improvement was shown", found.reason) if part))


def _not_worse(found: Difference) -> Judgement:
    if found.verdict in ("improved", "equivalent"):
        return Judgement(outcome="pass")
    worst, tolerance = _worst(found), found.tolerance or 0.0
    if worst is not None and worst > -tolerance:
        return Judgement(outcome="pass")
    if found.verdict == "regressed":
        return _said(found, "fail", "regressed")
    if worst is None:
        return _undecided(found, f"no interval: {found.reason}")
    shown = written_apart(-worst, tolerance)[0]
    return _undecided(found, f"worse by up to {shown} can't be ruled out, and the tolerance is {tolerance:g}")


def _worst(found: Difference) -> float | None:
    """Return the end of the interval that is worst for the model, signed so that plus is better."""
    if found.ci_low is None or found.ci_high is None:
        return None
    return -found.ci_high if found.better == "lower" else found.ci_low


def _undecided(found: Difference, reason: str) -> Judgement:
    return _said(found, "undecided", reason)


def _said(found: Difference, outcome: Outcome, reason: str | None) -> Judgement:
    return Judgement(outcome=outcome, reason=reason, mde=found.mde, mde_basis=found.mde_basis)
