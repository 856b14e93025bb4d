"""A model beside a baseline, as it is stored, or compared now in memory: looking writes nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from kolena_store.comparisons import ComparisonOptions, Verdict
from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.errors import InvalidInput
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.scored import scored_model, setting_for
from kolena_store.inspection.workbench import Look
from kolena_store.test_suites import ALL

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.results import ResultsRecord

__all__ = [
    "ORDER",
    "QUICK",
    "ComparedShown",
    "compared",
    "is_quickly_compared",
    "ordered",
    "stored_comparison",
]

ORDER: tuple[str, ...] = get_args(Verdict)
"""The verdicts, in the order in which people want to know of them."""

Row: TypeAlias = Mapping[str, Any]

MOST_STORED = 1000
BYTES_PER_ROW = 2000
QUICK = 40_000_000
"""Samples times test cases: what is compared in well under a second."""

COLUMNS = (
    "test_case",
    "metric",
    "better",
    "value",
    "baseline",
    "delta",
    "ci_low",
    "ci_high",
    "method",
    "p",
    "test",
    "q",
    "mde",
    "mde_basis",
    "n",
    "baseline_n",
    "n_samples",
    "n_only_model",
    "n_only_baseline",
    "tolerance",
    "verdict",
    "detected",
    "reason",
    "note",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedShown:
    """The differences of a model from a baseline: rows of the whole by metric, then by test case.

    `number` is that of the stored comparison, None when it was made now; `alpha`, `correction` and `tolerance` say how
    it was judged.
    """

    number: int | None
    model: str
    baseline: str
    alpha: float
    correction: str
    tolerance: Mapping[str, float]
    rows: Mapping[str, Mapping[str, Row]] = field(repr=False)
    notes: tuple[str, ...] = ()

    def of_metric(self, metric: str) -> list[Row]:
        """Return the rows of one metric."""
        return list(self.rows.get(metric, {}).values())

    def row(self, case: str, metric: str) -> Row | None:
        """Return the row of a test case, if it was compared in this metric."""
        return self.rows.get(metric, {}).get(case)


def compared(look: Look, scope: SuiteScope, *, model: str, baseline: str, metrics: Sequence[str]) -> ComparedShown:
    """Return a model beside a baseline in some metrics: as stored, if all of them are, else compared now.

    Raises:
        UnknownName: a model has no results on the dataset.
        InvalidInput: both are one, or a model's samples were not scored yet.
    """
    results, base = (scope.of.results_labelled(label) for label in (model, baseline))
    if results.results_id == base.results_id:
        raise InvalidInput(f"{baseline!r} is the baseline, and has no difference from itself; choose another model")
    stored = stored_comparison(look, scope, results, base)
    if stored is not None and stored.rows.keys() >= set(metrics):
        return stored
    return _now(look, scope, (results, base), metrics)


def stored_comparison(
    look: Look, scope: SuiteScope, results: "ResultsRecord", baseline: "ResultsRecord"
) -> ComparedShown | None:
    """Return the last stored comparison of two models' newest results on a suite; None when there is none."""
    rows = _comparisons(look, scope.suite.suite_id)
    configuration = scope.configuration_id
    wanted = (
        scope.suite.version,
        results.results_id,
        baseline.results_id,
        scope.of.version.version,
        results.version,
        baseline.version,
        configuration,
    )
    for row in rows:
        if (row[3], row[5], row[8], row[11], row[12], row[13], row[14]) == wanted:
            made = partial(_stored, look.session, row, results.label, baseline.label)
            return look.kept.get(("stored", row[0]), made, _bytes_of)
    return None


def _comparisons(look: Look, suite_id: int) -> list[tuple[Any, ...]]:
    def found() -> list[tuple[Any, ...]]:
        return look.session.rows("inspection.newest_comparisons", suite_id=suite_id, most=MOST_STORED)

    return look.of_state(("comparisons", suite_id), found, lambda rows: BYTES_PER_ROW * (len(rows) + 1))


def is_quickly_compared(scope: SuiteScope) -> bool:
    """Return whether comparing models now is a matter of a moment."""
    return scope.of.dataset.next_sample * len(scope.cases) <= QUICK


def ordered(found: ComparedShown, metric: str) -> list[Mapping[str, Any]]:
    """Return the rows of a metric: regressions first, the strongest evidence first."""

    def importance(row: Mapping[str, Any]) -> tuple[Any, ...]:
        q, delta = row["q"], row["delta"]
        return (row["test_case"] != ALL, ORDER.index(row["verdict"]), 1.0 if q is None else q, -abs(delta or 0.0))

    return sorted(found.of_metric(metric), key=importance)


def _stored(session: Session, row: Sequence[Any], model: str, baseline: str) -> ComparedShown:
    files = [str(file.path(session.root)) for file in files_of(session, [row[16]])]
    found = session.rows("inspection.differences", files=files, numbers=[row[0]])
    options = json.loads(row[15])
    documents = [dict(zip(COLUMNS, one[1:], strict=True)) for one in found]
    return ComparedShown(
        number=row[0],
        model=model,
        baseline=baseline,
        alpha=options["alpha"],
        correction=options["correction"],
        tolerance=options["tolerance"],
        rows=_by_metric(documents),
    )


def _now(
    look: Look,
    scope: SuiteScope,
    pair: tuple["ResultsRecord", "ResultsRecord"],
    metrics: Sequence[str],
) -> ComparedShown:
    key = (
        "compared",
        scope.suite.suite_id,
        scope.suite.version,
        scope.of.version.version,
        scope.configuration,
        *((one.results_id, one.version) for one in pair),
        tuple(metrics),
    )
    return look.kept.get(key, lambda: _compare(look, scope, pair, metrics), _bytes_of)


def _bytes_of(found: ComparedShown) -> int:
    return BYTES_PER_ROW * (sum(map(len, found.rows.values())) + 1)


def _compare(
    look: Look,
    scope: SuiteScope,
    pair: tuple["ResultsRecord", "ResultsRecord"],
    metrics: Sequence[str],
) -> ComparedShown:
    from kolena_store.comparisons.measuring import compare_pair, plan_with
    from kolena_store.test_runs.members import stored_members

    setting = setting_for(look, scope, pair, metrics)
    members = stored_members(look.session, scope.of.dataset, setting.version, setting.cases, results=pair)
    if members is None:
        raise InvalidInput(
            f"the members of some test cases are not known yet on version {setting.version.version} of "
            f"{scope.of.dataset.name!r}; run: kolena-store test {scope.of.dataset.name} --suite {scope.suite.name}"
        )
    options = ComparisonOptions(metrics=list(metrics))
    plan = plan_with(look.session, setting, members)
    model, baseline = (scored_model(look, setting, one, plan.plan.terms) for one in pair)
    found = compare_pair(look.session, plan, model, baseline, options=options, number=0)
    return ComparedShown(
        number=None,
        model=pair[0].label,
        baseline=pair[1].label,
        alpha=options.alpha,
        correction=options.correction,
        tolerance=options.tolerance,
        rows=_by_metric(_documents(found.rows)),
        notes=found.notes,
    )


def _documents(rows: "pa.Table") -> list[Row]:
    found = rows.select(["class", *COLUMNS]).to_pylist()
    return [row for row in found if row["class"] is None]


def _by_metric(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row["metric"], {})[row["test_case"]] = row
    return found
