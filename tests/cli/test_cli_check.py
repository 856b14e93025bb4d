"""`kolena-store check`: exit codes, forms, files, annotations."""

import csv
import io
from pathlib import Path

import pytest
from junit_form import checked_junit
from standard_files import table

GATE = {"id": "floor", "metric": "accuracy", "cases": ["all", "German"], "at_least": 0.6}


@pytest.fixture
def standard(store: Path, folder: Path) -> str:
    """The name of a standard that v1 passes and v2 does not: half of its German answers are wrong."""
    head = {"name": "router", "dataset": "tickets", "suite": "everyday.sql"}
    (folder / "router.standard.toml").write_text(table("[standard]", head) + table("[[gate]]", GATE), encoding="utf-8")
    return "router.standard.toml"


def test_it_leaves_with_0_when_all_gates_pass(ks, standard: str) -> None:
    result = ks("check", standard, "--model", "v1")
    assert result.stdout.startswith("router: PASSED\nv1 on tickets version 1, suite everyday version 1\n")
    assert result.stderr == ""


def test_it_leaves_with_1_when_a_gate_fails_and_says_which(ks, standard: str) -> None:
    result = ks("check", standard, "--model", "v2", code=1)
    assert "router: FAILED" in result.stdout
    assert "German     .500 [.40, .60] n 100  fail: value .500 is under 0.6" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("router.standard.toml",), "missing option '--model'"),
        (("router.standard.toml", "--model", "v3"), "named 'v3'"),
        (("rooter.standard.toml", "--model", "v1"), "did you mean 'router.standard.toml'"),
        (("everyday.sql", "--model", "v1"), "everyday.sql, line 1: this is no TOML"),
        (("router.standard.toml", "--model", "v1", "--format", "xml"), "'xml' is not one of"),
    ],
)
def test_it_leaves_with_2_when_it_can_not_check(ks, standard: str, arguments: tuple[str, ...], said: str) -> None:
    assert said in ks.error("check", *arguments)


def test_json_holds_everything(ks, standard: str) -> None:
    found = ks.json("check", standard, "--model", "v1")
    assert (found["check"]["standard"], found["check"]["verdict"], found["check"]["models"]) == (
        "router",
        "passed",
        ["v1"],
    )
    assert found["gates"] == [
        {
            "id": "floor",
            "demand": "accuracy at least 0.6",
            "passed": 2,
            "failed": 0,
            "undecided": 0,
            "waived": 0,
            "counts_as": "pass",
        }
    ]
    assert [row["value"] for row in found["results"]] == [0.8, 0.8]


def test_csv_has_a_line_for_each_result(ks, standard: str) -> None:
    printed = ks("check", standard, "--model", "v2", "--format", "csv", code=1).stdout
    rows = list(csv.DictReader(io.StringIO(printed, newline="")))
    assert [(row["test_case"], row["outcome"]) for row in rows] == [("all", "pass"), ("German", "fail")]


def test_markdown_is_printed(ks, standard: str) -> None:
    printed = ks("check", standard, "--model", "v2", "--format", "markdown", code=1).stdout
    assert printed.startswith("### router: failed\n\n`v2` on `tickets` version 1")


@pytest.mark.sampled(2)
def test_junit_is_written_whether_gates_pass_or_not(ks, standard: str, folder: Path) -> None:
    for model, code, failures in (("v1", 0, "0"), ("v2", 1, "1")):
        ks("check", standard, "--model", model, "--junit", "gates.xml", code=code)
        suite = checked_junit((folder / "gates.xml").read_text(encoding="utf-8"))
        assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", failures)


def test_a_junit_file_that_can_not_be_written_is_an_error(ks, standard: str) -> None:
    assert "nowhere/gates.xml" in ks.error("check", standard, "--model", "v1", "--junit", "nowhere/gates.xml")


def test_annotations_are_written_in_github_actions_alone(ks, standard: str, folder: Path, monkeypatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert ks("check", standard, "--model", "v2", code=1).stderr == ""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    result = ks("check", standard, "--model", "v2", "--format", "json", code=1)
    assert result.stderr.startswith("::error file=router.standard.toml,line=6,title=router%3A floor::")
    assert result.stdout.startswith("{")


def test_a_standard_names_its_suite_from_its_own_folder(ks, standard: str, folder: Path) -> None:
    (folder / "standards").mkdir()
    for name in (standard, "everyday.sql"):
        (folder / name).rename(folder / "standards" / name)
    ks("check", f"standards/{standard}", "--model", "v1")
