"""Metrics of objects beside plain Python that follows their papers: miss rate, Pascal VOC, and what mending gains."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_reference import gains, log_average_miss_rate, voc_average_precision
from object_stores import store_of
from scenes import Scene, in_order, random_scene, scenes

import kolena_store as ks
from kolena_store.matching.coco import Settings, match_coco
from kolena_store.matching.one_to_one import match_one_to_one
from kolena_store.metrics.objects.hits import hits_of
from kolena_store.metrics.objects.precision import area_under, interpolated_precision
from kolena_store.metrics.objects.precision import log_average_miss_rate as miss_rate_of
from kolena_store.metrics.objects.ranked import Curve, Found, Objects, RankedMatches, ranked_matches

ONE = np.uint64(1)


def distinct(scene: Scene) -> Scene:
    """Return the scene without ties in score, so that no order has to be agreed on."""
    order = np.argsort([row[3] for row in scene.detections], kind="stable")
    scores = np.empty(len(order))
    scores[order] = np.linspace(0.01, 0.99, len(order))
    rows = [(*row[:3], float(score)) for row, score in zip(scene.detections, scores, strict=True)]
    return Scene(scene.n_images, scene.n_classes, scene.truths, in_order(rows))


def ranked_of(scene: Scene, *, one_to_one: bool) -> RankedMatches:
    """Return the matches of a scene at an overlap of .5, ready to be measured."""
    found, true, candidates = scene.found, scene.true, scene.candidates()
    if one_to_one:
        within = match_one_to_one(found, true, candidates, 0.5)
        matched, ignored = (within.truths >= 0).astype(np.uint64), within.is_ignored.astype(np.uint64)
        out = (true.is_crowd | true.is_ignored).astype(np.uint64)
    else:
        matches = match_coco(found, true, candidates, Settings(thresholds=(0.5,), areas=(("all", 0.0, 1e10),)))
        matched, ignored, out = matches.matched, matches.ignored, matches.ignored_truths
    detections = Found.of(found, matched & ONE, ignored & ONE)
    objects = Objects(images=true.images, labels=true.labels, ignored=out & ONE)
    curves = [Curve(bit=0, family=0)]
    return ranked_matches(detections, objects, curves, n_classes=scene.n_classes, n_images=scene.n_images)


def same(found: float, expected: float | None) -> bool:
    return bool(np.isnan(found)) if expected is None else found == pytest.approx(expected, abs=1e-9)


@given(scenes())
def test_small_scenes_have_the_miss_rate_of_the_paper(drawn: Scene) -> None:
    scene = distinct(drawn)
    hits = hits_of(ranked_of(scene, one_to_one=False), np.ones(scene.n_images, dtype=np.int32))
    found = miss_rate_of(hits, 0, scene.n_images)
    for label in range(scene.n_classes):
        assert same(found[label], log_average_miss_rate(scene, label, lambda n: scene.truths[n][3]))


@given(scenes())
def test_small_scenes_have_the_average_precision_of_pascal_voc(drawn: Scene) -> None:
    scene = distinct(drawn)
    hits = hits_of(ranked_of(scene, one_to_one=True), np.ones(scene.n_images, dtype=np.int32))
    for label in range(scene.n_classes):
        expected = [voc_average_precision(scene, label, threshold=0.5, points=points) for points in (None, 11)]
        assert same(area_under(hits)[0, label], expected[0])
        assert same(interpolated_precision(hits, 11)[0, label], expected[1])


@given(seed=st.integers(0, 1_000))
def test_larger_scenes_have_both(seed: int) -> None:
    scene = distinct(random_scene(seed, n_images=25, n_classes=2))
    ones = np.ones(scene.n_images, dtype=np.int32)
    rates = miss_rate_of(hits_of(ranked_of(scene, one_to_one=False), ones), 0, scene.n_images)
    areas = area_under(hits_of(ranked_of(scene, one_to_one=True), ones))[0]
    for label in range(2):
        assert same(rates[label], log_average_miss_rate(scene, label, lambda n: scene.truths[n][3]))
        assert same(areas[label], voc_average_precision(scene, label, threshold=0.5, points=None))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return distinct(random_scene(41, n_images=40, n_classes=3))


def test_a_store_has_the_miss_rate_of_reasonable_objects(scene: Scene) -> None:
    store = store_of(scene)
    store.apply_suite("d", "CREATE VIEW tall AS SELECT * FROM ground_truths WHERE height >= 40", name="s")
    results = store.test("d", suite="s", configuration=ks.Configuration(ignore="caltech"))

    def is_ignored(place: int) -> bool:
        return bool(scene.truths[place][3] or scene.truths[place][2][3] < 40)

    for case, ignored in (("tall", is_ignored), ("all", lambda n: scene.truths[n][3])):
        expected = [log_average_miss_rate(scene, label, ignored) for label in range(3)]
        for label, value in enumerate(expected):
            assert results[case, "m", "log_average_miss_rate", f"c{label}"].value == pytest.approx(value, abs=1e-9)
        mean = results[case, "m", "log_average_miss_rate"].value
        assert mean == pytest.approx(np.mean(expected), abs=1e-9)


def test_a_store_has_pascal_vocs_numbers(scene: Scene) -> None:
    results = store_of(scene).test("d")
    for metric, points in (("voc_ap", None), ("voc_ap_11", 11)):
        expected = [voc_average_precision(scene, label, threshold=0.5, points=points) for label in range(3)]
        assert results["all", "m", metric].value == pytest.approx(np.mean(expected), abs=1e-9)


def with_mended(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of `matches`, each detection with the class that it would find an object of, if it would."""
    taken = {(row["_sample"], row["ground_truth"]) for row in rows if row["outcome"] == "true positive"}
    labels = {
        (row["_sample"], row["ground_truth"]): row["class"] for row in rows if row["outcome"] in ("missed", "ignored")
    }
    best: dict[Any, dict[str, Any]] = {}
    for row in rows:
        key = (row["_sample"], row["mistaken_for"])
        if row["mistaken_for"] is not None and key not in taken:
            best[key] = row if key not in best or row["score"] > best[key]["score"] else best[key]
    chosen = {id(row): labels[key] for key, row in best.items()}
    return [{**row, "mends": chosen.get(id(row))} for row in rows]


def test_what_mending_a_kind_of_mistake_gains_is_the_difference_of_two_precisions(scene: Scene) -> None:
    store = store_of(scene)
    results = store.test("d")
    expected = gains(with_mended(store.sql("SELECT * FROM d.matches").rows()))
    for kind, by_class in expected.items():
        for label, gain in by_class.items():
            assert results["all", "m", f"ap_gain_{kind}", label].value == pytest.approx(gain, abs=1e-9)
        assert results["all", "m", f"ap_gain_{kind}"].value == pytest.approx(np.mean([*by_class.values()]), abs=1e-9)


BOX = {"x": 0.0, "y": 0.0, "width": 10.0, "height": 10.0}
NEAR = {**BOX, "x": 4.0}
FAR = {**BOX, "x": 500.0}
GAINS = ("classification", "localisation", "both", "duplicate", "background", "missed")


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("found", "of_b", "expected"),
    [
        # The object of class b is not found; what lies on it or near it, and what class it is said to be, differs.
        ([("a", BOX, 0.8)], 0.0, {"classification": 1.0}),
        ([("b", NEAR, 0.8)], 0.0, {"localisation": 1.0}),
        ([("b", FAR, 0.9), ("b", NEAR, 0.8)], 0.0, {"localisation": 0.5}),
        ([("b", FAR, 0.9), ("b", BOX, 0.8)], 0.5, {"background": 0.5}),
        ([("b", BOX, 0.9), ("b", BOX, 0.8)], 1.0, {}),
        ([("b", FAR, 0.9)], 0.0, {}),
        ([("a", NEAR, 0.9)], 0.0, {}),
        ([], 0.0, {}),
    ],
)
def test_each_gain_on_a_scene_that_is_made_for_it(found: list[Any], of_b: float, expected: dict[str, float]) -> None:
    images, truth = [{"image": 0}, {"image": 1}], [{"image": n, "label": "ab"[n], **BOX} for n in range(2)]
    rows = [{"image": 0, "label": "a", **BOX, "score": 0.5}]
    rows += [{"image": 1, "label": label, **box, "score": score} for label, box, score in found]
    store = ks.Store()
    store.upload_dataset("d", images, id_fields=["image"], objects=truth, workflow=ks.ObjectDetection())
    store.upload_results("d", "m", rows)
    results = store.test("d")
    assert results["all", "m", "ap50", "b"].value == pytest.approx(of_b, abs=1e-9)
    values = {kind: results["all", "m", f"ap_gain_{kind}", "b"].value for kind in GAINS}
    if values["missed"] is None:  # without the objects that are missed there is none
        values["missed"] = 0.0
    assert values == pytest.approx({**dict.fromkeys(GAINS, 0.0), **expected}, abs=1e-9)


def test_a_duplicate_above_a_hit_costs_precision() -> None:
    truth = [{"image": n, "label": "a", **BOX} for n in range(2)]
    rows = [(0, BOX, 0.9), (0, BOX, 0.8), (1, BOX, 0.7)]
    store = ks.Store()
    store.upload_dataset(
        "d", [{"image": 0}, {"image": 1}], id_fields=["image"], objects=truth, workflow=ks.ObjectDetection()
    )
    store.upload_results("d", "m", [{"image": n, "label": "a", **box, "score": score} for n, box, score in rows])
    results = store.test("d")
    # Half of the 101 recalls and the first are reached with precision 1, the other 50 with 2 / 3.
    assert results["all", "m", "ap50"].value == pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-9)
    assert results["all", "m", "ap_gain_duplicate"].value == pytest.approx(50 / 3 / 101, abs=1e-9)
