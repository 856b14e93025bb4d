"""What to mind when reading the outcome of a quality standard: multiplicity, samples left out, waivers."""

import datetime
from collections.abc import Iterator, Sequence

from kolena_store.comparisons import ComparedModel, Comparison
from kolena_store.display import counted, number
from kolena_store.standards.documents import Standard, Waiver
from kolena_store.standards.results import GateResult
from kolena_store.statistics.levels import LEVEL
from kolena_store.test_runs import TestResults

__all__ = ["notes_of"]

DAYS_OF_WARNING = 14


def notes_of(
    standard: Standard,
    found: Sequence[GateResult],
    results: TestResults,
    comparison: Comparison | None,
    *,
    today: datetime.date,
) -> Iterator[str]:
    """Yield sentences on how the gates were decided, on the samples, and on waivers that need attention."""
    if any(gate.by != "value" for gate in standard.gates):
        level = f"{LEVEL * 100:g} %"
        yield f"ci_low and ci_high are of {level} intervals, each by itself: not adjusted for the number of test cases"
    if any(gate.on_baseline == "not_worse" for gate in standard.gates):
        yield "not worse: by the verdict, or by the interval of each difference by itself, which is not adjusted"
    if comparison is not None:
        yield f"verdicts: {comparison.correction} over the test cases of a metric, alpha {comparison.alpha:g}"
        yield from (_samples(one) for one in comparison.compared)
        yield from (note for note in comparison.notes if not any(one.endswith(note) for one in results.notes))
    yield from results.notes
    for waiver in standard.waivers:
        yield from _of_waiver(waiver, found, today)


def _samples(one: ComparedModel) -> str:
    left_out = one.n_samples - one.n_common
    text = (
        f"{one.label} and {one.baseline_label} are compared on the {counted(one.n_common, 'sample')} that both answered"
    )
    return f"{text}; {number(left_out)} of {number(one.n_samples)} are left out" if left_out else text


def _of_waiver(waiver: Waiver, found: Sequence[GateResult], today: datetime.date) -> Iterator[str]:
    name = f"the waiver of {waiver.gate} on {waiver.case} ({waiver.reason})"
    covered = [
        result
        for result in found
        if (result.gate, result.test_case) == (waiver.gate, waiver.case) and waiver.metric in (None, result.metric)
    ]
    if all(result.outcome == "pass" for result in covered):
        yield f"{name} is not needed: the gate passes there; take it out"
    elif waiver.is_expired(today):
        yield f"{name} expired after {waiver.expires}, so it holds no more"
    elif (waiver.expires - today).days <= DAYS_OF_WARNING:
        yield f"{name} holds until {waiver.expires}, {counted((waiver.expires - today).days, 'day')} from now"
