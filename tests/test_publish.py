"""The views that SQL clients see: through a plain DuckDB connection, and through the store's own sandbox."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.results.common_types import common_types

Rows = list[dict[str, Any]]

pytestmark = pytest.mark.sampled(2)
"""A run asks each thing one of the two ways."""


@pytest.fixture(params=["plain connection", "store.sql"])
def ask(request: pytest.FixtureRequest) -> Any:
    """A way to ask a store in SQL."""
    return plainly if request.param == "plain connection" else lambda store, query: store.sql(query).rows()


def plainly(store: ks.Store, query: str, *, root: Path | None = None) -> Rows:
    """Return the rows of a query through a connection that knows nothing of this package."""
    with duckdb.connect(str(store.path / "store.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        if root is not None:
            connection.execute("SET VARIABLE kolena_root = $root", {"root": str(root)})
        return list(connection.sql(query).to_arrow_table().to_pylist())


@pytest.fixture
def digits(store: ks.Store) -> Iterator[ks.Store]:
    """A store with six digits and what two models said of them."""
    content = pa.table(
        {
            "id": [1, 2, 3, 4, 5, 6],
            "label": ["0", "1", "2", "0", "1", "2"],
            "night": [True, False, None, True, False, True],
            "v1": ["0", "1", "2", "0", "1", "0"],
            "v2": ["0", "0", "2", "1", "1", None],
        }
    )
    store.upload_dataset(
        "Hand digits", content, workflow=ks.Classification("label"), predictions={"v1": "v1", "v2": "v2"}
    )
    yield store


def test_test_samples_hold_ids_metadata_and_truth(digits: ks.Store, ask: Any) -> None:
    rows = ask(digits, 'SELECT * FROM "Hand digits".test_samples ORDER BY id')
    assert rows[2] == {"_sample": 2, "id": 3, "label": "2", "night": None}
    assert len(rows) == 6


def test_ground_truths_hold_the_truth(digits: ks.Store, ask: Any) -> None:
    rows = ask(digits, 'SELECT * FROM "hand DIGITS".ground_truths ORDER BY _sample')
    assert rows[0] == {"_sample": 0, "label": "0"}


def test_inferences_are_flat(digits: ks.Store, ask: Any) -> None:
    rows = ask(digits, 'SELECT * FROM "Hand digits".inferences ORDER BY _sample, model')
    assert len(rows) == 12
    assert rows[1] == {"_sample": 0, "model": "v2", "upload_configuration": None, "prediction": "0"}
    query = """
        SELECT model, sum((prediction = label)::INTEGER) AS n FROM "Hand digits".inferences
        JOIN "Hand digits".ground_truths USING (_sample) GROUP BY model ORDER BY model
    """
    assert [(row["model"], int(row["n"])) for row in ask(digits, query)] == [("v1", 5), ("v2", 3)]


def test_results_hold_both_sides_as_structs(digits: ks.Store, ask: Any) -> None:
    rows = ask(digits, "SELECT * FROM \"Hand digits\".results WHERE model = 'v1' ORDER BY _sample")
    assert rows[5] == {
        "_sample": 5,
        "model": "v1",
        "upload_configuration": None,
        "_weight": 1.0,
        "s": {"id": 6, "label": "2", "night": True},
        "g": {"label": "2"},
        "i": {"prediction": "0"},
        "m": None,
    }


def test_results_hold_sample_metrics_after_a_test(digits: ks.Store, ask: Any) -> None:
    digits.test("Hand digits", "v1")
    query = (
        'SELECT model, count(m.correct) AS n, sum(m.correct::INTEGER) AS k FROM "Hand digits".results GROUP BY model'
    )
    found = {row["model"]: (row["n"], row["k"]) for row in ask(digits, query)}
    assert found["v2"] == (0, None)
    assert (found["v1"][0], int(found["v1"][1])) == (6, 5)


def test_sample_metrics_of_older_data_are_not_shown(digits: ks.Store, ask: Any) -> None:
    digits.test("Hand digits", "v1")
    digits.upload_results("Hand digits", "v1", pa.table({"id": [6], "prediction": ["2"]}))
    rows = ask(digits, 'SELECT DISTINCT m FROM "Hand digits".results')
    assert rows == [{"m": None}]


def test_an_open_plain_connection_sees_its_snapshot(digits: ks.Store) -> None:
    query = 'SELECT count(*) FROM "Hand digits".test_samples'
    with duckdb.connect(str(digits.path / "store.duckdb"), read_only=True) as connection:
        digits.upload_dataset("Hand digits", digits.download_dataset("Hand digits").slice(0, 2))
        assert connection.execute(query).fetchall() == [(6,)]
    assert plainly(digits, query.replace("count(*)", "count(*) AS n")) == [{"n": 2}]


def test_samples_that_left_are_in_no_view(digits: ks.Store, ask: Any) -> None:
    digits.test("Hand digits")
    digits.upload_dataset("Hand digits", digits.download_dataset("Hand digits").slice(0, 2))
    for view, expected in (("test_samples", 2), ("ground_truths", 2), ("inferences", 4), ("results", 4)):
        rows = ask(digits, f'SELECT count(*) AS n, max(_sample) AS last FROM "Hand digits".{view}')
        assert rows == [{"n": expected, "last": 1}]


def test_a_new_column_appears_and_one_that_went_is_gone(digits: ks.Store, ask: Any) -> None:
    content = digits.download_dataset("Hand digits")
    digits.upload_dataset("Hand digits", content.append_column("blur", [[0.5] * 6]))
    assert ask(digits, 'SELECT sum(blur) AS b FROM "Hand digits".test_samples') == [{"b": 3.0}]
    assert ask(digits, 'SELECT sum(s.blur) AS b FROM "Hand digits".results') == [{"b": 6.0}]
    digits.upload_dataset("Hand digits", content.drop_columns(["night"]))
    rows = ask(digits, 'SELECT * FROM "Hand digits".test_samples LIMIT 1')
    assert list(rows[0]) == ["_sample", "id", "label"]


def test_a_ground_truth_that_is_an_id_or_a_new_workflow_moves_the_truth(store: ks.Store, ask: Any) -> None:
    content = pa.table({"id": [1, 2], "a": ["x", "y"], "b": ["y", "y"]})
    store.upload_dataset("things", content, workflow=ks.Classification("a"))
    assert list(ask(store, "SELECT * FROM things.ground_truths")[0]) == ["_sample", "a"]
    store.upload_dataset("things", content, workflow=ks.Classification("b"))
    assert list(ask(store, "SELECT * FROM things.ground_truths")[0]) == ["_sample", "b"]


def test_a_dataset_without_results_has_empty_views(store: ks.Store, ask: Any) -> None:
    store.upload_dataset("things", pa.table({"id": [1]}))
    for view in ("inferences", "results"):
        assert ask(store, f"SELECT * FROM things.{view}") == []
    assert ask(store, "SELECT * FROM things.ground_truths") == [{"_sample": 0}]


def test_models_may_have_different_columns_and_types(digits: ks.Store, ask: Any) -> None:
    wide = pa.table({"id": [1], "prediction": ["0"], "score": pa.array([0.5], pa.float32()), "note": [{"k": 1}]})
    digits.upload_results("Hand digits", "v3", wide)
    other = pa.table({"id": [1], "prediction": ["1"], "score": [7], "note": ["text"], "extra": [[1, 2]]})
    digits.upload_results("Hand digits", "v4", other)
    query = 'SELECT model, score, note, extra FROM "Hand digits".inferences WHERE _sample = 0 ORDER BY model'
    assert ask(digits, query) == [
        {"model": "v1", "score": None, "note": None, "extra": None},
        {"model": "v2", "score": None, "note": None, "extra": None},
        {"model": "v3", "score": 0.5, "note": "{'k': 1}", "extra": None},
        {"model": "v4", "score": 7.0, "note": "text", "extra": [1, 2]},
    ]
    assert ask(digits, 'SELECT sum(i.score) AS s FROM "Hand digits".results') == [{"s": 7.5}]


def test_models_with_and_without_scores_share_the_views_after_a_test(store: ks.Store, ask: Any) -> None:
    content = pa.table({"id": [1, 2], "label": ["a", "b"]})
    store.upload_dataset("things", content, workflow=ks.Classification("label", prediction="p", score="s"))
    store.upload_results("things", "one", pa.table({"id": [1, 2], "p": ["a", "b"], "s": [0.5, 0.9]}))
    store.upload_results("things", "two", pa.table({"id": [1, 2], "p": ["a", "a"], "s": pa.nulls(2)}))
    store.test("things")
    rows = ask(store, "SELECT model, count(m.correct) AS n FROM things.results GROUP BY model ORDER BY model")
    assert rows == [{"model": "one", "n": 2}, {"model": "two", "n": 2}]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["BIGINT", "BIGINT"], "BIGINT"),
        (["BIGINT", "DOUBLE"], "DOUBLE"),
        (["DECIMAL(5,2)", "INTEGER"], "DOUBLE"),
        (["VARCHAR", "BIGINT"], "VARCHAR"),
        (["BOOLEAN", "BIGINT"], "VARCHAR"),
        (["STRUCT(a INTEGER)", "STRUCT(b INTEGER)"], "VARCHAR"),
    ],
)
def test_a_common_type_fits_all_models(kinds: list[str], expected: str) -> None:
    assert common_types([{"x": kind} for kind in kinds]) == {"x": expected}


def test_names_that_differ_in_capitals_are_one_column_of_the_first_spelling() -> None:
    found = common_types([{"Score": "DOUBLE", "a": "DATE"}, {"SCORE": "BIGINT", "b": "DATE"}])
    assert found == {"Score": "DOUBLE", "a": "DATE", "b": "DATE"}


def test_a_moved_store_is_read_under_the_root_that_is_named(digits: ks.Store, tmp_path: Path) -> None:
    digits.test("Hand digits")
    moved = ks.Store(tmp_path / "moved's [1]")
    shutil.move(digits.path, moved.path)
    query = 'SELECT count(*) AS n FROM "Hand digits".results'
    assert plainly(moved, query, root=moved.path) == [{"n": 12}]
    assert moved.sql(query).rows() == [{"n": 12}]
    assert moved.sql("SELECT count(*) > 0 AS b FROM kolena.metrics").rows() == [{"b": True}]
    with pytest.raises(duckdb.IOException):
        plainly(moved, query)


def test_a_moved_dataset_is_read_by_plain_clients_after_its_next_upload(digits: ks.Store, tmp_path: Path) -> None:
    moved = ks.Store(tmp_path / "moved")
    shutil.move(digits.path, moved.path)
    moved.upload_results("Hand digits", "v3", pa.table({"id": [1], "prediction": ["0"]}))
    assert plainly(moved, 'SELECT count(*) AS n FROM "Hand digits".results') == [{"n": 13}]


# --- kolena ---


def test_datasets_and_their_versions(digits: ks.Store, ask: Any) -> None:
    digits.upload_dataset(
        "Hand digits", digits.download_dataset("Hand digits").slice(0, 5), tags=["t"], description="D", message="M"
    )
    (row,) = ask(digits, "SELECT * EXCLUDE (created, updated) FROM kolena.datasets")
    assert row == {
        "name": "Hand digits",
        "version": 2,
        "workflow": "classification",
        "id_fields": ["id"],
        "n_samples": 5,
        "description": "D",
        "tags": ["t"],
        "metadata": None,
    }
    rows = ask(
        digits, "SELECT version, n_samples, added, removed, message FROM kolena.dataset_versions ORDER BY version"
    )
    assert rows[0] == {"version": 1, "n_samples": 6, "added": 6, "removed": 0, "message": None}
    assert rows[1] == {"version": 2, "n_samples": 5, "added": 0, "removed": 1, "message": "M"}


def test_models_and_result_versions(digits: ks.Store, ask: Any) -> None:
    configuration = {"t": 0.5}
    content = pa.table({"id": [1], "prediction": ["0"]})
    digits.upload_results("Hand digits", "v1", content, upload_configuration=configuration, metadata={"size": 1})
    assert [row["name"] for row in ask(digits, "SELECT name FROM kolena.models ORDER BY name")] == ["v1", "v2"]
    query = "SELECT model, upload_configuration AS c, version, n_answered FROM kolena.result_versions ORDER BY ALL"
    rows = ask(digits, query)
    assert {"model": "v1", "c": '{"t":0.5}', "version": 1, "n_answered": 1} in rows
    assert {"model": "v2", "c": None, "version": 1, "n_answered": 6} in rows
    assert len(rows) == 3
    assert json.loads(ask(digits, "SELECT metadata FROM kolena.models WHERE name = 'v1'")[0]["metadata"]) == {"size": 1}


def test_runs_and_metrics(digits: ks.Store, ask: Any) -> None:
    results = digits.test("Hand digits", by=["night"])
    rows = ask(digits, "SELECT dataset, model, suite_version, status, outdated FROM kolena.test_runs ORDER BY model")
    assert [(row["model"], row["status"], row["outdated"]) for row in rows] == [
        ("v1", "done", False),
        ("v2", "done", False),
    ]
    query = "SELECT value, n FROM kolena.metrics WHERE metric = 'accuracy' AND model = 'v1' AND test_case = 'all'"
    (row,) = ask(digits, query)
    assert row == {"value": pytest.approx(5 / 6), "n": 6}
    assert row["value"] == results["all", "v1", "accuracy"].value
    members = ask(digits, "SELECT suite, test_case FROM kolena.test_suite_members ORDER BY position")
    assert "all" in {member["test_case"] for member in members}
    assert len(ask(digits, "SELECT * FROM kolena.test_cases")) >= len(members)


def test_metrics_of_several_runs_are_one_table(digits: ks.Store, ask: Any) -> None:
    assert ask(digits, "SELECT * FROM kolena.metrics") == []
    digits.test("Hand digits", "v1")
    digits.test("Hand digits", "v2", by=["night"])
    rows = ask(digits, "SELECT DISTINCT model, suite FROM kolena.metrics ORDER BY model")
    assert [row["model"] for row in rows] == ["v1", "v2"]


def outdated(store: ks.Store, ask: Any) -> dict[str, bool]:
    rows = ask(store, "SELECT model, outdated FROM kolena.test_runs ORDER BY run")
    return {row["model"]: row["outdated"] for row in rows}


def test_new_results_make_the_runs_of_their_model_outdated(digits: ks.Store, ask: Any) -> None:
    digits.test("Hand digits")
    digits.upload_results("Hand digits", "v1", pa.table({"id": [6], "prediction": ["2"]}))
    assert outdated(digits, ask) == {"v1": True, "v2": False}
    digits.test("Hand digits")
    assert outdated(digits, ask) == {"v1": False, "v2": False}
    assert [run.outdated for run in digits.test_runs()] == [True, False, False]


def test_a_new_version_of_the_data_makes_all_its_runs_outdated(digits: ks.Store, ask: Any) -> None:
    digits.test("Hand digits")
    digits.upload_dataset("other", pa.table({"id": [1]}))
    assert outdated(digits, ask) == {"v1": False, "v2": False}
    digits.upload_dataset("Hand digits", digits.download_dataset("Hand digits").slice(0, 5))
    assert outdated(digits, ask) == {"v1": True, "v2": True}


def test_two_datasets_and_many_models_are_published(store: ks.Store, ask: Any) -> None:
    for name in ("a", "b"):
        store.upload_dataset(name, pa.table({"id": [1, 2]}))
    content = pa.table({"model": [f"m{number:03}" for number in range(40)], "id": [1] * 40, "answer": list(range(40))})
    store.upload_results("a", None, content, model_field="model")
    assert ask(store, "SELECT count(*) AS n, sum(answer)::BIGINT AS s FROM a.inferences") == [{"n": 40, "s": 780}]
    assert ask(store, "SELECT count(*) AS n FROM b.inferences") == [{"n": 0}]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", ['a"b', "it's", "ü 🙂", "a.b", "x; DROP SCHEMA kolena"])
def test_odd_names_are_quoted_in_every_view(store: ks.Store, ask: Any, name: str) -> None:
    content = pa.table({"id": [1, 2], name: ["a", "b"]})
    store.upload_dataset(name, content, workflow=ks.Classification(name, prediction=name))
    store.upload_results(name, name, pa.table({"id": [1, 2], name: ["a", "a"]}))
    store.test(name)
    quoted = '"' + name.replace('"', '""') + '"'
    rows = ask(store, f"SELECT s.{quoted} AS s, g.{quoted} AS g, i.{quoted} AS i FROM {quoted}.results ORDER BY s.id")
    assert rows == [{"s": "a", "g": "a", "i": "a"}, {"s": "b", "g": "b", "i": "a"}]
    assert ask(store, f"SELECT {quoted} AS p FROM {quoted}.inferences WHERE _sample = 1") == [{"p": "a"}]
    assert ask(store, "SELECT count(*) AS n FROM kolena.datasets") == [{"n": 1}]


def test_columns_named_like_the_parts_of_our_views_work(store: ks.Store, ask: Any) -> None:
    names = ["samples", "inferences", "scored", "s", "g", "i", "m", "test_samples", "model", "results"]
    content = {"id": [1], **{name: [{"id": 7, "prediction": "no", name: 8}] for name in names}}
    store.upload_dataset("things", pa.table({**content, "label": ["a"]}), workflow=ks.Classification("label"))
    store.upload_results("things", "v1", pa.table({**content, "prediction": ["a"]}))
    store.test("things")
    (row,) = ask(store, "SELECT s, g, i FROM things.results")
    assert row["s"]["id"] == 1
    assert row["i"]["prediction"] == "a"
    assert row["s"]["samples"] == {"id": 7, "prediction": "no", "samples": 8}
    (row,) = ask(store, "SELECT inferences, prediction FROM things.inferences")
    assert row == {"inferences": {"id": 7, "prediction": "no", "inferences": 8}, "prediction": "a"}


def test_macros_are_called_alike_whichever_configuration_was_tested_first(digits: ks.Store, ask: Any) -> None:
    query = "SELECT metric, macro FROM kolena.metric_definitions WHERE metric LIKE 'f_beta%'"
    assert ask(digits, query) == []
    digits.test("Hand digits", configuration=ks.Configuration(beta=0.5))
    first = ask(digits, query)
    digits.test("Hand digits")
    assert ask(digits, query) == first
    assert {"beta := 2.0" in row["macro"] for row in first} == {True}
