"""What changed between two states of a suite: definitions, and the samples that each test case selects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, VersionRecord, version_of
from kolena_store.display import Column, Listing, number
from kolena_store.results import results_of_dataset
from kolena_store.tables import RecordColumn, Tabular, table_of
from kolena_store.test_suites.records import CaseRecord, cases_of, suite_named

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.membership.bitmaps import Words

__all__ = ["CaseDifference", "SuiteDifference", "suite_difference"]

CASE_COLUMNS = (
    RecordColumn(name="name"),
    *(RecordColumn(name=name, kind="whole") for name in ("n_before", "n_after", "rows_in", "rows_out")),
    RecordColumn(name="change"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDifference:
    """How one test case changed: how many samples came in and went out, and why."""

    name: str
    n_before: int | None
    n_after: int | None
    rows_in: int
    rows_out: int
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteDifference(Tabular):
    """How a suite changed from one (suite version, dataset version) to another."""

    dataset: str
    suite: str
    suite_versions: tuple[int, int]
    dataset_versions: tuple[int, int]
    cases: tuple[CaseDifference, ...]

    def arrow(self) -> "pa.Table":
        """Return one row for each test case: its sizes before and after, the samples in and out, and what changed."""
        return table_of(CASE_COLUMNS, self.cases)

    def listings(self) -> Sequence[Listing | str]:
        """Return the test cases with the samples that came in and went out."""
        titles = ("before", "after", "in", "out")
        columns = (
            Column(title="test case"),
            *(Column(title=title, align="right") for title in titles),
            Column(title="change"),
        )
        rows = tuple(
            (
                case.name,
                _shown(case.n_before),
                _shown(case.n_after),
                f"{case.rows_in:,}",
                f"{case.rows_out:,}",
                case.change,
            )
            for case in self.cases
        )
        suites, datasets = self.suite_versions, self.dataset_versions
        title = (
            f"{self.dataset}: suite {self.suite} version {suites[0]} on dataset version {datasets[0]}, "
            f"against version {suites[1]} on dataset version {datasets[1]}"
        )
        return [Listing(title=title, columns=columns, rows=rows)]


def suite_difference(
    session: Session,
    dataset: DatasetRecord,
    name: str,
    *,
    suite_versions: tuple[int, int] | None = None,
    dataset_versions: tuple[int, int] | None = None,
) -> SuiteDifference:
    """Return how a suite changed; by default since its last version, or, when it has one, since the last of the data.

    Raises:
        UnknownName: there is no such suite or version.
    """
    newest, data = suite_named(session, dataset, name).version, version_of(session, dataset).version
    suites = suite_versions or (max(1, newest - 1) if dataset_versions is None else newest, newest)
    older_data = max(1, data - 1) if suite_versions is None and newest == 1 else data
    datasets = dataset_versions or (older_data, data)
    before, after = (
        _members(session, dataset, name, suite_version, version=version_of(session, dataset, dataset_version))
        for suite_version, dataset_version in zip(suites, datasets, strict=True)
    )
    return SuiteDifference(
        dataset=dataset.name,
        suite=suite_named(session, dataset, name).name,
        suite_versions=suites,
        dataset_versions=datasets,
        cases=tuple(_difference(case, before, after) for case in dict.fromkeys([*after, *before])),
    )


def _members(
    session: Session, dataset: DatasetRecord, name: str, suite_version: int, *, version: VersionRecord
) -> "dict[str, tuple[CaseRecord, Words]]":
    """Return each test case of a suite version with its members in a dataset version, those of any model together."""
    from kolena_store.membership.evaluation import evaluate

    cases = cases_of(session, suite_named(session, dataset, name, suite_version))
    of_samples = [case for case in cases if not case.is_of_model]
    of_models = [case for case in cases if case.is_of_model]
    members = evaluate(session, version, dataset.next_sample, of_samples)
    if of_models:
        from kolena_store.membership.of_results import members_of_any

        results = results_of_dataset(session, dataset)
        members += members_of_any(session, version, dataset.next_sample, of_models, results=results)
    found = {case.key: one.words for case, one in zip([*of_samples, *of_models], members, strict=True)}
    return {case.name: (case, found[case.key]) for case in cases}


def _difference(
    name: str,
    before: "Mapping[str, tuple[CaseRecord, Words]]",
    after: "Mapping[str, tuple[CaseRecord, Words]]",
) -> CaseDifference:
    import numpy as np

    from kolena_store.membership.bitmaps import count

    old, new = before.get(name), after.get(name)
    nothing = np.zeros_like((old or new or (None, None))[1])
    old_words, new_words = (old[1] if old else nothing), (new[1] if new else nothing)
    return CaseDifference(
        name=name,
        n_before=count(old_words) if old else None,
        n_after=count(new_words) if new else None,
        rows_in=count(new_words & ~old_words),
        rows_out=count(old_words & ~new_words),
        change=_change(old[0] if old else None, new[0] if new else None),
    )


def _change(old: CaseRecord | None, new: CaseRecord | None) -> str:
    if old is None:
        return "new test case"
    if new is None:
        return "left the suite"
    return "same definition" if old.version == new.version else f"definition {old.version} to {new.version}"


def _shown(count: int | None) -> str:
    return number(count)
