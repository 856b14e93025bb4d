"""Keypoints against pycocotools, on drawn skeletons and on COCO's."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from real_data import DATA

import kolena_store as ks

TEN = ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar_100", "ar50", "ar75", "ar_medium", "ar_large")


def drawn(seed: int, n_images: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return people of random poses, some with no visible keypoint, and what a detector makes of them."""
    random = np.random.default_rng(seed)
    annotations, results = [], []
    for image in range(1, n_images + 1):
        for _ in range(random.integers(0, 4)):
            side = float(np.exp(random.uniform(3.2, 5.5)))
            corner = random.uniform(0, 300, 2)
            points = corner + random.uniform(0, side, (17, 2))
            seen = random.integers(0, 3, 17) * int(random.random() < 0.85)
            flat = np.column_stack([points, seen]).round(2)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": 1,
                    "bbox": [*corner.round(2).tolist(), round(side, 2), round(side, 2)],
                    "area": round(side * side * 0.6, 2),
                    "iscrowd": int(random.random() < 0.05),
                    "keypoints": flat.ravel().tolist(),
                    "num_keypoints": int((seen > 0).sum()),
                }
            )
            for _ in range(random.integers(0, 3)):
                near = points + random.normal(0, side * random.uniform(0.01, 0.15), (17, 2))
                low, high = near.min(axis=0), near.max(axis=0)
                results.append(
                    {
                        "image_id": image,
                        "category_id": 1,
                        "bbox": [*low.round(2).tolist(), *(high - low).round(2).tolist()],
                        "keypoints": np.column_stack([near, np.ones(17)]).round(2).ravel().tolist(),
                        "score": round(float(random.random()), 2),
                    }
                )
    images = [{"id": image} for image in range(1, n_images + 1)]
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}, results


def expected(truth: dict[str, Any], results: list[dict[str, Any]]) -> list[float]:
    with contextlib.redirect_stdout(io.StringIO()):
        true = COCO()
        true.dataset = truth
        true.createIndex()
        evaluation = COCOeval(true, true.loadRes(results), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(one) for one in evaluation.stats]


def measured(folder: Path, truth: dict[str, Any], results: list[dict[str, Any]]) -> ks.TestResults:
    store = ks.Store()
    for name, document in (("truth.json", truth), ("found.json", results)):
        (folder / name).write_text(json.dumps(document))
    store.import_coco("d", folder / "truth.json", workflow=ks.KeypointDetection())
    store.upload_results("d", "m", folder / "found.json")
    return store.test("d")


def check(found: ks.TestResults, numbers: list[float]) -> None:
    for name, number in zip(TEN, numbers, strict=True):
        if name is not None:
            assert found["all", "m", name].value == pytest.approx(number, abs=1e-6), name


@pytest.mark.parametrize("seed", range(3))
def test_drawn_skeletons_have_pycocotools_numbers(tmp_path: Path, seed: int) -> None:
    truth, results = drawn(seed, 15)
    check(measured(tmp_path, truth, results), expected(truth, results))


def test_coco_keypoints_have_their_published_numbers(tmp_path: Path) -> None:
    folder = DATA / "faster_coco_eval_tests" / "keypoints_dataset"
    if not folder.exists():
        pytest.skip("no real data here")
    truth, results = (json.loads((folder / name).read_text()) for name in ("gt_dataset.json", "dt_dataset.json"))
    found = measured(tmp_path, truth, results)
    published = {"ap": 0.504884, "ap50": 0.722772, "ap75": 0.633663, "ap_medium": 0.466337, "ap_large": 0.750495}
    for name, number in {**published, "ar_100": 0.518182, "ar_medium": 0.466667, "ar_large": 0.75}.items():
        assert found["all", "m", name].value == pytest.approx(number, abs=1e-5), name


@pytest.mark.parametrize(
    ("sigmas", "message"), [([], "a number above 0"), ([0.1, -1], "above 0"), ("x", "above 0"), ([None], "above 0")]
)
def test_sigmas_that_are_none_are_refused(sigmas: Any, message: str) -> None:
    with pytest.raises(ks.StoreError, match=message):
        ks.KeypointDetection(sigmas=sigmas)


def test_keypoints_of_another_length_are_refused(tmp_path: Path) -> None:
    truth, results = drawn(1, 5)
    truth["annotations"][0]["keypoints"] = [1.0, 2.0, 2.0]
    with pytest.raises(ks.StoreError, match="has no 17 keypoints: 'keypoints' must hold 51 finite numbers"):
        measured(tmp_path, truth, results)


CROWDPOSE_SIGMAS = [
    *(0.079, 0.079, 0.072, 0.072, 0.062, 0.062),
    *(0.107, 0.107, 0.087, 0.087, 0.089, 0.089, 0.079, 0.079),
]
CROWDPOSE = """
CREATE VIEW "easy" AS SELECT * FROM test_samples WHERE crowdIndex < 0.1;
CREATE VIEW "medium" AS SELECT * FROM test_samples WHERE crowdIndex >= 0.1 AND crowdIndex <= 0.8;
CREATE VIEW "hard" AS SELECT * FROM test_samples WHERE crowdIndex > 0.8;
"""


def test_crowdpose_has_its_published_numbers(tmp_path: Path) -> None:
    folder = DATA / "faster_coco_eval_tests" / "dataset"
    if not folder.exists():
        pytest.skip("no real data here")
    truth = json.loads((folder / "example_crowdpose_val.json").read_text())
    for one in truth["annotations"]:
        one["area"] = 0.53 * one["bbox"][2] * one["bbox"][3]
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    store = ks.Store()
    store.import_coco("people", tmp_path / "truth.json", workflow=ks.KeypointDetection(sigmas=CROWDPOSE_SIGMAS))
    store.upload_results("people", "m", folder / "example_crowdpose_preds.json")
    store.apply_suite("people", CROWDPOSE, name="crowding")
    results = store.test("people", suite="crowding")
    for name, number in (("ap", 0.787722), ("ap50", 0.988119), ("ap75", 0.731436)):
        assert results["all", "m", name].value == pytest.approx(number, abs=1e-6)
    for name, number in (("easy", 1.0), ("medium", 0.9802), ("hard", 0.4116)):
        assert results[name, "m", "ap"].value == pytest.approx(number, abs=1e-4)
