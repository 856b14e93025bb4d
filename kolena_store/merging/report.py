"""What a merge did, thing by thing, and the conflicts that it met."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kolena_store.display import Column, Listing, counted
from kolena_store.errors import MergeConflict
from kolena_store.tables import RecordColumn, Tabular, table_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Conflict", "Ledger", "MergeReport", "MergedThing", "Outcome", "Side"]

Side = Literal["ours", "theirs"]
Outcome = Literal["added", "extended", "equal", "left out"]

THING_COLUMNS = tuple(RecordColumn(name=name) for name in ("kind", "dataset", "name", "outcome", "note"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedThing:
    """One thing of the other store: what became of it here, and what there is to say."""

    kind: str
    dataset: str | None
    name: str
    outcome: Outcome
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two things of one name that can't both be: what each side has, and what can be done.

    `only_ours` says that the other side can't be taken, whatever is preferred.
    """

    kind: str
    dataset: str | None
    name: str
    problem: str
    ours: str
    theirs: str
    remedy: str
    only_ours: bool = False

    @property
    def text(self) -> str:
        """Return the conflict as one sentence."""
        of_dataset = f" of {self.dataset!r}" if self.dataset and self.kind != "dataset" else ""
        sides = f"here {self.ours}, there {self.theirs}"
        return f"{self.kind} {self.name!r}{of_dataset} {self.problem} ({sides}); {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport(Tabular):
    """What became of each thing of the other store; `conflicts` are those that a preference settled, or has to."""

    other: str
    prefer: Side | None
    is_dry_run: bool
    things: tuple[MergedThing, ...]
    conflicts: tuple[Conflict, ...] = ()

    def arrow(self) -> "pa.Table":
        """Return one row for each thing."""
        return table_of(THING_COLUMNS, self.things)

    def listings(self) -> Sequence[Listing | str]:
        """Return what changed, what was left out and why, how much was equal, and the conflicts."""
        shown = [thing for thing in self.things if thing.outcome != "equal"]
        columns = tuple(Column(title=column.name) for column in THING_COLUMNS)
        rows = tuple((one.kind, one.dataset or "", one.name, one.outcome, one.note or "") for one in shown)
        title = f"{'would come' if self.is_dry_run else 'came'} from {self.other}"
        listing = [Listing(title=title, columns=columns, rows=rows)] if rows else []
        return [*listing, self._closing(), *map(self._told, self.conflicts)]

    def _told(self, conflict: Conflict) -> str:
        is_open = self.prefer is None or (self.prefer == "theirs" and conflict.only_ours)
        return f"{'conflict' if is_open else f'settled for {self.prefer}'}: {conflict.text}"

    def _closing(self) -> str:
        counts = Counter(thing.outcome for thing in self.things)
        found = [f"{counts[outcome]:,} {outcome}" for outcome in ("added", "extended", "equal", "left out")]
        return f"{counted(len(self.things), 'thing')} in the other store: {', '.join(found)}"


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What a merge has found so far."""

    prefer: Side | None
    things: list[MergedThing] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def note(
        self, kind: str, name: str, outcome: Outcome, *, dataset: str | None = None, note: str | None = None
    ) -> None:
        """Note down what becomes of a thing."""
        self.things.append(MergedThing(kind=kind, dataset=dataset, name=name, outcome=outcome, note=note))

    def settle(self, conflict: Conflict) -> Side:
        """Note down a conflict and return the side that wins; without a preference ours, to see what else there is."""
        self.conflicts.append(conflict)
        return "theirs" if self.prefer == "theirs" and not conflict.only_ours else "ours"

    def check_settled(self, other: object) -> None:
        """Stop when conflicts are left that no preference settles.

        Raises:
            MergeConflict: there are; all of them are named.
        """
        left = [one for one in self.conflicts if self.prefer is None or (self.prefer == "theirs" and one.only_ours)]
        if left:
            lines = "".join(f"\n- {one.text}" for one in left)
            is_settled_by_either = not any(one.only_ours for one in left)
            ways = 'prefer="ours" or prefer="theirs"' if is_settled_by_either else 'prefer="ours"'
            raise MergeConflict(
                f"{other} was not merged, nothing was written: {counted(len(left), 'conflict')}; settle each as it "
                f"says, or all at once with {ways} (--prefer on the command line){lines}"
            )
