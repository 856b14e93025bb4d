"""Two detectors on the same images: differences, what they rest on, and the objects that only one of them finds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_stores import detection_rows, image_rows, truth_rows
from oracles.object_reference import log_average_miss_rate
from scenes import Scene, in_order, pycocotools_of, random_scene
from scipy.stats import t

import kolena_store as ks
from kolena_store.metrics.intervals import objects
from kolena_store.metrics.objects import resampling
from kolena_store.metrics.objects.values import MISS_RATE
from kolena_store.statistics.draws import resampled_units
from kolena_store.statistics.levels import SEED

SUITE = """
CREATE VIEW "First half" AS SELECT * FROM test_samples WHERE half = 'first';
CREATE VIEW "Small" AS SELECT * FROM ground_truths WHERE width * height <= 32 * 32;
CREATE VIEW "Large" AS SELECT * FROM ground_truths WHERE width * height > 96 * 96;
"""
N_DRAWS = 12
CLASSES = {"c0": 0, "c1": 1}


@pytest.fixture(scope="module")
def scenes() -> tuple[Scene, Scene]:
    """Return the same images with the detections of two models, of which the second misses some and adds others."""
    first = random_scene(5, n_images=60, n_classes=2, objects=6, false=4)
    random = np.random.default_rng(6)
    kept = [row for row in first.detections if random.random() < 0.75]
    moved = [
        (image, label, box, round(min(1.0, score * random.uniform(0.7, 1.3)), 2)) for image, label, box, score in kept
    ]
    added = random_scene(7, n_images=60, n_classes=2, objects=1, false=3).detections
    return first, replace(first, detections=in_order([*moved, *added]))


@pytest.fixture(scope="module")
def store(scenes: tuple[Scene, Scene]) -> ks.Store:
    found = store_of_both(scenes)
    found.apply_suite("d", SUITE, name="s")
    return found


def drawn_again(scene: Scene, images: Sequence[int]) -> Scene:
    """Return the images that were drawn, each as often as it was, as images of their own."""
    places: dict[int, list[int]] = {}
    for place, image in enumerate(images):
        places.setdefault(image, []).append(place)
    truths = [(place, *row[1:]) for row in scene.truths for place in places.get(row[0], [])]
    found = [(place, *row[1:]) for row in scene.detections for place in places.get(row[0], [])]
    return Scene(len(images), scene.n_classes, sorted(truths, key=lambda row: row[0]), in_order(found))


def draws(n_units: int, seed: int) -> Iterator[list[int]]:
    for counts in resampled_units(n_units, n_draws=N_DRAWS, seed=seed):
        yield np.repeat(np.arange(n_units), counts).tolist()


def rows_of(compared: ks.Comparison, metric: str) -> dict[tuple[str, str | None], dict[str, object]]:
    return {(row["test_case"], row["class"]): row for row in compared.rows() if row["metric"] == metric}


def width(row: dict[str, object]) -> float:
    return float(row["ci_high"]) - float(row["ci_low"])


def test_the_error_of_average_precision_is_that_of_pycocotools_on_images_drawn_again(
    store: ks.Store, scenes: tuple[Scene, Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resampling, "N_RESAMPLES", N_DRAWS)
    monkeypatch.setattr("kolena_store.metrics.differences.objects.N_RESAMPLES", N_DRAWS)
    found = store.compare("d", "new", "old", metrics=["ap", "ap50"], alpha=0.0501)
    stats = [[pycocotools_of(drawn_again(scene, images)).stats[:2] for scene in scenes] for images in draws(60, SEED)]
    for place, metric in enumerate(("ap", "ap50")):
        row = rows_of(found, metric)["all", None]
        apart = [float(first[place] - second[place]) for first, second in stats]
        whole = [pycocotools_of(scene).stats[place] for scene in scenes]
        assert row["delta"] == pytest.approx(whole[0] - whole[1], abs=1e-9)
        expected = 2 * t.ppf(1 - 0.0501 / 2, N_DRAWS - 1) * np.std(apart, ddof=1)
        assert width(row) == pytest.approx(expected, rel=0.01)  # copies of an image stand apart in a ranking


def test_the_error_of_the_miss_rate_is_that_of_images_drawn_again(
    store: ks.Store, scenes: tuple[Scene, Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    without = [replace(scene, truths=[(*row[:3], False) for row in scene.truths]) for scene in scenes]
    plain = store_of_both((without[0], without[1]))
    monkeypatch.setattr(resampling, "N_RESAMPLES", N_DRAWS)
    monkeypatch.setattr("kolena_store.metrics.differences.objects.N_RESAMPLES", N_DRAWS)
    found = plain.compare("d", "new", "old", metrics=["log_average_miss_rate"], by_class=True)
    values = [
        [
            [log_average_miss_rate(drawn_again(scene, images), label, lambda _: False) for scene in without]
            for label in (0, 1)
        ]
        for images in draws(60, SEED)
    ]
    for name, label in CLASSES.items():
        apart = [one[label][0] - one[label][1] for one in values]
        row = rows_of(found, "log_average_miss_rate")["all", name]
        expected = 2 * t.ppf(0.975, N_DRAWS - 1) * np.std(apart, ddof=1)
        assert width(row) == pytest.approx(expected, rel=0.05)  # copies of an image stand apart in a ranking


def test_terms_of_resamples_are_those_of_all_terms_on_all_images(
    store: ks.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()

    def checked(statistics: Any, units: Any, terms: Mapping[str, str], *, seed: int) -> Any:
        found = resampling.resampled_terms(statistics, units, terms, seed=seed)
        for nth, weights in zip(range(2), units.draws(seed), strict=False):
            values = statistics.on(weights)
            for name, statistic in terms.items():
                np.testing.assert_array_equal(found[name][nth], values.value(statistic))
        seen.update(terms.values())
        return found

    monkeypatch.setattr(objects, "resampled_terms", checked)
    metrics = ["ap", "ap_large", "ar_10", "voc_ap", "voc_ap_11", "log_average_miss_rate", "ap_gain_missed"]
    store.compare("d", "new", "old", metrics=metrics, alpha=0.0502)
    assert {"average_precision", "voc_average_precision", MISS_RATE} < seen


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.floats(-9, 9)), max_size=30))
def test_squares_by_class_are_the_same_when_only_pairs_that_are_there_are_kept(
    entries: list[tuple[int, int, float]],
) -> None:
    units, labels = (np.array([one[place] for one in entries], dtype=np.int64) for place in (0, 1))
    amounts = np.array([one[2] for one in entries])
    sums = np.zeros((5, 4))
    np.add.at(sums, (labels, units), amounts)
    for most in (0, objects.MOST_CELLS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(objects, "MOST_CELLS", most)
            found = objects.squares_by_class(units, labels, amounts, n_units=4, n_classes=5)
        assert found == pytest.approx((sums**2).sum(axis=1))


LINES = {"recall": ((1, 0, 0), (0, 0, 1)), "precision": ((1, 0, 0), (1, 1, 0)), "f1": ((2, 0, 0), (1, 1, 1))}
"""What true positives, false positives and objects count for above and below the line of each ratio."""


@pytest.mark.parametrize("cluster", [None, "video"])
def test_ratios_are_linearised_by_image_or_cluster(scenes: tuple[Scene, Scene], cluster: str | None) -> None:
    store = store_of_both(scenes, **({"cluster": cluster} if cluster else {}))
    found = store.compare("d", "new", "old", metrics=list(LINES))
    units = np.arange(60) % 7 if cluster else np.arange(60)
    n = len(np.unique(units))
    sums = [np.stack([np.bincount(units, one) for one in image_sums(store, model)]) for model in ("new", "old")]
    for metric, (above, below) in LINES.items():
        moved = []
        for of_model in sums:
            top, bottom = np.array(above) @ of_model, np.array(below) @ of_model
            moved.append((top - top.sum() / bottom.sum() * bottom) / bottom.sum())
        error = np.sqrt(((moved[0] - moved[1]) ** 2).sum() * n / (n - 1))
        row = rows_of(found, metric)["all", None]
        assert width(row) == pytest.approx(2 * t.ppf(0.975, n - 1) * error, rel=1e-9)


def image_sums(store: ks.Store, model: str) -> list[np.ndarray]:
    """Return the true positives, false positives and objects of each image, from the published matches."""
    rows = store.sql(
        "SELECT image, count(*) FILTER (WHERE outcome = 'true positive' AND is_counted) AS hits, "
        "count(*) FILTER (WHERE outcome = 'false positive' AND is_counted) AS false, "
        "count(*) FILTER (WHERE outcome IN ('true positive', 'missed')) AS objects "
        f"FROM d.matches JOIN d.test_samples USING (_sample) WHERE model = '{model}' GROUP BY image"
    ).rows()
    found = np.zeros((3, 60))
    for row in rows:
        found[:, row["image"]] = row["hits"], row["false"], row["objects"]
    return list(found)


def test_objects_that_one_model_alone_finds_are_counted_and_listed(
    store: ks.Store, scenes: tuple[Scene, Scene]
) -> None:
    found = store.compare("d", "new", "old", "s", metrics=["recall"], by_class=True)
    by_model = [found_of(store, model) for model in ("new", "old")]
    classes = {(image, place): f"c{label}" for (image, place), label in places_of(scenes[0]).items()}
    for name in (None, "c0", "c1"):
        expected = [{one for one in of_model if name in (None, classes[one])} for of_model in by_model]
        row = rows_of(found, "recall")["all", name]
        assert row["n_only_model"] == len(expected[0] - expected[1])
        assert row["n_only_baseline"] == len(expected[1] - expected[0])
    listed = store.differing_samples("d", "new", "old", "s", metric="ap")
    assert listed.unit == "object"
    assert {(row["image"], row["_object"]): (row["class"], row["model_value"]) for row in listed.rows()} == {
        one: (classes[one], float(one in by_model[0])) for one in by_model[0] ^ by_model[1]
    }
    values = [row["model_value"] for row in listed.rows()]
    assert values == sorted(values)
    of_class = store.differing_samples("d", "new", "old", "s", metric="ap", class_name="c1")
    assert [row["class"] for row in of_class.rows()] == ["c1"] * len(of_class.rows())
    assert f"of {of_class.n_common} objects are found by one of new and old" in str(of_class)
    with pytest.raises(ks.StoreError, match="no class named 'c7'"):
        store.differing_samples("d", "new", "old", "s", metric="ap", class_name="c7")


def found_of(store: ks.Store, model: str) -> set[tuple[int, int]]:
    rows = store.sql(
        "SELECT image, ground_truth FROM d.matches JOIN d.test_samples USING (_sample) "
        f"WHERE model = '{model}' AND outcome = 'true positive' AND is_counted"
    ).rows()
    return {(row["image"], row["ground_truth"]) for row in rows}


def places_of(scene: Scene) -> dict[tuple[int, int], int]:
    counts: dict[int, int] = {}
    places = {}
    for image, label, _, _ in scene.truths:
        places[image, counts.setdefault(image, 0)] = label
        counts[image] += 1
    return places


@pytest.mark.sampled(2)
def test_test_cases_of_objects_are_compared_by_their_own_objects(store: ks.Store) -> None:
    found = store.compare("d", "new", "old", "s", metrics=["ap", "recall"])
    runs = store.test("d", ["new", "old"], "s", metrics=["ap", "recall"])
    for (case, _), row in {**rows_of(found, "ap"), **rows_of(found, "recall")}.items():
        values = [runs[case, model, row["metric"]].value for model in ("new", "old")]
        assert (row["value"], row["baseline"]) == pytest.approx(tuple(values), abs=1e-12)
    listed = store.differing_samples("d", "new", "old", "s", test_case="Small", metric="recall")
    small = rows_of(found, "recall")["Small", None]
    assert small["n_only_model"] + small["n_only_baseline"] == len(listed.rows()) < listed.n_common == small["n"]
    assert "same samples" not in str(found)  # they have, and are not the same test


@pytest.mark.sampled(2)
def test_a_third_model_and_another_order_change_nothing(scenes: tuple[Scene, Scene]) -> None:
    def values(rows: list[dict[str, object]]) -> list[object]:
        names = ("test_case", "metric", "delta", "ci_low", "ci_high", "p", "n_only_model")
        return [tuple(row[name] for name in names) for row in rows if row["model"] == "new"]

    plain = store_of_both(scenes).compare("d", "new", "old").rows()
    other = ks.Store()
    images, truths = image_rows(scenes[0]), truth_rows(scenes[0])
    other.upload_dataset("d", images, id_fields=["image"], objects=truths, workflow=ks.ObjectDetection())
    for model, scene in (("old", scenes[1]), ("third", scenes[0]), ("new", scenes[0])):
        other.upload_results("d", model, detection_rows(scene)[::-1] if model == "third" else detection_rows(scene))
    assert values(other.compare("d", ["third", "new"], "old").rows()) == values(plain)


def test_a_model_against_itself_differs_in_nothing(scenes: tuple[Scene, Scene]) -> None:
    store = store_of_both((scenes[0], scenes[0]))
    for row in store.compare("d", "new", "old", by_class=True, metrics=["ap", "recall", "ar_10"]).rows():
        assert (row["delta"], row["verdict"], row["n_only_model"]) == (0.0, "inconclusive", 0)


def test_little_evidence_gives_no_verdict() -> None:
    scene = random_scene(3, n_images=4, n_classes=1, objects=3)
    store = store_of_both((scene, replace(scene, detections=[(0, 0, [900.0, 900.0, 5.0, 5.0], 0.5)])))
    for row in store.compare("d", "new", "old", metrics=["ap", "recall", "precision"]).rows():
        assert row["verdict"] == "inconclusive"
        assert row["reason"]


@pytest.mark.sampled(2)
def test_a_standard_gates_detectors(store: ks.Store, tmp_path: Path) -> None:
    file = tmp_path / "boxes.standard.toml"
    file.write_text(
        """[standard]
name = "boxes"
dataset = "d"
suite = "s"
[[gate]]
id = "no regression"
metric = ["ap", "log_average_miss_rate"]
cases = "*"
baseline = "not_regressed"
[[gate]]
id = "each class"
metric = "recall"
class = "*"
cases = "all"
at_least = 0.01
""",
    )
    forward, backward = store.check(file, "new", "old"), store.check(file, "old", "new")
    assert forward.passed
    assert not backward.passed
    assert {one.gate for one in backward.not_passed()} == {"no regression"}
    assert {row["class"] for row in forward.rows() if row["gate"] == "each class"} == {"c0", "c1"}


@pytest.mark.sampled(2)
def test_moved_objects_are_told_apart_from_a_new_model(scenes: tuple[Scene, Scene]) -> None:
    store = store_of_both(scenes)
    store.apply_suite("d", SUITE, name="s")
    before = store.test("d", "old", "s", metrics=["ap", "recall"]).runs[0].run_id
    rows = [{**row, "label": "c1"} if row["image"] < 5 else row for row in truth_rows(scenes[0])]
    store.upload_dataset("d", image_rows(scenes[0]), objects=rows)
    after = store.test("d", "new", "s", metrics=["ap", "recall"]).runs[0].run_id
    store.compare("d", "new", "old", "s")
    old_again = store.test("d", "old", "s", metrics=["ap", "recall"])
    for row in store.compare_runs(after, before).rows():
        if row["class"] is None:
            assert row["after_labels"] == pytest.approx(old_again[row["test_case"], "old", row["metric"]].value)
            parts = (row[name] for name in ("metric_definition", "labels", "membership", "configuration", "model"))
            assert sum(parts) == pytest.approx(row["delta"], abs=1e-12)


def store_of_both(scenes: tuple[Scene, Scene], **options: object) -> ks.Store:
    store = ks.Store()
    images, truths = image_rows(scenes[0]), truth_rows(scenes[0])
    store.upload_dataset("d", images, id_fields=["image"], objects=truths, workflow=ks.ObjectDetection(), **options)
    for model, scene in zip(("new", "old"), scenes, strict=True):
        store.upload_results("d", model, detection_rows(scene))
    return store
