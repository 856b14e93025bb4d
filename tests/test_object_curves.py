"""The confusion matrix of objects with the background, and curves of precision and recall, beside plain Python."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from object_stores import store_of
from scenes import Scene, pycocotools_of, random_scene, scenes

import kolena_store as ks

ONE_TO_ONE = ks.Configuration(matching="one_to_one", threshold=0.4)
THRESHOLDS = (0.0, 0.4)
Box = list[float]


def overlap(first: Box, second: Box) -> float:
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    both = max(width, 0.0) * max(height, 0.0)
    union = first[2] * first[3] + second[2] * second[3] - both
    return both / union if union else 0.0


def choices(scene: Scene, found: list[int], true: list[int], *, alike: bool) -> dict[int, int]:
    """Return the object that each detection overlaps most, by the highest score among those that ask for it."""
    wanted: dict[int, tuple[float, int]] = {}
    for detection in found:
        image, label, box, score = scene.detections[detection]
        near = [
            (-overlap(box, scene.truths[one][2]), one)
            for one in true
            if scene.truths[one][0] == image and (not alike or scene.truths[one][1] == label)
        ]
        near = [pair for pair in near if -pair[0] >= 0.5]
        if near:
            at = min(near)[1]
            wanted.setdefault(at, (-score, detection))
            wanted[at] = min(wanted[at], (-score, detection))
    return {detection: at for at, (_, detection) in wanted.items()}


def plain_matrix(scene: Scene, threshold: float) -> Counter[tuple[str, str]]:
    """Return the cells of the one-to-one matching, and then of what it leaves over on both sides."""
    found, true = list(range(len(scene.detections))), list(range(len(scene.truths)))
    within = choices(scene, found, true, alike=True)
    left = [one for one in true if one not in within.values()]
    rest = [one for one in found if one not in within]
    across = choices(scene, rest, left, alike=False)
    cells: Counter[tuple[str, str]] = Counter()
    taken = set()
    for detection in found:
        label, score = scene.detections[detection][1], scene.detections[detection][3]
        at = within.get(detection, across.get(detection))
        if score < threshold:
            continue
        is_confused = at is not None and detection not in within and scene.truths[at][1] != label
        if at is None or not (detection in within or is_confused):
            cells["background", f"c{label}"] += 1
            continue
        taken.add(at)
        cells[f"c{scene.truths[at][1]}", f"c{label}"] += 1
    for one in true:
        if one not in taken:
            cells[f"c{scene.truths[one][1]}", "background"] += 1
    return cells


def cells_of(matrix: Any) -> Counter[tuple[str, str]]:
    return Counter({(row["truth"], row["prediction"]): row["n"] for row in matrix.rows() if row["n"]})


@pytest.mark.sampled(2)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_the_matrix_of_a_scene_is_that_of_plain_python(seed: int, threshold: float) -> None:
    scene = random_scene(seed, n_images=20, n_classes=3)
    scene = Scene(scene.n_images, scene.n_classes, [(*row[:3], False) for row in scene.truths], scene.detections)
    configuration = ks.Configuration(matching="one_to_one", threshold=threshold)
    results = store_of(scene).test("d", configuration=configuration)
    assert cells_of(results.confusion_matrix("all", "m")) == plain_matrix(scene, threshold)


@pytest.mark.sampled(2)
@given(scene=scenes(crowds=False))
def test_every_object_and_detection_that_counts_is_in_one_cell(scene: Scene) -> None:
    if not scene.truths or not scene.detections:
        return
    results = store_of(scene).test("d", configuration=ks.Configuration(threshold=0.3))
    matrix = results.confusion_matrix("all", "m")
    counts = np.array(matrix.counts)
    for place, name in enumerate(matrix.labels[:-1]):
        values = {one: results["all", "m", one, name].value for one in ("objects", "true_positives", "false_positives")}
        assert counts[place].sum() == values["objects"]
        assert counts[:, place].sum() == values["true_positives"] + values["false_positives"]
        assert counts[place, place] == values["true_positives"]
    assert counts[-1, -1] == 0


def test_the_background_has_another_name_where_a_class_is_called_so() -> None:
    store = ks.Store()
    box = {"x": 0.0, "y": 0.0, "width": 5.0, "height": 5.0, "label": "background"}
    store.upload_dataset("d", [{"id": 1}], objects=[{"id": 1, **box}], workflow=ks.ObjectDetection())
    store.upload_results("d", "m", [{"id": 1, **box, "score": 0.5}])
    matrix = store.test("d").confusion_matrix("all", "m")
    assert matrix.labels == ("background", "(background)")
    assert matrix.counts == ((1, 0), (0, 0))


def test_the_matrix_of_weighted_images_and_of_a_test_case(tmp_path: Any) -> None:
    scene = random_scene(2, n_images=12, n_classes=2)
    store = store_of(scene)
    results = store.test("d", by=["half"], metrics=["ap50"])
    parts = [np.array(results.confusion_matrix(f"half = {half}", "m").counts) for half in ("first", "second")]
    assert (sum(parts) == np.array(results.confusion_matrix("all", "m").counts)).all()
    rows = store.sql("SELECT sum(value) AS n FROM d.terms WHERE term = 'confusion' AND test_case = 'all'").rows()
    assert rows[0]["n"] == sum(map(sum, results.confusion_matrix("all", "m").counts))


# --- Curves ---


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Return a scene whose scores are all different, so that pycocotools' points are ours."""
    found = random_scene(8, n_images=30, n_classes=2)
    detections = [(*row[:3], round(row[3] + number / 1e5, 6)) for number, row in enumerate(found.detections)]
    return Scene(found.n_images, found.n_classes, found.truths, detections)


@pytest.fixture(scope="module")
def store(scene: Scene) -> ks.Store:
    store = store_of(scene)
    store.apply_suite("d", SUITE, name="halves")
    store.test("d", suite="halves")
    return store


SUITE = """
CREATE VIEW "First" AS SELECT * FROM test_samples WHERE half = 'first';
CREATE VIEW "Large" AS SELECT * FROM ground_truths WHERE width * height >= 9216;
"""


def highest_precision(rows: list[dict[str, Any]]) -> np.ndarray:
    """Return the highest precision at each of COCO's recalls or beyond, by the points of a curve."""
    at = [[row["precision"] for row in rows if row["recall"] >= recall] for recall in np.linspace(0, 1, 101)]
    return np.array([max(one, default=0.0) for one in at])


@pytest.mark.parametrize(("case", "area"), [("all", 0), ("First", 0), ("Large", 3)])
def test_the_curve_of_each_class_is_pycocotools(store: ks.Store, scene: Scene, case: str, area: int) -> None:
    rows = store.precision_recall("d", "m", case).rows()
    images = None if case != "First" else [one for one in range(scene.n_images) if one * 2 < scene.n_images]
    precision = pycocotools_of(scene, images).eval["precision"]
    for label in range(scene.n_classes):
        own = [row for row in rows if row["class"] == f"c{label}"]
        assert [row["threshold"] for row in own] == sorted((row["threshold"] for row in own), reverse=True)
        assert highest_precision(own) == pytest.approx(precision[0, :, label, area, 2], abs=1e-9)


def test_a_curve_agrees_with_the_metrics_at_the_threshold(store: ks.Store) -> None:
    results = store.test("d", suite="halves", configuration=ks.Configuration(threshold=0.5))
    curve = store.precision_recall("d", "m", "First", configuration=ks.Configuration(threshold=0.5))
    for name in ("c0", "c1"):
        last = [row for row in curve.rows() if row["class"] == name and row["threshold"] >= 0.5][-1]
        for metric in ("precision", "recall", "f1", "true_positives", "false_positives", "objects"):
            assert last[metric] == pytest.approx(results["First", "m", metric, name].value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("d", "n"), "model"),
        (("d", "m", "Nowhere"), "no test case named 'Nowhere'"),
    ],
)
def test_what_there_is_no_curve_of_is_named(store: ks.Store, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ks.StoreError, match=message):
        store.precision_recall(*arguments)


def test_a_model_must_be_tested_first(scene: Scene) -> None:
    store = store_of(scene)
    with pytest.raises(ks.StoreError, match="are not tested; run: kolena-store test d m"):
        store.precision_recall("d", "m")
    store.test("d")
    with pytest.raises(ks.StoreError, match="are not tested with the configuration"):
        store.precision_recall("d", "m", configuration=ks.Configuration(iou=0.3))
    assert store.precision_recall("d", "m").rows()
    flat = ks.Store()
    flat.upload_dataset("f", [{"id": 1, "y": 1.0}], workflow=ks.Regression(ground_truth="y"))
    with pytest.raises(ks.StoreError, match="regression matches no objects"):
        flat.precision_recall("f", "m")
