"""Additive user metrics: split into terms, summed by kernels, equal to the query run on each test case."""

import math
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_user_metrics import OTHERS, puzzle_store
from thoroughness import sized

import kolena_store as ks
from kolena_store.metrics.user.additive import additive_query
from kolena_store.test_runs import user_rows

IS_NEW = not duckdb.__version__.startswith("1.")
"""DuckDB 1 writes lambdas of its trees with arrows, which it then refuses; such queries run on each test case."""

ADDITIVE = {
    "plain": "SELECT count(*) AS value FROM results",
    "values": "SELECT count(i.n_steps) AS value, count() AS n FROM results",
    "filtered": "SELECT count(*) FILTER (i.is_correct) / nullif(count(*), 0) AS value FROM results",
    "ratio": "SELECT sum(i.n_steps - s.n_steps) / nullif(count(i.n_steps), 0) AS value, count(i.n_steps) AS n FROM results",
    "floats": 'SELECT sum(s."the ""hard"" one\'s level" / 7) AS value FROM results',
    "nan_too": 'SELECT avg(s."the ""hard"" one\'s level") AS value FROM results',
    "real_mean": "SELECT avg(sqrt(i.n_steps)) FILTER (i.n_steps > 2) AS value FROM results",
    "small": "SELECT sum(i.n_steps::FLOAT) AS value FROM results",
    "truths": "SELECT sum(i.is_correct::INTEGER) AS value, count_if(i.n_steps > 3) AS n FROM results",
    "shown": "SELECT avg(i.n_steps) AS value FROM results WHERE topic_is AND i.n_steps > 1".replace(
        "topic_is", "s.topic <> 'words'"
    ),
    "aliased": "SELECT avg(r.i.n_steps) AS value FROM results AS r",
    "alone": "SELECT 2 * count(*) + 1 AS value FROM results",
    "terms": "WITH t AS (SELECT sum(i.n_steps) AS a, count(*) AS b FROM results) SELECT a / nullif(b, 0) AS value, b AS n FROM t",
    "named": "WITH t AS (SELECT sum(i.n_steps) AS a FROM results) SELECT u.a AS value FROM t AS u",
    "nested": "SELECT x * 2 AS value FROM (SELECT sum(i.n_steps) / 3 AS x FROM results) AS y",
    "from_first": "FROM results SELECT avg(i.n_steps) AS value",
    "proportion": "SELECT avg(i.is_correct::INTEGER) AS value, count_if(i.is_correct) AS successes, count(i.is_correct) AS n FROM results",
    "lambdas": "SELECT sum(list_sum(list_transform(s.tags, lambda x: x * 2))::BIGINT) AS value FROM results",
    "cases": "SELECT CASE WHEN count(*) > 20 THEN sum(i.n_steps) ELSE -1 END AS value FROM results",
}
GENERAL = {
    "distinct": "SELECT count(DISTINCT s.topic) AS value FROM results",
    "median": "SELECT median(i.n_steps) AS value FROM results",
    "extremes": "SELECT max(i.n_steps) - min(i.n_steps) AS value FROM results",
    "mixed": "SELECT sum(i.n_steps) / max(i.n_steps) AS value FROM results",
    "grouped": "WITH t AS (SELECT s.topic AS k, count(*) AS n FROM results GROUP BY k) SELECT max(n) AS value FROM t",
    "rows": "WITH t AS (SELECT i.n_steps AS x FROM results) SELECT avg(x) AS value FROM t",
    "windows": "SELECT avg(x) AS value FROM (SELECT rank() OVER (ORDER BY i.n_steps) AS x FROM results) AS t",
    "subquery": "SELECT (SELECT count(*) FROM results) AS value FROM (SELECT count(*) AS n FROM results) AS t",
    "joined": "SELECT count(*) AS value FROM results AS a JOIN results AS b USING (_sample)",
    "having": "SELECT count(*) AS value FROM results HAVING count(*) > 0",
    "twice": "WITH t AS (SELECT count(*) AS a FROM results), u AS (SELECT count(*) AS b FROM results) SELECT a AS value FROM t",
    "later": "WITH t AS (SELECT count(*) AS a FROM results) SELECT a AS value FROM t WHERE a > 3",
    "summed_twice": "SELECT sum(n) AS value FROM (SELECT count(*) AS n FROM results) AS t",
}
INEXACT = {
    "decimals": "SELECT sum(i.n_steps::DECIMAL(9, 2)) AS value FROM results",
    "large": "SELECT sum(i.n_steps * 1000000000000000) AS value FROM results",
    "fails_on_some": "SELECT sum(i.n_steps) FILTER (s.topic::INTEGER > 1) AS value FROM results",
}


@pytest.mark.parametrize("query", [*ADDITIVE.values(), *INEXACT.values()], ids=[*ADDITIVE, *INEXACT])
def test_sums_over_samples_are_split(query: str) -> None:
    assert additive_query(query) is not None


@pytest.mark.parametrize("query", GENERAL.values(), ids=list(GENERAL))
def test_other_queries_are_left_whole(query: str) -> None:
    assert additive_query(query) is None


@pytest.mark.parametrize("query", ["SELECT", "SELECT 1; SELECT 2", "SELECT count(*) FROM results", "SELECT a FROM b"])
def test_what_is_no_metric_is_left_whole(query: str) -> None:
    assert additive_query(query) is None


def text_of(queries: dict[str, str]) -> str:
    return "".join(f"-- metric: own_{name}  better: none\n{query};\n" for name, query in queries.items())


def measured(store: ks.Store, monkeypatch: pytest.MonkeyPatch, *, is_summed: bool) -> list[dict[str, Any]]:
    original = user_rows.run_job

    def run_job(job: Any, limits: Any) -> Any:
        from dataclasses import replace

        return original(replace(job, is_summed=is_summed), limits)

    with monkeypatch.context() as patched:
        patched.setattr(user_rows, "run_job", run_job)
        names = [metric.name for metric in store.user_metrics("puzzles")]
        return store.test("puzzles", suite="slices", metrics=names).rows()


@pytest.mark.sampled(2)
def test_summed_metrics_are_those_of_the_query_on_each_test_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = {**ADDITIVE, **GENERAL, **INEXACT} | dict.fromkeys(("having", "later"), ADDITIVE["plain"])
    one_in = sized(3, 1)
    chosen = list(queries)[random.randrange(one_in) :: one_in]
    text = text_of({name: queries[name] for name in chosen}) + OTHERS
    rows = []
    for is_summed in (True, False):
        store = puzzle_store(tmp_path / f"{is_summed}.store")
        store.apply_metrics("puzzles", text)
        rows.append(measured(store, monkeypatch, is_summed=is_summed))
    assert len(rows[0]) == len(rows[1]) >= 2 * 5 * len(chosen)
    for found, expected in zip(*rows, strict=True):
        for name, value in expected.items():
            if isinstance(value, float) and math.isfinite(value):
                assert found[name] == pytest.approx(value, rel=1e-9), found
            else:
                assert found[name] == value, (name, found)


@pytest.mark.sampled(2)
def test_queries_that_are_sums_run_on_no_test_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child would fail if it ran them: it is told to choose members only for other queries."""
    from kolena_store.metrics.user import child

    store = puzzle_store(tmp_path / "d.store")
    summed = {name: query for name, query in ADDITIVE.items() if name != "lambdas" or IS_NEW}
    store.apply_metrics("puzzles", text_of(summed))
    seen = []
    monkeypatch.setattr(child.ShownSamples, "answer", lambda *_: pytest.fail("a query ran on a test case"))

    def run_here(job: Any, limits: Any) -> Any:
        from kolena_store.metrics.user.process import _answer, _write_job

        folder = tmp_path / f"job{len(seen)}"
        folder.mkdir()
        _write_job(job, limits, folder)
        monkeypatch.setattr(child, "limit_memory", lambda _: None)
        document = child.json.loads((folder / child.JOB_FILE).read_text())
        with (folder / child.ANSWERS_FILE).open("w") as answers:
            child._run(document, folder, answers)
        lines = (folder / child.ANSWERS_FILE).read_text().splitlines()[1:]
        seen.append(len(lines))
        return [_answer(child.json.loads(line)) for line in lines]

    monkeypatch.setattr(user_rows, "run_job", run_here)
    names = [metric.name for metric in store.user_metrics("puzzles")]
    assert store.test("puzzles", suite="slices", metrics=names).rows()
    assert seen == [len(summed) * 5] * 2
