"""The demo of object detection: scenes are measured as they are drawn, and two detectors tell the story."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kolena_store as ks
from kolena_store.cli.demo import DrawnScenes, demo_detections, detection, drawn_scenes, scenes_suite_text
from kolena_store.cli.demo.components import connected, darkness, inked, pieces_of
from kolena_store.cli.demo.digits import drawings, halves
from kolena_store.cli.demo.scenes import SIDE, Box, Crowd, draw_scene
from kolena_store.cli.demo.windows import overlaps_with, without_neighbours

PLAIN, FULL = Crowd(close=0.0, covered=0.0), Crowd(close=1.0, covered=1.0)


def scene(crowd: Crowd, seed: int) -> Any:
    return draw_scene(drawings()[0], np.arange(500), crowd, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_scene_is_measured_as_it_is_drawn(seed: int) -> None:
    plain, full = scene(PLAIN, seed), scene(FULL, seed)
    for one in (plain, full):
        assert one.pixels.shape == (SIDE, SIDE)
        assert one.brightness == pytest.approx(one.pixels.mean() / 255)
        boxes = [digit.box for digit in one.digits]
        for digit in one.digits:
            box = digit.box
            assert min(box.x, box.y) >= 0
            assert max(box.x + box.width, box.y + box.height) <= SIDE
            shares = [box.shared(other) / (box.width * box.height) for other in boxes if other is not box]
            assert digit.crowding == pytest.approx(max(shares, default=0))
    assert all(digit.occlusion == digit.crowding == 0 for digit in plain.digits)
    assert all(0.1 <= digit.occlusion < 1 for digit in full.digits)
    assert any(digit.crowding > 0 for digit in full.digits)


def test_boxes_share_what_both_cover() -> None:
    box = Box(x=0, y=0, width=4, height=3)
    assert box.shared(Box(x=2, y=1, width=5, height=5)) == 4
    assert box.shared(Box(x=4, y=0, width=5, height=5)) == 0


def test_connected_pixels_have_one_number_and_pieces_a_box() -> None:
    flags = np.zeros((20, 30), dtype=bool)
    flags[2:12, 3] = flags[11, 3:9] = True
    flags[12, 9] = True  # by a corner
    flags[3:14, 20:23] = True
    flags[18, 28] = True  # too small for a digit
    assert len(np.unique(connected(flags))) == 4
    assert sorted(map(tuple, pieces_of(flags).tolist())) == [(3, 2, 7, 11), (20, 3, 3, 11)]


def test_pieces_of_a_plain_scene_are_its_digits() -> None:
    one = next(one for one in (scene(PLAIN, seed) for seed in range(50)) if one.noise == 0 and one.brightness > 0.7)
    pieces = pieces_of(inked(darkness(one.pixels)))
    for digit in one.digits:
        box = np.array([digit.box.x, digit.box.y, digit.box.width, digit.box.height], dtype=float)
        assert overlaps_with(box, pieces).max() > 0.5


def test_the_best_of_boxes_that_overlap_is_kept() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 10, 10], [20, 0, 10, 10], [0, 8, 10, 10]], dtype=float)
    assert without_neighbours(boxes, np.array([0.5, 0.9, 0.1, 0.3])).tolist() == [1, 3, 2]
    assert without_neighbours(boxes[:0], np.zeros(0)).tolist() == []


@pytest.fixture(scope="module")
def drawn() -> DrawnScenes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detection, "N_TEST", 90)
        return drawn_scenes()


@pytest.fixture(scope="module")
def found(drawn: DrawnScenes) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detection, "N_TRAINING", 110)
        return demo_detections(drawn)


def test_no_digit_that_is_learned_from_is_on_a_test_scene(drawn: DrawnScenes) -> None:
    training = set(halves(0)[0].tolist())
    assert not training & {digit.source for one in drawn.scenes for digit in one.digits}
    again = draw_scene(drawings()[0], halves(0)[1], detection.TEST, np.random.default_rng((0, 5, 7)))
    assert (again.pixels == drawn.scenes[7].pixels).all()


def test_images_are_written_where_their_locators_say(drawn: DrawnScenes, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    drawn.write_images(tmp_path / "scenes")
    drawn.write_images(tmp_path / "scenes")
    locators = drawn.samples("scenes").column("locator").to_pylist()
    assert sorted(path.name for path in (tmp_path / "scenes").iterdir()) == sorted(Path(one).name for one in locators)
    assert (np.asarray(image.open(tmp_path / locators[3])) == drawn.scenes[3].pixels).all()
    (tmp_path / "scenes" / "mine.txt").write_text("")
    with pytest.raises(ks.StoreError, match=r"holds other files \(mine.txt\)"):
        drawn.write_images(tmp_path / "scenes")


@pytest.mark.sampled(2)
def test_one_detector_wins_on_the_whole_and_the_other_where_it_matters(
    drawn: DrawnScenes, found: dict[str, Any]
) -> None:
    store = ks.Store()
    store.upload_dataset(
        "scenes",
        drawn.samples("scenes"),
        id_fields=["image_id"],
        objects=drawn.objects(),
        workflow=ks.ObjectDetection(),
    )
    for name, table in found.items():
        store.upload_results("scenes", name, table)
    store.apply_suite("scenes", scenes_suite_text(), name="scenes")
    results = store.test("scenes", suite="scenes", configuration=ks.Configuration(ignore="caltech"))
    for metric in ("ap", "ap50", "recall"):
        windows, components = (results["High occlusion", name, metric].value for name in ("windows", "components"))
        assert windows > components
    whole, front = (
        [results[case, name, "ap"].value for name in ("components", "windows")] for case in ("all", "Front view")
    )
    assert whole[0] > whole[1] > 0.1
    assert front[0] > front[1] > 0.1
    cases = [one.name for one in store.test_cases("scenes", "scenes")]
    assert all(results[case, "windows", "objects"].value > 10 for case in cases)
