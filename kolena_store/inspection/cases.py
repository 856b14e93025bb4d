"""One test case: what defines it, its versions, and everything that was measured on it."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.test_suites import CaseRecord

__all__ = ["CaseShown", "CaseVersion", "case_shown"]

NAMES = ("class", "value", "ci_low", "ci_high", "n", "n_samples", "n_missing", "n_null", "better", "method", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVersion:
    """One version of a test case's definition."""

    version: int
    level: str
    source: str | None
    created: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class CaseShown:
    """A test case with the metrics of some models: `whole` by (metric, model), `classes` by (metric, class, model)."""

    scope: SuiteScope
    case: CaseRecord
    versions: Sequence[CaseVersion]
    models: tuple[str, ...]
    whole: Mapping[tuple[str, str], Mapping[str, Any]] = field(repr=False)
    classes: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(repr=False)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the metrics of the whole, the headlines first."""
        headlines = self.scope.of.workflow.headlines() if self.scope.of.workflow else ()
        found = dict.fromkeys(metric for metric, _ in self.whole)
        return (*(name for name in headlines if name in found), *(name for name in found if name not in headlines))

    @property
    def class_metrics(self) -> tuple[str, ...]:
        """Return the metrics that classes have."""
        return tuple(dict.fromkeys(metric for metric, _, _ in self.classes))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the classes."""
        return tuple(dict.fromkeys(name for _, name, _ in self.classes))

    @property
    def n_samples(self) -> int | None:
        """Return how many samples the test case has; None when no run says so."""
        return max((row["n_samples"] for row in self.whole.values()), default=None)


def case_shown(session: Session, scope: SuiteScope, name: str, models: Sequence[str] = ()) -> CaseShown:
    """Return a test case with the metrics of some models (none: of all).

    Raises:
        UnknownName: the suite has no such test case, or a model no run.
    """
    case, chosen = scope.case_named(name), tuple(dict.fromkeys(models)) or scope.models
    run_ids, places, file_ids = scope.runs_of(chosen)
    whole: dict[tuple[str, str], Mapping[str, Any]] = {}
    classes: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    if run_ids:
        files = [str(file.path(session.root)) for file in files_of(session, file_ids)]
        rows = session.rows("inspection.rows_of_case", files=files, run_ids=run_ids, places=places, test_case=name)
        for place, metric, *rest in rows:
            row = dict(zip(NAMES, rest, strict=True))
            if row["class"] is None:
                whole[metric, chosen[place]] = row
            else:
                classes[metric, row["class"], chosen[place]] = row
    versions = session.records(CaseVersion, "inspection.versions_of_case", test_case_id=case.test_case_id)
    return CaseShown(scope=scope, case=case, versions=versions, models=chosen, whole=whole, classes=classes)
