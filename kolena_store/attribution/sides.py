"""The two runs of an attribution, each taken apart into what it was made of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.repeat import DROPPED, StoredRun, stored_runs
from kolena_store.test_suites import CaseRecord, SuiteRecord, cases_of
from kolena_store.workflows import Configuration, configuration_from_document

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
    suites = [_suite(session, one) for one in (before, found)]
    cases = [cases_of(session, suite) for suite in suites]
    by_name = [{case.name: case for case in of_suite} for of_suite in cases]
    shared = [name for name in by_name[1] if name in by_name[0]]
    sides = [
        _side(session, one, suite, [of_suite[name] for name in shared])
        for one, suite, of_suite in zip((before, found), suites, by_name, strict=True)
    ]
    left_out = tuple(name for name in {**by_name[0], **by_name[1]} if not all(name in one for one in by_name))
    return Sides(dataset=dataset, baseline=sides[0], run=sides[1], left_out=left_out)


def _run_numbered(known: dict[int, StoredRun], number: int) -> StoredRun:
    if number not in known:
        raise UnknownName(f"no test run {number} with its values in this store (list them: kolena-store runs list)")
    return known[number]


def _suite(session: Session, run: StoredRun) -> SuiteRecord:
    key = {"suite_id": run.suite_id, "version": run.suite_version}
    (suite,) = session.records(SuiteRecord, "suites.suite_numbered", **key)
    return suite


def _side(session: Session, run: StoredRun, suite: SuiteRecord, cases: Sequence[CaseRecord]) -> Side:
    key = {"dataset_id": run.dataset_id, "version": run.dataset_version}
    versions = session.records(VersionRecord, "datasets.version_numbered", **key)
    of_results = {"results_id": run.results_id, "version": run.results_version}
    results = session.records(ResultsRecord, "results.version_numbered", **of_results)
    if not versions or not results:
        what = "results version" if versions else "dataset version"
        raise InvalidInput(f"{run.label} can't be taken apart: {DROPPED.format(what=what)}; compare newer runs")
    document = None if run.configuration is None else json.loads(run.configuration)
    return Side(
        run=run,
        version=versions[0],
        suite=suite,
        cases=cases,
        results=results[0],
        configuration=None if document is None else configuration_from_document(document),
    )
