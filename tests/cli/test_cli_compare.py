"""`kolena-store compare`: what it compares, prints and refuses."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

BASE = ("compare", "tickets", "v2", "v1", "--suite", "everyday")
ROW = (
    *("comparison", "dataset", "suite", "model", "upload_configuration", "baseline_model"),
    *("baseline_upload_configuration", "test_case", "metric", "class", "better", "value", "baseline", "delta"),
    *("ci_low", "ci_high", "method", "p", "test", "q", "family", "mde", "mde_basis", "n", "baseline_n", "n_samples"),
    *("n_missing", "n_null", "n_only_model", "n_only_baseline", "tolerance", "q_equivalence", "verdict", "detected"),
    *("reason", "note"),
)


def of_accuracy(ks, *arguments: object) -> dict[tuple[str, str], dict[str, object]]:
    """Return (test case, model) -> the difference of accuracy."""
    rows = ks.json(*arguments, "--metric", "accuracy")["rows"]
    return {(row["test_case"], row["model"]): row for row in rows}


def test_the_table_shows_regressions_first_and_what_the_verdicts_rest_on(ks, store: Path) -> None:
    text = ks(*BASE).stdout
    assert "tickets · everyday version 1 · accuracy: v2 against v1" in text
    cases = re.findall(r"^(all|English|German|Shortest|Long) +\w+", text, re.MULTILINE)
    assert cases[0] == "German"
    assert "regressed" in text.splitlines()[4]
    assert "verdicts at alpha 0.05 (Benjamini and Hochberg" in text
    assert "nothing is called equivalent" in " ".join(text.split())
    assert all(len(line) <= 80 for line in text.splitlines())


def test_json_holds_how_it_was_compared_and_every_row_in_the_order_of_the_suite(ks, store: Path) -> None:
    found = ks.json(*BASE, "--metric", "accuracy", "--tolerance", "accuracy=0.5")
    assert set(found) == {"comparison", "rows"}
    facts = found["comparison"]
    assert (facts["dataset"], facts["suite"], facts["baseline"], facts["alpha"]) == ("tickets", "everyday", "v1", 0.05)
    assert facts["tolerance"] == {"accuracy": 0.5}
    assert [one["model"] for one in facts["models"]] == ["v2"]
    assert [row["test_case"] for row in found["rows"]] == ["all", "English", "German", "Shortest", "Long"]
    assert all(tuple(row) == ROW for row in found["rows"])


def test_the_differences_are_those_of_the_two_models(ks, store: Path) -> None:
    rows = of_accuracy(ks, *BASE)
    german, long = rows["German", "v2"], rows["Long", "v2"]
    assert (german["value"], german["baseline"], german["verdict"]) == (0.5, 0.8, "regressed")
    assert (german["n_only_model"], german["n_only_baseline"]) == (10, 40)
    assert german["test"] == "mcnemar mid-p"
    assert (long["n"], long["delta"], long["verdict"]) == (0, None, "inconclusive")
    assert long["reason"]


def test_csv_says_the_same_as_json_and_notes_go_to_stderr(ks, store: Path) -> None:
    lines, rows = ks.csv(*BASE), ks.json(*BASE)["rows"]
    assert tuple(lines[0]) == ROW
    assert [(one["test_case"], one["metric"], one["verdict"]) for one in lines] == [
        (one["test_case"], one["metric"], one["verdict"]) for one in rows
    ]
    assert [one["q"] for one in lines] == ["" if one["q"] is None else str(one["q"]) for one in rows]


def test_a_tolerance_lets_models_be_equivalent(ks, store: Path) -> None:
    rows = of_accuracy(ks, "compare", "tickets", "v1", "v2", "--suite", "everyday", "--tolerance", "accuracy=0.15")
    assert rows["all", "v1"]["verdict"] == "equivalent"
    assert rows["German", "v1"]["verdict"] == "improved"


def test_the_baseline_alone_is_compared_with_all_others(ks, store: Path) -> None:
    ks("results", "upload", "tickets", "v3", "v1.csv")
    rows = of_accuracy(ks, "compare", "tickets", "v1")
    assert {model for _, model in rows} == {"v2", "v3"}
    assert rows["all", "v3"]["delta"] == 0.0
    assert rows["all", "v3"]["p"] == 1.0


def test_a_suite_file_is_applied_first(ks, store: Path) -> None:
    Path("fresh.sql").write_text('CREATE VIEW "Fresh" AS SELECT * FROM test_samples WHERE length < 150;')
    result = ks("compare", "tickets", "v2", "v1", "--suite", "fresh.sql", "--format", "json")
    assert {row["test_case"] for row in json.loads(result.stdout)["rows"]} == {"all", "Fresh"}
    assert "fresh" in ks("suite", "list", "tickets").stdout


def test_classes_fields_alpha_and_corrections(ks, store: Path) -> None:
    options = ("--by", "language", "--metric", "recall", "--by-class", "--alpha", "0.01")
    found = ks.json("compare", "tickets", "v2", "v1", *options, "--correction", "benjamini-yekutieli")
    facts, rows = found["comparison"], found["rows"]
    assert (facts["alpha"], facts["correction"]) == (0.01, "benjamini-yekutieli")
    assert {row["class"] for row in rows} >= {"billing", "shipping", "other"}
    assert {row["test_case"] for row in rows} == {"all", "language = de", "language = en"}


def test_the_exact_test_is_asked_for(ks, store: Path) -> None:
    rows = of_accuracy(ks, *BASE, "--test", "exact")
    assert rows["German", "v2"]["test"] == "mcnemar exact"


def test_the_samples_behind_a_difference(ks, store: Path) -> None:
    found = ks.json(*BASE, "--samples", "German")
    facts = {name: found[name] for name in ("dataset", "test_case", "metric", "model", "baseline", "n_common", "class")}
    expected = ("tickets", "German", "accuracy", "v2", "v1", 100, None)
    assert tuple(facts.values()) == expected
    outcomes = Counter((row["model_value"], row["baseline_value"]) for row in found["samples"])
    assert outcomes == {(1.0, 0.0): 10, (0.0, 1.0): 40}
    assert all(200 <= row["id"] < 300 for row in found["samples"])
    assert len(ks.csv(*BASE, "--samples", "German")) == 50
    text = ks(*BASE, "--samples", "German").stdout
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "ticket", "v2", "v1"), "tickets"),
        (("compare", "tickets", "v9", "v1"), "v9"),
        (("compare", "tickets", "v1", "v1"), "v1"),
        ((*BASE, "--metric", "recal"), "recall"),
        ((*BASE, "--tolerance", "accuracy=-1"), "tolerance"),
        ((*BASE, "--alpha", "2"), "alpha"),
        ((*BASE, "--samples", "Nowhere"), "Nowhere"),
        (("compare", "tickets", "v1", "--samples", "all"), "--samples"),
        ((*BASE, "--samples", "all", "--metric", "f1_macro"), "f1_macro"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str, ks, store: Path) -> None:
    assert said in ks.error(*arguments)
