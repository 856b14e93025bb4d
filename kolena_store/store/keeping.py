"""Keeping a store: checks, cleaning, publishing, merging."""

from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.published import publish_everything

if TYPE_CHECKING:
    from kolena_store.cleaning import GcReport
    from kolena_store.merging import MergeReport, Side
    from kolena_store.verification import VerifyReport

from kolena_store.store.base import StoreBase

__all__ = ["StoreKeeping"]


class StoreKeeping(StoreBase):
    """What keeps a store sound, small, readable by others, and one with another."""

    def verify(self, *, quick: bool = False, repair: bool = False) -> "VerifyReport":
        """Check catalogue and files, compute memberships and runs again, and return what is not as it should be.

        Args:
            quick: compute nothing again.
            repair: first compute again what is damaged and was computed, and clear away what dead writers left.

        Raises:
            DamagedStore: the catalogue can't be opened.
        """
        from kolena_store import verification

        return verification.repair(self._database) if repair else verification.verify(self._database, is_quick=quick)

    def gc(self, *, grace: float | None = None, keep: int | None = None, dry_run: bool = False) -> "GcReport":
        """Remove files that nothing needs, write many small ones as few, and return what that freed.

        Args:
            grace: how many hours a file stays after it was last needed, for sessions that are still open; None for 24.
            keep: how many versions of each dataset and of each result stay; None keeps all.
            dry_run: change nothing, and return what would be done.

        Raises:
            InvalidInput: a grace time below 0, or no version to keep.
        """
        from kolena_store.cleaning import collect_garbage

        return collect_garbage(self._database, grace=grace, keep=keep, is_dry_run=dry_run)

    def publish(self, materialize: str | Path | None = None, *, overwrite: bool = False) -> None:
        """Write all views and macros that other SQL clients read again, under the folder where the store is now.

        Args:
            materialize: in place of that, write one DuckDB file that needs no other: native tables, the same names.
            overwrite: whether that file may replace one that is there.

        Raises:
            InvalidInput: the file is there already, or can't be written.
        """
        if materialize is not None:
            from kolena_store.published.materialised import materialise

            materialise(self.path, Path(materialize), overwrite=overwrite)
            return
        with self._database.transaction(makes_store=False) as transaction:
            publish_everything(transaction)

    def merge(self, other: str | Path, *, prefer: "Side | None" = None, dry_run: bool = False) -> "MergeReport":
        """Bring what another store has into this one, in one commit, and return what became of each thing.

        Args:
            other: the other store's directory, which is only read.
            prefer: "ours" or "theirs" wins where both stores hold different things under one name.
            dry_run: write nothing, and return what would be done, conflicts included.

        Raises:
            MergeConflict: there are such things and no preference settles them; all are named, nothing is written.
            DamagedStore: a file of the other store is not what it was.
        """
        from kolena_store.merging import merge_stores

        return merge_stores(self._database, Path(other), prefer=prefer, is_dry_run=dry_run)
