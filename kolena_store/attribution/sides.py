"""The two runs of an attribution, each taken apart into what it was made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, VersionRecord, find_version
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.results import ResultsRecord, find_results
from kolena_store.test_runs.repeat import DROPPED, StoredRun, stored_runs, suite_of_run
from kolena_store.test_suites import CaseRecord, SuiteRecord, cases_of
from kolena_store.workflows import Configuration

__all__ = ["Side", "Sides", "sides_of"]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One run: the data, the test cases that both runs have, the options and the answers that it was made of."""

    run: StoredRun
    version: VersionRecord
    suite: SuiteRecord
    cases: Sequence[CaseRecord]
    results: ResultsRecord
    configuration: Configuration | None


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The baseline run and the other one, on the same dataset; `left_out` are test cases that only one of them has."""

    dataset: DatasetRecord
    baseline: Side
    run: Side
    left_out: tuple[str, ...]


def sides_of(session: Session, run: int, baseline: int) -> Sides:
    """Return what two runs were made of.

    Raises:
        UnknownName: there is no such run, or its rows are lost.
        InvalidInput: they are the same, of different datasets or test cases, or made of what was dropped.
    """
    known = {one.run_id: one for one in stored_runs(session)}
    found, before = (_run_numbered(known, number) for number in (run, baseline))
    if found.run_id == before.run_id:
        raise InvalidInput(
            f"run {run} has no difference from itself; name two runs (list them: kolena-store runs list)"
        )
    if found.dataset_id != before.dataset_id:
        raise InvalidInput(
            f"run {run} is on {found.dataset} and run {baseline} on {before.dataset}; name two runs on one dataset"
        )
    (dataset,) = session.records(DatasetRecord, "datasets.dataset_numbered", dataset_id=found.dataset_id)
    suites = [suite_of_run(session, one) for one in (before, found)]
    cases = [{case.name: case for case in cases_of(session, suite)} for suite in suites]
    shared = [name for name in cases[1] if name in cases[0]]
    sides = [
        _side(session, one, suite, [of_suite[name] for name in shared])
        for one, suite, of_suite in zip((before, found), suites, cases, strict=True)
    ]
    left_out = tuple(name for name in {**cases[0], **cases[1]} if not all(name in of_suite for of_suite in cases))
    return Sides(dataset=dataset, baseline=sides[0], run=sides[1], left_out=left_out)


def _run_numbered(known: dict[int, StoredRun], number: int) -> StoredRun:
    if number not in known:
        raise UnknownName(f"no test run {number} with its values in this store (list them: kolena-store runs list)")
    return known[number]


def _side(session: Session, run: StoredRun, suite: SuiteRecord, cases: Sequence[CaseRecord]) -> Side:
    version = find_version(session, run.dataset_id, run.dataset_version)
    results = find_results(session, run.results_id, run.results_version)
    if version is None or results is None:
        what = "dataset version" if version is None else "results version"
        raise InvalidInput(f"{run.label} can't be taken apart: {DROPPED.format(what=what)}; compare newer runs")
    return Side(
        run=run,
        version=version,
        suite=suite,
        cases=cases,
        results=results,
        configuration=run.scored_with,
    )
