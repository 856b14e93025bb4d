"""Categorical columns: stored as plain values, their categories kept in the schema's metadata."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.formats import Categories

__all__ = ["categories_of", "with_categories"]
