"""The outcome of a quality standard in all its forms: text, table, JSON, Markdown, JUnit, annotations."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junit_form import checked_junit
from standard_files import write_standard

import kolena_store as ks
from kolena_store.display import json_text
from kolena_store.standards import Gate

GATES = (
    {"metric": "accuracy", "cases": ["all", "German"], "at_least": 0.95},
    {"metric": "accuracy", "cases": "Short", "at_least": 0.8, "by": "ci_low", "severity": "warn"},
    {"metric": "recall", "class": "*", "cases": "all", "at_least": 0.1},
)
WAIVER = {"gate": "g1", "case": "German", "reason": "see #412 | <b>", "expires": "2999-01-01"}


@pytest.fixture(scope="module")
def report(prebuilt_ticket_store: Path, tmp_path_factory: pytest.TempPathFactory) -> ks.CheckReport:
    """A report with a failure, a warning, a waived gate and three that passed; its file is s.standard.toml."""
    folder = tmp_path_factory.mktemp("standard")
    file = write_standard(folder, *GATES, waivers=[WAIVER])
    file.write_text(file.read_text().replace('"2999-01-01"', "2999-01-01"))
    store = ks.Store(folder / "copy.store")
    shutil.copytree(prebuilt_ticket_store, store.path)
    return store.check(file, "v1")


def renamed(report: ks.CheckReport, name: str) -> ks.CheckReport:
    """The report with a name of the user's in every place that holds one."""
    results = tuple(replace(one, test_case=name, class_name=name, model=name, reason=name) for one in report.results)
    standard = replace(report.standard, name=name, dataset=name)
    return replace(report, standard=standard, results=results, models=(name,), suite=name, notes=(name,))


def test_text_has_the_verdict_the_gates_and_what_did_not_pass(report: ks.CheckReport) -> None:
    text = str(report)
    assert text.startswith("router: FAILED\nv1 on tickets version 1, suite everyday version 1\n")
    assert re.search(r"^g1 +accuracy at least 0\.95 +0 +2 +0 +1 +failure$", text, re.MULTILINE)
    assert re.search(
        r"^g1\n\ntest case +found +outcome\n.*\nall +\.867 .* n 60 +fail: value \.867 is under 0\.95$",
        text,
        re.MULTILINE,
    )
    assert re.search(r"^Short .* +undecided \(warning\): the interval", text, re.MULTILINE)
    assert "fail (waived)" in text
    assert "recall of" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_failures_come_first(report: ks.CheckReport) -> None:
    assert [one.counts_as for one in report.not_passed()] == ["failure", "warning", "waived"]


def test_rows_hold_every_result(report: ks.CheckReport) -> None:
    table = report.arrow()
    assert table.num_rows == len(report.results) == 6
    assert table.column("class").to_pylist() == [None, None, None, "billing", "other", "outage"]
    assert table.column("waiver_expires").to_pylist()[1] == "2999-01-01"
    assert report.pl()["outcome"].to_list() == [one.outcome for one in report.results]


def test_the_document_is_json(report: ks.CheckReport) -> None:
    document = json.loads(json_text(report.document()))
    assert document["check"]["verdict"] == "failed"
    assert [gate["counts_as"] for gate in document["gates"]] == ["failure", "warning", "pass"]
    assert [row["gate"] for row in document["results"]] == ["g1", "g1", "g2", "g3", "g3", "g3"]


def test_many_failures_are_counted_not_all_shown(report: ks.CheckReport) -> None:
    many = replace(report, results=(report.results[0],) * 150)
    assert "110 more did not pass (--format json has all)" in str(many)
    assert "50 more did not pass." in many.markdown()
    assert len(re.findall(r"^all +\.867", str(many), re.MULTILINE)) == 40


# --- Markdown ---


def test_markdown_is_a_summary_for_a_pull_request(report: ks.CheckReport) -> None:
    lines = report.markdown().splitlines()
    assert lines[0] == "### router: failed"
    assert lines[2] == "`v1` on `tickets` version 1, suite `everyday` version 1."
    assert "| `g1` | accuracy at least 0.95 | 0 | 2 | 0 | 1 | failure |" in lines
    assert any(line.startswith("| `all` | `accuracy` | `g1` | .867 ") for line in lines)
    assert any(r"waived until 2999-01-01: see #412 \| \<b\>" in line for line in lines)
    assert "<details><summary>3 passed</summary>" in lines


HOSTILE = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [
        "`",
        "``|`",
        "@team | x",
        "a\n# b",
        "<script>",
        "::error::x",
        "\x00\x1b[31m",
        "\ud800",
        "\ufffe",
        "%0A",
        "]]>",
        "👩‍🚀",
    ]
)


@given(HOSTILE)
def test_no_name_breaks_a_table_of_markdown(report: ks.CheckReport, name: str) -> None:
    text = renamed(report, name).markdown()
    tables = [line for line in text.split("\n") if line.startswith("|")]
    unescaped = [re.sub(r"\\.", "", line) for line in tables]
    assert {line.count("|") for line in unescaped} == {7, 8}
    assert not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff]", text)
    outside = re.sub(r"(`+)(?:(?!\1).)*\1", "", text)
    assert "<script" not in re.sub(r"\\<", "", outside)


# --- JUnit ---


def test_junit_has_the_common_form(report: ks.CheckReport) -> None:
    suite = checked_junit(report.junit())
    assert [suite.attrib[name] for name in ("name", "tests", "failures", "skipped")] == ["router", "6", "1", "1"]
    failure = suite.find(".//failure")
    assert failure is not None
    assert failure.attrib["type"] == "fail"
    assert failure.attrib["message"].startswith(".867 [")
    assert failure.text == f"gate g1: accuracy at least 0.95\nfound on all: {failure.attrib['message']}"
    assert "see #412 | <b>" in suite.find(".//skipped").attrib["message"]
    assert "warning: g2: accuracy on Short" in suite.find("system-out").text


@given(HOSTILE)
def test_no_name_breaks_junit(report: ks.CheckReport, name: str) -> None:
    checked_junit(renamed(report, f"x{name}").junit())


def test_junit_names_the_model_when_there_are_several(report: ks.CheckReport) -> None:
    several = replace(report, models=("v1", 'v1 {"shots":5}'))
    assert checked_junit(several.junit()).find("testcase").attrib["name"] == "accuracy on all (v1)"


# --- annotations ---


def test_annotations_name_the_place_of_each_gate_that_did_not_pass(report: ks.CheckReport) -> None:
    error, warning = report.annotations()
    assert error.startswith(f"::error file={report.standard.file},line=6,title=router%3A g1::accuracy at least 0.95%0A")
    assert warning.startswith("::warning file=")
    assert "accuracy on German" not in error


def test_files_are_named_from_the_workspace(report: ks.CheckReport) -> None:
    assert "file=s.standard.toml," in report.annotations(report.standard.file.parent)[0]
    assert f"file={report.standard.file}," in report.annotations(report.standard.file.parent / "elsewhere")[0]


@given(HOSTILE)
def test_no_name_begins_a_command_of_its_own(report: ks.CheckReport, name: str) -> None:
    for line in renamed(report, name).annotations():
        assert re.fullmatch(r"::(error|warning) file=[^:,\n]+,line=\d+,title=[^:,\n]*::[^\n\r]*", line)


def test_more_gates_than_are_shown_are_counted(report: ks.CheckReport) -> None:
    gates = tuple(Gate(id=f"h{number}", metrics=("accuracy",), cases=("all",), at_least=0.9) for number in range(14))
    results = tuple(replace(report.results[0], gate=gate.id) for gate in gates)
    lines = replace(report, standard=replace(report.standard, gates=gates), results=results).annotations()
    assert len(lines) == 10
    assert lines[-1] == "::error title=router::5 more gates: h9, h10, h11, h12, h13"
