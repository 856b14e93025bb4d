"""What a check of a store found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kolena_store.display import Column, Listing, counted
from kolena_store.errors import shown
from kolena_store.tables import RecordColumn, Tabular, table_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Finding", "FindingKind", "VerifyReport"]

FindingKind = Literal["log", "catalogue", "file", "membership", "run"]

NOTES_SHOWN = 10
FINDING_COLUMNS = tuple(RecordColumn(name=name) for name in ("kind", "subject", "problem", "remedy"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be: what it concerns, what is wrong with it, and what to do."""

    kind: FindingKind
    subject: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport(Tabular):
    """What was checked in a store, what was found wrong, and what was repaired.

    `n_memberships` and `n_runs` count those that came out as they are stored; `not_repeated` holds the runs that could
    not be computed again, each with the reason.
    """

    store: Path
    generation: int | None
    n_files: int
    n_bytes: int
    n_memberships: int | None
    n_runs: int | None
    findings: tuple[Finding, ...]
    not_repeated: tuple[tuple[str, str], ...] = ()
    repaired: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Return whether nothing was found, or nothing is left of it."""
        return not self.findings

    def arrow(self) -> "pa.Table":
        """Return the findings as a table."""
        return table_of(FINDING_COLUMNS, self.findings)

    def document(self) -> dict[str, object]:
        """Return the whole report as plain JSON values."""
        return {
            "store": str(self.store),
            "generation": self.generation,
            "is_sound": self.is_sound,
            "files": self.n_files,
            "bytes": self.n_bytes,
            "memberships": self.n_memberships,
            "runs": self.n_runs,
            "findings": self.rows(),
            "not_repeated": [{"run": run, "reason": reason} for run, reason in self.not_repeated],
            "repaired": list(self.repaired),
        }

    def listings(self) -> Sequence[Listing | str]:
        """Return the findings as a table, and in sentences what was checked and repaired."""
        parts: list[Listing | str] = []
        if self.findings:
            columns = tuple(Column(title=title) for title in ("kind", "what", "problem", "what to do"))
            rows = tuple((one.kind, one.subject, one.problem, one.remedy) for one in self.findings)
            parts.append(Listing(title=None, columns=columns, rows=rows))
        verdict = "is as it should be" if self.is_sound else f"has {counted(len(self.findings), 'fault')}"
        parts.append(f"{self.store.name} {verdict}: {self._checked()}")
        parts += ["\n".join(self._notes())] if self.not_repeated or self.repaired else []
        return parts

    def _notes(self) -> Iterator[str]:
        for reason in dict.fromkeys(reason for _, reason in self.not_repeated):
            runs = [run for run, why in self.not_repeated if why == reason]
            yield f"not computed again, as {reason}: {shown(runs, str)}"
        yield from (f"repaired: {one}" for one in self.repaired[:NOTES_SHOWN])
        more = len(self.repaired) - NOTES_SHOWN
        if more > 0:
            yield f"repaired: {more:,} more (--format json has all)"

    def _checked(self) -> str:
        files = f"{counted(self.n_files, 'file')} ({self.n_bytes:,} bytes) checked"
        if self.n_memberships is None or self.n_runs is None:
            return f"{files}, nothing computed again"
        return f"{files}; {counted(self.n_memberships, 'membership')} and {counted(self.n_runs, 'run')} computed again"
