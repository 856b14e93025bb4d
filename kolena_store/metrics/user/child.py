"""The process that runs the queries of user metrics, started as `python -m` with a job's folder; it may be killed.

It reads `job.json`, `members.arrow` and the clusters there, loads the samples, closes every door to the outside, and
writes a line to `answers.jsonl` for each query as soon as it is answered.
"""

import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from kolena_store.number_types import is_number
from kolena_store.statements import Fragment, identifier, statement

if TYPE_CHECKING:
    import duckdb
    import numpy as np

__all__ = ["ANSWERS_FILE", "CLUSTERS_FILE", "JOB_FILE", "MEMBERS_FILE", "main"]

JOB_FILE = "job.json"
MEMBERS_FILE = "members.arrow"
CLUSTERS_FILE = "clusters.int32"
ANSWERS_FILE = "answers.jsonl"
ROWS_KEPT = 2
OUT_OF_MEMORY = 3
"""The exit code of a query that needed more memory than it was allowed."""

Document = dict[str, Any]


def main(folder: Path) -> int:
    """Run the job in a folder and return the exit code."""
    import duckdb

    threading.Thread(target=_leave_with_parent, daemon=True).start()
    job = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    with (folder / ANSWERS_FILE).open("w", encoding="utf-8") as answers:
        try:
            _run(job, folder, answers)
        except (MemoryError, duckdb.OutOfMemoryException):
            return OUT_OF_MEMORY
    return 0


def _run(job: Document, folder: Path, answers: TextIO) -> None:
    import duckdb

    connection = _connection(int(job["memory"]))
    try:
        _load(connection, job["setup"])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        _write(answers, {"failed": str(error)})
        return
    samples, tables = connection.sql(_named("answered_samples")).to_arrow_table().column(0).to_numpy(), job["tables"]
    _choose(connection, samples < 0, tables)
    _limit_memory(int(job["memory"]))
    _write(answers, {"loaded": True})
    clusters = _clusters(folder)
    summed = _summed(connection, job, folder, samples, clusters=clusters) if job["is_summed"] else {}
    for position, is_chosen in enumerate(_memberships(folder, int(job["size"]))):
        if len(summed) < len(job["queries"]):
            _choose(connection, is_chosen[samples], tables)
        for number, query in enumerate(job["queries"]):
            if number in summed:
                _write(answers, summed[number][position])
                continue
            answer = _answer(connection, query)
            if job["spreads"][number] and "problem" not in answer:
                chosen = _distinct(samples[is_chosen[samples]])
                answer["spread"] = _drawn_again(connection, query, chosen, clusters, job=job)
                _choose(connection, is_chosen[samples], tables)
            _write(answers, answer)


def _summed(
    connection: "duckdb.DuckDBPyConnection",
    job: Document,
    folder: Path,
    samples: "np.ndarray",
    *,
    clusters: "np.ndarray | None",
) -> dict[int, list[Document]]:
    """Return the answers on all test cases of those queries that are sums over samples, by the query's number."""
    import duckdb
    import numpy as np

    from kolena_store.metrics.repeated_rows import RepeatedRows
    from kolena_store.metrics.user.additive import additive_query
    from kolena_store.metrics.user.spreads import linearised
    from kolena_store.metrics.user.sums import SampleSums, additive_answers

    split = {number: additive_query(query) for number, query in enumerate(job["queries"])}
    if not any(split.values()):
        return {}
    members, size = np.stack(list(_member_words(folder))), int(job["size"])
    if len(_distinct(samples)) < len(samples):
        # Several answers to a sample: each is a row of its own, which varies with the others.
        repeated = RepeatedRows(samples=samples, size=size)
        members, size = repeated.members(members), repeated.n_places
        clusters = None if clusters is None else clusters[samples]
        samples = np.arange(len(samples))
    connection.execute(_named("every_answer"))
    found: dict[int, list[Document]] = {}
    for number, query in split.items():
        if query is None or job["spreads"][number] == "bootstrap":
            continue
        # A query that fails on some sample is asked again on each test case: most may not hold that sample.
        with contextlib.suppress(duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError):
            sums = SampleSums(connection, query, samples, members=members, size=size)
            answers = additive_answers(connection, query, sums, members)
            if answers is None:
                continue
            columns, rows = answers
            documents: list[Document] = [{"columns": columns, "rows": [[_plain(one) for one in row]]} for row in rows]
            if job["spreads"][number]:
                spreads = linearised(connection, query, sums, members=members, clusters=clusters)
                documents = [one | {"spread": asdict(spread)} for one, spread in zip(documents, spreads, strict=True)]
            found[number] = documents
    connection.execute(_named("results"))
    return found


def _distinct(samples: "np.ndarray") -> "np.ndarray":
    """Return ascending sample numbers, each once."""
    import numpy as np

    is_first = np.ones(len(samples), dtype=bool)
    is_first[1:] = samples[1:] != samples[:-1]
    return np.asarray(samples[is_first])


def _leave_with_parent() -> None:
    """End this process when the one that started it is gone: its end of the pipe closes then."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def _connection(memory: int) -> "duckdb.DuckDBPyConnection":
    """Return a connection with one thread, so that sums are taken in the order of the samples each time."""
    import duckdb

    from kolena_store.database.session import CONNECTION_SETTINGS

    limits = {"threads": "1", "memory_limit": f"{memory >> 20}MiB", "temp_directory": ""}
    return duckdb.connect(":memory:", config=dict(CONNECTION_SETTINGS) | limits)


def _limit_memory(memory: int) -> None:
    """Allow this process so many bytes beyond what it takes now, its threads among that; not every system can."""
    try:
        import resource
    except ImportError:
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_bytes_taken() + memory,) * 2)
    except (ValueError, OSError):
        return


def _bytes_taken() -> int:
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _load(connection: "duckdb.DuckDBPyConnection", setup: Sequence[str]) -> None:
    import duckdb

    for text in ("use_utc", "one_spelling_of_lambdas"):
        connection.execute(_named(text))
    with contextlib.suppress(duckdb.CatalogException):  # only DuckDB 2 has it; before, such a division is always NULL
        connection.execute(_named("null_for_division_by_zero"))
    for text in setup:
        connection.execute(text)
    for text in ("no_outside", "lock"):
        connection.execute(_named(text))


def _memberships(folder: Path, size: int) -> "Iterator[np.ndarray]":
    """Yield for each test case which of the samples [0, size) are its members."""
    from kolena_store.membership.bitmaps import to_flags

    for words in _member_words(folder):
        yield to_flags(words, size)


def _member_words(folder: Path) -> "Iterator[np.ndarray]":
    import numpy as np
    import pyarrow as pa

    with pa.OSFile(str(folder / MEMBERS_FILE)) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            yield np.frombuffer(batch.column(0)[0].as_buffer(), dtype="<u8")


def _choose(connection: "duckdb.DuckDBPyConnection", is_member: "np.ndarray", tables: Sequence[str]) -> None:
    """Let `results` show the answered samples that are members of a test case, and attached tables their rows."""
    import pyarrow as pa

    connection.register("given", pa.table({"is_member": is_member}))
    connection.execute(_named("choose_members"))
    connection.execute(_named("results"))
    _show_rows(connection, tables, "rows_of_chosen")
    connection.unregister("given")


def _show_rows(connection: "duckdb.DuckDBPyConnection", tables: Sequence[str], which: str) -> None:
    for table in tables:
        connection.execute(statement("queries/user_metrics", which).fill(table=identifier(table)))


def _answer(connection: "duckdb.DuckDBPyConnection", query: str) -> Document:
    import duckdb

    from kolena_store.predicates.messages import missing_name, plain_message

    try:
        return _rows(connection, query)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        missing = missing_name(error)
        column = missing[1] if missing and missing[0] == "column" else None
        is_bound = not isinstance(error, (duckdb.BinderException, duckdb.CatalogException))
        return {"problem": plain_message(error), "missing": column, "is_bound": is_bound}


def _drawn_again(
    connection: "duckdb.DuckDBPyConnection",
    query: str,
    samples: "np.ndarray",
    clusters: "np.ndarray | None",
    *,
    job: Document,
) -> Document:
    """Return the spread of a query's value over samples that are drawn again."""
    import pyarrow as pa

    from kolena_store.metrics.user.spreads import bootstrapped

    def value_of(drawn: pa.Table) -> float | None:
        connection.register("drawn_samples", drawn)
        connection.execute(_named("draws"))
        connection.execute(_named("draw_again"))
        _show_rows(connection, job["tables"], "rows_of_draws")
        connection.unregister("drawn_samples")
        answer = _answer(connection, query)
        names = [name.lower() for name, _ in answer.get("columns", ())]
        rows = answer.get("rows") or [[None] * len(names)]
        return rows[0][names.index("value")] if "value" in names else None

    return asdict(bootstrapped(samples, clusters, job["seed"], value_of))


def _clusters(folder: Path) -> "np.ndarray | None":
    """Return the cluster of every `_sample`, or None when each is one of its own."""
    import numpy as np

    path = folder / CLUSTERS_FILE
    return np.fromfile(path, dtype="<i4") if path.exists() else None


def _rows(connection: "duckdb.DuckDBPyConnection", query: str) -> Document:
    import duckdb

    found = connection.extract_statements(query)
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        return {"problem": "it is not one SELECT", "is_bound": False}
    relation = connection.sql(found[0])
    columns = [(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)]
    readable = all(is_number(kind) for _, kind in columns)
    rows = relation.limit(ROWS_KEPT).fetchall() if readable else []
    return {"columns": columns, "rows": [[_plain(value) for value in row] for row in rows]}


def _plain(value: object) -> object:
    """Return a number as JSON knows it: a decimal as a float."""
    return value if value is None or isinstance(value, (int, float)) else float(str(value))


def _write(answers: TextIO, document: Document) -> None:
    answers.write(json.dumps(document) + "\n")
    answers.flush()


def _named(name: str) -> Fragment:
    return statement("queries/user_metrics", name).fill()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
