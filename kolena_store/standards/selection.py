"""Which metrics, test cases and classes the gates of a standard name; names that stand for nothing are errors."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from kolena_store.errors import InvalidInput, UnknownName, did_you_mean
from kolena_store.metrics.definitions import MetricFile
from kolena_store.metrics.user.stored import UserMetric
from kolena_store.standards.documents import BOUNDS, Gate, Standard
from kolena_store.standards.metric_checks import check_metric
from kolena_store.test_suites import CaseRecord, SuiteRecord

__all__ = ["Gated", "GatedCases", "Known", "gated_cases", "rows_of_gate", "where"]

TAG = "tag:"
WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a standard can name: the test cases of its suite and the metrics of its dataset."""

    suite: SuiteRecord
    cases: Sequence[CaseRecord]
    file: MetricFile
    own_metrics: Sequence[UserMetric]

    @property
    def listing(self) -> str:
        """Return the command that lists the test cases."""
        return f"kolena-store suite show {shlex.quote(self.suite.dataset)} {shlex.quote(self.suite.name)}"


class Gated(Protocol):
    """What a gate can be held against: a metric, of the whole or of a class, on a test case."""

    @property
    def test_case(self) -> str:
        """Return the name of the test case."""

    @property
    def metric(self) -> str:
        """Return the name of the metric."""

    @property
    def class_name(self) -> str | None:
        """Return the class, None for the whole."""


AnyGated = TypeVar("AnyGated", bound=Gated)

GatedCases = Mapping[str, Sequence[str]]
"""id of a gate -> the test cases that it names, in the order of the suite"""


def gated_cases(standard: Standard, known: Known) -> GatedCases:
    """Return the test cases of each gate, once all that the standard names is known to be there and to fit.

    Raises:
        UnknownName: a metric, a test case or a tag that there is not; near names are suggested.
        InvalidInput: a pattern that no test case fits, a bound that a metric can't have, a waiver that no gate uses.
    """
    for gate in standard.gates:
        for metric in gate.metrics:
            check_metric(gate, metric, known.file, known.own_metrics, place=_place(standard, gate))
    found = {gate.id: _cases_of(standard, gate, known) for gate in standard.gates}
    for waiver in standard.waivers:
        if waiver.case not in found[waiver.gate]:
            near = did_you_mean(waiver.case, found[waiver.gate])
            raise InvalidInput(
                f"{where(standard, waiver.line)}: the waiver of gate {waiver.gate!r} names the test case "
                f"{waiver.case!r}, which the gate does not{near}. Take it out, or name one of the gate's"
            )
    _check_contradictions(standard, found)
    return found


def rows_of_gate(
    standard: Standard, gate: Gate, metric: str, rows: Sequence[AnyGated], *, cases: Sequence[str]
) -> list[AnyGated]:
    """Return the rows of a metric that a gate is held against, in their order: of its test cases and classes.

    Raises:
        UnknownName: there is no such class.
        InvalidInput: the gate names no class of a metric that has no other rows, or classes of one that has none.
    """
    place, named = _place(standard, gate), set(cases)
    within = [row for row in rows if row.metric == metric and row.test_case in named]
    classes = list(dict.fromkeys(row.class_name for row in within if row.class_name is not None))
    if not gate.classes:
        found = [row for row in within if row.class_name is None]
        if not found:
            raise InvalidInput(f"{place}: {metric} has a value for each class and none of the whole; add class = '*'")
        return found
    if not classes:
        raise InvalidInput(f"{place}: {metric} has no values of classes; leave class away")
    listing = f"kolena-store test {shlex.quote(standard.dataset)} --metric {metric} --format csv"
    wanted = _chosen_names(gate.classes, classes, kind="class", place=place, listing=listing)
    return [row for row in within if row.class_name in wanted]


def _chosen_cases(given: Sequence[str], known: Known, *, place: str) -> list[str]:
    """Return the test cases that names, patterns and `tag:` names stand for, in the order of the suite.

    Raises:
        UnknownName: there is no such test case, or no such tag.
        InvalidInput: no test case fits a pattern.
    """
    names = [case.name for case in known.cases]
    tags = {case.name: case.tags for case in known.cases}
    chosen: set[str] = set()
    for one in given:
        if one in names or not one.startswith(TAG):
            chosen.update(_chosen_names([one], names, kind="test case", place=place, listing=known.listing))
        else:
            all_tags = sorted({tag for case in known.cases for tag in case.tags})
            kind = f"tag of a test case in suite {known.suite.name!r}"
            wanted = _chosen_names([one.removeprefix(TAG)], all_tags, kind=kind, place=place, listing=known.listing)
            chosen.update(name for name in names if set(tags[name]) & set(wanted))
    return [name for name in names if name in chosen]


def _chosen_names(given: Sequence[str], names: Iterable[str], *, kind: str, place: str, listing: str) -> list[str]:
    """Return the names that names and patterns (`*`, `?`, `[...]`) stand for; what is a name is no pattern.

    Raises:
        UnknownName: there is no such name.
        InvalidInput: no name fits a pattern.
    """
    known = list(names)
    chosen: set[str] = set()
    for one in given:
        fitting = [one] if one in known else [name for name in known if fnmatchcase(name, one)]
        if not fitting and WILDCARDS & set(one):
            raise InvalidInput(f"{place}: no {kind} fits {one!r}, so it checks nothing (list them: {listing})")
        if not fitting:
            error = UnknownName.of(kind, one, known, listing)
            raise UnknownName(f"{place}: {error}")
        chosen.update(fitting)
    return [name for name in known if name in chosen]


def where(standard: Standard, line: int | None) -> str:
    """Return the file of a standard, and the line if that is known."""
    return f"{standard.file}, line {line}" if line is not None else str(standard.file)


def _check_contradictions(standard: Standard, cases: GatedCases) -> None:
    """Refuse gates that no value can pass together.

    Raises:
        InvalidInput: there are such; both are named.
    """
    bounded = [gate for gate in standard.gates if gate.on_baseline is None]
    for lower in bounded:
        for upper in bounded:
            shared = _shared(lower, upper, cases) if _excludes(lower, upper) else None
            if shared is not None:
                raise InvalidInput(
                    f"{where(standard, upper.line)}: gates {lower.id!r} and {upper.id!r} contradict each other: "
                    f"{shared} can't be at least {lower.at_least} and at most {upper.at_most}. Change one of them"
                )


def _excludes(lower: Gate, upper: Gate) -> bool:
    """Return whether what passes the one's lower bound is above the other's upper bound."""
    if lower.at_least is None or upper.at_most is None or lower.at_least <= upper.at_most:
        return False
    return BOUNDS.index(lower.by) <= BOUNDS.index(upper.by)


def _shared(first: Gate, second: Gate, cases: GatedCases) -> str | None:
    """Return what both gates hold a bound against: a metric on a test case; None: nothing."""
    if set(first.classes) != set(second.classes):
        return None
    for metric in first.metrics:
        common = [case for case in cases[first.id] if case in cases[second.id]]
        if metric in second.metrics and common:
            return f"{metric} on {common[0]}"
    return None


def _cases_of(standard: Standard, gate: Gate, known: Known) -> list[str]:
    return _chosen_cases(gate.cases, known, place=_place(standard, gate))


def _place(standard: Standard, gate: Gate) -> str:
    return f"{where(standard, gate.line)}, gate {gate.id!r}"
