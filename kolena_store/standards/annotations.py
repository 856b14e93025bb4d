"""The outcome of a quality standard as annotations of GitHub Actions: lines that it shows beside the changed files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.display import counted, visible
from kolena_store.errors import shown
from kolena_store.standards.results import CountsAs, GateResult
from kolena_store.standards.wording import found_cell, outcome_of, why

if TYPE_CHECKING:
    from kolena_store.standards.report import CheckReport, GateSummary

__all__ = ["annotations_of"]

MOST_OF_A_LEVEL = 10
"""GitHub shows so many annotations of one level for each step, and drops the others without a word."""

LEVELS: tuple[tuple[CountsAs, str], ...] = (("failure", "error"), ("warning", "warning"), ("waived", "notice"))


def annotations_of(report: "CheckReport", workspace: Path | None = None) -> list[str]:
    """Return an annotation for each gate that counts as something else than passed, at its place in the standard.

    Args:
        report: what was checked.
        workspace: the root of the repository, which annotations name files from; None: the standard's path as it is.
    """
    lines: list[str] = []
    for counts_as, level in LEVELS:
        gates = [one for one in report.summaries if one.counts_as == counts_as]
        is_cut = len(gates) > MOST_OF_A_LEVEL
        named = gates[: MOST_OF_A_LEVEL - 1] if is_cut else gates
        lines += (_annotation(report, one, level, workspace) for one in named)
        if is_cut:
            rest = gates[len(named) :]
            message = f"{counted(len(rest), 'more gate')}: {shown([one.gate.id for one in rest], str)}"
            lines.append(_command(level, {"title": report.standard.name}, message))
    return lines


def _annotation(report: "CheckReport", summary: "GateSummary", level: str, workspace: Path | None) -> str:
    gate = summary.gate
    results = [one for one in report.results if one.gate == gate.id and one.counts_as == summary.counts_as]
    place = {"file": _path(report.standard.file, workspace), "line": str(gate.line or 1)}
    title = f"{report.standard.name}: {gate.id}"
    return _command(level, {**place, "title": title}, "\n".join(_message(summary, results)))


def _message(summary: "GateSummary", results: Sequence[GateResult]) -> Iterator[str]:
    yield summary.demand
    for one in results[:MOST_OF_A_LEVEL]:
        yield visible(f"{one.subject} on {one.test_case}: {outcome_of(one)}, {found_cell(one)}: {why(one)}")
    if len(results) > MOST_OF_A_LEVEL:
        yield f"and {counted(len(results) - MOST_OF_A_LEVEL, 'more result')}"


def _path(file: Path, workspace: Path | None) -> str:
    absolute = file.resolve()
    if workspace is not None and absolute.is_relative_to(workspace.resolve()):
        return absolute.relative_to(workspace.resolve()).as_posix()
    return file.as_posix()


def _command(level: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{name}={_property(visible(value))}" for name, value in properties.items())
    return f"::{level} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
