"""Models that looked at different images, and stores that numbered images differently: the same numbers all the same."""

from pathlib import Path
from typing import Any

import pytest
from object_stores import detection_rows, image_rows, truth_rows
from scenes import Scene, in_order, pycocotools_of, random_scene

import kolena_store as ks

N_IMAGES = 24


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Return a scene without ties in score: those stand in the order in which a store numbered the images."""
    found = random_scene(17, n_images=N_IMAGES, n_classes=2)
    detections = [(*row[:3], round(row[3] + number / 1e5, 6)) for number, row in enumerate(found.detections)]
    return Scene(found.n_images, found.n_classes, found.truths, in_order(detections))


def made(
    scene: Scene, answered: dict[str, list[int]], *, backwards: bool = False, path: Path | None = None
) -> ks.Store:
    """Return a store whose models looked at some of the images each."""
    store = ks.Store(path) if path else ks.Store()
    images = image_rows(scene)
    store.upload_dataset(
        "d",
        images[::-1] if backwards else images,
        id_fields=["image"],
        objects=truth_rows(scene),
        workflow=ks.ObjectDetection(),
    )
    for model, seen in answered.items():
        rows = [row for row in detection_rows(scene) if row["image"] in seen]
        store.upload_results("d", model, rows[::-1] if backwards else rows, answered=seen)
    return store


def check(results: ks.TestResults, model: str, scene: Scene, images: list[int]) -> None:
    expected = pycocotools_of(scene, images).stats
    assert results["all", model, "ap"].value == pytest.approx(expected[0], abs=1e-9)
    assert results["all", model, "ar_100"].value == pytest.approx(expected[8], abs=1e-9)


@pytest.mark.sampled(2)
def test_images_that_a_model_did_not_see_are_missing_and_common_leaves_them_out(scene: Scene) -> None:
    seen = {"a": list(range(16)), "b": list(range(8, N_IMAGES))}
    store = made(scene, seen)
    apart = store.test("d")
    for model, images in seen.items():
        check(apart, model, scene, images)
        assert apart["all", model, "ap"].n_missing == N_IMAGES - len(images)
    together = store.test("d", common=True)
    for model in seen:
        check(together, model, scene, list(range(8, 16)))
    assert together["all", "a", "ap"].value == pytest.approx(together["all", "b", "ap"].value)


def test_an_image_without_detections_is_an_answer_with_none(scene: Scene) -> None:
    store = made(scene, {"a": list(range(N_IMAGES))})
    silent = [row for row in detection_rows(scene) if row["image"] != 3]
    store.upload_results("d", "quiet", silent)
    results = store.test("d")
    fewer = Scene(scene.n_images, scene.n_classes, scene.truths, [row for row in scene.detections if row[0] != 3])
    check(results, "quiet", fewer, list(range(N_IMAGES)))
    assert results["all", "quiet", "ap"].n_missing == 0


@pytest.mark.sampled(2)
def test_a_dataset_that_was_numbered_otherwise_is_merged(scene: Scene, tmp_path: Path) -> None:
    everyone = list(range(N_IMAGES))
    mine = made(scene, {"a": everyone}, path=tmp_path / "mine")
    other = made(scene, {"b": everyone[:10]}, backwards=True, path=tmp_path / "other")
    found: dict[str, Any] = {"a": mine.test("d"), "b": other.test("d")}
    mine.merge(tmp_path / "other")
    merged = mine.test("d")
    for model, images in (("a", everyone), ("b", everyone[:10])):
        check(merged, model, scene, images)
        for metric in ("ap", "f1", "voc_ap", "log_average_miss_rate", "duplicate_mistakes"):
            assert merged["all", model, metric].value == pytest.approx(found[model]["all", model, metric].value)
    matrices = [one.confusion_matrix("all", "b").counts for one in (merged, found["b"])]
    assert matrices[0] == matrices[1]
    rows = mine.sql("SELECT model, count(*) AS n FROM d.matches GROUP BY ALL ORDER BY model").rows()
    alone = [
        store.sql("SELECT count(*) AS n FROM d.matches WHERE model = 'b'").rows()[0]["n"] for store in (mine, other)
    ]
    assert [row["model"] for row in rows] == ["a", "b"]
    assert alone[0] == alone[1]
