"""The data files behind the views that a query reads, checked before it reads them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kolena_store.files import FileRecord
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node
from kolena_store.statements import statement

if TYPE_CHECKING:
    import duckdb

    from kolena_store.database import Seals

__all__ = ["check_files_read"]

NAME = r'(?:"(?:[^"]|"")+"|\w+)'
DOTTED = re.compile(rf"(?<![\w\"])(?=({NAME})\.({NAME}))")
DATA_FILE = re.compile(r"/data/\w+/([0-9a-f]{64})\.parquet")

View = tuple[str, str]
"""Schema and name, without capitals."""


def check_files_read(connection: "duckdb.DuckDBPyConnection", sources: Sequence[Node], seals: "Seals") -> None:
    """Stop unless all data files are as they were written that the named views read, by themselves or through others.

    Raises:
        DamagedStore: one is missing, was cut or altered.
        UnreadableFile: one may not be read.
    """
    views = _views(connection)
    named = {(lowered(source["schema_name"]), lowered(source["table_name"])) for source in sources}
    digests = {digest for text in _texts(views, named) for digest in DATA_FILE.findall(text)}
    if digests:
        query = statement("queries/sandbox", "files_of_digests").fill()
        rows = connection.execute(query, {"digests": sorted(digests)}).fetchall()
        seals.check([_file(row) for row in rows])


def _views(connection: "duckdb.DuckDBPyConnection") -> dict[View, str]:
    rows = connection.execute(statement("queries/sandbox", "view_texts").fill()).fetchall()
    return {(lowered(schema), lowered(name)): text for schema, name, text in rows}


def _texts(views: Mapping[View, str], named: Iterable[View]) -> Iterable[str]:
    """Yield the definitions of views and of all views that they name."""
    seen: set[View] = set()
    waiting = [view for view in named if view in views]
    while waiting:
        view = waiting.pop()
        if view not in seen:
            seen.add(view)
            yield views[view]
            pairs = ((_plain(schema), _plain(name)) for schema, name in DOTTED.findall(views[view]))
            waiting += [pair for pair in pairs if pair in views]


def _plain(name: str) -> str:
    """Return a name as it reads without its quotes, and without capitals."""
    return lowered(name[1:-1].replace('""', '"') if name.startswith('"') else name)


def _file(row: Sequence[object]) -> FileRecord:
    names = ("file_id", "kind", "sha256", "n_rows", "n_bytes", "first_sample", "last_sample", "added_in")
    return FileRecord(**dict(zip(names, row, strict=True)))  # type: ignore[arg-type]
