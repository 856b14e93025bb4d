"""`kolena-store rescore` and `kolena-store runs compare`: corrected labels, and what a change is due to."""

from pathlib import Path

import pytest


@pytest.fixture
def corrected(ks, store: Path, folder: Path) -> Path:
    """The store with tested models, and then 50 corrected labels."""
    ks("test", "tickets")
    lines = (folder / "tickets.csv").read_text(encoding="utf-8").splitlines()
    fixed = [line.replace("shipping", "billing") if number <= 150 else line for number, line in enumerate(lines)]
    (folder / "tickets.csv").write_text("\n".join(fixed) + "\n", encoding="utf-8")
    ks("dataset", "upload", "tickets", "tickets.csv")
    return store


@pytest.mark.sampled(2)
def test_every_model_is_tested_again(ks, corrected: Path) -> None:
    result = ks("rescore", "tickets")
    assert result.stdout.startswith("tickets: tested again\n")
    assert "what a change is due to: kolena-store runs compare " in result.stderr
    lines = [line.split() for line in result.stdout.splitlines() if line.startswith("v")]
    assert [(line[0], line[1], line[2], line[5]) for line in lines] == [
        ("v1", "all", "accuracy", "50"),
        ("v2", "all", "accuracy", "50"),
    ]


@pytest.mark.sampled(2)
def test_json_has_the_runs(ks, corrected: Path) -> None:
    (first, second) = ks.json("rescore", "tickets")["runs"]
    assert (first["model"], first["before"], first["metric"]) == ("v1", 0.8, "accuracy")
    assert (second["n_scored"], second["dataset_version"]) == (50, 2)
    again = ks("rescore", "tickets")
    assert (again.stdout, again.stderr) == ("", "nothing to do: no model was last tested on an older version\n")
    assert ks.json("rescore", "tickets")["runs"] == []


@pytest.mark.sampled(2)
def test_two_runs_are_compared(ks, corrected: Path) -> None:
    renewed = ks.json("rescore", "tickets")["runs"][0]
    pair = (renewed["run"], renewed["run_before"])
    text = ks("runs", "compare", *pair, "--metric", "accuracy").stdout
    assert text.startswith("tickets · accuracy: v1 against v1\n")
    assert "labels" in text
    found = ks.json("runs", "compare", *pair, "--metric", "accuracy")
    assert found["attribution"]["changed"] == ["labels", "membership"]
    (row,) = found["rows"]
    assert row["labels"] == pytest.approx(row["delta"])
    assert ks.csv("runs", "compare", *pair)[0]["test_case"] == "all"


def test_a_run_that_is_not_there_is_an_error(ks, corrected: Path) -> None:
    assert "no test run 99999" in ks.error("runs", "compare", "99999", "1")
