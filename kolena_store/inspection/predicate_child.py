"""The process that evaluates predicates, started as `python -m` with a store's directory; it may be killed at any time.

A question is a line of JSON on stdin. The answer is a line of JSON on stdout, and then, when it holds a number of
bytes, a bitmap over the sample numbers. It reads Parquet files below the store's `data` and nothing else, and ends
when the process that asks is gone, in the middle of a question too.
"""

import contextlib
import json
import os
import queue
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kolena_store.database.session import CONNECTION_SETTINGS
from kolena_store.membership.bitmaps import count, from_samples
from kolena_store.predicates.messages import plain_message
from kolena_store.statements import Fragment, literal, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["main"]

MEMORY = 1 << 30
THREADS = "2"


def main(root: Path) -> NoReturn:
    """Answer questions until stdin ends, which ends the process."""
    questions: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_take_until_the_end, args=(sys.stdin, questions), daemon=True).start()
    connection = _connection(root)
    _warm_up(connection)
    _limit_memory()
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    while True:
        document, bits = _answer(connection, json.loads(questions.get()))
        sys.stdout.buffer.write(json.dumps(document).encode("utf-8") + b"\n" + bits)
        sys.stdout.buffer.flush()


def _take_until_the_end(lines: Iterable[str], questions: "queue.SimpleQueue[str]") -> None:
    """Take the questions as they come, and leave when there can be no more: whoever asked them is gone."""
    for line in lines:
        questions.put(line)
    os._exit(0)


def _connection(root: Path) -> "duckdb.DuckDBPyConnection":
    import duckdb

    limits = {"threads": THREADS, "memory_limit": f"{MEMORY >> 20}MiB", "temp_directory": ""}
    connection = duckdb.connect(":memory:", config=dict(CONNECTION_SETTINGS) | limits)
    folders = literal([f"{root}/data/"])
    connection.execute(statement("queries/sandbox", "use_utc").fill())
    connection.execute(statement("queries/sandbox", "allow_folder").fill(folders=folders))
    for name in ("no_secrets", "no_outside", "lock"):
        connection.execute(statement("queries/sandbox", name).fill())
    return connection


def _warm_up(connection: "duckdb.DuckDBPyConnection") -> None:
    """Load what the first answer would load, so that it takes no longer than the others."""
    connection.execute(statement("queries/inspection", "nothing").fill()).to_arrow_table()


def _limit_memory() -> None:
    """Allow this process twice what its queries may take: DuckDB looks at its own limit between vectors only."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (taken + 2 * MEMORY,) * 2)


def _answer(connection: "duckdb.DuckDBPyConnection", question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    import duckdb

    query = statement("queries/inspection", "samples_where").fill(
        columns=Fragment(question["columns"]), predicate=Fragment(question["predicate"])
    )
    try:
        table = connection.sql(query, params={"files": question["files"]}).to_arrow_table()
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"memory": True}, b""
    except duckdb.Error as error:
        return {"problem": plain_message(error)}, b""
    words = from_samples(table.column(0).to_numpy(), question["size"])
    bits = words.astype("<u8").tobytes()
    return {"n": count(words), "n_bytes": len(bits)}, bits


if __name__ == "__main__":
    main(Path(sys.argv[1]))
