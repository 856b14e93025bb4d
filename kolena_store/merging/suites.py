"""Test suites of the other store with their test cases: versions are the same when they pin the same definitions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kolena_store.digests import sha256_of_texts
from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.cases import CaseVersion, SuiteRows, suite_rows
from kolena_store.merging.datasets import DatasetPlan
from kolena_store.merging.foreign_text import check_definition
from kolena_store.merging.histories import History, VersionMap, compare_histories, taken_versions
from kolena_store.merging.report import Conflict, Ledger
from kolena_store.merging.rows import Row
from kolena_store.merging.sides import described_side, outcome_of

__all__ = ["SuitePlan", "plan_suites"]

KIND = "test suite"
OF_FIELDS = "by"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePlan:
    """What comes of one suite: the versions to add with the test cases that each pins, in order."""

    suite: Row
    ours: Row | None
    taken: Sequence[Row]
    cases: Mapping[int, Sequence[CaseVersion]]
    versions: VersionMap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """The suites of one dataset in both stores."""

    plan: DatasetPlan
    ours: SuiteRows
    theirs: SuiteRows
    ledger: Ledger


def plan_suites(both: BothStores, plan: DatasetPlan) -> list[SuitePlan]:
    """Return what comes of the suites of a dataset; one whose test cases mean something else here is left out."""
    if plan.ours is None:
        ours = SuiteRows(suites={}, versions={}, cases={})
    else:
        ours = suite_rows(both.session, plan.ours, numbers=None, read=None)
    theirs = suite_rows(both.other.session, plan.theirs, numbers=plan.numbers.here, read=both.other)
    sides = _Sides(plan=plan, ours=ours, theirs=theirs, ledger=both.ledger)
    pinned = {key: ours.newest_cases(key) for key, suite in ours.suites.items() if suite["origin"] != OF_FIELDS}
    return [_plan(sides, key, pinned) for key in theirs.suites]


def _plan(sides: _Sides, key: str, pinned: dict[str, Sequence[CaseVersion]]) -> SuitePlan:
    """Return what comes of one suite; what it pins in the end is entered in `pinned`."""
    suite, ours = sides.theirs.suites[key], sides.ours.suites.get(key)
    versions = sides.theirs.versions[key]
    our_history = _history(sides.ours, key) if ours else History([], [])
    their_history = _history(sides.theirs, key)
    found = compare_histories(our_history, their_history)
    start, is_left, reason = found.start, False, None
    if found.relation == "diverged" and ours is not None:
        is_left = sides.ledger.settle(_divergence(sides, key)) == "ours"
        start = len(versions) if is_left else len(versions) - 1
    clash = _clash(sides, key, pinned) if start < len(versions) and suite["origin"] != OF_FIELDS else None
    if clash is not None:
        sides.ledger.settle(clash)
        start, is_left, reason = len(versions), True, "a test case of it means something else here"
    if start < len(versions) and suite["origin"] != OF_FIELDS:
        pinned[key] = sides.theirs.newest_cases(key)
    outcome, note = outcome_of(found.relation, len(versions) - start, is_left=is_left)
    sides.ledger.note(KIND, suite["name"], outcome, dataset=sides.plan.name, note=reason or note)
    taken = versions[start:]
    for case in {
        (case.key, case.digest): case for row in taken for case in sides.theirs.cases[key, row["version"]]
    }.values():
        check_definition(case.name, case.row, sides.plan.table_names)
    return SuitePlan(
        suite=suite,
        ours=ours,
        taken=taken,
        cases={row["version"]: sides.theirs.cases[key, row["version"]] for row in taken},
        versions=taken_versions(our_history, their_history, start) if ours or taken else _no_versions(),
    )


def _history(rows: SuiteRows, key: str) -> History:
    contents: list[Callable[[], str]] = [
        partial(_content, rows.cases[key, row["version"]]) for row in rows.versions[key]
    ]
    return History([row["version"] for row in rows.versions[key]], contents)


def _content(cases: Sequence[CaseVersion]) -> str:
    return sha256_of_texts([text for case in cases for text in (case.key, case.level, case.digest)])


def _clash(sides: _Sides, key: str, pinned: Mapping[str, Sequence[CaseVersion]]) -> Conflict | None:
    """Return the conflict with another suite that pins one of the names with another definition."""
    wanted = {case.key: case for case in sides.theirs.newest_cases(key)}
    for other, cases in pinned.items():
        for case in cases if other != key else ():
            if case.key in wanted and wanted[case.key].digest != case.digest:
                return _other_meaning(sides, key, wanted[case.key], sides.ours.suites.get(other, {"name": other}))
    return None


def _other_meaning(sides: _Sides, key: str, case: CaseVersion, other: Row) -> Conflict:
    return Conflict(
        kind="test case",
        dataset=sides.plan.name,
        name=case.name,
        problem="means something else in another suite",
        ours=f"in suite {other['name']!r}",
        theirs=f"in suite {sides.theirs.suites[key]['name']!r}",
        remedy="give it another name in one of them and merge again, or prefer ours, which leaves that suite out",
        only_ours=True,
    )


def _divergence(sides: _Sides, key: str) -> Conflict:
    ours, theirs = sides.ours.versions[key][-1], sides.theirs.versions[key][-1]
    return Conflict(
        kind=KIND,
        dataset=sides.plan.name,
        name=sides.theirs.suites[key]["name"],
        problem="went on in both stores",
        ours=described_side(ours["version"], ours["created"]),
        theirs=described_side(theirs["version"], theirs["created"]),
        remedy="prefer one, or apply the same file in both",
    )


def _no_versions() -> VersionMap:
    return VersionMap(History([], []), History([], []), {})
