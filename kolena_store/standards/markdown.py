"""The outcome of a quality standard as Markdown: what a pull request shows to those who review it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kolena_store.display import number, visible
from kolena_store.standards.results import GateResult
from kolena_store.standards.wording import found_cell, outcome_of, why

if TYPE_CHECKING:
    from kolena_store.standards.report import CheckReport

__all__ = ["markdown_of"]

ROWS_SHOWN = 100
SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
BACKTICKS = re.compile(r"`+")


def markdown_of(report: "CheckReport") -> str:
    """Return a heading with the verdict, the gates, what did not pass, what passed (folded up), and notes.

    Names stand in code spans: they can't mention people, close a table, or become markup.
    """
    return "\n\n".join(_parts(report)) + "\n"


def _parts(report: "CheckReport") -> Iterator[str]:
    yield f"### {_plain(report.standard.name)}: {report.verdict}"
    yield _subject(report)
    yield _table(("gate", "demand", "passed", "failed", "undecided", "waived", "counts as"), _gates(report))
    left = report.not_passed()
    if left:
        yield _table(("test case", "metric", "gate", "found", "outcome", "why"), map(_row, left[:ROWS_SHOWN]))
    if len(left) > ROWS_SHOWN:
        yield f"{number(len(left) - ROWS_SHOWN)} more did not pass."
    passed = [result for result in report.results if result.counts_as == "pass"]
    if passed:
        yield f"<details><summary>{number(len(passed))} passed</summary>"
        yield _table(("test case", "metric", "gate", "found", "outcome", "why"), map(_row, passed[:ROWS_SHOWN]))
        if len(passed) > ROWS_SHOWN:
            yield f"and {number(len(passed) - ROWS_SHOWN)} more."
        yield "</details>"
    if report.notes:
        yield "\n".join(f"- {_plain(note)}" for note in report.notes)


def _subject(report: "CheckReport") -> str:
    models = ", ".join(map(_code, report.models))
    against = f" against {_code(report.baseline)}" if report.baseline is not None else ""
    data = f"{_code(report.standard.dataset)} version {report.dataset_version}"
    return f"{models}{against} on {data}, suite {_code(report.suite)} version {report.suite_version}."


def _gates(report: "CheckReport") -> Iterator[Sequence[str]]:
    for one in report.summaries:
        counts = (one.passed, one.failed, one.undecided, one.waived)
        yield (_code(one.gate.id), _plain(one.demand), *map(number, counts), one.counts_as)


def _row(result: GateResult) -> Sequence[str]:
    metric = _code(result.subject)
    return (
        _code(result.test_case),
        metric,
        _code(result.gate),
        found_cell(result),
        outcome_of(result),
        _plain(why(result)),
    )


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return SPECIAL.sub(r"\\\1", visible(text))


def _code(text: str) -> str:
    """Return text as a code span for a table: fenced by more backticks than it holds, its pipes escaped."""
    shown = visible(text)
    fence = "`" * (max(map(len, BACKTICKS.findall(shown)), default=0) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    escaped = shown.replace("|", r"\|")
    return f"{fence}{padding}{escaped}{padding}{fence}"
