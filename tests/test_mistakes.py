"""TIDE's kinds of mistakes on scenes that are made for each of them, and against the words of the paper."""

import numpy as np
import pytest
from hypothesis import given
from scenes import Scene, scenes

from kolena_store.matching.coco import Settings, match_coco
from kolena_store.matching.mistakes import KINDS, Mistakes, find_mistakes

BOX = [0.0, 0.0, 10.0, 10.0]
NEAR = [4.0, 0.0, 10.0, 10.0]  # overlaps BOX by 60 / 140
FAR = [50.0, 50.0, 10.0, 10.0]


def mistakes_of(scene: Scene) -> Mistakes:
    candidates = scene.candidates()
    matches = match_coco(scene.found, scene.true, candidates, Settings(thresholds=(0.5,)))
    counts = (matches.ignored & np.uint64(1)) == 0
    return find_mistakes(scene.found, scene.true, candidates, matched=matches.truths, counts=counts, threshold=0.5)


@pytest.mark.parametrize(
    ("truths", "detections", "kinds", "missed"),
    [
        ([(0, BOX)], [(0, BOX, 0.9)], [None], [False]),
        ([(0, BOX)], [(1, BOX, 0.9)], ["classification"], [False]),
        ([(0, BOX)], [(0, NEAR, 0.9)], ["localisation"], [False]),
        ([(0, BOX)], [(1, NEAR, 0.9)], ["both"], [True]),
        ([(0, BOX)], [(0, BOX, 0.9), (0, BOX, 0.8)], [None, "duplicate"], [False]),
        ([(0, BOX)], [(0, FAR, 0.9)], ["background"], [True]),
        ([], [(0, FAR, 0.9)], ["background"], []),
        ([(0, BOX)], [], [], [True]),
        ([(0, BOX), (1, FAR)], [(0, NEAR, 0.9), (0, FAR, 0.8)], ["localisation", "classification"], [False, False]),
    ],
)
def test_each_kind_of_mistake(truths: list, detections: list, kinds: list, missed: list) -> None:
    scene = Scene(1, 2, [(0, *one, False) for one in truths], [(0, *one) for one in detections])
    found = mistakes_of(scene)
    assert [KINDS[kind] if kind >= 0 else None for kind in found.kinds.tolist()] == kinds
    assert found.is_missed.tolist() == missed


def test_only_the_best_of_several_that_lie_on_an_object_would_mend_it() -> None:
    detections = [(0, 0, FAR, 0.9), (0, 0, NEAR, 0.7), (0, 1, BOX, 0.9), (0, 1, FAR, 0.8), (0, 1, BOX, 0.5)]
    scene = Scene(1, 2, [(0, 0, BOX, False), (0, 0, FAR, False)], detections)
    found = mistakes_of(scene)
    assert found.truths.tolist() == [-1, 0, 0, 1, 0]
    assert found.is_mendable.tolist() == [False, False, True, False, False]


def test_what_a_crowd_takes_is_no_mistake() -> None:
    scene = Scene(1, 1, [(0, 0, BOX, True)], [(0, 0, BOX, 0.9), (0, 0, FAR, 0.8)])
    found = mistakes_of(scene)
    assert found.kinds.tolist() == [-1, KINDS.index("background")]
    assert found.is_missed.tolist() == [False]


def overlap_of(scene: Scene, detection: int, truth: int) -> float:
    candidates = scene.candidates()
    at = (candidates.detections == detection) & (candidates.truths == truth)
    return float(candidates.overlaps[at].sum())


def plain_kind(scene: Scene, detection: int, taken: set[int]) -> str:
    image, label = scene.detections[detection][:2]
    real = [t for t, row in enumerate(scene.truths) if row[0] == image and not row[3]]
    same = [overlap_of(scene, detection, t) for t in real if scene.truths[t][1] == label]
    other = [overlap_of(scene, detection, t) for t in real if scene.truths[t][1] != label]
    used = [overlap_of(scene, detection, t) for t in real if scene.truths[t][1] == label and t in taken]
    if 0.1 <= max(same, default=0) <= 0.5:
        return "localisation"
    if max(other, default=0) >= 0.5:
        return "classification"
    if max(used, default=0) >= 0.5:
        return "duplicate"
    return "background" if max([*same, *other], default=0) <= 0.1 else "both"


@given(scene=scenes())
def test_kinds_follow_the_words_of_the_paper(scene: Scene) -> None:
    found = mistakes_of(scene)
    matches = match_coco(scene.found, scene.true, scene.candidates(), Settings(thresholds=(0.5,)))
    counts = (matches.ignored & np.uint64(1)) == 0
    taken = set(matches.truths[(matches.truths >= 0) & counts].tolist())
    for detection in range(len(scene.detections)):
        is_wrong = counts[detection] and matches.truths[detection] < 0
        expected = KINDS.index(plain_kind(scene, detection, taken)) if is_wrong else -1
        assert found.kinds[detection] == expected
    covered = set(found.truths[found.truths >= 0].tolist())
    for truth, (_, _, _, is_crowd) in enumerate(scene.truths):
        assert bool(found.is_missed[truth]) == (not is_crowd and truth not in taken and truth not in covered)
