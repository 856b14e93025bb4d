"""The queries of user metrics on two models and the same samples: both answers, and how far their difference varies."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.metrics.user.loading import ANSWERED, ANSWERED_BY_BASELINE, clusters_in, member_words
from kolena_store.metrics.user.shown import Document, ShownSamples, plain_number

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa

    from kolena_store.metrics.user.additive import AdditiveQuery

__all__ = ["answer_pairs"]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a job asks: its queries on two models, over the same members."""

    sides: Sequence[ShownSamples]
    members: "np.ndarray"
    size: int
    clusters: "np.ndarray | None"
    seed: int


def answer_pairs(
    connection: "duckdb.DuckDBPyConnection", job: Document, folder: Path, *, write: Callable[[Document], None]
) -> None:
    """Write for each test case and query what it answers on either model, and the spread of the difference.

    All test cases have samples that both models answered alone. Queries that are sums over samples are evaluated once
    on every sample; the others run on each test case, and on samples drawn again, the same for both models.
    """
    import numpy as np

    asked = _Asked(
        sides=[ShownSamples(connection, table, job["tables"]) for table in (ANSWERED, ANSWERED_BY_BASELINE)],
        members=np.stack(list(member_words(folder))),
        size=int(job["size"]),
        clusters=clusters_in(folder),
        seed=job["seed"],
    )
    summed = _summed(asked, job)
    for case in range(len(asked.members)):
        for number, query in enumerate(job["queries"]):
            found = summed.get(number)
            write(found[case] if found is not None else _one_by_one(asked, query, case, job["spreads"][number]))


def _summed(asked: _Asked, job: Document) -> dict[int, list[Document]]:
    """Return the answers on all test cases of those queries that are sums over samples, by the query's number."""
    import duckdb

    from kolena_store.metrics.user.additive import additive_query

    found: dict[int, list[Document]] = {}
    for number, text in enumerate(job["queries"]):
        query = additive_query(text)
        if query is None or job["spreads"][number] == "bootstrap":
            continue
        with contextlib.suppress(duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError):
            documents = _by_sums(asked, query, has_spread=job["spreads"][number] is not None)
            if documents is not None:
                found[number] = documents
    return found


def _by_sums(asked: _Asked, query: "AdditiveQuery", *, has_spread: bool) -> list[Document] | None:
    import numpy as np

    from kolena_store.metrics.user.spreads import SideSums, difference_spreads, influences
    from kolena_store.metrics.user.sums import SampleSums, additive_answers

    answers, added, moved = [], [], []
    for shown in asked.sides:
        shown.show_everything()
        rows = shown.repeated_rows(asked.size)
        members, size = (asked.members, asked.size) if rows is None else (rows.members(asked.members), rows.n_places)
        samples = shown.samples if rows is None else np.arange(len(rows.samples))
        sums = SampleSums(shown.connection, query, samples, members=members, size=size)
        answered = additive_answers(shown.connection, query, sums, members)
        if answered is None:
            return None
        answers.append(answered)
        if has_spread:
            added.append(SideSums(sums=sums, rows=rows, size=asked.size))
            moved.append(influences(shown.connection, query, sums, members=members))
    documents = [
        {"first": _row(answers[0][0], first), "second": _row(answers[1][0], second)}
        for first, second in zip(answers[0][1], answers[1][1], strict=True)
    ]
    if not has_spread:
        return documents
    spreads = difference_spreads(
        query,
        (added[0], added[1]),
        (moved[0], moved[1]),
        members=asked.members,
        clusters=asked.clusters,
    )
    return [one | {"spread": asdict(spread)} for one, spread in zip(documents, spreads, strict=True)]


def _row(columns: list[tuple[str, str]], row: Sequence[object]) -> Document:
    return {"columns": columns, "rows": [[plain_number(one) for one in row]]}


def _one_by_one(asked: _Asked, query: str, case: int, kind: str | None) -> Document:
    """Return what a query answers on a test case, run on the samples of either side."""
    from kolena_store.membership.bitmaps import to_flags

    is_member = to_flags(asked.members[case], asked.size)
    answers = []
    for shown in asked.sides:
        shown.show_members(is_member)
        answers.append(shown.answer(query))
    document: Document = {"first": answers[0], "second": answers[1]}
    if kind is not None and kind != "additive" and not any("problem" in one for one in answers):
        document["spread"] = _drawn_again(asked, query, is_member)
    return document


def _drawn_again(asked: _Asked, query: str, is_member: "np.ndarray") -> Document:
    """Return the spread of the difference over samples that are drawn again, the same for both models."""
    from kolena_store.metrics.user.spreads import bootstrapped

    def difference_on(drawn: "pa.Table") -> float | None:
        first, second = (shown.value_on_drawn(query, drawn) for shown in asked.sides)
        return None if first is None or second is None else float(first) - float(second)

    samples = asked.sides[0].samples_among(is_member)
    return asdict(bootstrapped(samples, asked.clusters, asked.seed, difference_on))
