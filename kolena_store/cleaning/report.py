"""What cleaning a store up did, or would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.display import Listing, counted
from kolena_store.errors import shown
from kolena_store.tables import RecordColumn, Tabular, table_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Compaction", "GcReport"]

COUNTS = ("removed_files", "removed_bytes", "waiting_files", "waiting_bytes")
REPORT_COLUMNS = (
    *(RecordColumn(name=name, kind="whole") for name in COUNTS),
    RecordColumn(name="compacted", kind="texts", of="compacted_texts"),
    RecordColumn(name="dropped", kind="texts"),
    RecordColumn(name="unrepeatable_runs", kind="texts"),
    RecordColumn(name="is_dry_run", kind="flag"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compaction:
    """Many small files of one version, or of runs, that became few; the bytes are those of the small ones."""

    what: str
    n_before: int
    n_after: int
    n_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GcReport(Tabular):
    """What went, what waits, and what became smaller; of a dry run, what would.

    Args:
        waiting_files: files that nothing needs any more and that the grace time still protects.
        dropped: the versions that went by `keep`.
        unrepeatable_runs: the runs that were measured on dropped versions: their numbers stay.
    """

    removed_files: int
    removed_bytes: int
    waiting_files: int
    waiting_bytes: int
    compacted: tuple[Compaction, ...]
    dropped: tuple[str, ...]
    unrepeatable_runs: tuple[str, ...]
    is_dry_run: bool

    @property
    def compacted_texts(self) -> tuple[str, ...]:
        """Return a sentence for each compaction."""
        return tuple(
            f"{one.what}: {counted(one.n_before, 'file')} ({one.n_bytes:,} bytes) to {one.n_after:,}"
            for one in self.compacted
        )

    def arrow(self) -> "pa.Table":
        """Return the report as a table of one row."""
        return table_of(REPORT_COLUMNS, [self])

    def listings(self) -> Sequence[Listing | str]:
        """Return the report as people read it, in sentences."""
        would = "would remove" if self.is_dry_run else "removed"
        lines = [f"{would} {counted(self.removed_files, 'file')} ({self.removed_bytes:,} bytes)"]
        if self.waiting_files:
            waiting = counted(self.waiting_files, "file")
            lines.append(f"{waiting} ({self.waiting_bytes:,} bytes) of no more use, kept for the grace time")
        lines += [f"{'would compact' if self.is_dry_run else 'compacted'} {one}" for one in self.compacted_texts]
        if self.dropped:
            lines.append(f"{'would drop' if self.is_dry_run else 'dropped'} {shown(self.dropped, str)}")
        if self.unrepeatable_runs:
            runs = shown(self.unrepeatable_runs, str)
            lines.append(f"can't be computed again, their numbers stay: {runs}")
        return ["\n".join(lines)]
