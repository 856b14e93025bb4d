"""A read-only connection for SQL that people type: it reads this store, and neither writes nor reads anything else."""

from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database.forks import kept_in_forks
from kolena_store.database.session import CONNECTION_SETTINGS
from kolena_store.database.snapshot import CATALOGUE_FILE, attaching, check_no_wal, check_there
from kolena_store.schema import check_format
from kolena_store.statements import literal, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["check_sandbox", "open_sandbox"]


def open_sandbox(
    root: Path, *, threads: int | None = None, memory_limit: str | None = None
) -> "duckdb.DuckDBPyConnection":
    """Return a connection that sees the store at `root` read-only and whose settings can't be changed any more.

    The settings alone are no wall (a COPY or an ATTACH would still write): let only `predicates.run_gated` use it.

    Args:
        root: the store's directory.
        threads: how many threads a query may use; None: DuckDB's own choice.
        memory_limit: such as "2GB"; None: DuckDB's own choice. Nothing is spilled to disk.

    Raises:
        StoreNotFound: there is no store at `root`.
        DamagedStore: the catalogue can't be opened, or a stray `.wal` lies beside it.
        StoreLocked: a client holds the catalogue open for writing.
    """
    import duckdb

    root = root.absolute()
    catalogue = root / CATALOGUE_FILE
    check_there(root)
    check_no_wal(root)
    connection = kept_in_forks(duckdb.connect(":memory:", config=_configuration(threads, memory_limit)))
    try:
        with attaching(catalogue):
            connection.execute(statement("queries/sandbox", "attach").fill(path=literal(str(catalogue))))
        _close_doors(connection, root)
    except BaseException:
        connection.close()
        raise
    return connection


def check_sandbox(connection: "duckdb.DuckDBPyConnection", root: Path) -> None:
    """Stop unless a sandbox holds a store of a format that this kolena_store reads.

    Raises:
        UnsupportedStore: a newer kolena_store wrote it.
        DamagedStore: it is a database of something else.
    """
    with attaching(root / CATALOGUE_FILE):
        (found,) = connection.execute(statement("queries/sandbox", "format_version").fill()).fetchall()
    check_format(found[0], root)


def _configuration(threads: int | None, memory_limit: str | None) -> dict[str, str | bool | int | float | list[str]]:
    limits = {"threads": threads, "memory_limit": memory_limit}
    given = {name: str(limit) for name, limit in limits.items() if limit is not None}
    return {**dict(CONNECTION_SETTINGS), **given}


def _close_doors(connection: "duckdb.DuckDBPyConnection", root: Path) -> None:
    data = f"{root}/data/"
    connection.execute(statement("queries/sandbox", "use_root").fill(root=literal(str(root))))
    connection.execute(statement("queries/sandbox", "use_utc").fill())
    connection.execute(statement("queries/sandbox", "no_spill").fill())
    connection.execute(statement("queries/sandbox", "allow_folder").fill(folders=literal([data])))
    for name in ("no_secrets", "no_outside", "use_store", "lock"):
        connection.execute(statement("queries/sandbox", name).fill())
