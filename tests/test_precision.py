"""Precision and recall of any selection of images, against pycocotools run on those images."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import Scene, in_order, pycocotools_of, random_scene, scenes

from kolena_store.matching.coco import AREAS, THRESHOLDS, Settings, match_coco
from kolena_store.matching.objects import detection_order, falling_order
from kolena_store.metrics.objects import hits
from kolena_store.metrics.objects.hits import Hits, hits_of
from kolena_store.metrics.objects.precision import interpolated_precision, log_average_miss_rate
from kolena_store.metrics.objects.ranked import Curve, Found, Objects, RankedMatches, ranked_matches

CURVES = [Curve(bit=area * 10 + threshold, family=area) for area in range(4) for threshold in range(10)]


def ranked_of(scene: Scene) -> RankedMatches:
    found, true = scene.found, scene.true
    matches = match_coco(found, true, scene.candidates(), Settings())
    return ranked_matches(
        Found.of(found, matches.matched, matches.ignored),
        Objects(images=true.images, labels=true.labels, ignored=matches.ignored_truths),
        CURVES,
        n_classes=scene.n_classes,
        n_images=scene.n_images,
    )


def twelve_numbers(hits: Hits) -> list[float]:
    """Return COCO's summary, -1 where there is nothing, as pycocotools has it."""
    shape = (len(AREAS), len(THRESHOLDS), hits.ranked.n_classes)
    precision = interpolated_precision(hits).reshape(shape)
    recall = hits.whole_recall.reshape(shape)
    within = [hits.recall_within(most, len(THRESHOLDS)) for most in (1, 10)]
    parts = [precision[0], precision[0, 0], precision[0, 5], *precision[1:], *within, *recall]
    return [float(np.mean(part[~np.isnan(part)])) if (~np.isnan(part)).any() else -1.0 for part in parts]


def check_as_pycocotools(scene: Scene, images: list[int]) -> None:
    weights = np.zeros(scene.n_images, dtype=np.int32)
    weights[images] = 1
    found = twelve_numbers(hits_of(ranked_of(scene), weights))
    assert found == pytest.approx(pycocotools_of(scene, images).stats.tolist(), abs=1e-9)


@given(scene=scenes(), data=st.data())
def test_small_scenes_have_pycocotools_numbers(scene: Scene, data: st.DataObject) -> None:
    check_as_pycocotools(scene, list(range(scene.n_images)))
    check_as_pycocotools(scene, data.draw(st.lists(st.integers(0, scene.n_images - 1), min_size=1, unique=True)))


@given(scene=scenes(), data=st.data())
def test_running_sums_of_all_detections_and_of_some_give_the_same_hits(scene: Scene, data: st.DataObject) -> None:
    numbers = data.draw(st.sampled_from([st.integers(0, 3), st.floats(0, 3)]))
    weights = np.array(data.draw(st.lists(numbers, min_size=scene.n_images, max_size=scene.n_images)))
    ranked = ranked_of(scene)
    few, many = (hits.of_few(ranked, weights), hits.of_many(ranked, weights))
    for name in ("places", "segments", "weights", "found", "seen", "positives"):
        assert getattr(few, name).tolist() == getattr(many, name).tolist(), name


@given(scene=scenes())
def test_scores_that_are_sorted_once_rank_as_those_that_are_sorted_again(scene: Scene) -> None:
    given = scene.found
    falling = falling_order(given.scores)
    order = detection_order(given.images, given.labels, given.scores, falling=falling)
    assert order.tolist() == detection_order(given.images, given.labels, given.scores).tolist()
    none = np.zeros(given.size, dtype=np.uint64)
    found = Found.of(given, none + 1, none)
    true = Objects(images=none[:0].astype(np.int64), labels=none[:0].astype(np.int64), ignored=none[:0])
    sizes = {"n_classes": scene.n_classes, "n_images": scene.n_images}
    again, once = (ranked_matches(one, true, CURVES[:1], **sizes) for one in (found, replace(found, falling=falling)))
    assert again.images.tolist() == once.images.tolist()
    assert again.event_images.tolist() == once.event_images.tolist()


@pytest.mark.parametrize("seed", range(2))
def test_random_selections_of_images_have_pycocotools_numbers(seed: int) -> None:
    scene, random = random_scene(seed, n_images=60, n_classes=4), np.random.default_rng(seed)
    check_as_pycocotools(scene, list(range(60)))
    for size in (1, 5, 30):
        check_as_pycocotools(scene, sorted(random.choice(60, size, replace=False).tolist()))


def test_only_a_hundred_detections_of_an_image_and_class_count() -> None:
    check_as_pycocotools(random_scene(1, n_images=4, n_classes=1, false=300), [0, 1, 3])


def drawn_again(scene: Scene, times: list[int]) -> Scene:
    """Return a scene in which each image stands several times, every copy an image of its own."""
    copies = [image for image, n in enumerate(times) for _ in range(n)]
    truths = [(new, *row[1:]) for new, old in enumerate(copies) for row in scene.truths if row[0] == old]
    detections = [(new, *row[1:]) for new, old in enumerate(copies) for row in scene.detections if row[0] == old]
    return Scene(len(copies), scene.n_classes, truths, in_order(detections))


@pytest.mark.parametrize("kind", [np.int32, np.float64])
def test_a_resample_of_images_is_measured_by_weights_alone(kind: type) -> None:
    scene, random = random_scene(7, n_images=40, n_classes=3), np.random.default_rng(7)
    # No ties between images: copies of one image lie side by side, other images between them would cut them apart.
    apart = [(*row[:3], float(random.random())) for row in scene.detections]
    scene = Scene(scene.n_images, scene.n_classes, scene.truths, in_order(apart))
    ranked = ranked_of(scene)
    for _ in range(3):
        times = np.bincount(random.integers(0, 40, 40), minlength=40)
        again = drawn_again(scene, times.tolist())
        found = twelve_numbers(hits_of(ranked, times.astype(kind)))
        assert found == pytest.approx(pycocotools_of(again).stats.tolist(), abs=1e-9)


@pytest.mark.parametrize("share", [3, 7, 8, 10, 1e9, 1e-9])
def test_weights_that_are_no_whole_numbers_count_by_their_ratio(share: float) -> None:
    ranked = ranked_of(random_scene(3, n_images=20, n_classes=2))
    weights = np.tile([1.0, 3.0], 10)
    whole, scaled = (hits_of(ranked, one) for one in (weights, weights / share))
    assert twelve_numbers(scaled) == pytest.approx(twelve_numbers(whole), abs=1e-9)
    assert interpolated_precision(scaled, 11) == pytest.approx(interpolated_precision(whole, 11), abs=1e-9)
    rates = [log_average_miss_rate(one, 0, n) for one, n in ((whole, 40.0), (scaled, 40.0 / share))]
    assert rates[1] == pytest.approx(rates[0], abs=1e-9)


@pytest.mark.parametrize("weight", [0.3, 0.1, 1 / 3])
def test_a_detector_without_a_mistake_is_right_under_any_weight(weight: float) -> None:
    truths = [(image, 0, [10.0, 10.0, 20.0, 20.0], False) for image in range(10)]
    scene = Scene(10, 1, truths, [(*row[:3], 0.9 - row[0] / 100) for row in truths])
    hits = hits_of(ranked_of(scene), np.full(10, weight))
    assert interpolated_precision(hits)[0] == pytest.approx(1.0, abs=1e-12)
    assert interpolated_precision(hits, 11)[0] == pytest.approx(1.0, abs=1e-12)


def test_nothing_at_all_has_no_numbers() -> None:
    hits = hits_of(ranked_of(Scene(2, 1, [], [])), np.ones(2, dtype=np.int32))
    assert np.isnan(interpolated_precision(hits)).all()
    assert np.isnan(hits.whole_recall).all()


@pytest.mark.parametrize("weights", [[1e19] * 6, [1.5, 1e-18, 1.5, 1e-18, 1.5, 1.5], [2.0**60] * 6])
def test_huge_and_tiny_weights_have_a_precision(weights: list[float]) -> None:
    scene = random_scene(3, n_images=6, n_classes=2)
    found = interpolated_precision(hits_of(ranked_of(scene), np.array(weights)))
    expected = interpolated_precision(hits_of(ranked_of(scene), (np.array(weights) > 1e-9).astype(np.int32)))
    known = ~np.isnan(expected)
    assert known.any()
    assert found[known].tolist() == pytest.approx(expected[known].tolist(), abs=0.02)
