"""`kolena-store history`: in all its forms."""

from pathlib import Path


def test_a_table_for_each_main_metric(ks, store: Path) -> None:
    ks("test", "tickets", "--suite", "everyday")
    text = ks("history", "tickets", "German").stdout
    assert text.startswith("tickets · German · accuracy\n\nmodel  run  data  value")
    assert "to v1" in text
    assert "a value is connected when" in text


def test_json_and_csv_hold_the_rows(ks, store: Path) -> None:
    ks("test", "tickets", "v1", "--suite", "everyday")
    found = ks.json("history", "tickets", "German", "--metric", "accuracy")["history"]
    assert [(row["model"], row["status"], row["value"]) for row in found] == [
        ("v1", "measured", 0.8),
        ("v2", "missing", None),
    ]
    rows = ks.csv("history", "tickets", "--metric", "accuracy", "--model", "v1")
    assert [(row["test_case"], row["model"], row["connected"]) for row in rows] == [("all", "v1", "false")]


def test_a_configuration_is_read_from_a_file(ks, store: Path, folder: Path) -> None:
    (folder / "c.toml").write_text("beta = 0.5\n")
    ks("test", "tickets", "v1", "--configuration", "c.toml")
    assert ks("history", "tickets", "--configuration", "c.toml").stdout.startswith("configuration: beta = 0.5\n")
    assert "no run has measured" in ks("history", "tickets").stdout


def test_unknown_names_are_errors(ks, store: Path) -> None:
    assert "did you mean 'German'" in ks.error("history", "tickets", "Germn")
