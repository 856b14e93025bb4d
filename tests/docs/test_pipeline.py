"""The pipeline of docs/standards.md, run here step by step as GitHub's runner does: `bash -e`, with its variables."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from junit_form import checked_junit
from test_pages import blocks, environment, run

PAGE = Path(__file__).parent.parent.parent / "docs" / "standards.md"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the page, and what its first snippet writes."""
    folder = tmp_path_factory.mktemp("checkout")
    for block in blocks(PAGE):
        if block.file:
            (folder / block.file).write_text(block.body, encoding="utf-8")
    (folder / "snippet.py").write_text(
        next(one.body for one in blocks(PAGE) if one.language == "python"), encoding="utf-8"
    )
    run(f"{sys.executable} snippet.py", folder)
    return folder


@pytest.fixture
def folder(checkout: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(checkout, tmp_path / "work")
    return tmp_path / "work"


def steps(folder: Path) -> dict[str, str]:
    """Name -> commands of each step of the job that runs commands, but for the installation."""
    workflow = yaml.safe_load((folder / "models.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step and step["name"] != "Install"}


def variables(folder: Path) -> dict[str, str]:
    """What the runner sets, and a program `kolena-store` and `python` on the path."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "kolena-store").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m kolena_store "$@"\n', encoding="utf-8"
    )
    (programs / "kolena-store").chmod(0o755)
    given = environment()
    return {
        **given,
        "PATH": f"{programs}{os.pathsep}{given['PATH']}",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }


def run_job(folder: Path) -> tuple[str, "subprocess.CompletedProcess[str]"]:
    """Run the steps until one fails, and return the name of the last one and how it ended."""
    given, ended = variables(folder), []
    for name, commands in steps(folder).items():
        command = ["bash", "-e", "-c", commands]
        done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)
        ended.append((name, done))
        if done.returncode:
            break
    return ended[-1]


def test_the_job_stops_at_the_gates_of_a_model_that_regressed(folder: Path) -> None:
    name, done = run_job(folder)
    assert (name, done.returncode) == ("Check the quality standard", 1)
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("### ticket router: failed\n")
    suite = checked_junit((folder / "gates.xml").read_text(encoding="utf-8"))
    assert (suite.attrib["name"], suite.attrib["tests"], suite.attrib["failures"]) == ("ticket router", "14", "5")
    first, second = done.stderr.splitlines()
    assert first.startswith("::error file=router.standard.toml,line=6,title=ticket router%3A good enough::")
    assert second.startswith("::error file=router.standard.toml,line=21,title=ticket router%3A no regression::")


def test_the_job_ends_well_with_a_model_that_passes(folder: Path) -> None:
    right = "\n".join(
        ["id,label", *(",".join(line.split(",")[:2]) for line in (folder / "test.csv").read_text().splitlines()[1:])]
    )
    (folder / "candidate.csv").write_text(right + "\n", encoding="utf-8")
    standard = folder / "router.standard.toml"
    standard.write_text(standard.read_text().replace("min_n = 100", "min_n = 10"), encoding="utf-8")
    name, done = run_job(folder)
    assert (name, done.returncode, done.stderr) == ("Check the quality standard", 0, "")
    assert (folder / "summary.md").read_text(encoding="utf-8").startswith("### ticket router: passed\n")
