"""A connection to one state of a store, and the ways to ask it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kolena_store.database.forks import kept_in_forks
from kolena_store.database.lock import is_no_room
from kolena_store.database.seals import Seals
from kolena_store.errors import DamagedStore
from kolena_store.files import FileRecord
from kolena_store.statements import Fragment, statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from _typeshed import DataclassInstance

__all__ = ["Session", "connect", "is_file_error", "reading_files"]

Record = TypeVar("Record", bound="DataclassInstance")

FILE_ERROR = re.compile(r"\.parquet\b.*(magic bytes|too small|[Ff]ailed to read|[Cc]orrupt)|(magic bytes).*\.parquet\b")

CONNECTION_SETTINGS: tuple[tuple[str, str | bool | int | float | list[str]], ...] = (
    ("python_enable_replacements", "false"),
    ("autoinstall_known_extensions", "false"),
    ("autoload_known_extensions", "false"),
    ("allow_community_extensions", "false"),
    ("allow_unsigned_extensions", "false"),
)


class Session:
    """One connection with the catalogue attached as `store`, and the folder that its files lie in.

    A query is named as "subject.name" (a statement of `sql/queries/<subject>.sql`), or given as a filled fragment.
    """

    def __init__(self, connection: "duckdb.DuckDBPyConnection", root: Path, seals: Seals | None = None) -> None:
        """Wrap a connection that has the store attached; `seals` are what is known of the store's files already."""
        self.connection = connection
        self.root = root
        self.seals = seals or Seals(root)
        self._known_files: dict[int, FileRecord] = {}

    def rows(self, query: str, /, **parameters: object) -> list[tuple[Any, ...]]:
        """Return all rows of a query as tuples."""
        with reading_files():
            return self.connection.execute(_text_of(query), parameters).fetchall()

    def value(self, query: str, /, **parameters: object) -> Any:
        """Return the first column of the first row, or None when there is no row."""
        rows = self.rows(query, **parameters)
        return rows[0][0] if rows else None

    def records(self, kind: type[Record], query: str, /, **parameters: object) -> list[Record]:
        """Return the rows of a query as objects of a dataclass whose fields are the query's columns."""
        names = [field.name for field in fields(kind)]
        return [kind(**dict(zip(names, row, strict=True))) for row in self.rows(query, **parameters)]

    def table(self, query: str, /, **parameters: object) -> "pa.Table":
        """Return the rows of a query as an Arrow table: the way for user data, whose types Arrow keeps."""
        with reading_files():
            return self.connection.sql(_text_of(query), params=parameters or None).to_arrow_table()

    def files(self, file_ids: Sequence[int]) -> list[FileRecord]:
        """Return what the catalogue says of these files, in this order; whether they are sound is not looked at."""
        unknown = [file_id for file_id in dict.fromkeys(file_ids) if file_id not in self._known_files]
        if unknown:
            records = self.records(FileRecord, "store.files_of", file_ids=unknown)
            self._known_files.update((record.file_id, record) for record in records)
        return [self._known_files[file_id] for file_id in file_ids if file_id in self._known_files]

    def run(self, query: str, /, **parameters: object) -> None:
        """Execute a statement for its effect."""
        with reading_files():
            self.connection.execute(_text_of(query), parameters)


@contextmanager
def reading_files() -> Iterator[None]:
    """Turn DuckDB's errors on a data file that is missing or broken into ours.

    Raises:
        DamagedStore: a file is.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if not is_file_error(error):
            raise
        raise DamagedStore(
            f"a file of the store can't be read ({str(error).splitlines()[0]}); when another process has cleaned the "
            "store up, refresh() this one, else restore the file from a copy"
        ) from error


def is_file_error(error: "duckdb.Error") -> bool:
    """Return whether an error says that a Parquet file is missing or broken.

    DuckDB gives some of these no class of their own; others name the file, or the decompression that failed.
    """
    import duckdb

    if is_no_room(error):
        return False
    is_nameless = type(error) is duckdb.Error
    return is_nameless or isinstance(error, duckdb.IOException) or FILE_ERROR.search(str(error)) is not None


def connect(root: Path) -> "duckdb.DuckDBPyConnection":
    """Return an in-memory connection with safe settings: no extension is fetched, no Python variable is read.

    What does not fit into memory is spilled to a folder of the system's temporary directory.
    """
    import tempfile
    import uuid

    import duckdb

    connection = kept_in_forks(duckdb.connect(":memory:", config=dict(CONNECTION_SETTINGS)))
    spill = Path(tempfile.gettempdir()) / f"kolena-store-{uuid.uuid4().hex}"
    connection.execute(statement("queries/store", "spill_to").fill(), {"folder": str(spill)})
    connection.execute(statement("queries/store", "use_utc").fill())
    connection.execute(statement("queries/store", "use_root").fill(), {"root": str(root)})
    return connection


def _text_of(query: str) -> str:
    if isinstance(query, Fragment):
        return query
    subject, name = query.split(".")
    return statement(f"queries/{subject}", name).fill()
