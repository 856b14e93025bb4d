"""Suites through the command line: applied, stratified, shown, listed and compared."""

import json
from pathlib import Path

import pytest

CASES = ["all", "English", "German", "Shortest", "Long"]
FRENCH = "CREATE VIEW \"French\" AS SELECT * FROM test_samples WHERE language = 'fr';\n"


def test_applying_shows_the_sizes_and_marks_what_is_empty_or_tiny(ks, store: Path) -> None:
    text = ks("suite", "apply", "tickets", "everyday.sql").stdout
    assert "tickets: suite everyday version 1 (unchanged)" in text
    assert "EMPTY" in text.split("Long")[1]
    assert "TINY" in text.split("Shortest")[1].split("\n")[0]


def test_json_and_csv_keep_the_order_of_the_suite(ks, store: Path) -> None:
    (report,) = ks.json("suite", "apply", "tickets", "everyday.sql")["suites"]
    assert ([case["name"] for case in report["cases"]], report["is_new_version"]) == (CASES, False)
    rows = ks.csv("suite", "apply", "tickets", "everyday.sql")
    assert [(row["name"], row["n"]) for row in rows] == list(zip(CASES, ["300", "200", "100", "10", "0"], strict=True))


def test_several_files_are_applied_together(ks, store: Path, folder: Path) -> None:
    (folder / "french.sql").write_text(FRENCH, encoding="utf-8")
    found = ks.json("suite", "apply", "tickets", "everyday.sql", "french.sql")["suites"]
    assert [(suite["name"], suite["is_new_version"]) for suite in found] == [("everyday", False), ("french", True)]


def test_ids_a_description_and_tags_go_with_one_file(ks, store: Path, folder: Path) -> None:
    (folder / "reported.csv").write_text("id\n3\n4\n", encoding="utf-8")
    options = ("--ids", "length = 3 or 4=reported.csv", "--description", "Daily", "--tag", "release")
    (report,) = ks.json("suite", "apply", "tickets", "everyday.sql", *options)["suites"]
    assert [(case["name"], case["n"]) for case in report["cases"]][-1] == ("length = 3 or 4", 2)
    (suite,) = ks.json("suite", "list", "tickets")["suites"]
    assert (suite["description"], suite["tags"], suite["test_cases"]) == ("Daily", ["release"], 6)
    assert "(a list of ids)" in ks("suite", "show", "tickets", "everyday").stdout


@pytest.mark.parametrize("option", [("--ids", "a=b.csv"), ("--description", "x"), ("--tag", "x")])
def test_what_belongs_to_one_suite_is_refused_for_several(ks, store: Path, option: tuple[str, str]) -> None:
    message = ks.error("suite", "apply", "tickets", "everyday.sql", "french.sql", *option)
    assert "give one FILE" in message


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("apply", "tickets", "everyday.txt"), "does not end in .sql"),
        (("apply", "tickets"), "missing argument"),
        (("apply", "tickets", "nix.sql"), "nix.sql"),
        (("apply", "tickets", "bad.sql"), "bad.sql"),
        (("apply", "ticket", "everyday.sql"), "did you mean 'tickets'?"),
        (("apply", "tickets", "everyday.sql", "--ids", "x"), "not of the form"),
        (("show", "tickets", "everday"), "did you mean 'everyday'?"),
        (("show", "tickets", "everyday", "--version", "2"), "has no version 2"),
        (("stratify", "tickets", "x", "--by", "lenght"), "did you mean 'length'?"),
        (("stratify", "tickets", "x", "--by", "length:many"), "length:many"),
        (("stratify", "tickets", "x"), "--by"),
        (("diff", "tickets", "everyday", "1"), "name two versions"),
        (("diff", "tickets", "everyday", "1", "7"), "has no version 7"),
        (("list", "nix"), "no dataset named 'nix'"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(ks, store: Path, folder: Path, arguments, message: str) -> None:
    (folder / "bad.sql").write_text("DROP TABLE test_samples;", encoding="utf-8")
    assert message in ks.error("suite", *arguments)


def test_stratify_makes_a_case_for_each_value_or_range(ks, store: Path, folder: Path) -> None:
    options = ("--by", "language", "--by", "length:0,30", "--output", "slices.sql")
    result = ks("suite", "stratify", "tickets", "slices", *options)
    assert "slices.sql" in result.stderr
    names = [row["name"] for row in ks.csv("suite", "show", "tickets", "slices")]
    assert names == ["all", "language = de", "language = en", "length in [0, 30)", "length >= 30"]
    (report,) = ks.json("suite", "apply", "tickets", "slices.sql")["suites"]
    assert (report["version"], report["is_new_version"]) == (1, False)


def test_stratify_crosses_fields_and_warns_of_small_cases(ks, store: Path, folder: Path) -> None:
    options = ("--by", "language", "--by", "length:0,30", "--cross", "--output", "crossed.sql")
    result = ks("suite", "stratify", "tickets", "crossed", *options)
    names = [row["name"] for row in ks.csv("suite", "show", "tickets", "crossed")]
    assert names[1].startswith("language = de, length ")
    assert "combinations have fewer than 30 samples" not in result.stdout
    (report,) = ks.json("suite", "apply", "tickets", "crossed.sql")["suites"]
    assert (report["version"], report["is_new_version"]) == (1, False)
    found = ks.json("test", "tickets", "--by", "language", "--by", "length:0,30", "--cross", "--metric", "accuracy")
    assert {row["test_case"] for row in found["metrics"]} == set(names)


def test_show_says_what_each_case_selects(ks, store: Path) -> None:
    assert "WHERE language = 'de'" in " ".join(ks("suite", "show", "tickets", "everyday").stdout.split())
    found = ks.json("suite", "show", "tickets", "EVERYDAY")
    assert (found["suite"], found["version"]) == ("everyday", 1)
    german = found["test_cases"][2]
    assert (german["name"], german["n"], german["description"]) == ("German", 100, "Written in German")


def test_show_has_columns_for_descriptions_and_tags_when_there_are_any(ks, store: Path, folder: Path) -> None:
    text = ks("suite", "show", "tickets", "everyday").stdout
    assert text.splitlines()[2].split() == ["test", "case", "version", "samples", "definition", "description"]
    assert "Written in German" in " ".join(text.split())
    (folder / "plain.sql").write_text(FRENCH, encoding="utf-8")
    ks("suite", "apply", "tickets", "plain.sql", "--description", "What is asked", "--tag", "release")
    text = ks("suite", "show", "tickets", "plain").stdout
    assert text.startswith("What is asked\n\ntags: release\n\ntickets: suite plain version 1\n")
    assert "description" not in text
    (folder / "plain.sql").write_text(f"-- tags: nightly\n{FRENCH}", encoding="utf-8")
    ks("suite", "apply", "tickets", "plain.sql")
    text = ks("suite", "show", "tickets", "plain").stdout
    assert "tags" in text.splitlines()[6]
    assert "nightly" in text


@pytest.mark.sampled(2)
def test_what_leaves_a_suite_is_said_on_stderr(ks, store: Path, folder: Path) -> None:
    (folder / "ids.csv").write_text("id\n1\n2\n", encoding="utf-8")
    ks("suite", "apply", "tickets", "everyday.sql", "--ids", "Reported=ids.csv")
    again = ks("suite", "apply", "tickets", "everyday.sql")
    assert again.stderr == "left suite everyday with version 3: 'Reported'\n"
    assert "left" not in again.stdout
    (folder / "everyday.sql").write_text(FRENCH, encoding="utf-8")
    tested = ks("test", "tickets", "--suite", "everyday.sql", "--format", "csv")
    assert "left suite everyday with version 4: 'English', 'German', 'Shortest', 'Long'" in tested.stderr
    stratified = ks("suite", "stratify", "tickets", "everyday", "--by", "language", "--format", "json")
    assert stratified.stderr == "left suite everyday with version 5: 'French'\n"
    (report,) = ks.json("suite", "stratify", "tickets", "everyday", "--by", "topic")["suites"]
    assert report["removed"] == ["language = de", "language = en"]


def test_the_source_is_printed_as_it_was_applied(ks, store: Path, folder: Path) -> None:
    assert ks("suite", "show", "tickets", "everyday", "--source").stdout == (folder / "everyday.sql").read_text()
    assert ks("suite", "show", "tickets", "everyday", "--source", "--version", 1).stdout


def test_an_older_version_shows_its_definitions(ks, store: Path, folder: Path) -> None:
    (folder / "everyday.sql").write_text(FRENCH, encoding="utf-8")
    ks("suite", "apply", "tickets", "everyday.sql")
    assert [row["name"] for row in ks.csv("suite", "show", "tickets", "everyday")] == ["all", "French"]
    assert [row["name"] for row in ks.csv("suite", "show", "tickets", "everyday", "--version", 1)] == CASES
    message = ks.error("suite", "show", "tickets", "everyday", "--source", "--version", 1)
    assert "newest version of 'everyday', which is 2" in message


def test_suites_made_by_tests_are_listed_only_on_request(ks, store: Path) -> None:
    ks("test", "tickets", "--by", "language")
    ks("test", "tickets")
    assert [row["name"] for row in ks.csv("suite", "list", "tickets")] == ["everyday"]
    assert {row["origin"] for row in ks.csv("suite", "list", "tickets", "--all")} == {"file", "by", "all"}
    assert "everyday" in ks("suite", "list", "tickets").stdout


def test_without_a_dataset_the_suites_of_all_are_listed(ks, store: Path, folder: Path) -> None:
    ks("dataset", "upload", "again", "tickets.csv")
    ks("suite", "apply", "again", "everyday.sql")
    assert [row["dataset"] for row in ks.csv("suite", "list")] == ["again", "tickets"]
    assert [row["dataset"] for row in ks.csv("suite", "list", "again")] == ["again"]


def test_diff_counts_the_samples_that_came_in_and_went_out(ks, store: Path, folder: Path) -> None:
    changed = (folder / "everyday.sql").read_text().replace("language = 'de'", "length >= 250") + FRENCH
    (folder / "everyday.sql").write_text(changed, encoding="utf-8")
    ks("suite", "apply", "tickets", "everyday.sql")
    rows = {row["name"]: row for row in ks.csv("suite", "diff", "tickets", "everyday", 1, 2)}
    assert (rows["German"]["rows_in"], rows["German"]["rows_out"]) == ("0", "50")
    assert rows["French"]["n_before"] == ""
    assert ks.json("suite", "diff", "tickets", "everyday")["suite_versions"] == [1, 2]
    assert "left" not in ks("suite", "diff", "tickets", "everyday", 1, 2).stdout


def test_diff_between_versions_of_the_data(ks, store: Path, folder: Path) -> None:
    lines = (folder / "tickets.csv").read_text().splitlines()
    (folder / "tickets.csv").write_text("\n".join(lines[:-5]) + "\n", encoding="utf-8")
    ks("dataset", "upload", "tickets", "tickets.csv")
    found = ks.json("suite", "diff", "tickets", "everyday", "--dataset-versions", 1, 2)
    assert {case["name"]: case["rows_out"] for case in found["cases"]}["German"] == 5
    assert json.dumps(found["dataset_versions"]) == "[1, 2]"
