"""The page's tracking scorer against py-motmetrics: the counts of each video, and MOTA and IDF1 over all of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_files import write_page_files
from small_stores import temporary_store

import kolena_store as ks

motmetrics = pytest.importorskip("motmetrics", reason="py-motmetrics is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of the oracle's own

COUNTS = {
    "truths": "num_objects",
    "answers": "num_predictions",
    "misses": "num_misses",
    "false_positives": "num_false_positives",
    "switches": "num_switches",
    "kept": "idtp",
}
BOX = ("x", "y", "width", "height")


def videos(n: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Frames, true boxes and found ones of videos in which everything happens, in shuffled rows.

    Of the first video nothing is true, of the second nothing is found, and the third has neither.
    """
    random = np.random.default_rng(7)
    frames, true, found = [], [], []
    for video in range(n):
        tracks = random.integers(1, 5)
        place = random.uniform(0, 120, (tracks, 2))
        numbers = random.permutation(tracks) + 50
        for frame in range(12):
            frames.append({"video": video, "frame": frame})
            place += random.normal(0, 4, place.shape)
            for track in range(tracks):
                key = {"video": video, "frame": frame}
                if random.random() < 0.85 and video not in (0, 2):
                    true.append({**key, "track": track, **dict(zip(BOX, [*place[track], 40.0, 50.0], strict=True))})
                if random.random() < 0.1:
                    numbers[random.integers(tracks)] = numbers[track]
                    numbers[track] = 100 + random.integers(1000)
                if random.random() < 0.8 and video not in (1, 2):
                    shifted = place[track] + random.normal(0, 7, 2)
                    sizes = random.uniform(35, 55, 2)
                    box = dict(zip(BOX, [*shifted, *sizes], strict=True))
                    found.append({**key, "track": int(numbers[track]), **box})
    for rows in (frames, true, found):
        random.shuffle(rows)
    return frames, true, found


def expected(frames: list[dict[str, Any]], true: list[dict[str, Any]], found: list[dict[str, Any]]) -> Any:
    """Return py-motmetrics' table: a row for each video, and `OVERALL`."""

    def boxes(rows: list[dict[str, Any]], video: int, frame: int) -> tuple[list[int], list[list[float]]]:
        own = [row for row in rows if (row["video"], row["frame"]) == (video, frame)]
        return [row["track"] for row in own], [[row[name] for name in BOX] for row in own]

    numbers = sorted({row["video"] for row in frames})
    accumulators = []
    for video in numbers:
        accumulators.append(motmetrics.MOTAccumulator())
        for frame in range(12):
            (true_ids, one), (found_ids, other) = boxes(true, video, frame), boxes(found, video, frame)
            distance = np.array([[distance_of(box, answer) for answer in other] for box in one])
            accumulators[-1].update(true_ids, found_ids, distance, frameid=frame)
    return motmetrics.metrics.create().compute_many(
        accumulators, names=numbers, metrics=[*COUNTS.values(), "mota", "idf1"], generate_overall=True
    )


def distance_of(one: list[float], other: list[float]) -> float:
    """Return 1 - intersection over union, NaN under a half of it (motmetrics' own needs numpy 1)."""
    sides = [min(one[k] + one[k + 2], other[k] + other[k + 2]) - max(one[k], other[k]) for k in (0, 1)]
    common = sides[0] * sides[1] if min(sides) > 0 else 0.0
    overlap = common / (one[2] * one[3] + other[2] * other[3] - common)
    return 1 - overlap if overlap >= 0.5 else np.nan


@pytest.mark.sampled(2)
def test_tracking_counts_what_motmetrics_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_page_files("tracking.md", tmp_path)
    monkeypatch.chdir(tmp_path)
    frames, true, found = videos(14)
    # An object more than once in a frame, or a number, is no input of MOTA: the last one is kept.
    found = list({(row["video"], row["frame"], row["track"]): row for row in found}.values())
    store = temporary_store()
    with store.transaction():
        workflow = ks.Custom(objects=True, scorer="tracking:score", group_by="video")
        store.upload_dataset("street", frames, id_fields=["video", "frame"], objects=true, workflow=workflow)
        store.upload_results("street", "m", found)
        store.apply_metrics("street", tmp_path / "tracking.sql")
        results = store.test("street")
    table = expected(frames, true, found)
    for name in ("mota", "idf1"):
        assert results["all", "m", name].value == pytest.approx(table.loc["OVERALL", name], rel=1e-12)
        assert results["all", "m", name].n == 14
    query = "SELECT video, sample_metrics.* FROM street.sample_metrics JOIN street.test_samples USING (_sample) "
    rows = store.sql(f"{query} WHERE truths IS NOT NULL ORDER BY video").rows()
    for name, theirs in COUNTS.items():
        assert [row[name] for row in rows] == [int(table.loc[video, theirs]) for video in range(14)], name
    assert results["all", "m", "mota"].method == "linearised t, only 14 clusters"
