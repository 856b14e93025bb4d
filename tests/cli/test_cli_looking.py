"""`ui`, `report` and `plot` on the command line."""

import json
import re
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from looked_at import spam_store

import kolena_store


@pytest.fixture(scope="module")
def spam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spam_store(kolena_store.Store(tmp_path_factory.mktemp("looking") / "spam.store")).path


@pytest.mark.sampled(2)
def test_a_report_is_written_to_a_file(ks, spam: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    said = ks("report", "spam", "new", "--baseline", "old", "--suite", "everyday", "--output", path, "--store", spam)
    assert re.fullmatch(rf"wrote {re.escape(str(path))} \(\d+ kB\)\n", said.stderr)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.sampled(2)
def test_markdown_is_printed(ks, spam: Path) -> None:
    said = ks("report", "spam", "--suite", "everyday", "--format", "markdown", "--store", spam)
    assert said.stdout.startswith("## old, new on spam / everyday")


def test_a_report_says_which_packages_it_needs(ks, spam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "markupsafe", None)
    for name in [name for name in sys.modules if name.startswith("kolena_store.reports")]:
        monkeypatch.delitem(sys.modules, name)
    said = ks("report", "spam", "--store", spam, code=2)
    assert said.stderr == "error: a report needs further packages: pip install 'kolena-store[ui]'\n"


def test_a_plot_is_drawn(ks, spam: Path, tmp_path: Path) -> None:
    path = tmp_path / "roc.json"
    said = ks("plot", "spam", "roc", "new", "--suite", "everyday", "--case", "Short", "--output", path, "--store", spam)
    assert "AUC" in said.stderr
    assert json.loads(path.read_text())["$schema"].endswith("v6.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "spm"], "did you mean 'spam'"),
        (["report", "spam", "--output", "/nowhere/x.html", "--format", "markdown"], "can't be written"),
        (["plot", "spam", "rok", "--output", "x.svg"], "did you mean 'roc'"),
        (["plot", "spam", "roc", "--output", "x.gif"], "no format that plots have"),
        (["ui", "--images", "/nowhere", "--no-browser"], "there is no such folder"),
        (["ui", "--suite-file", "x.txt", "--no-browser"], "ends in .sql"),
        (["ui", "--host", "203.0.113.7", "--no-browser"], "can't be used"),
    ],
)
def test_what_can_not_be_is_said_in_one_line(ks, spam: Path, arguments: list[str], message: str) -> None:
    assert message in ks.error(*arguments, "--store", spam)


@pytest.mark.sampled(2)
def test_the_app_answers_until_it_is_interrupted(program, spam: Path) -> None:
    process = program.start("ui", "--port", "0", "--no-browser", "--store", str(spam))
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert "everyday" in answer.read().decode()
        asked = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="421"):
            urllib.request.urlopen(asked, timeout=60)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode in (0, 130)
