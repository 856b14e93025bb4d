"""What SQL clients see in `store.duckdb`: views, test cases, metric macros, and a comment on each."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kolena_store.database import Transaction

__all__ = ["publish", "publish_everything"]


def publish(transaction: "Transaction") -> None:
    """Bring the views and macros up to date with what the transaction changed; loaded when a store first changes."""
    from kolena_store.published.publishing import publish_changes

    publish_changes(transaction)


def publish_everything(transaction: "Transaction") -> None:
    """Make every view and macro again, as after the store was moved or a newer version of this package came."""
    from kolena_store.published.publishing import publish_again

    publish_again(transaction)
