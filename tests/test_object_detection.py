"""Object detection from tables to metrics: pycocotools' numbers on every test case, counts, thresholds, intervals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from object_stores import detection_rows, image_rows, store_of, truth_rows
from scenes import Scene, in_order, pycocotools_of, random_scene
from test_precision import ranked_of

import kolena_store as ks
from kolena_store.metrics.objects.hits import hits_of
from kolena_store.metrics.objects.precision import interpolated_precision

TWELVE = (
    *("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)
N_IMAGES = 40


@pytest.fixture(scope="module")
def scene() -> Scene:
    return random_scene(11, n_images=N_IMAGES, n_classes=3)


@pytest.fixture(scope="module")
def store(scene: Scene) -> ks.Store:
    return store_of(scene)


@pytest.fixture(scope="module")
def results(store: ks.Store) -> ks.TestResults:
    return store.test("d", by=["half"])


@pytest.mark.parametrize(
    ("case", "images"),
    [
        ("all", range(N_IMAGES)),
        ("half = first", range(N_IMAGES // 2)),
        ("half = second", range(N_IMAGES // 2, N_IMAGES)),
    ],
)
def test_every_test_case_has_pycocotools_numbers(
    scene: Scene, results: ks.TestResults, case: str, images: range
) -> None:
    expected = pycocotools_of(scene, list(images))
    assert [results[case, "m", metric].value for metric in TWELVE] == pytest.approx(expected.stats.tolist(), abs=1e-9)
    for label in range(3):
        precision = expected.eval["precision"][:, :, label, 0, 2]
        assert results[case, "m", "ap", f"c{label}"].value == pytest.approx(precision.mean(), abs=1e-9)
        recall = expected.eval["recall"][:, label, 0, 2]
        assert results[case, "m", "ar_100", f"c{label}"].value == pytest.approx(recall.mean(), abs=1e-9)


def test_ties_stand_by_the_ids_of_images_whichever_way_these_came(scene: Scene) -> None:
    backwards, truths = image_rows(scene)[::-1], truth_rows(scene)
    some = backwards[10:]
    known = {row["image"] for row in some}
    coarse = replace(scene, detections=in_order([(*row[:3], round(row[3], 1)) for row in scene.detections]))
    store = ks.Store()
    of_some = [row for row in truths if row["image"] in known]
    store.upload_dataset("d", some, id_fields=["image"], objects=of_some, workflow=ks.ObjectDetection())
    store.upload_dataset("d", backwards, objects=truths)
    store.upload_results("d", "m", detection_rows(coarse))
    found = store.test("d", metrics=list(TWELVE))
    expected = pycocotools_of(coarse).stats.tolist()
    assert [found["all", "m", metric].value for metric in TWELVE] == pytest.approx(expected, abs=1e-9)


def counted(scene: Scene, thresholds: dict[str, float]) -> dict[str, float]:
    """Return the counts at IoU .5 as pycocotools matches, with a threshold for each class."""
    found = dict.fromkeys(("true_positives", "false_positives", "objects"), 0)
    for row in pycocotools_of(scene).evalImgs:
        if row is not None and row["aRng"] == [0, 1e10]:
            counts = (row["dtIgnore"][0] == 0) & (np.array(row["dtScores"]) >= thresholds[f"c{row['category_id'] - 1}"])
            hits = int((row["dtMatches"][0][counts] > 0).sum())
            found["true_positives"] += hits
            found["false_positives"] += int(counts.sum()) - hits
            found["objects"] += int((row["gtIgnore"] == 0).sum())
    return found


@pytest.mark.parametrize("threshold", [0.0, 0.5, {"c0": 0.9, "c1": 0.2, "c2": 0.55}], ids=["none", "one", "by class"])
def test_counts_are_of_detections_from_the_threshold_on(store: ks.Store, scene: Scene, threshold: Any) -> None:
    results = store.test("d", configuration=ks.Configuration(threshold=threshold))
    by_class = threshold if isinstance(threshold, dict) else {f"c{label}": threshold for label in range(3)}
    expected = counted(scene, by_class)
    found = {name: results["all", "m", name].value for name in expected}
    assert found == expected
    hits, false, objects = (expected[name] for name in ("true_positives", "false_positives", "objects"))
    assert results["all", "m", "precision"].value == pytest.approx(hits / (hits + false))
    assert results["all", "m", "recall"].value == pytest.approx(hits / objects)
    assert results["all", "m", "f1"].value == pytest.approx(2 * hits / (hits + false + objects))
    assert results["all", "m", "false_positives_per_image"].value == pytest.approx(false / N_IMAGES)
    assert results["all", "m", "false_negatives"].value == objects - hits
    kinds = ("classification", "localisation", "both", "duplicate", "background")
    assert sum(results["all", "m", f"{kind}_mistakes"].value or 0 for kind in kinds) == false


@pytest.mark.sampled(2)
def test_thresholds_are_the_best_of_each_class_unless_they_are_given(store: ks.Store, scene: Scene) -> None:
    results = store.test("d")
    for label in range(3):
        scores = sorted({row[3] for row in scene.detections if row[1] == label})
        best = 0.0
        for score in scores:
            found = counted(scene, {f"c{one}": score if one == label else 2.0 for one in range(3)})
            objects = sum(row[1] == label and not row[3] for row in scene.truths)
            hits, false = found["true_positives"], found["false_positives"]
            best = max(best, 2 * hits / (hits + false + objects))
        assert results["all", "m", "f1", f"c{label}"].value == pytest.approx(best)


def test_a_threshold_may_be_tuned_on_some_samples(store: ks.Store, scene: Scene) -> None:
    first = (
        [row for row in scene.truths if row[0] * 2 < N_IMAGES],
        [row for row in scene.detections if row[0] * 2 < N_IMAGES],
    )
    alone = store_of(Scene(N_IMAGES // 2, 3, *first)).test("d")
    tuned = store.test(
        "d", by=["half"], configuration=ks.Configuration(threshold="f1_optimal", tune_on="half = 'first'")
    )
    assert tuned["half = first", "m", "f1"].value == alone["all", "m", "f1"].value


def test_intervals_are_those_of_a_bootstrap_of_images(scene: Scene, results: ks.TestResults) -> None:
    ranked, random = ranked_of(scene), np.random.default_rng(5)
    drawn = []
    for _ in range(400):
        weights = np.bincount(random.integers(0, N_IMAGES, N_IMAGES), minlength=N_IMAGES).astype(np.int32)
        precision = interpolated_precision(hits_of(ranked, weights))
        drawn.append([np.nanmean(precision[:10]), np.nanmean(precision[0]), *np.nanmean(precision[:10], axis=0)])
    errors = np.std(drawn, axis=0, ddof=1)
    rows = [results["all", "m", "ap"], results["all", "m", "ap50"]]
    rows += [results["all", "m", "ap", f"c{label}"] for label in range(3)]
    for row, error in zip(rows, errors, strict=True):
        assert row.ci_high is not None
        assert row.ci_low is not None
        assert (row.ci_high - row.ci_low) / 2 / 2.02 == pytest.approx(error, rel=0.2)


def test_images_of_one_video_vary_together(scene: Scene) -> None:
    clustered = store_of(scene, cluster="video").test("d")["all", "m", "ap"]
    assert clustered.method is not None
    assert "7 clusters" in clustered.method


def test_weights_count_images_as_often_as_they_say(scene: Scene) -> None:
    weights = [image % 3 for image in range(N_IMAGES)]
    store = ks.Store()
    rows = [{**row, "weight": float(weight)} for row, weight in zip(image_rows(scene), weights, strict=True)]
    apart = replace(
        scene, detections=in_order([(*row[:3], row[3] + n / 1e6) for n, row in enumerate(scene.detections)])
    )
    store.upload_dataset(
        "d", rows, id_fields=["image"], objects=truth_rows(scene), workflow=ks.ObjectDetection(), weight="weight"
    )
    store.upload_results("d", "m", detection_rows(apart))
    copies = [image for image, n in enumerate(weights) for _ in range(n)]
    again = Scene(
        len(copies),
        3,
        [(new, *row[1:]) for new, old in enumerate(copies) for row in scene.truths if row[0] == old],
        in_order([(new, *row[1:]) for new, old in enumerate(copies) for row in apart.detections if row[0] == old]),
    )
    found = store.test("d")
    assert [found["all", "m", metric].value for metric in TWELVE] == pytest.approx(
        pycocotools_of(again).stats.tolist(), abs=1e-9
    )


@pytest.mark.sampled(2)
def test_only_changed_images_are_matched_again(scene: Scene) -> None:
    store = store_of(scene)
    store.test("d")
    rows = detection_rows(scene)
    changed = [{**row, "score": 1.0} if row["image"] == 3 else row for row in rows]
    store.upload_results("d", "m", changed)
    (run,) = store.test("d").runs
    assert (run.n_scored, run.n_reused) == (1, N_IMAGES - 1)
    anew = ks.Store()
    anew.upload_dataset(
        "d", image_rows(scene), id_fields=["image"], objects=truth_rows(scene), workflow=ks.ObjectDetection()
    )
    anew.upload_results("d", "m", changed)
    assert store.test("d")["all", "m", "ap"].value == anew.test("d")["all", "m", "ap"].value


def test_labels_may_be_left_aside(scene: Scene, store: ks.Store) -> None:
    alike = (
        [(row[0], 0, *row[2:]) for row in scene.truths],
        in_order([(row[0], 0, *row[2:]) for row in scene.detections]),
    )
    expected = pycocotools_of(Scene(N_IMAGES, 1, *alike)).stats[0]
    agnostic = store.test("d", configuration=ks.Configuration(class_agnostic=True))
    assert agnostic["all", "m", "ap"].value == pytest.approx(expected, abs=1e-9)
    one = store_of(scene, workflow=ks.ObjectDetection(label=None)).test("d")
    assert one["all", "m", "ap"].value == pytest.approx(expected, abs=1e-9)


def test_corners_are_boxes_too(scene: Scene, results: ks.TestResults) -> None:
    def corners(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ends = [{"right": row["x"] + row["width"], "bottom": row["y"] + row["height"]} for row in rows]
        kept = [{name: value for name, value in row.items() if name not in ("width", "height")} for row in rows]
        return [{**row, **end} for row, end in zip(kept, ends, strict=True)]

    store = ks.Store()
    workflow = ks.ObjectDetection(corners=["x", "y", "right", "bottom"])
    store.upload_dataset(
        "d", image_rows(scene), id_fields=["image"], objects=corners(truth_rows(scene)), workflow=workflow
    )
    store.upload_results("d", "m", corners(detection_rows(scene)))
    assert store.test("d")["all", "m", "ap50"].value == pytest.approx(results["all", "m", "ap50"].value, abs=1e-3)


@pytest.mark.parametrize("overlaps", [[0.3], [0.62, 0.3, 0.75], [0.75, 0.5]])
def test_average_precision_at_chosen_overlaps_is_pycocotools(
    store: ks.Store, scene: Scene, results: ks.TestResults, overlaps: list[float]
) -> None:
    found = store.test("d", configuration=ks.Configuration(iou=overlaps))
    expected = pycocotools_of(scene, overlaps=sorted(overlaps)).eval["precision"][:, :, :, 0, 2]
    assert found["all", "m", "ap_iou"].value == pytest.approx(expected.mean(), abs=1e-9)
    for label in range(3):
        assert found["all", "m", "ap_iou", f"c{label}"].value == pytest.approx(expected[:, :, label].mean(), abs=1e-9)
    for name in (*TWELVE, "ar50", "ar75"):
        whole, other = results["all", "m", name], found["all", "m", name]
        assert (other.value, other.ci_low, other.ci_high) == pytest.approx((whole.value, whole.ci_low, whole.ci_high))


def test_recall_at_one_overlap_is_pycocotools(scene: Scene, results: ks.TestResults) -> None:
    recall = pycocotools_of(scene).eval["recall"][:, :, 0, 2]
    assert results["all", "m", "ar50"].value == pytest.approx(recall[0].mean(), abs=1e-9)
    assert results["all", "m", "ar75"].value == pytest.approx(recall[5].mean(), abs=1e-9)
    assert results["all", "m", "ap_iou"].value == results["all", "m", "ap50"].value


@pytest.mark.sampled(2)
def test_another_overlap_and_the_one_to_one_matching_can_be_asked_for(store: ks.Store) -> None:
    loose = store.test("d", configuration=ks.Configuration(iou=0.3, threshold=0.5))
    strict = store.test("d", configuration=ks.Configuration(iou=0.75, threshold=0.5))
    plain = store.test("d", configuration=ks.Configuration(threshold=0.5))
    recalls = [one["all", "m", "recall"].value or 0 for one in (loose, plain, strict)]
    assert recalls == sorted(recalls, reverse=True)
    assert loose["all", "m", "ap"].value == strict["all", "m", "ap"].value == plain["all", "m", "ap"].value
    single = store.test("d", configuration=ks.Configuration(matching="one_to_one", threshold=0.5))
    assert (single["all", "m", "recall"].value or 0) <= recalls[1]
    assert single["all", "m", "voc_ap"].value == plain["all", "m", "voc_ap"].value


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"width": -1.0}], "object 1 of the sample with image 0 has no box: left 1, top 1, width -1"),
        ([{"x": float("nan")}], "has no box: left nan"),
        ([{"height": None}], "has no box"),
        ([{"label": None}], "has no label"),
    ],
)
def test_an_object_that_is_none_is_refused(rows: list[dict[str, Any]], message: str) -> None:
    box = {"image": 0, "label": "a", "x": 1.0, "y": 1.0, "width": 2.0, "height": 2.0}
    workflow, wrong = ks.ObjectDetection(), [box, *({**box, **row} for row in rows)]
    store = ks.Store()
    with pytest.raises(ks.StoreError, match=message):
        store.upload_dataset("d", [{"image": 0}], objects=wrong, id_fields=["image"], workflow=workflow)
    store.upload_dataset("d", [{"image": 0}], objects=[box], id_fields=["image"], workflow=workflow)
    if "label" in message:
        return
    with pytest.raises(ks.StoreError, match=message):
        store.upload_results("d", "m", [{**row, "score": 0.5} for row in wrong])
    assert store.models() == []


def test_detections_without_a_score_are_left_out_and_counted() -> None:
    box = {"image": 0, "label": "a", "x": 1.0, "y": 1.0, "width": 2.0, "height": 2.0}
    store = ks.Store()
    store.upload_dataset(
        "d", [{"image": 0}], objects=[box], id_fields=["image"], workflow=ks.ObjectDetection(), types=None
    )
    store.upload_results("d", "m", [{**box, "score": 0.5}, {**box, "score": None}, {**box, "score": float("nan")}])
    results = store.test("d")
    assert results["all", "m", "ap"].value == 1.0
    assert "2 detections without a score or label are left out" in str(results)


def test_detections_with_an_infinite_score_are_left_out_and_counted() -> None:
    box = {"image": 0, "label": "a", "x": 1.0, "y": 1.0, "width": 2.0, "height": 2.0}
    store = ks.Store()
    store.upload_dataset("d", [{"image": 0}], objects=[box], id_fields=["image"], workflow=ks.ObjectDetection())
    store.upload_results("d", "m", [{**box, "score": one} for one in (0.5, float("inf"), float("-inf"))])
    results = store.test("d")
    assert results["all", "m", "ap"].value == 1.0
    assert "2 detections without a score or label are left out" in str(results)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": "accuracy_optimal"}, "needs negatives"),
        ({"iou": 0.05}, "iou=0.05 must be"),
        ({"iou": []}, "or up to 5 different ones"),
        ({"iou": [0.3, 0.3]}, "or up to 5 different ones"),
        ({"iou": [0.3, None]}, "or up to 5 different ones"),
        ({"matching": "hungarian"}, "none of coco, one_to_one"),
        *(({"max_detections": one}, "whole number from 1 to 1,000,000") for one in (-1, 0, 1.5, 10**6 + 1, 10**400)),
        ({"threshold": 10**400}, "is neither a number"),
        ({"classes": ["c7"]}, "no class named 'c7'"),
        ({"threshold": {"c7": 0.5}}, "no class named 'c7'"),
        ({"threshold": {"c0": "high"}}, "must give a number for each class"),
        ({"class_agnostic": 1}, "must be true or false"),
        ({"top_k": 2}, "has no option 'top_k'"),
    ],
)
def test_what_can_not_be_asked_for(store: ks.Store, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ks.StoreError, match=message):
        store.test("d", configuration=ks.Configuration(**options))
