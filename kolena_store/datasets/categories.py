"""Categorical columns: stored as plain values, their categories kept in the schema's metadata."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolena_store.formats import Categories

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["categories_of", "with_categories"]

PREFIX = b"kolena.categories."


def with_categories(schema: "pa.Schema", categories: Mapping[str, Categories]) -> "pa.Schema":
    """Return a schema whose metadata holds the categories of its columns, and nothing else."""
    kept = {PREFIX + name.encode(): one.serialize() for name, one in categories.items() if name in schema.names}
    return schema.with_metadata(kept or None)


def categories_of(schema: "pa.Schema") -> dict[str, Categories]:
    """Return the categories that a schema's metadata holds, by column."""
    found = {key: value for key, value in (schema.metadata or {}).items() if key.startswith(PREFIX)}
    return {key.removeprefix(PREFIX).decode(): Categories.deserialize(value) for key, value in found.items()}
