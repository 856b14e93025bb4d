"""Object-level test cases: the objects outside of a view are ignored, under both protocols."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from object_stores import detection_rows, image_rows, truth_rows
from scenes import Scene, pycocotools_of, random_scene

import kolena_store as ks

AREAS = """
CREATE VIEW "Small" AS SELECT * FROM ground_truths WHERE width * height <= 1024;
CREATE VIEW "Medium" AS SELECT * FROM ground_truths WHERE width * height BETWEEN 1024 AND 9216;
CREATE VIEW "Large" AS SELECT g.* FROM ground_truths g WHERE g.width * g.height >= 9216;
CREATE VIEW "First half" AS SELECT * FROM test_samples WHERE half = 'first';
CREATE VIEW "Small, first half" AS SELECT * FROM "Small" WHERE _sample IN (SELECT _sample FROM "First half");
"""
REASONABLE = """
CREATE VIEW "Has a crowd" AS SELECT * FROM test_samples
WHERE _sample IN (SELECT _sample FROM ground_truths WHERE is_crowd);
CREATE VIEW "Reasonable" AS SELECT * FROM ground_truths WHERE height >= 30 AND occlusion < 2;
CREATE VIEW "Reasonable, crowded" AS SELECT * FROM "Reasonable" WHERE _sample IN (SELECT _sample FROM "Has a crowd");
CREATE VIEW "Nothing" AS SELECT * FROM ground_truths WHERE height < 0;
CREATE VIEW "Largest" AS SELECT * FROM ground_truths
QUALIFY row_number() OVER (PARTITION BY _sample ORDER BY width * height DESC, _sample, _object) = 1;
"""
CALTECH = ks.Configuration(ignore="caltech")


@pytest.fixture(scope="module")
def scene() -> Scene:
    return random_scene(7, n_images=60, n_classes=3)


def occlusion_of(row: tuple[Any, ...]) -> int:
    return int(row[2][0]) % 4


def occluded_rows(scene: Scene) -> list[dict[str, Any]]:
    return [
        {**row, "occlusion": occlusion_of(truth)} for row, truth in zip(truth_rows(scene), scene.truths, strict=True)
    ]


@pytest.fixture
def store(scene: Scene) -> Iterator[ks.Store]:
    store = ks.Store()
    store.upload_dataset(
        "d", image_rows(scene), id_fields=["image"], objects=occluded_rows(scene), workflow=ks.ObjectDetection()
    )
    store.upload_results("d", "m", detection_rows(scene))
    yield store


def ignoring(scene: Scene, is_inside: Callable[[tuple[Any, ...]], bool]) -> Scene:
    """Return the scene with a crowd in the place of each object outside, as the Caltech protocol takes them."""
    truths = [(*row[:3], row[3] or not is_inside(row)) for row in scene.truths]
    return Scene(scene.n_images, scene.n_classes, truths, scene.detections)


def is_reasonable(row: tuple[Any, ...]) -> bool:
    return row[2][3] >= 30 and occlusion_of(row) < 2


@pytest.mark.sampled(2)
def test_the_areas_of_coco_as_views_give_its_numbers(store: ks.Store, scene: Scene) -> None:
    store.apply_suite("d", AREAS, name="areas")
    results = store.test("d", suite="areas")
    stats = pycocotools_of(scene).stats
    for name, precision, recall in (("Small", 3, 9), ("Medium", 4, 10), ("Large", 5, 11)):
        assert results[name, "m", "ap"].value == pytest.approx(stats[precision], abs=1e-9)
        assert results[name, "m", "ar_100"].value == pytest.approx(stats[recall], abs=1e-9)
        assert results[name, "m", "ap"].n_samples == scene.n_images
    half = [image for image in range(scene.n_images) if image * 2 < scene.n_images]
    of_half = results["Small, first half", "m", "ap"]
    assert of_half.value == pytest.approx(pycocotools_of(scene, half).stats[3], abs=1e-9)
    assert of_half.n_samples == len(half)
    assert results["all", "m", "ap"].value == pytest.approx(stats[0], abs=1e-9)


@pytest.mark.sampled(2)
def test_with_the_caltech_protocol_objects_outside_absorb_what_lies_in_them(store: ks.Store, scene: Scene) -> None:
    report = store.apply_suite("d", REASONABLE, name="pedestrians")
    notes = {case.name: case.note for case in report.cases}
    inside = sum(map(is_reasonable, scene.truths))
    assert notes["Reasonable"] == f"fewer than 100 samples; selects {inside} objects"
    assert "EMPTY, no object" in notes["Nothing"]
    results = store.test("d", suite="pedestrians", configuration=CALTECH)
    reasonable = ignoring(scene, is_reasonable)
    for metric, place in (("ap", 0), ("ap50", 1), ("ar_100", 8)):
        expected = pycocotools_of(reasonable).stats[place]
        assert results["Reasonable", "m", metric].value == pytest.approx(expected, abs=1e-9)
    crowded = sorted({row[0] for row in scene.truths if row[3]})
    expected = pycocotools_of(reasonable, crowded).stats[0]
    assert results["Reasonable, crowded", "m", "ap"].value == pytest.approx(expected, abs=1e-9)
    assert results["Nothing", "m", "ap"].value is None
    assert results["all", "m", "ap"].value == pytest.approx(pycocotools_of(scene).stats[0], abs=1e-9)


def largest(scene: Scene) -> set[int]:
    """Return the places of the largest object of each image."""
    found: dict[int, int] = {}
    for place, row in enumerate(scene.truths):
        best = found.get(row[0])
        size = np.prod(row[2][2:])
        if best is None or size > np.prod(scene.truths[best][2][2:]):
            found[row[0]] = place
    return set(found.values())


@pytest.mark.sampled(2)
def test_a_view_that_compares_objects_selects_among_those_of_the_ground_truth(store: ks.Store, scene: Scene) -> None:
    store.apply_suite("d", REASONABLE, name="pedestrians")
    results = store.test("d", suite="pedestrians", configuration=CALTECH)
    kept = {id(scene.truths[place]) for place in largest(scene)}
    expected = pycocotools_of(ignoring(scene, lambda row: id(row) in kept)).stats[0]
    assert results["Largest", "m", "ap"].value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("SELECT * FROM ground_truths WHERE occlusion < 2", "occlusion.*label, box and area alone; test with ignore"),
        ("SELECT * FROM ground_truths QUALIFY rank() OVER (ORDER BY width) < 9", "looks at several objects"),
        ("SELECT * FROM ground_truths WHERE width > (SELECT avg(width) FROM ground_truths)", "looks at several"),
    ],
)
def test_what_can_not_be_asked_of_detections_is_refused_with_a_remedy(store: ks.Store, view: str, message: str) -> None:
    store.apply_suite("d", f"CREATE VIEW x AS {view}", name="s")
    with pytest.raises(ks.StoreError, match=message):
        store.test("d", suite="s")
    assert store.test_runs().arrow().num_rows == 0


@pytest.mark.sampled(2)
def test_a_view_of_samples_around_the_objects_may_read_what_detections_lack(store: ks.Store, scene: Scene) -> None:
    text = """
    CREATE VIEW "Occluded" AS SELECT * FROM test_samples
    WHERE _sample IN (SELECT _sample FROM ground_truths WHERE occlusion = 3);
    CREATE VIEW "Small, occluded" AS SELECT g.* FROM ground_truths g JOIN "Occluded" o USING (_sample)
    WHERE width * height <= 1024;
    """
    store.apply_suite("d", text, name="s")
    found = store.test("d", suite="s")["Small, occluded", "m", "ap"]
    images = sorted({row[0] for row in scene.truths if occlusion_of(row) == 3})
    assert found.value == pytest.approx(pycocotools_of(scene, images).stats[3], abs=1e-9)
    assert found.n_samples == len(images)


@pytest.mark.sampled(2)
def test_the_view_of_a_test_case_has_its_objects(store: ks.Store, scene: Scene) -> None:
    store.apply_suite("d", REASONABLE, name="pedestrians")
    store.test("d", suite="pedestrians", configuration=CALTECH)
    with duckdb.connect(str(store.path / "store.duckdb"), read_only=True) as plain:
        query = 'SELECT x, y, width, height FROM "d test cases"."Reasonable" JOIN "d".test_samples USING (_sample)'
        rows = plain.execute(f"{query} ORDER BY image, _object").fetchall()
        assert rows == [tuple(row[2]) for row in scene.truths if is_reasonable(row)]
        crowded = plain.execute(
            "SELECT count(*) FROM d.test_case_members WHERE test_case = 'Reasonable, crowded'"
        ).fetchall()
        assert crowded == [(len({row[0] for row in scene.truths if row[3]}),)]


@pytest.mark.sampled(2)
def test_runs_are_measured_again_and_scored_again(store: ks.Store) -> None:
    store.apply_suite("d", AREAS, name="areas")
    before = store.test("d", suite="areas")["Small", "m", "ap"].value
    assert store.verify().is_sound
    damaged = sorted((store.path / "data" / "sample_metrics").glob("*.parquet"))
    for path in damaged:
        path.chmod(0o644)
        path.write_bytes(b"broken")
    assert not store.verify().is_sound
    store.verify(repair=True)
    assert store.verify().is_sound
    assert store.test("d", suite="areas")["Small", "m", "ap"].value == before


@pytest.mark.sampled(2)
def test_a_new_version_is_matched_anew(store: ks.Store, scene: Scene) -> None:
    store.apply_suite("d", REASONABLE, name="pedestrians")
    store.test("d", suite="pedestrians", configuration=CALTECH)
    rows = [{**row, "occlusion": 0} for row in occluded_rows(scene)]
    store.upload_dataset("d", image_rows(scene), objects=rows)
    found = store.test("d", suite="pedestrians", configuration=CALTECH)["Reasonable", "m", "ap"].value
    expected = pycocotools_of(ignoring(scene, lambda row: row[2][3] >= 30)).stats[0]
    assert found == pytest.approx(expected, abs=1e-9)
    without = [{name: value for name, value in row.items() if name != "height"} for row in rows]
    with pytest.raises(ks.StoreError, match="height"):
        store.upload_dataset("d", image_rows(scene), objects=without)


@pytest.mark.sampled(2)
def test_a_merged_store_measures_the_same(store: ks.Store, tmp_path: Path) -> None:
    store.apply_suite("d", AREAS, name="areas")
    expected = store.test("d", suite="areas")["Small", "m", "ap"].value
    other = ks.Store(tmp_path / "other.store")
    other.create()
    other.merge(store.path)
    assert other.test("d", suite="areas")["Small", "m", "ap"].value == expected
    assert other.verify().is_sound


def test_a_workflow_that_matches_nothing_says_what_to_write() -> None:
    store = ks.Store()
    rows = [{"id": 1, "x": 1.0}]
    store.upload_dataset("d", [{"id": 1}], id_fields=["id"], objects=rows, workflow=ks.Custom(objects=True))
    store.upload_results("d", "m", rows)
    store.apply_metrics(
        "d", "-- metric: answers    better: higher\nSELECT count(*) AS value, count(*) AS n FROM results"
    )
    store.apply_suite("d", "CREATE VIEW far AS SELECT * FROM ground_truths WHERE x > 0", name="s")
    with pytest.raises(ks.StoreError, match="'far' selects objects, and the workflow custom matches none"):
        store.test("d", suite="s")


@pytest.mark.sampled(2)
def test_the_one_to_one_matching_knows_what_is_outside(store: ks.Store, scene: Scene) -> None:
    store.apply_suite("d", AREAS, name="areas")
    results = store.test("d", suite="areas", configuration=ks.Configuration(matching="one_to_one", threshold=0))
    outside = [row for row in scene.detections if np.prod(row[2][2:]) > 1024]
    n_false = results["Small", "m", "false_positives"].value
    assert 0 < n_false <= len(scene.detections) - len(outside)


@pytest.mark.sampled(2)
def test_metrics_of_a_test_case_are_recomputed_from_its_matches(store: ks.Store) -> None:
    store.apply_suite("d", AREAS, name="areas")
    results = store.test("d", suite="areas")
    query = """
    SELECT test_case, count(*) FILTER (is_counted AND outcome = 'true positive') AS true_positives,
        count(*) FILTER (is_counted AND outcome = 'false positive') AS false_positives,
        count(*) FILTER (outcome IN ('missed', 'true positive')) AS objects,
        count(*) FILTER (is_counted AND mistake = 'background') AS background_mistakes
    FROM d.case_matches GROUP BY test_case
    """
    rows = store.sql(query).rows()
    assert {row["test_case"] for row in rows} == {"Small", "Medium", "Large", "Small, first half"}
    for row in rows:
        counted = {name: value for name, value in row.items() if name != "test_case"}
        assert counted == {name: results[row["test_case"], "m", name].value for name in counted}


@pytest.mark.sampled(2)
def test_a_metric_of_samples_says_why_it_is_undefined(store: ks.Store) -> None:
    store.apply_metrics(
        "d", "-- metric: images    better: higher\nSELECT count(*) AS value, count(*) AS n FROM results"
    )
    store.apply_suite("d", AREAS, name="areas")
    results = store.test("d", suite="areas")
    assert results["First half", "m", "images"].value == 30
    assert results["Small", "m", "images"].reason == "the metric is of samples, and the test case selects objects"
