"""User metrics end to end: applied, versioned, computed for every test case, checked against numpy."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_stores import store_in

import kolena_store as ks
from kolena_store.errors import (
    ConflictingDefinition,
    InvalidInput,
    MissingColumns,
    RefusedStatement,
    UnknownName,
    UnreadableFile,
)
from kolena_store.metrics.definitions import load_metrics
from kolena_store.metrics.user.process import Job
from kolena_store.statements import identifier
from kolena_store.statistics.proportions import wilson
from kolena_store.test_runs import user_rows

N = 240
QUOTED = 'the "hard" one\'s level'
LONG = 'It\'s "long"'
SUITE = f"""
CREATE VIEW {identifier(LONG)} AS SELECT * FROM test_samples WHERE n_steps > 5;
CREATE VIEW unsolved AS SELECT * FROM test_samples WHERE topic = 'unsolved';
CREATE VIEW nothing AS SELECT * FROM test_samples WHERE n_steps > 1000;
CREATE VIEW not_a_number AS SELECT * FROM test_samples WHERE isnan({identifier(QUOTED)});
"""
EXAMPLE = (Path(__file__).parent / "data" / "extra_steps.sql").read_text(encoding="utf-8")
OTHERS = f"""\
-- metric: mean_level  better: none
SELECT avg(s.{identifier(QUOTED)}) AS value, count(s.{identifier(QUOTED)}) AS n FROM results;
-- metric: tag_total  better: higher  unit: tags
SELECT sum(list_sum(list_transform(list_filter(s.tags, lambda tag: tag > 1), lambda tag, place: tag * place))) AS value
FROM results;
-- metric: short_rate  better: higher  interval: proportion
SELECT avg((i.n_steps < 5)::INTEGER) AS value, count(i.n_steps) AS n FROM results;
-- metric: slow_rate  better: lower
SELECT count(*) FILTER (i.n_steps > 9) / count(*) AS value, count(*) FILTER (i.n_steps > 9) AS successes FROM results;
-- metric: agreement  better: higher
SELECT count(*) FILTER (m.verdict = i.is_correct) AS value FROM results;
"""


def puzzles() -> pl.DataFrame:
    """Samples with every kind of missing value; what a model answered stands in the columns `i_...`."""
    rng = np.random.default_rng(7)
    level = [None if number % 11 == 0 else math.nan if number % 13 == 0 else float(number % 10) for number in range(N)]
    topic = [("algebra", "words", "unsolved")[number % 3] for number in range(N)]
    return pl.DataFrame(
        {
            "id": [f"p{number}" for number in range(N)],
            "n_steps": rng.integers(1, 9, N),
            "topic": topic,
            QUOTED: level,
            "tags": [list(range(number % 4)) for number in range(N)],
            "i_steps": [None if number % 17 == 0 else int(rng.integers(1, 14)) for number in range(N)],
            "i_correct": [kind != "unsolved" and bool(rng.random() < 0.7) for kind in topic],
        }
    )


def answers(table: pl.DataFrame) -> pl.DataFrame:
    return table.select("id", n_steps="i_steps", is_correct="i_correct")


def puzzle_store(root: Path) -> ks.Store:
    store, table = store_in(root), puzzles()
    samples = table.drop("i_steps", "i_correct")
    with store.transaction():
        store.upload_dataset("puzzles", samples, id_fields=["id"], workflow=ks.Judged(verdict="is_correct"))
        store.upload_results("puzzles", "v1", answers(table))
        store.upload_results("puzzles", "half/v 2", answers(table.filter(pl.int_range(pl.len()) % 2 == 0)))
        store.apply_suite("puzzles", SUITE, name="slices")
    return store


@pytest.fixture(scope="module")
def prebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with samples, a suite and the results of two models; never change it."""
    return puzzle_store(tmp_path_factory.mktemp("puzzles")).path


@pytest.fixture
def puzzles_store(prebuilt: Path, tmp_path: Path) -> ks.Store:
    shutil.copytree(prebuilt, tmp_path / "puzzles.store")
    return ks.Store(tmp_path / "puzzles.store")


@pytest.fixture(scope="module")
def tested(prebuilt: Path, tmp_path_factory: pytest.TempPathFactory) -> ks.TestResults:
    """Both models tested with every metric of this module; nobody changes it."""
    root = tmp_path_factory.mktemp("tested") / "puzzles.store"
    shutil.copytree(prebuilt, root)
    store = ks.Store(root)
    store.apply_metrics("puzzles", EXAMPLE + OTHERS)
    return store.test("puzzles", suite="slices")


def members(case: str, model: str) -> pl.DataFrame:
    """The rows of a test case that a model answered, by Polars."""
    table = puzzles()
    conditions = {
        "all": pl.lit(True),
        LONG: pl.col("n_steps") > 5,
        "unsolved": pl.col("topic") == "unsolved",
        "nothing": pl.lit(False),
        "not_a_number": pl.col(QUOTED).is_nan(),
    }
    answered = pl.lit(True) if model == "v1" else pl.int_range(pl.len()) % 2 == 0
    return table.filter(answered).filter(conditions[case].fill_null(False))


CASES = ["all", LONG, "unsolved", "nothing", "not_a_number"]
MODELS = ["v1", "half/v 2"]


def extra_steps(rows: pl.DataFrame) -> tuple[float | None, int]:
    solved = np.array(rows["i_correct"].to_list(), dtype=bool)
    extra = (
        np.array([np.nan if x is None else x for x in rows["i_steps"].to_list()], dtype=float)
        - rows["n_steps"].to_numpy()
    )
    return (float(np.nansum(extra[solved])) / int(solved.sum()) if solved.any() else None), int(solved.sum())


def mean_level(rows: pl.DataFrame) -> tuple[float | None, int]:
    known = [value for value in rows[QUOTED].to_list() if value is not None]
    mean = float(np.mean(known)) if known else math.nan
    return (None if math.isnan(mean) else mean), len(known)


def tag_total(rows: pl.DataFrame) -> tuple[float | None, int]:
    kept = [[tag for tag in tags if tag > 1] for tags in rows["tags"].to_list()]
    sums = [sum(tag * place for place, tag in enumerate(tags, start=1)) for tags in kept if tags]
    return (float(sum(sums)) if sums else None), len(rows)


def short_rate(rows: pl.DataFrame) -> tuple[float | None, int]:
    steps = [value for value in rows["i_steps"].to_list() if value is not None]
    return (sum(value < 5 for value in steps) / len(steps) if steps else None), len(steps)


def slow_rate(rows: pl.DataFrame) -> tuple[float | None, int]:
    steps = rows["i_steps"].to_list()
    return (sum(value is not None and value > 9 for value in steps) / len(steps) if steps else None), len(steps)


def agreement(rows: pl.DataFrame) -> tuple[float | None, int]:
    return float(len(rows)), len(rows)


ORACLES: dict[str, Callable[[pl.DataFrame], tuple[float | None, int]]] = {
    "extra_steps_per_solved": extra_steps,
    "mean_level": mean_level,
    "tag_total": tag_total,
    "short_rate": short_rate,
    "slow_rate": slow_rate,
    "agreement": agreement,
}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("metric", ORACLES)
def test_every_value_and_n_is_that_of_numpy(tested: ks.TestResults, metric: str, case: str, model: str) -> None:
    value, n = ORACLES[metric](members(case, model))
    found = tested[case, model, metric]
    assert found.value == (None if value is None else pytest.approx(value, rel=1e-12))
    assert (found.n, found.n_null, found.class_name) == (n, 0, None)


@pytest.mark.parametrize("metric", ["short_rate", "slow_rate"])
def test_proportions_have_wilson_intervals(tested: ks.TestResults, metric: str) -> None:
    found = tested["all", "v1", metric]
    expected = wilson(round(found.value * found.n), found.n)
    assert (found.ci_low, found.ci_high, found.method) == (expected.low, expected.high, "wilson")


def test_samples_without_inference_are_counted_beside_the_value(tested: ks.TestResults) -> None:
    found = tested["all", "half/v 2", "slow_rate"]
    assert (found.n_samples, found.n_missing, found.n) == (N, N // 2, N // 2)


def test_undefined_is_null_with_the_words_of_the_header(tested: ks.TestResults) -> None:
    reason = "the model solved no problem of this test case"
    for case in ("unsolved", "nothing"):
        assert (
            tested[case, "v1", "extra_steps_per_solved"].value,
            tested[case, "v1", "extra_steps_per_solved"].reason,
        ) == (
            None,
            reason,
        )
    assert tested["not_a_number", "v1", "mean_level"].reason == "the query gave NaN or an infinite value"


BROUGHT = [metric.name for metric in load_metrics("metrics/judged").metrics]
"""The metrics that the workflow brings."""


def test_rows_stand_after_those_of_the_workflow_in_each_test_case(tested: ks.TestResults) -> None:
    rows = [(row["test_case"], row["metric"]) for row in tested.rows() if row["model"] == "v1"]
    names = [*BROUGHT, *sorted(ORACLES)]
    assert rows == [(case, name) for case in CASES for name in names]


def test_sql_sees_the_same_rows(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", EXAMPLE)
    found = puzzles_store.test("puzzles", "v1")["all", "v1", "extra_steps_per_solved"]
    query = "SELECT value, n, better FROM kolena.metrics WHERE metric = 'extra_steps_per_solved'"
    assert puzzles_store.sql(query).rows() == [{"value": found.value, "n": found.n, "better": "lower"}]


def test_the_published_view_answers_the_query_as_the_run_did(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", EXAMPLE)
    found = puzzles_store.test("puzzles", "v1")["all", "v1", "extra_steps_per_solved"]
    query = puzzles_store.user_metrics("puzzles")[0].query
    in_bi = query.replace("FROM results", "FROM puzzles.results WHERE model = 'v1'")
    assert puzzles_store.sql(in_bi).rows() == [{"value": found.value, "n": found.n}]


@pytest.mark.sampled(2)
def test_metrics_are_chosen_by_name_and_print_then(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", EXAMPLE + OTHERS)
    chosen = puzzles_store.test("puzzles", "v1", metrics=["slow_rate", "pass_rate"])
    assert {row["metric"] for row in chosen.rows()} == {"slow_rate", "pass_rate"}
    assert "all version 1 · slow_rate" in str(chosen)
    assert "slow_rate" not in str(puzzles_store.test("puzzles", "v1"))
    own = puzzles_store.test("puzzles", "v1", metrics=["slow_rate"])
    assert [row["metric"] for row in own.rows()] == ["slow_rate"]


def test_an_unknown_metric_is_named_with_the_near_ones_of_both_kinds(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", OTHERS)
    with pytest.raises(UnknownName, match="no metric named 'slow_rat'; did you mean 'slow_rate'"):
        puzzles_store.test("puzzles", metrics=["slow_rat"])
    with pytest.raises(UnknownName, match="did you mean 'pass_rate'"):
        puzzles_store.test("puzzles", metrics=["slow_rate", "pass_rat"])


@pytest.mark.sampled(2)
def test_common_restricts_user_metrics_too(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", OTHERS)
    found = puzzles_store.test("puzzles", MODELS, metrics=["slow_rate"], common=True)
    assert found["all", "v1", "slow_rate"].n == found["all", "half/v 2", "slow_rate"].n == N // 2
    assert found["all", "v1", "slow_rate"].value == found["all", "half/v 2", "slow_rate"].value


@pytest.mark.sampled(2)
def test_applying_a_file_twice_does_nothing_and_an_older_text_keeps_its_version(puzzles_store: ks.Store) -> None:
    older, newer = EXAMPLE, EXAMPLE.replace("unit: steps", "unit: extra steps")
    states = []
    for text in (older, older, newer, f"-- a remark\n{newer}", older, newer):
        (one,) = puzzles_store.apply_metrics("puzzles", text).metrics
        states.append((one.version, one.change))
    assert states == [
        (1, "new"),
        (1, "unchanged"),
        (2, "new version"),
        (2, "unchanged"),
        (1, "restored"),
        (2, "restored"),
    ]
    (metric,) = puzzles_store.user_metrics("puzzles")
    assert (metric.name, metric.version, metric.unit) == ("extra_steps_per_solved", 2, "extra steps")


def test_a_file_replaces_only_the_metrics_that_it_names(puzzles_store: ks.Store, tmp_path: Path) -> None:
    puzzles_store.apply_metrics("puzzles", EXAMPLE + OTHERS)
    path = tmp_path / "one metric.sql"
    path.write_text("-- metric: slow_rate  better: lower\nSELECT count(*) AS value FROM results", encoding="utf-8")
    report = puzzles_store.apply_metrics("puzzles", path)
    assert [(one.name, one.version, one.change) for one in report.metrics] == [("slow_rate", 2, "new version")]
    assert {one.name: one.version for one in puzzles_store.user_metrics("puzzles")} == {
        **dict.fromkeys(ORACLES, 1),
        "slow_rate": 2,
    }
    assert puzzles_store.apply_metrics("puzzles", str(path)).metrics[0].change == "unchanged"


def test_a_dropped_metric_is_computed_no_more_and_comes_back_with_its_version(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", EXAMPLE)
    puzzles_store.drop_metric("puzzles", "extra_steps_per_solved")
    assert puzzles_store.user_metrics("puzzles") == []
    assert {row["metric"] for row in puzzles_store.test("puzzles", "v1").rows()} == set(BROUGHT)
    assert puzzles_store.apply_metrics("puzzles", EXAMPLE).metrics[0].change == "restored"
    with pytest.raises(UnknownName, match="no user metric of 'puzzles' named 'extra_steps'; did you mean"):
        puzzles_store.drop_metric("puzzles", "extra_steps")


@pytest.mark.sampled(2)
def test_a_run_is_found_again_until_a_metric_changes(puzzles_store: ks.Store) -> None:
    def run_id() -> int:
        return puzzles_store.test("puzzles", "v1").runs[0].run_id

    plain = run_id()
    puzzles_store.apply_metrics("puzzles", EXAMPLE)
    with_metric = run_id()
    assert with_metric == run_id() != plain
    puzzles_store.apply_metrics("puzzles", EXAMPLE.replace("is_correct", "n_steps > 3"))
    changed = run_id()
    assert changed not in (plain, with_metric)
    puzzles_store.apply_metrics("puzzles", EXAMPLE)
    assert run_id() == with_metric
    puzzles_store.drop_metric("puzzles", "extra_steps_per_solved")
    assert run_id() == plain


def test_the_report_prints_each_metric_with_what_changed(puzzles_store: ks.Store) -> None:
    printed = str(puzzles_store.apply_metrics("puzzles", EXAMPLE))
    assert "puzzles: metrics" in printed
    assert "extra_steps_per_solved        1  new     lower   steps  ratio" in printed


def test_a_value_that_breaks_a_query_is_a_reason_not_a_crash(puzzles_store: ks.Store) -> None:
    text = "-- metric: as_number  better: none\nSELECT sum(CAST(s.topic AS INTEGER)) AS value FROM results"
    puzzles_store.apply_metrics("puzzles", text)
    found = puzzles_store.test("puzzles", "v1", "slices", metrics=["as_number", "pass_rate"])
    row = found["all", "v1", "as_number"]
    assert (row.value, row.n) == (None, 0)
    assert str(row.reason).startswith("the query failed: Could not convert string 'algebra' to INT32")
    assert found["nothing", "v1", "as_number"].reason == "the query gave no value"
    assert found["all", "v1", "pass_rate"].value is not None


@pytest.mark.sampled(2)
@pytest.mark.parametrize("division", ["//", "%"])
def test_a_division_by_zero_is_undefined_in_every_version_of_duckdb(puzzles_store: ks.Store, division: str) -> None:
    query = f"SELECT count(*) {division} count(*) FILTER (i.n_steps > 1000) AS value FROM results"
    puzzles_store.apply_metrics("puzzles", f"-- metric: per_none  better: none  undefined: none is so long\n{query}")
    found = puzzles_store.test("puzzles", "v1", metrics=["per_none"])["all", "v1", "per_none"]
    assert (found.value, found.reason) == (None, "none is so long")


def test_a_field_that_left_the_dataset_is_a_reason(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", OTHERS)
    smaller = puzzles().drop("i_steps", "i_correct", "tags")
    puzzles_store.upload_dataset("puzzles", smaller, id_fields=["id"])
    found = puzzles_store.test("puzzles", "v1")
    assert found["all", "v1", "tag_total"].value is None
    assert "tags" in str(found["all", "v1", "tag_total"].reason)
    assert found["all", "v1", "slow_rate"].value is not None


def test_only_the_fields_that_the_queries_name_are_loaded(
    puzzles_store: ks.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[Job] = []
    run_job = user_rows.run_job
    monkeypatch.setattr(user_rows, "run_job", lambda job, limits: jobs.append(job) or run_job(job, limits))
    puzzles_store.apply_metrics("puzzles", EXAMPLE)
    puzzles_store.test("puzzles", "v1")
    (statement,) = jobs[0].setup
    assert all(name in statement for name in ("n_steps", "is_correct"))
    assert not any(name in statement for name in ("topic", "tags", "verdict", "hard"))


@pytest.mark.sampled(2)
def test_a_field_that_only_another_model_has_is_null(puzzles_store: ks.Store) -> None:
    wide = answers(puzzles()).with_columns(seconds=pl.lit(1.5))
    puzzles_store.upload_results("puzzles", "timed", wide)
    puzzles_store.apply_metrics(
        "puzzles", "-- metric: seconds  better: lower\nSELECT avg(i.seconds) AS value FROM results"
    )
    found = puzzles_store.test("puzzles", metrics=["seconds"])
    assert [found["all", model, "seconds"].value for model in ("timed", "v1")] == [1.5, None]


def test_metrics_can_come_before_the_first_results(tmp_path: Path) -> None:
    store, table = ks.Store(tmp_path / "early.store"), puzzles()
    samples = table.drop("i_steps", "i_correct")
    store.upload_dataset("puzzles", samples, id_fields=["id"], workflow=ks.Judged(verdict="is_correct"))
    report = store.apply_metrics("puzzles", EXAMPLE)
    assert "not tried yet, as no model has results: extra_steps_per_solved" in str(report)
    store.upload_results("puzzles", "v1", answers(table))
    value, n = extra_steps(members("all", "v1"))
    found = store.test("puzzles")["all", "v1", "extra_steps_per_solved"]
    assert (found.value, found.n) == (pytest.approx(value), n)


TRIED = {
    "SELECT avg(n_steps) AS value FROM results": (
        RefusedStatement,
        "without the struct that it is in; write s.n_steps or",
    ),
    "SELECT avg(stepz) AS value FROM results": (MissingColumns, "the view results has no column 'stepz'"),
    "SELECT avg(s.topic) AS value FROM results": (
        RefusedStatement,
        "does not fit the columns: no function fits avg(VARCHAR)",
    ),
    "SELECT s.n_steps AS value FROM results": (RefusedStatement, "returns no row; return one row for every test case"),
    "SELECT avg(s.n_steps) AS value FROM results GROUP BY s.topic": (RefusedStatement, "returns no row"),
    "SELECT unnest([1, 2]) AS value FROM (SELECT count(*) FROM results) AS t": (
        RefusedStatement,
        "returns several rows",
    ),
    "SELECT avg(s.n_steps) AS mean FROM results": (
        RefusedStatement,
        "returns a column 'mean', which is none of value, n, successes",
    ),
    "SELECT max(s.topic) AS value FROM results": (RefusedStatement, "returns value as VARCHAR; make it a number"),
    "SELECT avg(s.n_steps) AS value, avg(i.n_steps) AS n FROM results": (
        RefusedStatement,
        "returns n as DOUBLE; make it a count",
    ),
    "SELECT sum(list_sum(list_transform(s.tags, x -> x + 1))) AS value FROM results": (
        RefusedStatement,
        "write lambda x: x + 1",
    ),
    "SELECT sum(CAST('two' AS INTEGER)) AS value FROM results": (
        RefusedStatement,
        "Could not convert string 'two' to INT32",
    ),
    "SELECT count(*) AS value, count(*) AS successes FROM results -- ratio": (
        RefusedStatement,
        "which 'interval: ratio' does not use",
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("query", TRIED)
def test_a_query_that_can_not_answer_is_refused_before_it_is_stored(puzzles_store: ks.Store, query: str) -> None:
    error, words = TRIED[query]
    header = "-- metric: mine  better: none" + ("  interval: ratio" if query.endswith("ratio") else "")
    with pytest.raises(error) as caught:
        puzzles_store.apply_metrics("puzzles", f"{header}\n{query}")
    assert "the text, line 1: the metric 'mine'" in str(caught.value)
    assert words in str(caught.value)
    assert puzzles_store.user_metrics("puzzles") == []


def test_the_name_of_a_metric_of_the_workflow_is_taken(puzzles_store: ks.Store) -> None:
    with pytest.raises(ConflictingDefinition, match="the metric 'pass_rate' of 'puzzles' has the name of one that"):
        puzzles_store.apply_metrics(
            "puzzles", "-- metric: pass_rate  better: none\nSELECT count(*) AS value FROM results"
        )


def test_a_workflow_that_brings_the_name_later_says_how_to_go_on(puzzles_store: ks.Store) -> None:
    puzzles_store.apply_metrics("puzzles", "-- metric: mae  better: none\nSELECT count(*) AS value FROM results")
    samples = puzzles().drop("i_steps", "i_correct")
    workflow = ks.Regression("n_steps", prediction="n_steps")
    puzzles_store.upload_dataset("puzzles", samples, id_fields=["id"], workflow=workflow)
    with pytest.raises(ConflictingDefinition, match="kolena-store metrics drop puzzles mae"):
        puzzles_store.test("puzzles", "v1")
    puzzles_store.drop_metric("puzzles", "mae")
    assert puzzles_store.test("puzzles", "v1")["all", "v1", "mae"].value is not None


def test_a_file_that_is_not_there_is_named(puzzles_store: ks.Store) -> None:
    with pytest.raises(UnreadableFile, match=r"absent.sql can't be read: there is no such file"):
        puzzles_store.apply_metrics("puzzles", "absent.sql")
    with pytest.raises(InvalidInput, match="no metric is defined here"):
        puzzles_store.apply_metrics("puzzles", "absent.txt")


def test_a_failing_metric_of_a_file_leaves_none_of_its_metrics(puzzles_store: ks.Store) -> None:
    with pytest.raises(RefusedStatement, match="line 6: the metric 'broken'"):
        puzzles_store.apply_metrics(
            "puzzles", f"{EXAMPLE}\n-- metric: broken  better: none\nSELECT max(s.topic) AS value FROM results"
        )
    assert puzzles_store.user_metrics("puzzles") == []


@pytest.mark.sampled(2)
def test_classification_metrics_see_labels_and_sample_metrics(ticket_store: ks.Store) -> None:
    text = """
-- metric: hit_rate  better: higher  interval: proportion
SELECT count(*) FILTER (i.prediction = g.topic) / count(*) AS value FROM results;
-- metric: scored_hit_rate  better: higher
SELECT avg(m.correct::INTEGER) AS value FROM results;
-- metric: long_misses  better: lower  unit: characters
SELECT sum(s.length) FILTER (i.prediction <> s.topic) AS value FROM results"""
    ticket_store.apply_metrics("tickets", text)
    found = ticket_store.test("tickets", by=["language"])
    for row in [row for row in found.rows() if row["metric"] == "accuracy"]:
        key = (row["test_case"], row["model"])
        for name in ("hit_rate", "scored_hit_rate"):
            assert (found[*key, name].value, found[*key, name].n) == (pytest.approx(row["value"]), row["n"])
        assert found[*key, "hit_rate"].ci_low == pytest.approx(row["ci_low"])
    length = [float(number * 37 % 101) for number in range(60) if number % 5 == 0 and number % 3 != 2]
    assert found["all", "v1", "long_misses"].value == sum(length)


@pytest.mark.sampled(2)
def test_regression_metrics_agree_with_those_of_the_workflow(store: ks.Store) -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=80)
    truth[5] = np.nan
    table = pl.DataFrame({"id": range(80), "y": truth, "site": ["a", "b"] * 40, "guess": truth + rng.normal(size=80)})
    store.upload_dataset("heights", table, id_fields=["id"], workflow=ks.Regression("y"), predictions={"m": "guess"})
    text = """
-- metric: my_mae  better: lower
SELECT avg(abs(i.prediction - g.y)) AS value, count(*) AS n FROM results WHERE isfinite(g.y);
-- metric: my_bias  better: none
SELECT avg(m.error) AS value, count(m.error) AS n FROM results"""
    store.apply_metrics("heights", text)
    found = store.test("heights", by=["site"])
    for case in ("all", "site = a", "site = b"):
        for own, brought in (("my_mae", "mae"), ("my_bias", "bias")):
            assert found[case, "m", own].value == pytest.approx(found[case, "m", brought].value, rel=1e-12)
            assert found[case, "m", own].n == found[case, "m", brought].n


@pytest.mark.sampled(2)
def test_sql_calls_the_macros_of_metrics_and_no_other_table_function(store: ks.Store) -> None:
    metric = "-- metric: gap  better: lower\nSELECT sum(i.said - s.wanted) / count(*) AS value FROM results;"
    store.upload_dataset("my d", [{"id": 0, "wanted": 1.0}], id_fields=["id"], workflow=ks.Custom())
    for model, said in (("v1", 3.5), ("v2", math.nan)):
        store.upload_results("my d", model, [{"id": 0, "said": said}])
    store.apply_metrics("my d", metric)
    results = store.test("my d")
    assert results["all", "v2", "gap"].reason == "the query gave NaN or an infinite value"
    for model, expected in (("v1", 2.5), ("v2", None)):
        query = f"""SELECT value FROM "my d"."GAP"('{model}', 'all')"""
        assert store.sql(query).rows() == [{"value": expected}]
    for source in (
        "glob('*')",
        """"my d".gap('v1', (SELECT content FROM read_text('/etc/hosts')))""",
        "main.gap('v1')",
    ):
        with pytest.raises(RefusedStatement, match="table function"):
            store.sql(f"SELECT * FROM {source}")
