"""Matching against pycocotools, and against protocols written down plainly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import Scene, pycocotools_of, random_scene, scenes

from kolena_store.errors import InvalidInput
from kolena_store.matching.boxes import box_overlaps
from kolena_store.matching.candidates import find_candidates
from kolena_store.matching.coco import AREAS, THRESHOLDS, Settings, match_coco
from kolena_store.matching.objects import Detections, Truths, falling_order
from kolena_store.matching.one_to_one import match_confused, match_one_to_one


def check_as_pycocotools(scene: Scene) -> None:
    settings = Settings()
    matches = match_coco(scene.found, scene.true, scene.candidates(), settings)
    for row in pycocotools_of(scene).evalImgs:
        if row is None:
            continue
        area = next(place for place, (_, low, high) in enumerate(AREAS) if [low, high] == row["aRng"])
        own = [number - 1 for number in row["dtIds"]]
        for threshold in range(len(THRESHOLDS)):
            bit = settings.bit(threshold, area)
            assert (row["dtMatches"][threshold] > 0).tolist() == ((matches.matched[own] & bit) != 0).tolist()
            assert row["dtIgnore"][threshold].tolist() == ((matches.ignored[own] & bit) != 0).tolist()
            if (threshold, area) == (0, 0):
                assert row["dtMatches"][0].tolist() == (matches.truths[own] + 1).tolist()
        ignored = (matches.ignored_truths[[number - 1 for number in row["gtIds"]]] & settings.bit(0, area)) != 0
        assert sorted(ignored.tolist()) == sorted(map(bool, row["gtIgnore"].tolist()))


@given(scene=scenes())
def test_small_scenes_match_as_pycocotools_has_it(scene: Scene) -> None:
    check_as_pycocotools(scene)


@pytest.mark.parametrize("seed", range(3))
def test_larger_scenes_match_as_pycocotools_has_it(seed: int) -> None:
    check_as_pycocotools(random_scene(seed, n_images=20, n_classes=3))


def test_only_the_highest_scores_of_an_image_and_class_count() -> None:
    scene = random_scene(1, n_images=4, n_classes=2, false=300)
    check_as_pycocotools(scene)
    matches = match_coco(scene.found, scene.true, scene.candidates(), Settings(most=2))
    assert matches.is_within.tolist() == (scene.found.ranks < 2).tolist()
    assert not matches.matched[~matches.is_within].any()


def overlap(a: list[float], b: list[float]) -> float:
    shared = [max(0.0, min(a[k] + a[k + 2], b[k] + b[k + 2]) - max(a[k], b[k])) for k in (0, 1)]
    union = a[2] * a[3] + b[2] * b[3] - shared[0] * shared[1]
    return shared[0] * shared[1] / union if union else 0.0


def plain_one_to_one(
    scene: Scene, detections: list[int], truths: list[int], threshold: float
) -> tuple[dict[int, int], set[int]]:
    """Return detection -> object, and the detections that an ignored object took, by the words of the protocol."""
    matched: dict[int, int] = {}
    vanished = set()
    ordered = [*(t for t in truths if not scene.truths[t][3]), *(t for t in truths if scene.truths[t][3])]
    for d in sorted(detections, key=lambda d: -scene.detections[d][3]):
        image, _, box, _ = scene.detections[d]
        near = [t for t in ordered if scene.truths[t][0] == image]
        best = max(near, key=lambda t: overlap(box, scene.truths[t][2]), default=None)
        if best is None or overlap(box, scene.truths[best][2]) < threshold:
            continue
        if scene.truths[best][3]:
            vanished.add(d)
        elif best not in matched.values():
            matched[d] = best
    return matched, vanished


@given(scene=scenes())
def test_one_to_one_matching_follows_the_words_of_the_protocol(scene: Scene) -> None:
    plain = [(*row[:3], False) for row in scene.truths]
    candidates = Scene(scene.n_images, scene.n_classes, plain, scene.detections).candidates()
    within = match_one_to_one(scene.found, scene.true, candidates, 0.5)
    matched: dict[int, int] = {}
    vanished: set[int] = set()
    for label in range(scene.n_classes):
        alike = [[n for n, row in enumerate(rows) if row[1] == label] for rows in (scene.detections, scene.truths)]
        more, gone = plain_one_to_one(scene, *alike, 0.5)
        matched |= more
        vanished |= gone
    assert dict(enumerate(within.truths.tolist())) == {d: matched.get(d, -1) for d in range(len(scene.detections))}
    assert set(np.flatnonzero(within.is_ignored).tolist()) == vanished
    left = [d for d in range(len(scene.detections)) if d not in matched and d not in vanished]
    open_truths = [t for t in range(len(scene.truths)) if t not in matched.values()]
    again, _ = plain_one_to_one(scene, left, open_truths, 0.5)
    confused = {d: t for d, t in again.items() if scene.detections[d][1] != scene.truths[t][1]}
    answer = match_confused(scene.found, scene.true, candidates, threshold=0.5, within=within)
    assert {d: t for d, t in enumerate(answer.tolist()) if t >= 0} == confused


def overlaps_of(scene: Scene) -> Any:
    found, true = scene.boxes
    return lambda pairs: box_overlaps(found, true, pairs, scene.true.is_crowd)


def test_candidates_are_all_pairs_of_an_image_that_overlap() -> None:
    scene = random_scene(2, n_images=30, n_classes=2)
    found = scene.candidates()
    pairs = {
        (d, t)
        for d, (image, _, box, _) in enumerate(scene.detections)
        for t, (other, _, true, crowd) in enumerate(scene.truths)
        if image == other and not crowd and overlap(box, true) >= 0.1
    }
    is_plain = ~scene.true.is_crowd[found.truths]
    assert set(zip(found.detections[is_plain].tolist(), found.truths[is_plain].tolist(), strict=True)) == pairs
    assert (np.diff(found.detections) >= 0).all()
    alike = find_candidates(scene.found, scene.true, overlaps_of(scene), alike=True)
    same = found.only(scene.found.labels[found.detections] == scene.true.labels[found.truths])
    assert sorted(zip(alike.detections, alike.truths, alike.overlaps, strict=True)) == sorted(
        zip(same.detections, same.truths, same.overlaps, strict=True)
    )
    assert (np.diff(alike.detections) >= 0).all()


def test_pairs_are_looked_at_in_parts_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = random_scene(3, n_images=9, n_classes=2)
    sizes: list[int] = []

    def overlaps(pairs: Any) -> np.ndarray:
        sizes.append(len(pairs[0]))
        return np.ones(len(pairs[0]))

    whole = find_candidates(scene.found, scene.true, overlaps)
    monkeypatch.setattr("kolena_store.matching.candidates.PAIRS_AT_ONCE", 20)
    parts = find_candidates(scene.found, scene.true, overlaps)
    assert len(sizes) > 3
    assert max(sizes[1:]) <= 20
    assert parts.truths.tolist() == whole.truths.tolist()
    assert parts.detections.tolist() == whole.detections.tolist()


def test_more_settings_than_bits_and_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at most 64"):
        Settings(thresholds=[n / 100 for n in range(50, 67)])
    images, flags = np.array([1, 0]), np.zeros(2, dtype=bool)
    with pytest.raises(InvalidInput, match="images must ascend"):
        Truths(images=images, labels=images, areas=np.zeros(2), is_crowd=flags, is_ignored=flags)
    with pytest.raises(InvalidInput, match="by label and falling score"):
        Detections(images=images * 0, labels=images * 0, areas=np.zeros(2), scores=np.array([0.1, 0.2]))
    with pytest.raises(InvalidInput, match="don't fit"):
        Truths(images=images[:1], labels=images, areas=np.zeros(2), is_crowd=flags, is_ignored=flags)


@given(
    scores=st.one_of(
        st.lists(st.sampled_from([0.0, -0.0, 0.1, 0.5, 1.0, -1.0, float("inf"), float("-inf"), 5e-324, -5e-324])),
        st.lists(st.floats(allow_nan=False)),
        st.lists(st.integers(0, 3)).map(lambda steps: [1.0 + step * 2.0**-52 for step in steps]),
    )
)
def test_falling_scores_stand_as_a_stable_sort_has_them(scores: list[float]) -> None:
    values = np.array(scores, dtype=np.float64)
    assert falling_order(values).tolist() == np.argsort(-values, kind="stable").tolist()
