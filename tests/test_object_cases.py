"""Test cases that look at the objects of the ground truth."""

import duckdb
import pytest
from object_stores import image_rows, store_of, truth_rows
from scenes import Scene, pycocotools_of, random_scene

import kolena_store as ks

SUITE = """
CREATE VIEW "Has a crowd" AS SELECT s.* FROM test_samples s
WHERE EXISTS (SELECT 1 FROM ground_truths g WHERE g._sample = s._sample AND g.is_crowd);
CREATE VIEW "Few small" AS SELECT * FROM test_samples WHERE _sample NOT IN
(SELECT _sample FROM ground_truths WHERE width * height < 1000 GROUP BY _sample HAVING count(*) > 1);
CREATE VIEW "First of label" AS SELECT DISTINCT _sample FROM ground_truths WHERE label = 'c0' AND _object = 0;
"""


@pytest.fixture(scope="module")
def scene() -> Scene:
    return random_scene(31, n_images=40, n_classes=2)


def members_of(scene: Scene) -> dict[str, list[int]]:
    images = range(scene.n_images)
    of_image = [[row for row in scene.truths if row[0] == image] for image in images]
    return {
        "Has a crowd": [n for n in images if any(row[3] for row in of_image[n])],
        "Few small": [n for n in images if sum(row[2][2] * row[2][3] < 1000 for row in of_image[n]) <= 1],
        "First of label": [n for n in images if of_image[n] and of_image[n][0][1] == 0],
    }


def test_samples_are_selected_by_their_objects(scene: Scene) -> None:
    store = store_of(scene)
    report = store.apply_suite("d", SUITE, name="objects")
    expected = members_of(scene)
    assert {case.name: case.n for case in report.cases if case.name != "all"} == {
        name: len(images) for name, images in expected.items()
    }
    results = store.test("d", suite="objects")
    for name, images in expected.items():
        assert results[name, "m", "ap"].value == pytest.approx(pycocotools_of(scene, images).stats[0], abs=1e-9)
    with duckdb.connect(str(store.path / "store.duckdb"), read_only=True) as plain:
        for name, images in expected.items():
            rows = plain.execute(f'SELECT image FROM "d test cases"."{name}"').fetchall()
            assert sorted(image for (image,) in rows) == images


def test_members_follow_the_objects_of_a_new_version(scene: Scene) -> None:
    store = store_of(scene)
    store.apply_suite("d", SUITE, name="objects")
    rows = [{**row, "is_crowd": row["image"] == 7} for row in truth_rows(scene)]
    store.upload_dataset("d", image_rows(scene), objects=rows)
    results = store.test("d", suite="objects")
    assert results["Has a crowd", "m", "ap"].n_samples == int(any(row[0] == 7 for row in scene.truths))


def test_a_field_that_no_object_has_is_named(scene: Scene) -> None:
    store = store_of(scene)
    with pytest.raises(ks.StoreError, match="has no column 'widht'"):
        store.apply_suite("d", "CREATE VIEW x AS SELECT DISTINCT _sample FROM ground_truths WHERE widht < 9", name="s")


@pytest.mark.sampled(2)
def test_a_field_of_objects_that_is_gone_is_null(scene: Scene) -> None:
    store = store_of(scene)
    store.apply_suite("d", SUITE, name="objects")
    rows = [{name: value for name, value in row.items() if name != "is_crowd"} for row in truth_rows(scene)]
    store.upload_dataset("d", image_rows(scene), objects=rows)
    assert store.test("d", suite="objects")["Has a crowd", "m", "ap"].n_samples == 0
