"""The process that runs the queries of user metrics, started as `python -m` with a job's folder; it may be killed.

It reads `job.json`, `members.arrow` and the clusters there, loads the samples, closes every door to the outside, and
writes a line to `answers.jsonl` for each query as soon as it is answered.
"""

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kolena_store.metrics.user.loading import (
    ANSWERED,
    closed_to_outside,
    clusters_in,
    limit_memory,
    load,
    member_words,
    memberships,
)
from kolena_store.metrics.user.shown import Document, ShownSamples, plain_number

if TYPE_CHECKING:
    import duckdb
    import numpy as np

__all__ = ["ANSWERS_FILE", "JOB_FILE", "OUT_OF_MEMORY", "main"]

JOB_FILE = "job.json"
ANSWERS_FILE = "answers.jsonl"
OUT_OF_MEMORY = 3
"""The exit code of a query that needed more memory than it was allowed."""


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

    connection = closed_to_outside(int(job["memory"]))
    try:
        load(connection, job["setup"])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        _write(answers, {"failed": str(error)})
        return
    limit_memory(int(job["memory"]))
    _write(answers, {"loaded": True})
    _answering(job)(connection, job, folder, answers)


def _answering(job: Document) -> "Callable[[duckdb.DuckDBPyConnection, Document, Path, TextIO], None]":
    """Return what answers a job: of one model, or of two that are compared."""
    if not job["is_paired"]:
        return _answer_all
    from kolena_store.metrics.user.pairs import answer_pairs

    return lambda connection, job, folder, answers: answer_pairs(
        connection, job, folder, write=lambda document: _write(answers, document)
    )


def _answer_all(connection: "duckdb.DuckDBPyConnection", job: Document, folder: Path, answers: TextIO) -> None:
    shown, clusters = ShownSamples(connection, ANSWERED, job["tables"]), clusters_in(folder)
    summed = _summed(shown, job, folder, clusters=clusters) if job["is_summed"] else {}
    for position, is_chosen in enumerate(memberships(folder, int(job["size"]))):
        if len(summed) < len(job["queries"]):
            shown.show_members(is_chosen)
        for number, query in enumerate(job["queries"]):
            if number in summed:
                _write(answers, summed[number][position])
                continue
            answer = shown.answer(query)
            if job["spreads"][number] and "problem" not in answer:
                chosen = shown.samples_among(is_chosen)
                answer["spread"] = _drawn_again(shown, query, chosen, clusters, seed=job["seed"])
                shown.show_members(is_chosen)
            _write(answers, answer)


def _summed(
    shown: ShownSamples, job: Document, folder: Path, *, clusters: "np.ndarray | None"
) -> dict[int, list[Document]]:
    """Return the answers on all test cases of those queries that are sums over samples, by the query's number."""
    import duckdb
    import numpy as np

    from kolena_store.metrics.user.additive import additive_query
    from kolena_store.metrics.user.spreads import linearised
    from kolena_store.metrics.user.sums import SampleSums, additive_answers

    connection = shown.connection
    split = {number: additive_query(query) for number, query in enumerate(job["queries"])}
    if not any(split.values()):
        return {}
    members, size, samples = np.stack(list(member_words(folder))), int(job["size"]), shown.samples
    repeated = shown.repeated_rows(size)
    if repeated is not None:  # each answer is a row of its own, which varies with the others to its sample
        members, size = repeated.members(members), repeated.n_places
        clusters = None if clusters is None else clusters[samples]
        samples = np.arange(len(samples))
    shown.show_everything()
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
            documents: list[Document] = [
                {"columns": columns, "rows": [[plain_number(one) for one in row]]} for row in rows
            ]
            if job["spreads"][number]:
                spreads = linearised(connection, query, sums, members=members, clusters=clusters)
                documents = [one | {"spread": asdict(spread)} for one, spread in zip(documents, spreads, strict=True)]
            found[number] = documents
    shown.show_chosen()
    return found


def _leave_with_parent() -> None:
    """End this process when the one that started it is gone: its end of the pipe closes then."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def _drawn_again(
    shown: ShownSamples, query: str, samples: "np.ndarray", clusters: "np.ndarray | None", *, seed: int
) -> Document:
    """Return the spread of a query's value over samples that are drawn again."""
    from kolena_store.metrics.user.spreads import bootstrapped

    return asdict(bootstrapped(samples, clusters, seed, lambda drawn: shown.value_on_drawn(query, drawn)))


def _write(answers: TextIO, document: Document) -> None:
    answers.write(json.dumps(document) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
