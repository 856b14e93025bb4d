"""Problems of one's own on the command line: a scorer in the current folder, groups, objects."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCORER = """
import pandas as pd

def scores(batch):
    samples = pd.DataFrame(batch["s"].to_pylist())
    samples["wrong"] = [len(true) != len(found) for true, found in zip(batch["g"].to_pylist(), batch["i"].to_pylist())]
    return samples.groupby("video", as_index=False)["wrong"].sum()

def fails(batch):
    return {"wrong": [None + 1]}
"""
METRIC = "-- metric: wrong_frames    better: lower    interval: ratio\nSELECT sum(m.wrong) / count(m.wrong) AS value FROM results\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "scorers.py": SCORER,
        "metric.sql": METRIC,
        "frames.csv": "video,frame\na,1\na,2\nb,1\n",
        "true.csv": "video,frame,x\na,1,0.5\nb,1,2.5\n",
        "found.csv": "video,frame,x\na,2,0.5\nb,1,2.5\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    call(tmp_path, "init")
    return tmp_path


def call(folder: Path, *arguments: str, code: int = 0) -> str:
    """Run a command in a process of its own, as a user does, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
    environment.pop("KOLENA_STORE", None)
    command = [str(Path(sys.executable).parent / "kolena-store"), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout if code == 0 else done.stderr


@pytest.mark.sampled(2)
def test_a_scorer_of_the_current_folder_with_pandas_groups_and_objects(folder: Path) -> None:
    upload = ("dataset", "upload", "street", "frames.csv", "--id", "video", "--id", "frame", "--objects", "true.csv")
    options = ("--scorer", "scorers:scores", "--scorer-version", "2", "--group-by", "video", "--reads", "g.x,i.x")
    call(folder, *upload, "--workflow", "custom", *options)
    assert "1 answered sample has no object" in call(folder, "results", "upload", "street", "m", "found.csv")
    call(folder, "metrics", "apply", "street", "metric.sql")
    rows = json.loads(call(folder, "test", "street", "--format", "json"))["metrics"]
    assert [(row["metric"], row["value"]) for row in rows] == [("wrong_frames", 1.0)]
    history = json.loads(call(folder, "dataset", "history", "street", "--format", "json"))
    assert history["versions"][0]["workflow"] == {
        "workflow": "custom",
        "objects": True,
        "scorer": "scorers:scores",
        "scorer_version": "2",
        "reads": ["g.x", "i.x"],
        "group_by": "video",
    }
    some = ("results", "upload", "street", "some", "found.csv", "--answered", "video = 'a' OR frame = 1")
    assert "1 answered sample has no object" in call(folder, *some)


@pytest.mark.sampled(2)
def test_a_scorer_that_is_not_there_or_fails_is_an_error_of_use(folder: Path) -> None:
    upload = ("dataset", "upload", "street", "frames.csv", "--id", "video", "--id", "frame", "--workflow", "custom")
    call(folder, *upload, "--scorer", "scorers:score")
    call(folder, "results", "upload", "street", "m", "found.csv")
    said = call(folder, "metrics", "apply", "street", "metric.sql", code=2)
    assert said.startswith("error: the scorer scorers:score is not there: the module scorers has no 'score'")
    assert "did you mean 'scores'" in said
    call(folder, *upload, "--scorer", "scorers:fails")
    failed = call(folder, "metrics", "apply", "street", "metric.sql", code=2)
    assert "the scorer scorers:fails failed on the sample with video, frame ('a', 2): TypeError" in failed
    assert "the workflow judged has no option --objects" in call(
        folder, *upload[:-1], "judged", "--objects", "yes", code=2
    )
    assert "'x' does not say whose column it is" in call(folder, *upload, "--reads", "x", code=2)
