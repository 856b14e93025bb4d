"""`kolena-store test`: what it computes, prints and refuses."""

import csv
from pathlib import Path

import pytest

SPAM = ("--workflow", "classification", "--id", "id", "--ground-truth", "kind", "--score", "p", "--positive", "spam")
ROW = ("run", "model", "dataset", "suite", "test_case", "metric", "class", "value", "n", "n_samples", "n_missing")
ROW_END = ("n_null", "ci_low", "ci_high", "method", "better", "configuration", "reason", "upload_configuration")


@pytest.fixture
def spam(ks, store: Path, folder: Path) -> None:
    """A binary dataset whose scores separate the classes at .3 on the half that is for tuning, at .8 on the other."""
    with (folder / "spam.csv").open("w", newline="") as file:
        rows = [(number, "spam" if number % 2 else "ham", "tune" if number < 20 else "test") for number in range(40)]
        csv.writer(file).writerows([("id", "kind", "split"), *rows])
    with (folder / "m.csv").open("w", newline="") as file:
        edges = [0.3 if number < 20 else 0.8 for number in range(40)]
        scores = [(number, edge if number % 2 else edge - 0.1) for number, edge in enumerate(edges)]
        csv.writer(file).writerows([("id", "p"), *scores])
    ks("dataset", "upload", "spam", "spam.csv", *SPAM)
    ks("results", "upload", "spam", "m", "m.csv")


def values(ks, *arguments: object, metric: str = "accuracy") -> dict[tuple[str, str], float]:
    """Return (test case, model) -> the metric of the whole."""
    rows = ks.json("test", *arguments)["metrics"]
    whole = [row for row in rows if row["metric"] == metric and row["class"] is None]
    return {(row["test_case"], row["model"]): row["value"] for row in whole}


def test_the_table_shows_each_scenario_and_what_the_whole_hides(ks, store: Path) -> None:
    text = ks("test", "tickets", "v1", "v2", "--suite", "everyday").stdout
    assert "tickets · everyday version 1 · accuracy" in text
    assert "accuracy: v2 is higher than v1 on all (.833, .800) and lower on German (.500, .800; n 100)" in " ".join(
        text.split()
    )
    assert "EMPTY, no sample: Long (0)" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_json_holds_the_runs_and_every_row_in_the_order_of_the_suite(ks, store: Path) -> None:
    found = ks.json("test", "tickets", "v1", "v2", "--suite", "everyday")
    assert set(found) == {"runs", "metrics"}
    assert [(run["model"], run["suite"], run["dataset_version"]) for run in found["runs"]] == [
        ("v1", "everyday", 1),
        ("v2", "everyday", 1),
    ]
    assert [row["test_case"] for row in found["metrics"] if row["metric"] == "accuracy" and row["model"] == "v1"] == [
        "all",
        "English",
        "German",
        "Shortest",
        "Long",
    ]
    assert {row["run"] for row in found["metrics"]} == {run["run"] for run in found["runs"]}


def test_rows_have_the_documented_columns_in_json_and_csv(ks, store: Path) -> None:
    row = ks.json("test", "tickets", "v1", "--metric", "accuracy")["metrics"][0]
    assert tuple(row) == (*ROW, *ROW_END)
    assert (row["value"], row["n"], row["method"]) == (0.8, 300, "wilson")
    assert tuple(ks.csv("test", "tickets", "v1")[0]) == (*ROW, *ROW_END)


def test_json_and_csv_say_the_same(ks, store: Path) -> None:
    rows = ks.json("test", "tickets", "v1", "--suite", "everyday")["metrics"]
    lines = ks.csv("test", "tickets", "v1", "--suite", "everyday")
    assert [(line["test_case"], line["metric"], line["class"], line["value"]) for line in lines] == [
        (row["test_case"], row["metric"], row["class"] or "", "" if row["value"] is None else str(row["value"]))
        for row in rows
    ]


def test_notes_go_to_stderr_when_a_program_reads(ks, store: Path) -> None:
    result = ks("test", "tickets", "--suite", "everyday", "--format", "csv")
    assert "EMPTY, no sample: Long (0)" in result.stderr
    assert "EMPTY" not in result.stdout


def test_without_models_all_with_results_are_tested(ks, store: Path) -> None:
    assert values(ks, "tickets") == {("all", "v1"): 0.8, ("all", "v2"): pytest.approx(250 / 300)}
    assert values(ks, "tickets", "v2") == {("all", "v2"): pytest.approx(250 / 300)}


def test_a_suite_file_is_applied_first(ks, store: Path, folder: Path) -> None:
    (folder / "short.sql").write_text('CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < 10;')
    assert values(ks, "tickets", "v1", "--suite", "short.sql")["Short", "v1"] == 0.8
    assert {row["name"] for row in ks.csv("suite", "list", "tickets")} == {"everyday", "short"}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("by", "cases"),
    [
        (["language"], ["language = de", "language = en"]),
        (["length:0,30"], ["length in [0, 30)", "length >= 30"]),
        (["length:widths=2"], ["length in [0, 149.5)", "length in [149.5, 299]"]),
        (["language", "length:quantiles=1"], ["language = de", "language = en", "length in [0, 299]"]),
    ],
)
def test_by_makes_cases_of_the_values_or_ranges_of_fields(ks, store: Path, by: list[str], cases: list[str]) -> None:
    options = [option for field in by for option in ("--by", field)]
    assert [case for case, _ in values(ks, "tickets", "v1", *options)] == ["all", *cases]


def test_only_the_metrics_that_are_named_are_computed(ks, store: Path) -> None:
    rows = ks.csv("test", "tickets", "v1", "--metric", "mcc", "--metric", "accuracy")
    assert {row["metric"] for row in rows} == {"mcc", "accuracy"}


@pytest.mark.sampled(2)
def test_a_threshold_changes_what_counts_as_positive(ks, spam: None) -> None:
    assert values(ks, "spam", metric="recall")["all", "m"] == 0.5
    assert values(ks, "spam", "--threshold", "0.3", metric="recall")["all", "m"] == 1
    run = ks.json("test", "spam", "--threshold", "0.3")["runs"][0]
    assert run["configuration"] == {"threshold": 0.3}


def test_a_threshold_is_tuned_on_the_samples_that_are_named(ks, spam: None) -> None:
    options = ("--threshold", "accuracy_optimal", "--tune-on", "split = 'tune'", "--by", "split")
    found = values(ks, "spam", *options)
    assert found["split = tune", "m"] == 1
    assert found["split = test", "m"] == 0.5


def test_a_file_configures_and_the_options_win(ks, spam: None, folder: Path) -> None:
    (folder / "strict.toml").write_text("threshold = 0.9\n", encoding="utf-8")
    assert values(ks, "spam", "--configuration", "strict.toml", metric="recall")["all", "m"] == 0
    both = ("--configuration", "strict.toml", "--threshold", "0.3")
    assert values(ks, "spam", *both, metric="recall")["all", "m"] == 1


@pytest.mark.sampled(2)
def test_a_number_as_threshold_needs_no_samples_to_tune_on(ks, spam: None, folder: Path) -> None:
    (folder / "tuned.toml").write_text("threshold = 'f1_optimal'\ntune_on = \"split = 'tune'\"\n", encoding="utf-8")
    run = ks.json("test", "spam", "--configuration", "tuned.toml", "--threshold", "0.4")["runs"][0]
    assert "tune_on" not in str(run["configuration"])
    kept = ks.json("test", "spam", "--configuration", "tuned.toml", "--threshold", "accuracy_optimal")["runs"][0]
    assert "tune_on" in str(kept["configuration"])
    both = ("--configuration", "tuned.toml", "--threshold", "0.4", "--tune-on", "id > 3")
    assert "tune_on" in ks.error("test", "spam", *both)


def test_an_empty_configuration_is_not_none(ks, store: Path, folder: Path) -> None:
    (folder / "empty.toml").touch()
    configured = ks.json("test", "tickets", "v1", "--configuration", "empty.toml")["runs"][0]
    assert configured["configuration"] == {}
    assert ks.json("test", "tickets", "v1")["runs"][0]["configuration"] is None


def test_classes_have_rows_only_when_they_are_named(ks, store: Path) -> None:
    rows = ks.csv("test", "tickets", "v1", "--class", "billing", "--class", "other", "--metric", "recall")
    assert [row["class"] for row in rows] == ["billing", "other"]


def test_common_counts_the_samples_that_all_answered(ks, store: Path, folder: Path) -> None:
    (folder / "part.csv").write_text("id,label\n" + "".join(f"{number},billing\n" for number in range(30)))
    ks("results", "upload", "tickets", "part", "part.csv")
    text = ks("test", "tickets", "part", "v1").stdout
    assert "part answered 30 of 300 samples" in text
    rows = ks.csv("test", "tickets", "part", "v1", "--common", "--metric", "accuracy")
    assert [(row["n"], row["n_missing"]) for row in rows] == [("30", "0"), ("30", "0")]


def test_the_confusion_matrix_of_a_case_is_printed_on_request(ks, store: Path) -> None:
    options = ("tickets", "v1", "--suite", "everyday", "--confusion-matrix", "German")
    assert "v1 on German" in ks("test", *options).stdout
    (matrix,) = ks.json("test", *options)["confusion_matrices"]
    assert (matrix["model"], matrix["test_case"], sum(map(sum, matrix["counts"]))) == ("v1", "German", 100)
    rows = ks.csv("test", *options)
    assert sum(int(row["n"]) for row in rows) == 100
    assert tuple(rows[0]) == ("model", "test_case", "truth", "prediction", "n")


def test_testing_again_computes_nothing_again(ks, store: Path) -> None:
    first = ks.json("test", "tickets", "v1")["runs"][0]["run"]
    assert ks.json("test", "tickets", "v1")["runs"][0]["run"] == first
    assert len(ks.csv("runs", "list")) == 1


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("v7",), "'v7'"),
        (("--suite", "everday"), "did you mean 'everyday'?"),
        (("--suite", "nix.sql"), "nix.sql can't be read: there is no such file"),
        (("--suite", "everday.sql"), "did you mean 'everyday.sql'?"),
        (("--suite", "everyday", "--by", "language"), "not both"),
        (("--by", "langage"), "did you mean 'language'?"),
        (("--by", "length:x"), "field:quantiles=4"),
        (("--by", "length:3,1"), "the edges of 'length' must be numbers that ascend, each once; they are 3, 1"),
        (("--by", "length:quantiles=0"), "must be a whole number from 1 to 100, not 0"),
        (("--by", "length:2026-01-31"), "'length' holds BIGINT, which has no dates; name the field alone"),
        (("--cross",), "names no fields to cross"),
        (("--by", "language", "--cross"), "fields are crossed from two on"),
        (("--metric", "acuracy"), "did you mean 'accuracy'"),
        (("--metric", "mae"), "mae belongs to regression; this dataset's workflow classification has accuracy, "),
        (("--threshold", "0.3"), "two classes"),
        (("--threshold", "best"), "f1_optimal"),
        (("--tune-on", "id > 3"), "threshold"),
        (("--class", "biling"), "biling"),
        (("--configuration", "nix.toml"), "nix.toml can't be read: there is no such file"),
        (("--configuration", "bad.tml"), "did you mean 'bad.toml'?"),
        (("--configuration", "bad.toml"), "bad.toml"),
        (("--confusion-matrix", "Germn"), "(list them: kolena-store suite show tickets all)"),
        (("--suite", "everyday", "--confusion-matrix", "Germn"), "did you mean 'German'?"),
    ],
)
def test_what_cannot_be_tested_is_refused_with_its_reason(ks, store: Path, folder: Path, options, message: str) -> None:
    (folder / "bad.toml").write_text("threshold = \n", encoding="utf-8")
    assert message in ks.error("test", "tickets", *options)


def test_a_dataset_without_workflow_or_results_says_what_is_missing(ks, store: Path) -> None:
    ks("dataset", "upload", "plain", "tickets.csv")
    assert "--workflow" in ks.error("test", "plain")
    ks("dataset", "upload", "plain", "tickets.csv", "--workflow", "regression", "--ground-truth", "length")
    assert "kolena-store results upload plain MODEL FILE" in ks.error("test", "plain")
