"""SQL over the store, the lists of models and runs, and metrics of the user's own."""

import json
from pathlib import Path

import pytest

METRIC = """\
-- metric: share_billing    better: higher    unit: share    interval: none
SELECT avg((i.label = 'billing')::INTEGER) AS value, count(*) AS n FROM results
"""


def test_a_query_prints_in_each_format(ks, store: Path) -> None:
    query = "SELECT model, count(*) AS n FROM tickets.inferences GROUP BY model ORDER BY model"
    lines = ks("sql", query).stdout.splitlines()
    assert [line.split() for line in (lines[0], *lines[2:])] == [["model", "n"], ["v1", "300"], ["v2", "300"]]
    assert ks.json("sql", query) == [{"model": "v1", "n": 300}, {"model": "v2", "n": 300}]
    assert ks.csv("sql", query) == [{"model": "v1", "n": "300"}, {"model": "v2", "n": "300"}]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("NULL", None),
        ("'NaN'::DOUBLE", "NaN"),
        ("sum(id)", 44850),
        ("[1, NULL]", [1, None]),
        ("{'a': true}", {"a": True}),
        ("DATE '2026-08-31'", "2026-08-31"),
        ("TIMESTAMP_NS '2026-08-31 10:00:00.123456789'", "2026-08-31T10:00:00.123456789"),
        ("1.50::DECIMAL(5, 2)", "1.50"),
        ("'é\" '", 'é" '),
    ],
)
def test_values_of_each_type_are_json(ks, store: Path, expression: str, expected: object) -> None:
    (row,) = ks.json("sql", f"SELECT {expression} AS found FROM tickets.test_samples GROUP BY ALL LIMIT 1")
    assert row == {"found": expected}


def test_csv_keeps_null_and_empty_text_apart(ks, store: Path) -> None:
    assert (
        ks("sql", "SELECT NULL AS a, '' AS b, 'x,y' AS c", "--format", "csv").stdout_bytes == b'a,b,c\r\n,"","x,y"\r\n'
    )


def test_a_query_without_rows_still_prints(ks, store: Path) -> None:
    query = "SELECT model FROM tickets.inferences WHERE model = 'x'"
    assert "(none)" in ks("sql", query).stdout
    assert ks.json("sql", query) == []
    assert ks("sql", query, "--format", "csv").stdout_bytes == b"model\r\n"


def test_two_columns_of_one_name_are_told_apart(ks, store: Path) -> None:
    query = "SELECT 1 AS a, 2 AS a"
    assert ks("sql", query, "--format", "csv").stdout_bytes == b"a,a_1\r\n1,2\r\n"
    assert ks.json("sql", query) == [{"a": 1, "a_1": 2}]


@pytest.mark.parametrize(
    "query", ["DROP TABLE x", "SELECT 1; SELECT 2", "SELECT * FROM read_text('tickets.csv')", "SELEC 1", ""]
)
def test_anything_but_one_select_over_the_store_is_refused(ks, store: Path, query: str) -> None:
    before = (store / "store.duckdb").read_bytes()
    assert ks.error("sql", query)
    assert (store / "store.duckdb").read_bytes() == before


def test_a_query_stops_after_its_seconds(ks, store: Path) -> None:
    query = "SELECT count(*) FROM range(300000000000) AS numbers(i) WHERE i % 7 = 3"
    assert "longer than 0.5 s" in ks.error("sql", query, "--seconds", "0.5")
    assert "--seconds" in ks.error("sql", query, "--seconds", "0")


def test_models_are_listed_with_what_is_noted_of_them(ks, store: Path) -> None:
    ks("results", "upload", "tickets", "v1", "v1.csv", "--metadata", "commit=4f2", "--tag", "candidate")
    assert "v1     candidate  commit=4f2" in ks("models").stdout
    assert [row["name"] for row in ks.csv("models")] == ["v1", "v2"]
    assert json.loads(ks.csv("models")[0]["metadata"]) == {"commit": "4f2"}


@pytest.mark.sampled(2)
def test_runs_are_listed_and_marked_when_newer_data_has_come(ks, store: Path) -> None:
    ks("test", "tickets", "--suite", "everyday")
    ks("results", "upload", "tickets", "v1", "v2.csv")
    assert [(run["model"], run["outdated"]) for run in ks.json("runs", "list")["runs"]] == [("v1", True), ("v2", False)]
    assert ks("runs", "list").stdout.count("outdated") == 1
    ks("dataset", "upload", "other", "tickets.csv")
    assert ks.csv("runs", "list", "--dataset", "other") == []
    assert len(ks.csv("runs", "list", "--dataset", "TICKETS")) == 2
    assert "did you mean 'tickets'" in ks.error("runs", "list", "--dataset", "ticket")


@pytest.mark.sampled(2)
def test_metrics_of_your_own_are_applied_tested_listed_and_dropped(ks, store: Path, folder: Path) -> None:
    (folder / "metrics.sql").write_text(METRIC, encoding="utf-8")
    assert "share_billing" in ks("metrics", "apply", "tickets", "metrics.sql").stdout
    (row,) = ks.csv("test", "tickets", "v1", "--metric", "share_billing")
    assert float(row["value"]) == pytest.approx(80 / 300)
    (applied,) = ks.json("metrics", "apply", "tickets", "metrics.sql")["metrics"]
    assert (applied["version"], applied["change"]) == (1, "unchanged")
    wrong = ks.error("test", "tickets", "--metric", "mae")
    assert wrong.startswith("mae belongs to regression; this dataset's workflow classification has accuracy, ")
    assert wrong.endswith(", and of your own share_billing. Name one of these")
    assert [row["name"] for row in ks.csv("metrics", "list", "tickets")] == ["share_billing"]
    ks("metrics", "drop", "tickets", "share_billing")
    assert ks.json("metrics", "list", "tickets") == {"metrics": []}
    refused = ks.error("metrics", "drop", "tickets", "share_billing")
    assert refused.endswith("(list them: kolena-store metrics list tickets)")
    assert "share_billing" in refused


@pytest.mark.parametrize("text", [None, "", "-- metric: x\nDROP TABLE results"])
def test_a_file_of_metrics_that_cannot_be_used_is_refused(ks, store: Path, folder: Path, text: str | None) -> None:
    if text is not None:
        (folder / "metrics.sql").write_text(text, encoding="utf-8")
    assert "metrics.sql" in ks.error("metrics", "apply", "tickets", "metrics.sql")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "command",
    [
        ("dataset", "list"),
        ("dataset", "show", "tickets"),
        ("dataset", "history", "tickets"),
        ("dataset", "diff", "tickets", "1", "2"),
        ("suite", "list", "tickets", "--all"),
        ("suite", "show", "tickets", "everyday"),
        ("suite", "diff", "tickets", "everyday"),
        ("suite", "apply", "tickets", "everyday.sql"),
        ("test", "tickets", "--suite", "everyday", "--confusion-matrix", "German"),
        ("runs", "list"),
        ("models",),
        ("sql", "SELECT * FROM kolena.test_runs"),
    ],
    ids=" ".join,
)
def test_every_table_reads_well_in_80_columns(ks, with_long_texts: Path, command: tuple[str, ...]) -> None:
    lines = ks(*command).stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert len(lines) > 2


def test_the_plan_of_a_query_is_printed_line_by_line(ks, store: Path) -> None:
    lines = ks("sql", "EXPLAIN SELECT topic, count(*) FROM tickets.test_samples GROUP BY topic").stdout.splitlines()
    assert lines[0] == "plan"
    assert len(lines) > 8
    assert not any("\\n" in line for line in lines)


def test_lines_in_a_cell_stay_lines(ks, store: Path) -> None:
    lines = ks("sql", "SELECT 'one' || chr(10) || 'two' AS text, 1 AS n").stdout.splitlines()
    assert lines[2:] == ["one   1", "two"]
