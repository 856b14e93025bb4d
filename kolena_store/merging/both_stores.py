"""The two stores of a merge, and what is found while they are compared."""

from dataclasses import dataclass

from kolena_store.database import Session
from kolena_store.merging.other_store import OtherStore
from kolena_store.merging.report import Ledger

__all__ = ["BothStores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BothStores:
    """This store, the other one, and the ledger that all decisions are noted in."""

    session: Session
    other: OtherStore
    ledger: Ledger
