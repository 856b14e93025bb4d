"""What came of checking a quality standard, as people and programs read it."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kolena_store.display import Column, Listing, number
from kolena_store.standards.documents import Gate, Standard
from kolena_store.standards.judgements import demand_of
from kolena_store.standards.results import GATE_COLUMNS, CountsAs, GateResult
from kolena_store.standards.wording import found_cell, outcome_of, why
from kolena_store.tables import Tabular, table_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CheckReport", "GateSummary"]

ORDER: tuple[CountsAs, ...] = ("failure", "warning", "waived")
ROWS_SHOWN = 40
COUNTED = ("passed", "failed", "undecided", "waived")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSummary:
    """One gate over all that it was held against: how often it passed, failed, or could not be decided.

    `waived` of those that did not pass have a waiver; `counts_as` is the worst that any of them means.
    """

    gate: Gate
    demand: str
    passed: int
    failed: int
    undecided: int
    waived: int
    counts_as: CountsAs

    def document(self) -> dict[str, object]:
        """Return the summary as plain JSON values."""
        counts = {name: getattr(self, name) for name in COUNTED}
        return {"id": self.gate.id, "demand": self.demand, **counts, "counts_as": self.counts_as}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport(Tabular):
    """What came of a quality standard for one model: a result for each gate, metric and test case.

    `models` are the results of the model that were checked, one for each upload configuration; `notes` say what to
    mind when reading them; `checked` is when it was (UTC), and `seconds` how long it took.
    """

    standard: Standard
    dataset_version: int
    suite: str
    suite_version: int
    models: tuple[str, ...]
    baseline: str | None
    results: tuple[GateResult, ...] = field(repr=False)
    notes: tuple[str, ...]
    checked: datetime.datetime
    seconds: float

    @property
    def passed(self) -> bool:
        """Return whether no gate counts as a failure."""
        return all(result.counts_as != "failure" for result in self.results)

    @property
    def verdict(self) -> Literal["passed", "failed"]:
        """Return in a word what came of it."""
        return "passed" if self.passed else "failed"

    @property
    def summaries(self) -> tuple[GateSummary, ...]:
        """Return one summary for each gate, in the order of the file."""
        by_gate: dict[str, list[GateResult]] = {gate.id: [] for gate in self.standard.gates}
        for result in self.results:
            by_gate[result.gate].append(result)
        return tuple(self._summary(gate, by_gate[gate.id]) for gate in self.standard.gates)

    @property
    def subject(self) -> str:
        """Return what was checked: the models, the baseline, the dataset and the suite with their versions."""
        against = f" against {self.baseline}" if self.baseline is not None else ""
        where = f"{self.standard.dataset} version {self.dataset_version}, suite {self.suite} version"
        return f"{', '.join(self.models)}{against} on {where} {self.suite_version}"

    def arrow(self) -> "pa.Table":
        """Return one row for each result."""
        return table_of(GATE_COLUMNS, self.results)

    def not_passed(self) -> list[GateResult]:
        """Return the results that count as something else than passed: failures first, then warnings, then waived."""
        open_ones = [result for result in self.results if result.counts_as != "pass"]
        return sorted(open_ones, key=lambda result: ORDER.index(result.counts_as))

    def of_gate(self, gate_id: str) -> "CheckReport":
        """Return the report as it would be if the standard had this gate alone."""
        standard = replace(self.standard, gates=tuple(gate for gate in self.standard.gates if gate.id == gate_id))
        return replace(self, standard=standard, results=tuple(one for one in self.results if one.gate == gate_id))

    def document(self) -> dict[str, Any]:
        """Return the whole report as plain JSON values."""
        head = {
            "standard": self.standard.name,
            "file": str(self.standard.file),
            "verdict": self.verdict,
            "dataset": self.standard.dataset,
            "dataset_version": self.dataset_version,
            "suite": self.suite,
            "suite_version": self.suite_version,
            "models": list(self.models),
            "baseline": self.baseline,
            "checked": self.checked,
            "seconds": self.seconds,
            "notes": list(self.notes),
        }
        return {"check": head, "gates": [one.document() for one in self.summaries], "results": self.rows()}

    def markdown(self) -> str:
        """Return the report as Markdown (GitHub's), ready for a pull request or the summary of a job."""
        from kolena_store.standards.markdown import markdown_of

        return markdown_of(self)

    def junit(self) -> str:
        """Return the report as JUnit XML: a test case for each result."""
        from kolena_store.standards.junit import junit_of

        return junit_of(self)

    def annotations(self, workspace: Path | None = None) -> list[str]:
        """Return annotations of GitHub Actions, one for each gate that did not pass.

        Args:
            workspace: the root of the repository, which annotations name files from.
        """
        from kolena_store.standards.annotations import annotations_of

        return annotations_of(self, workspace)

    def listings(self) -> Sequence[Listing | str]:
        """Return the gates, what did not pass and why, and what to mind."""
        title = f"{self.standard.name}: {self.verdict.upper()}"
        return [f"{title}\n{self.subject}", self._gates(), *self._open(), *self.notes]

    def _summary(self, gate: Gate, results: Sequence[GateResult]) -> GateSummary:
        outcomes = [result.outcome for result in results]
        found = {result.counts_as for result in results}
        worst: CountsAs = next((one for one in ORDER if one in found), "pass")
        against = f" against {self.baseline}" if gate.on_baseline is not None else ""
        return GateSummary(
            gate=gate,
            demand=f"{', '.join(gate.metrics)} {demand_of(gate)}{against}",
            passed=outcomes.count("pass"),
            failed=outcomes.count("fail"),
            undecided=outcomes.count("undecided"),
            waived=sum(result.counts_as == "waived" for result in results),
            counts_as=worst,
        )

    def _gates(self) -> Listing:
        columns = (
            Column(title="gate"),
            Column(title="demand"),
            *(Column(title=name, align="right") for name in COUNTED),
            Column(title="counts as"),
        )
        rows = tuple(
            (one.gate.id, one.demand, *(number(getattr(one, name)) for name in COUNTED), one.counts_as)
            for one in self.summaries
        )
        return Listing(title=None, columns=columns, rows=rows)

    def _open(self) -> Iterator[Listing | str]:
        """Yield a listing of what did not pass for each gate, those that failed first."""
        left = self.not_passed()
        for gate in dict.fromkeys(result.gate for result in left[:ROWS_SHOWN]):
            yield self._of_gate(gate, [result for result in left[:ROWS_SHOWN] if result.gate == gate])
        if len(left) > ROWS_SHOWN:
            yield f"{number(len(left) - ROWS_SHOWN)} more did not pass (--format json has all)"

    def _of_gate(self, gate: str, results: Sequence[GateResult]) -> Listing:
        has_metrics = len({result.subject for result in results}) > 1
        titles = ("test case", *(("metric",) if has_metrics else ()), "found", "outcome")
        rows = tuple(
            (
                self._case(result),
                *((result.subject,) if has_metrics else ()),
                found_cell(result),
                f"{outcome_of(result)}: {why(result)}",
            )
            for result in results
        )
        return Listing(title=gate, columns=tuple(Column(title=title) for title in titles), rows=rows)

    def _case(self, result: GateResult) -> str:
        return f"{result.test_case} ({result.model})" if len(self.models) > 1 else result.test_case
