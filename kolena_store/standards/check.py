"""Checking a model against a quality standard."""

import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass

from kolena_store.comparisons import Comparison, ComparisonOptions, Difference, compare_models
from kolena_store.database import Transaction
from kolena_store.errors import InvalidInput
from kolena_store.metrics.definitions import load_metrics
from kolena_store.metrics.user.stored import user_metrics
from kolena_store.schema import now
from kolena_store.standards.documents import Standard
from kolena_store.standards.judgements import judged
from kolena_store.standards.notes import notes_of
from kolena_store.standards.relative import judged_difference
from kolena_store.standards.report import CheckReport
from kolena_store.standards.results import Found, GateResult, gate_result
from kolena_store.standards.selection import GatedCases, Known, gated_cases, rows_of_gate, where
from kolena_store.test_runs import MetricValue, TestOptions, TestResults, requested, run_requested
from kolena_store.test_suites import cases_of

__all__ = ["check_standard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """What the gates are held against, and the day on which waivers hold or don't."""

    standard: Standard
    cases: GatedCases
    results: TestResults
    comparison: Comparison | None
    today: datetime.date


def check_standard(
    transaction: Transaction, standard: Standard, model: str, baseline: str | None = None
) -> CheckReport:
    """Test a model (and compare it with a baseline) as a quality standard asks, and return what its gates say.

    Raises:
        StoreError: the standard names what there is not or contradicts itself; a gate compares and no baseline is
            named; the test or the comparison can't be made.
    """
    moment, clock = now(), time.perf_counter()
    _check_baseline(standard, model, baseline)
    options = TestOptions(suite=standard.suite, configuration=standard.configuration)
    given = requested(transaction, standard.dataset, model, options)
    request = given.request
    known = Known(
        suite=request.suite,
        cases=cases_of(transaction, request.suite),
        file=load_metrics(given.workflow.metric_file),
        own_metrics=user_metrics(transaction, request.dataset),
    )
    cases = gated_cases(standard, known)
    results = run_requested(transaction, given)
    comparison = _comparison(transaction, standard, model, baseline, suite=request.suite.name)
    checked = _Checked(standard=standard, cases=cases, results=results, comparison=comparison, today=moment.date())
    found = tuple(_results(checked))
    return CheckReport(
        standard=standard,
        dataset_version=results.dataset_version,
        suite=results.suite,
        suite_version=results.suite_version,
        models=results.models,
        baseline=baseline if standard.needs_baseline else None,
        results=found,
        notes=(*_unused(standard, baseline), *notes_of(standard, found, results, comparison, today=moment.date())),
        checked=moment,
        seconds=time.perf_counter() - clock,
    )


def _check_baseline(standard: Standard, model: str, baseline: str | None) -> None:
    if standard.needs_baseline and baseline is None:
        gate = next(gate for gate in standard.gates if gate.on_baseline is not None)
        raise InvalidInput(
            f"{where(standard, gate.line)}: gate {gate.id!r} compares with a baseline, and none is named; "
            "name one with --baseline (in Python baseline=)"
        )
    if baseline == model:
        raise InvalidInput(f"{model!r} is both the model and the baseline; name two models")


def _unused(standard: Standard, baseline: str | None) -> list[str]:
    is_unused = baseline is not None and not standard.needs_baseline
    return [f"no gate compares, so the baseline {baseline} is not looked at"] if is_unused else []


def _comparison(
    transaction: Transaction, standard: Standard, model: str, baseline: str | None, *, suite: str
) -> Comparison | None:
    if baseline is None or not standard.needs_baseline:
        return None
    relative = [gate for gate in standard.gates if gate.on_baseline is not None]
    options = ComparisonOptions(
        suite=suite,
        configuration=standard.configuration,
        metrics=list(dict.fromkeys(metric for gate in relative for metric in gate.metrics)),
        by_class=any(gate.classes for gate in relative),
        tolerance=standard.tolerance,
        alpha=standard.alpha,
    )
    return compare_models(transaction, standard.dataset, model, baseline, options=options)


def _results(checked: _Checked) -> Iterator[GateResult]:
    standard = checked.standard
    bounded = [gate for gate in standard.gates if gate.on_baseline is None]
    values = checked.results.values([metric for gate in bounded for metric in gate.metrics])
    differences = checked.comparison.values() if checked.comparison is not None else []
    for gate in standard.gates:
        cases = checked.cases[gate.id]
        for metric in gate.metrics:
            if gate.on_baseline is None:
                for value in rows_of_gate(standard, gate, metric, values, cases=cases):
                    yield gate_result(standard, gate, _of_value(value), judged(gate, value), today=checked.today)
            else:
                for one in rows_of_gate(standard, gate, metric, differences, cases=cases):
                    judgement = judged_difference(gate, one)
                    yield gate_result(standard, gate, _of_difference(one), judgement, today=checked.today)


def _of_value(value: MetricValue) -> Found:
    return Found(
        model=value.label,
        test_case=value.test_case,
        metric=value.metric,
        class_name=value.class_name,
        value=value.value,
        n=value.n,
        ci_low=value.ci_low,
        ci_high=value.ci_high,
    )


def _of_difference(one: Difference) -> Found:
    return Found(
        model=one.label,
        test_case=one.test_case,
        metric=one.metric,
        class_name=one.class_name,
        value=one.value,
        baseline_value=one.baseline,
        delta=one.delta,
        n=min(one.n, one.baseline_n),
        ci_low=one.ci_low,
        ci_high=one.ci_high,
        q=one.q,
        verdict=one.verdict,
    )
