"""The demo of object detection: its table, its files, and the commands that go on from there."""

import re
import shlex
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from kolena_store.cli import demo
from kolena_store.cli.demo import DrawnScenes, detection, scenes_suite_text

STEP = re.compile(r"^  kolena-store (.*)$", re.MULTILINE)


def found_digits(drawn: DrawnScenes) -> dict[str, pa.Table]:
    """windows finds what is covered or touched, a little beside; components all else, exactly."""
    rows = drawn.objects().to_pylist()
    hidden = [row for row in rows if row["occlusion"] >= 0.25 or row["crowding"] >= 0.05]
    beside = [{**row, "x": row["x"] + 1.5} for row in hidden]
    found = {"windows": beside, "components": [row for row in rows if row not in hidden]}
    sides = ("image_id", "label", "x", "y", "width", "height")
    return {
        name: pa.Table.from_pylist([{**{side: row[side] for side in sides}, "score": 0.9} for row in own])
        for name, own in found.items()
    }


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """The demo without its waiting: few scenes, and detectors that are made up."""
    monkeypatch.setattr(detection, "N_TEST", 30)
    monkeypatch.setattr(demo, "demo_detections", found_digits)
    monkeypatch.setattr(sys, "argv", ["kolena-store"])
    monkeypatch.setattr("shutil.which", lambda name: name)
    return folder


def test_the_story_the_files_and_the_commands(ks, quick: Path) -> None:
    result = ks("demo", "--workflow", "object-detection")
    text = " ".join(result.stdout.split())
    assert "30 scenes of handwritten digits" in text
    assert "components is higher than windows on all" in text
    assert "lower on High occlusion" in text
    assert "training windows and components" in result.stderr
    assert (quick / "scenes.sql").read_text(encoding="utf-8") == scenes_suite_text()
    assert len(list((quick / "scenes").glob("*.png"))) == 30
    steps = STEP.findall(result.stdout)
    assert len(steps) == 7
    for step in steps:
        assert ks(*shlex.split(step), code=1 if step.startswith("check ") else 0).stdout, step
    assert "regressed" in text.split("components against windows")[1]
    locators = [row["locator"] for row in ks.csv("sql", "SELECT locator FROM scenes.test_samples")]
    assert all((quick / one).is_file() for one in locators)


def test_running_it_again_changes_nothing_and_both_demos_share_a_store(ks, quick: Path, monkeypatch) -> None:
    first, second = (ks("demo", "--workflow", "object-detection").stdout for _ in range(2))
    assert first == second
    assert [one["version"] for one in ks.json("dataset", "history", "scenes")["versions"]] == [1]


def test_a_folder_with_files_of_the_user_is_refused_before_anything_is_made(ks, quick: Path) -> None:
    (quick / "scenes").mkdir()
    (quick / "scenes" / "mine.txt").write_text("")
    assert "holds other files (mine.txt)" in ks.error("demo", "--workflow", "object-detection")
    assert not (quick / "kolena.store").exists()


def test_a_workflow_without_a_demo_is_named(ks, quick: Path) -> None:
    assert "object-detection" in ks.error("demo", "--workflow", "object-detectoin")
