"""The process of user metrics before the first query: a connection that is closed to the outside, and its limits."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.statements import statement

if TYPE_CHECKING:
    import duckdb
    import numpy as np

__all__ = [
    "ANSWERED",
    "ANSWERED_BY_BASELINE",
    "CLUSTERS_FILE",
    "MEMBERS_FILE",
    "closed_to_outside",
    "clusters_in",
    "limit_memory",
    "load",
    "member_words",
    "memberships",
]

ANSWERED = "answered"
ANSWERED_BY_BASELINE = "answered_by_baseline"
"""The tables of the samples that a model answered, and the one that it is compared with."""

MEMBERS_FILE = "members.arrow"
CLUSTERS_FILE = "clusters.int32"


def closed_to_outside(memory: int) -> "duckdb.DuckDBPyConnection":
    """Return a connection with one thread, so that sums are taken in the order of the samples each time."""
    import duckdb

    from kolena_store.database.forks import kept_in_forks
    from kolena_store.database.session import CONNECTION_SETTINGS

    limits = {"threads": "1", "memory_limit": f"{memory >> 20}MiB", "temp_directory": ""}
    return kept_in_forks(duckdb.connect(":memory:", config=dict(CONNECTION_SETTINGS) | limits))


def load(connection: "duckdb.DuckDBPyConnection", setup: Sequence[str]) -> None:
    """Make the tables, then close every door to the outside."""
    import duckdb

    for text in ("use_utc", "one_spelling_of_lambdas"):
        connection.execute(statement("queries/user_metrics", text).fill())
    with contextlib.suppress(duckdb.CatalogException):  # only DuckDB 2 has it; before, such a division is always NULL
        connection.execute(statement("queries/user_metrics", "null_for_division_by_zero").fill())
    for text in setup:
        connection.execute(text)
    for text in ("no_outside", "lock"):
        connection.execute(statement("queries/user_metrics", text).fill())


def limit_memory(memory: int) -> None:
    """Allow this process so many bytes beyond what it takes now, its threads among that; not every system can."""
    try:
        import resource
    except ImportError:
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_bytes_taken() + memory,) * 2)
    except (ValueError, OSError):
        return


def memberships(folder: Path, size: int) -> "Iterator[np.ndarray]":
    """Yield for each test case which of the samples [0, size) are its members."""
    from kolena_store.membership.bitmaps import to_flags

    for words in member_words(folder):
        yield to_flags(words, size)


def member_words(folder: Path) -> "Iterator[np.ndarray]":
    """Yield the members of each test case as a bitmap."""
    import numpy as np
    import pyarrow as pa

    with pa.OSFile(str(folder / MEMBERS_FILE)) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            yield np.frombuffer(batch.column(0)[0].as_buffer(), dtype="<u8")


def clusters_in(folder: Path) -> "np.ndarray | None":
    """Return the cluster of every `_sample`, or None when each is one of its own."""
    import numpy as np

    path = folder / CLUSTERS_FILE
    return np.fromfile(path, dtype="<i4") if path.exists() else None


def _bytes_taken() -> int:
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
