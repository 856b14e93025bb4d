"""Tables on their way in and out: every accepted input as one kind of table, and stored types turned back."""

from kolena_store.formats.casts import restore_types
from kolena_store.formats.categories import Categories
from kolena_store.formats.inputs import TableInput, renamed_input
from kolena_store.formats.paths import read_text
from kolena_store.formats.tabular import open_table
from kolena_store.formats.type_names import duckdb_type
from kolena_store.formats.widening import is_widening

__all__ = [
    "Categories",
    "TableInput",
    "duckdb_type",
    "is_widening",
    "open_table",
    "read_text",
    "renamed_input",
    "restore_types",
]
