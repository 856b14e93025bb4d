"""The process that runs user metrics: it is killed when a query takes too much, and it reaches nothing outside."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic

import duckdb
import numpy as np
import polars as pl
import pytest

import kolena_store as ks
from kolena_store.database import Database
from kolena_store.datasets import dataset_named
from kolena_store.errors import DamagedStore, LimitExceeded, StoreError
from kolena_store.metrics.user import process as process_room
from kolena_store.metrics.user.answers import Answer
from kolena_store.metrics.user.process import Job, Limits, run_job
from kolena_store.published import publish
from kolena_store.test_runs import TestOptions, apply_metrics, run_models

N = 20_000
PAIRS = "SELECT count(*) AS value FROM results a, results b, results c WHERE a.s.x + b.s.x > c.s.x"
LISTS = """SELECT sum(list_sum(list_transform(s.xs, lambda a: list_sum(list_transform(s.xs, lambda b:
    list_sum(list_transform(s.xs, lambda c: list_sum(list_transform(s.xs, lambda d: a * b * c * d)))))))))
    AS value FROM results"""
DOUBLED = "list_reduce(list_transform({numbers}, lambda x: [x]), lambda a, b: list_concat(a, a))"
GROWING = f"SELECT max(len({DOUBLED.format(numbers='s.xs')})) AS value FROM results"
QUICK = "SELECT count(*) AS value FROM results"
CONSTANT = f"SELECT max(len({DOUBLED.format(numbers=list(range(45)))})) AS value FROM results"
ENOUGH = Limits(seconds=30)
SHORT = Limits(seconds=1.5)
SMALL = Limits(seconds=60, memory=400 << 20)

pytestmark = pytest.mark.usefixtures("fresh_metric_processes")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the queries above take hours or more memory than there is."""
    store = ks.Store(tmp_path_factory.mktemp("limits") / "my.store")
    table = pl.DataFrame({"id": range(N), "x": range(N), "xs": [list(range(40))] * N, "verdict": [True] * N})
    store.upload_dataset("d", table, id_fields=["id"], workflow=ks.Judged("verdict"), predictions={"v1": "verdict"})
    for name, query in {"pairs": PAIRS, "lists": LISTS, "quick": QUICK}.items():
        store.apply_metrics("d", f"-- metric: {name}  better: none\n{query}")
    return store.path


def run_with(root: Path, metrics: list[str], limits: Limits) -> ks.TestResults:
    with Database(root, before_commit=publish).transaction() as transaction:
        return run_models(transaction, "d", None, TestOptions(metrics=metrics, limits=limits))


@pytest.mark.parametrize("metric", ["pairs", "lists"])
def test_a_query_that_would_take_hours_is_killed_and_named(root: Path, metric: str) -> None:
    start = monotonic()
    words = f"the metric '{metric}' took longer than 1.5 s on test case 'all' and was stopped; leave it out by naming others"
    with pytest.raises(LimitExceeded) as caught:
        run_with(root, ["quick", metric], SHORT)
    assert words in str(caught.value)
    assert monotonic() - start < 30


@pytest.mark.sampled(2)
def test_nothing_of_a_stopped_test_is_kept_and_other_metrics_go_on(root: Path) -> None:
    store = ks.Store(root)
    assert store.test("d", metrics=["quick"])["all", "v1", "quick"].value == N
    with pytest.raises(LimitExceeded):
        run_with(root, ["quick", "pairs"], SHORT)
    store.refresh()
    assert len(store.test_runs()) == 1


@pytest.mark.parametrize(
    ("query", "limits"), [(CONSTANT, SMALL), (LISTS.replace("s.xs", str(list(range(300)))), SHORT)]
)
def test_bombs_made_of_constants_are_stopped_when_they_are_applied(root: Path, query: str, limits: Limits) -> None:
    text = f"-- metric: bomb  better: none\n{query}"
    with Database(root, before_commit=publish).transaction() as transaction:
        dataset = dataset_named(transaction, "d")
        with pytest.raises(LimitExceeded, match="'bomb'"):
            apply_metrics(transaction, dataset, text, limits=limits)
    assert "bomb" not in {metric.name for metric in ks.Store(root).user_metrics("d")}


def answers(queries: Mapping[str, str], *, setup: tuple[str, ...] = (), limits: Limits = ENOUGH) -> list[Answer]:
    """The answers over three samples, of which the test cases `two` and `none` have the first two and none."""
    table = "CREATE TABLE answered AS SELECT 3 * range AS _sample, {'x': range, 'xs': range(40)} AS s FROM range(3)"
    members = np.array([[0b1001], [0]], dtype=np.uint64)
    job = Job(setup=[*setup, table], queries=queries, cases=["two", "none"], members=members, size=7)
    return run_job(job, limits)


def test_queries_see_the_members_of_each_test_case_in_turn() -> None:
    found = answers({"rows": QUICK, "total": "SELECT sum(s.x) AS value FROM results"})
    assert [answer.rows for answer in found] == [((2,),), ((1,),), ((0,),), ((None,),)]
    assert found[1].columns == (("value", "HUGEINT"),)


def test_a_query_that_needs_too_much_memory_is_stopped_and_named() -> None:
    with pytest.raises(LimitExceeded, match="the metric 'growing' on two needs more memory than it is allowed"):
        answers({"quick": QUICK, "growing": GROWING}, limits=SMALL)


HOSTILE = [
    "SELECT count(*) AS value FROM read_text('/etc/passwd')",
    "SELECT count(*) AS value FROM '/etc/passwd'",
    "COPY results TO '{folder}/out.csv'",
    "ATTACH '{folder}/out.duckdb' AS other",
    "SET enable_external_access = true",
    "SET threads = 4",
    "INSTALL httpfs",
    "EXPORT DATABASE '{folder}/out'",
    "SELECT 1 AS value; COPY (SELECT 1) TO '{folder}/out.csv'",
    "DELETE FROM chosen",
]


def test_the_process_itself_refuses_what_slipped_past_the_checks(tmp_path: Path) -> None:
    queries = {text: text.format(folder=tmp_path) for text in HOSTILE}
    found = answers({**queries, "rows": QUICK})
    assert [answer.problem is not None for answer in found] == [*[True] * len(HOSTILE), False] * 2
    assert [found[len(HOSTILE)].rows, found[-1].rows] == [((2,),), ((0,),)]
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_gone_are_a_damaged_store() -> None:
    with pytest.raises(DamagedStore, match=r"can't be loaded .*absent.parquet"):
        answers({"rows": QUICK}, setup=("CREATE TABLE t AS SELECT * FROM read_parquet('absent.parquet')",))


def test_a_process_that_can_not_start_says_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_room, "MODULE", "kolena_store.metrics.user.absent")
    with pytest.raises(StoreError, match=r"broke off .*absent.*check that this Python can import kolena_store"):
        answers({"rows": QUICK})


def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    table = "CREATE TABLE answered AS SELECT range AS _sample, {'x': range} AS s FROM range(20000)"
    job = Job(
        setup=[table],
        queries={"pairs": PAIRS},
        cases=["all"],
        members=np.full((1, 313), 2**64 - 1, np.uint64),
        size=20032,
    )
    process_room._write_job(job, Limits(), tmp_path)
    with (tmp_path / "errors").open("w") as errors, process_room._started(tmp_path, errors) as child:
        while not (tmp_path / process_room.ANSWERS_FILE).read_text() and child.poll() is None:
            pass
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(timeout=20) == 0


def test_the_memory_that_is_allowed_follows_the_machine() -> None:
    assert Limits(memory=123).bytes_allowed == 123
    assert Limits().bytes_allowed >= 1 << 31


@pytest.mark.sampled(2)
def test_sums_are_taken_in_the_order_of_the_samples() -> None:
    setup = ["CREATE TABLE answered AS SELECT range AS _sample, {'x': sin(range) / 7} AS s FROM range(50000)"]
    members = np.full((1, 782), 2**64 - 1, dtype=np.uint64)
    queries = {"total": "SELECT sum(s.x) AS value FROM results"}
    job = Job(setup=setup, queries=queries, cases=["all"], members=members, size=50_048)
    with duckdb.connect(config={"threads": 1}) as connection:
        expected = connection.sql("SELECT sum(sin(range) / 7) FROM range(50000)").fetchall()[0][0]
    whole = replace(job, is_summed=False)
    assert [run_job(whole, Limits())[0].rows[0][0] for _ in range(2)] == [expected, expected]
    summed = [run_job(job, Limits())[0].rows[0][0] for _ in range(2)]
    assert summed[0] == summed[1] == pytest.approx(expected, rel=1e-9)
