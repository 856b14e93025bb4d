"""Objects in the published database: a row for each, and metrics recomputed from the view `matches` in plain SQL."""

from pathlib import Path

import duckdb
import pytest
from object_stores import detection_rows, image_rows, store_of, truth_rows
from scenes import Scene, random_scene

import kolena_store as ks

AVERAGE_PRECISION = """
WITH chosen AS (SELECT * FROM d.matches WHERE configuration IS NULL AND _sample IN (
    SELECT _sample FROM d.test_case_members WHERE test_case = $test_case)),
found AS (
    SELECT class, score, _sample, rank, (matched >> $bit) & 1 = 1 AS is_hit
    FROM chosen WHERE detection IS NOT NULL AND (ignored >> $bit) & 1 = 0),
objects AS (SELECT class, count(*) AS n FROM chosen WHERE outcome IN ('true positive', 'missed') GROUP BY class),
ranked AS (
    SELECT class, is_hit, count(*) FILTER (is_hit) OVER so_far AS hits, count(*) OVER so_far AS seen
    FROM found WINDOW so_far AS (PARTITION BY class ORDER BY score DESC, _sample, rank ROWS UNBOUNDED PRECEDING)),
highest AS (
    SELECT class, hits, max(hits / seen) OVER (PARTITION BY class ORDER BY hits DESC) AS precision
    FROM ranked WHERE is_hit),
read_off AS (
    SELECT class, coalesce(max(precision) FILTER (hits >= step * n / 100 - 1e-9), 0) AS precision
    FROM objects CROSS JOIN range(101) AS steps(step) LEFT JOIN highest USING (class) GROUP BY class, step, n)
SELECT class, avg(precision) FROM read_off GROUP BY class ORDER BY class
"""


@pytest.fixture(scope="module")
def scene() -> Scene:
    return random_scene(21, n_images=30, n_classes=3)


@pytest.fixture(scope="module")
def results(scene: Scene) -> tuple[ks.Store, ks.TestResults]:
    store = store_of(scene)
    return store, store.test("d", by=["half"])


@pytest.mark.parametrize(("bit", "metric"), [(0, "ap50"), (5, "ap75")])
@pytest.mark.parametrize("case", ["all", "half = second"])
def test_average_precision_is_recomputed_in_plain_sql(
    results: tuple[ks.Store, ks.TestResults], bit: int, metric: str, case: str
) -> None:
    store, found = results
    with duckdb.connect(str(Path(store.path) / "store.duckdb"), read_only=True) as plain:
        rows = plain.execute(AVERAGE_PRECISION, {"test_case": case, "bit": bit}).fetchall()
    assert [name for name, _ in rows] == ["c0", "c1", "c2"]
    for label, value in rows:
        assert value == pytest.approx(found[case, "m", metric, label].value, abs=1e-9)


def test_counts_and_mistakes_are_counted_in_plain_sql(results: tuple[ks.Store, ks.TestResults]) -> None:
    store, found = results
    (row,) = store.sql(
        "SELECT count(*) FILTER (is_counted AND outcome = 'true positive') AS true_positives, "
        "count(*) FILTER (is_counted AND outcome = 'false positive') AS false_positives, "
        "count(*) FILTER (outcome IN ('missed', 'true positive')) AS objects, "
        "count(*) FILTER (mistake = 'missed') AS missed_objects, "
        "count(*) FILTER (is_counted AND mistake = 'duplicate') AS duplicate_mistakes FROM d.matches"
    ).rows()
    assert row == {name: found["all", "m", name].value for name in row}


def test_every_object_has_a_row_with_its_place(scene: Scene, results: tuple[ks.Store, ks.TestResults]) -> None:
    store, _ = results
    true = store.sql("SELECT image, g.* FROM d.ground_truths AS g JOIN d.test_samples USING (_sample)").rows()
    assert sorted((row["image"], row["label"], row["x"], row["is_crowd"]) for row in true) == sorted(
        (row["image"], row["label"], row["x"], row["is_crowd"]) for row in truth_rows(scene)
    )
    for image in range(30):
        assert [row["_object"] for row in true if row["image"] == image] == list(
            range(sum(row["image"] == image for row in true))
        )
    found = store.sql("SELECT model, score, _object FROM d.inferences").rows()
    assert sorted(row["score"] for row in found) == sorted(row["score"] for row in detection_rows(scene))
    assert {row["model"] for row in found} == {"m"}


def test_matches_name_objects_by_their_place(scene: Scene, results: tuple[ks.Store, ks.TestResults]) -> None:
    store, _ = results
    rows = store.sql(
        "SELECT m.class, i.label AS found, g.label AS true, m.score, i.score AS given FROM d.matches AS m "
        "JOIN d.inferences AS i ON i._sample = m._sample AND i._object = m.detection "
        "JOIN d.ground_truths AS g ON g._sample = m._sample AND g._object = m.ground_truth "
        "WHERE outcome = 'true positive'"
    ).rows()
    assert len(rows) > 20
    assert all(row["class"] == row["found"] == row["true"] and row["score"] == row["given"] for row in rows)


def test_without_results_the_views_are_empty() -> None:
    scene = random_scene(1, n_images=3, n_classes=1)
    store = ks.Store()
    workflow = ks.ObjectDetection()
    store.upload_dataset("d", image_rows(scene), id_fields=["image"], objects=truth_rows(scene), workflow=workflow)
    assert store.sql("FROM d.matches").rows() == []
    assert store.sql("FROM d.inferences").rows() == []


def test_objects_of_a_custom_workflow_have_a_row_each_too() -> None:
    store = ks.Store()
    turns = [{"id": 0, "who": "a"}, {"id": 0, "who": "b"}]
    store.upload_dataset("d", [{"id": 0}, {"id": 1}], objects=turns, workflow=ks.Custom(objects=True))
    store.upload_results("d", "m", [{"id": 1, "who": "c", "start": 1.5}])
    assert store.sql("SELECT _sample, _object, who FROM d.ground_truths").rows() == [
        {"_sample": 0, "_object": 0, "who": "a"},
        {"_sample": 0, "_object": 1, "who": "b"},
    ]
    assert store.sql("SELECT _sample, model, _object, who, start FROM d.inferences").rows() == [
        {"_sample": 1, "model": "m", "_object": 0, "who": "c", "start": 1.5}
    ]
