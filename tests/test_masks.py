"""Instance segmentation against pycocotools: polygons, run-length encodings, crowds."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as kernels
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from real_data import DATA, NEEDS_REAL_DATA

import kolena_store as ks

TWELVE = (
    *("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)
SIZE = 120


def disc(random: np.random.Generator, at: np.ndarray, radius: float) -> np.ndarray:
    grid = np.mgrid[:SIZE, :SIZE]
    return np.asarray(((grid - at[:, None, None]) ** 2).sum(axis=0) < radius**2, dtype=np.uint8, order="F")


def encoded(pixels: np.ndarray) -> dict[str, Any]:
    found = kernels.encode(np.asfortranarray(pixels))
    return {"size": [int(one) for one in found["size"]], "counts": found["counts"].decode()}


def drawn(seed: int, n_images: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    random = np.random.default_rng(seed)
    annotations, results = [], []
    for image in range(1, n_images + 1):
        for _ in range(random.integers(0, 4)):
            at, radius = random.uniform(10, SIZE - 10, 2), random.uniform(4, 45)
            angles = np.linspace(0, 2 * np.pi, 9)[:-1]
            outline = np.column_stack([at[1] + radius * np.cos(angles), at[0] + radius * np.sin(angles)]).round(1)
            mask = encoded(disc(random, at, radius)) if random.random() < 0.5 else [outline.ravel().tolist()]
            box = [*(at[::-1] - radius).round(1).tolist(), round(2 * radius, 1), round(2 * radius, 1)]
            label = int(random.integers(1, 3))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": label,
                    "bbox": box,
                    "area": round(3 * radius**2, 1),
                    "iscrowd": int(random.random() < 0.1),
                    "segmentation": mask,
                }
            )
            for _ in range(random.integers(0, 3)):
                pixels = disc(random, at + random.normal(0, radius / 6, 2), radius * random.uniform(0.7, 1.2))
                if pixels.any():
                    score = round(float(random.random()), 2)
                    found = {"image_id": image, "category_id": label, "segmentation": encoded(pixels), "score": score}
                    results.append(found)
    images = [{"id": image, "height": SIZE, "width": SIZE} for image in range(1, n_images + 1)]
    categories = [{"id": one, "name": str(one)} for one in (1, 2)]
    return {"images": images, "annotations": annotations, "categories": categories}, results


def measured(folder: Path, truth: Any, results: Any) -> ks.TestResults:
    store = ks.Store()
    for name, document in (("truth.json", truth), ("found.json", results)):
        (folder / name).write_text(json.dumps(document))
    store.import_coco("d", folder / "truth.json", workflow=ks.InstanceSegmentation())
    store.upload_results("d", "m", folder / "found.json")
    return store.test("d")


@pytest.mark.parametrize("seed", range(3))
def test_drawn_masks_have_pycocotools_numbers(tmp_path: Path, seed: int) -> None:
    truth, results = drawn(seed, 12)
    with contextlib.redirect_stdout(io.StringIO()):
        true = COCO()
        true.dataset = json.loads(json.dumps(truth))
        true.createIndex()
        evaluation = COCOeval(true, true.loadRes(json.loads(json.dumps(results))), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    found = measured(tmp_path, truth, results)
    for name, number in zip(TWELVE, evaluation.stats, strict=True):
        value = found["all", "m", name].value
        assert (-1 if value is None else value) == pytest.approx(number, abs=1e-6), name


class TestRealMasks:
    pytestmark = NEEDS_REAL_DATA

    def test_coco_masks_have_their_published_numbers(self, tmp_path: Path) -> None:
        folder = DATA / "coco_fake100"
        names = ("instances_val2014_100.json", "instances_val2014_fakesegm100_results.json")
        found = measured(tmp_path, *(json.loads((folder / name).read_text()) for name in names))
        published = (0.319545, 0.562288, 0.298927, 0.387374, 0.310183, 0.326934)
        published += (0.268230, 0.415449, 0.416839, 0.469450, 0.376759, 0.381472)
        for name, number in zip(TWELVE, published, strict=True):
            assert found["all", "m", name].value == pytest.approx(number, abs=1e-6), name


def test_a_mask_without_a_box_gets_the_one_around_it(tmp_path: Path) -> None:
    truth, results = drawn(5, 8)
    store = ks.Store()
    for name, document in (("truth.json", truth), ("found.json", results)):
        (tmp_path / name).write_text(json.dumps(document))
    store.import_coco("d", tmp_path / "truth.json")
    store.upload_results("d", "m", tmp_path / "found.json")
    rows = store.sql("SELECT x, y, width, height, segmentation FROM d.inferences").rows()
    assert rows
    for row in rows:
        box = kernels.toBbox(json.loads(row["segmentation"])).tolist()
        assert [row[name] for name in ("x", "y", "width", "height")] == box


def test_a_mask_that_is_none_is_refused(tmp_path: Path) -> None:
    truth, results = drawn(1, 4)
    del truth["annotations"][0]["segmentation"]
    with pytest.raises(ks.StoreError, match="has no mask: 'segmentation' must hold polygons or an RLE"):
        measured(tmp_path, truth, results)


FAR_AWAY = [[0, 0, 1e9, 0, 1e9, 1e9]]


@pytest.mark.parametrize(
    "mask",
    [
        FAR_AWAY,
        [[float("inf"), 0, 1, 1, 2, 2]],
        {"size": [10**20, 1], "counts": "1"},
        {"size": [-1, 5], "counts": "1"},
        {"size": [2, 2], "counts": [1, -5]},
    ],
)
def test_masks_that_can_not_be_are_refused_on_both_sides(mask: Any) -> None:
    """Pycocotools ends the process on the first of them."""
    store, plain = ks.Store(), {"x": 0.0, "y": 0.0, "width": 2.0, "height": 2.0, "label": "a"}
    images, workflow = [{"id": 1, "height": 9, "width": 9}], ks.InstanceSegmentation(mask="mask")
    bad = {"id": 1, **plain, "mask": json.dumps(mask)}
    with pytest.raises(ks.StoreError, match="has no mask"):
        store.upload_dataset("d", images, id_fields=["id"], objects=[bad], workflow=workflow)
    good = {**bad, "mask": "[[0, 0, 2, 0, 2, 2]]"}
    store.upload_dataset("d", images, id_fields=["id"], objects=[good], workflow=workflow)
    with pytest.raises(ks.StoreError, match="has no mask"):
        store.upload_results("d", "m", [{**bad, "score": 0.5}])


@pytest.mark.sampled(2)
@pytest.mark.parametrize("height", [float("inf"), float("-inf"), float("nan"), -5.0, 1e10, 1e300])
def test_an_image_of_no_size_has_no_polygons_and_keeps_its_run_lengths(height: float) -> None:
    plain = {"x": 0.0, "y": 0.0, "width": 2.0, "height": 2.0, "label": "a"}
    polygon, runs = json.dumps([[0, 0, 4, 0, 4, 4, 0, 4]]), json.dumps(encoded(np.ones((4, 4), dtype=np.uint8)))
    objects = [{"id": number, **plain, "mask": mask} for number, mask in enumerate((polygon, polygon, runs))]
    images = [{"id": number, "height": 9.0 if number == 0 else height, "width": 9.0} for number in range(3)]
    store = ks.Store()
    workflow = ks.InstanceSegmentation(mask="mask")
    store.upload_dataset("d", images, id_fields=["id"], objects=objects, workflow=workflow)
    store.upload_results("d", "m", [{**one, "score": 0.5} for one in objects])
    results = store.test("d")
    assert [results["all", "m", name].value for name in ("true_positives", "false_positives", "false_negatives")] == [
        2,
        0,
        1,
    ]
    assert "1 detection without a score or label is left out" in str(results)
