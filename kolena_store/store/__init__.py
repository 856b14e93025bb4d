"""The one object that users hold: a store directory, and what can be done with it."""

from kolena_store.store.comparing import StoreComparing
from kolena_store.store.data import StoreData
from kolena_store.store.exchange import StoreExchange
from kolena_store.store.judging import StoreJudging
from kolena_store.store.keeping import StoreKeeping
from kolena_store.store.looking import StoreLooking
from kolena_store.store.testing import StoreTesting

__all__ = ["Store"]


class Store(StoreData, StoreExchange, StoreTesting, StoreComparing, StoreJudging, StoreLooking, StoreKeeping):
    """A directory with test data, ground truths, inferences and test runs; made by the first write.

    Args:
        path: the directory; None makes a temporary one, removed when the object goes.
        lock_timeout: seconds to wait for another process that writes.
    """
