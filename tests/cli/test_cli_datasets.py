"""Datasets through the command line: up, shown, compared and down again."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

WORKFLOW = ("--workflow", "classification", "--ground-truth", "topic")
COUNTS = ("added", "changed", "removed", "unchanged")


def upload(ks, *options: object, file: str = "tickets.csv", name: str = "again") -> dict[str, object]:
    return ks.json("dataset", "upload", name, file, "--id", "id", *options)


def relabel(file: Path, number: str, topic: str) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    changed = [line if not line.startswith(f"{number},") else f"{number},{topic},en,0" for line in lines]
    file.write_text("\n".join(changed) + "\n", encoding="utf-8")


def test_an_upload_says_what_it_changed(ks, store: Path) -> None:
    said = ks("dataset", "upload", "again", "tickets.csv", "--id", "id").stdout
    assert said == "again version 1: 300 samples (300 added, 0 changed, 0 removed, 0 unchanged)\n"


def test_a_second_upload_makes_a_version_of_what_differs(ks, store: Path, folder: Path) -> None:
    relabel(folder / "tickets.csv", "7", "other")
    report = ks.json("dataset", "upload", "tickets", "tickets.csv", "--message", "7 was wrong")
    assert [report["version"], *(report[name] for name in COUNTS)] == [2, 0, 1, 0, 299]
    (row,) = ks.csv("dataset", "upload", "tickets", "tickets.csv")
    assert [row["version"], *(row[name] for name in COUNTS)] == ["2", "0", "0", "0", "300"]


def test_append_keeps_what_the_file_does_not_have(ks, store: Path, folder: Path) -> None:
    (folder / "more.csv").write_text("id,topic,language,length\n300,billing,fr,3\n", encoding="utf-8")
    report = ks.json("dataset", "upload", "tickets", "more.csv", "--append")
    assert (report["n_samples"], report["added"], report["removed"]) == (301, 1, 0)


def test_description_tags_and_metadata_are_noted(ks, store: Path) -> None:
    options = ("--description", "All of May", "--tag", "may", "--tag", "mail", "--metadata", "query=a=b")
    upload(ks, *options)
    found = ks.json("dataset", "show", "again")
    assert (found["description"], found["tags"], found["metadata"]) == ("All of May", ["may", "mail"], {"query": "a=b"})


def test_columns_are_read_as_the_types_that_were_declared(ks, store: Path) -> None:
    upload(ks, "--type", "length=VARCHAR", "--type", "id=VARCHAR")
    types = {field["name"]: field["type"] for field in ks.json("dataset", "show", "again")["fields"]}
    assert (types["length"], types["id"]) == ("VARCHAR", "VARCHAR")


@pytest.mark.sampled(2)
def test_a_wide_frame_brings_the_predictions_of_its_models(ks, store: Path, folder: Path) -> None:
    table = pa.table({"id": ["a", "b"], "topic": ["x", "y"], "one": ["x", "x"], "pred two": ["x", "y"]})
    pq.write_table(table, folder / "wide.parquet")
    upload(ks, *WORKFLOW, "--prediction-of", "lr=0.1=pred two", "--prediction-of", "v1=one", file="wide.parquet")
    rows = ks.csv("test", "again", "--metric", "accuracy")
    assert {row["model"]: float(row["value"]) for row in rows} == {"lr=0.1": 1, "v1": 0.5}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--ground-truth", "topic"), "--ground-truth belongs to a workflow; name it with --workflow"),
        (("--workflow", "classification"), "the workflow classification needs --ground-truth"),
        (
            ("--workflow", "regression", "--ground-truth", "length", "--verdict", "x"),
            "has no option --verdict; it takes",
        ),
        (("--workflow", "judged"), "needs the inference column with the verdict"),
        (("--workflow", "clasification"), "did you mean 'classification'?"),
        ((*WORKFLOW, "--classes", "a,,b"), "empty label"),
        ((*WORKFLOW, "--positive", "biling", "--score", "p"), "did you mean 'billing'?"),
        (("--type", "length"), "not of the form NAME=VALUE"),
        (("--metadata", "a=1", "--metadata", "a=2"), "'a' is given twice"),
        (("--type", "lenght=VARCHAR"), "did you mean 'length'?"),
    ],
)
def test_options_that_do_not_fit_are_refused(ks, store: Path, options: tuple[str, ...], message: str) -> None:
    assert message in ks.error("dataset", "upload", "again", "tickets.csv", "--id", "id", *options)
    assert [one["name"] for one in ks.json("dataset", "list")["datasets"]] == ["tickets"]


@pytest.mark.parametrize(
    ("options", "document"),
    [
        (
            (
                "--workflow",
                "Classification",
                "--ground-truth",
                "topic",
                "--scores",
                "p_{class}",
                "--classes",
                'a,"b,c"',
            ),
            {"workflow": "classification", "ground_truth": "topic", "scores": "p_{class}", "classes": ["a", "b,c"]},
        ),
        (
            ("--workflow", "regression", "--ground-truth", "length"),
            {"workflow": "regression", "ground_truth": "length", "prediction": "prediction"},
        ),
        (
            ("--workflow", "judged", "--verdict", "passed", "--score", "grade"),
            {"workflow": "judged", "verdict": "passed", "score": "grade"},
        ),
    ],
    ids=["classification", "regression", "judged"],
)
def test_each_workflow_is_made_of_its_options(ks, store: Path, options: tuple[str, ...], document: dict) -> None:
    upload(ks, *options)
    (version,) = ks.json("dataset", "history", "again")["versions"]
    assert version["workflow"] == document


@pytest.mark.parametrize(
    ("file", "message"),
    [("ticket.csv", "did you mean 'tickets.csv'"), ("empty.csv", "empty"), ("broken.jsonl", "broken.jsonl, line 2")],
)
def test_files_that_cannot_be_read_are_named(ks, store: Path, folder: Path, file: str, message: str) -> None:
    (folder / "empty.csv").touch()
    (folder / "broken.jsonl").write_text('{"id": 1}\n{"id": \n', encoding="utf-8")
    assert message in ks.error("dataset", "upload", "again", file, "--id", "id")


def test_the_list_shows_every_dataset(ks, store: Path) -> None:
    upload(ks)
    lines = ks("dataset", "list").stdout.splitlines()
    assert lines[0].split() == ["dataset", "version", "samples", "workflow", "updated"]
    assert [line.split()[0] for line in lines[2:]] == ["again", "tickets"]
    assert [row["n_samples"] for row in ks.csv("dataset", "list")] == ["300", "300"]


def test_show_lists_the_fields_with_their_roles(ks, store: Path) -> None:
    assert "topic     VARCHAR  ground truth" in ks("dataset", "show", "tickets").stdout
    assert ks.csv("dataset", "show", "tickets")[0] == {"name": "id", "type": "BIGINT", "role": "id"}
    found = ks.json("dataset", "show", "TICKETS")
    assert (found["name"], found["workflow"], found["id_fields"]) == ("tickets", "classification", ["id"])


def test_show_lists_the_models_with_results(ks, store: Path, folder: Path) -> None:
    (folder / "part.csv").write_text("id,label\n1,billing\n", encoding="utf-8")
    ks("results", "upload", "tickets", "part", "part.csv")
    lines = ks("dataset", "show", "tickets").stdout.splitlines()
    assert lines[-5].split() == ["model", "results", "version", "answered", "missing"]
    assert [line.split() for line in lines[-3:]] == [
        ["v1", "1", "300", "0"],
        ["v2", "1", "300", "0"],
        ["part", "1", "1", "299"],
    ]
    assert ks.json("dataset", "show", "tickets")["models"][2] == {
        **{"model": "part", "upload_configuration": None, "results_version": 1},
        **{"answered": 1, "missing": 299, "metadata_fields": [], "repeat_field": None},
    }
    assert "kolena-store dataset show tickets" in ks.error("test", "tickets", "v7")


def test_history_and_diff_tell_what_happened(ks, store: Path, folder: Path) -> None:
    relabel(folder / "tickets.csv", "7", "other")
    ks("dataset", "upload", "tickets", "tickets.csv", "--message", "7 was wrong")
    assert ks("dataset", "history", "tickets").stdout.splitlines()[-1].endswith("7 was wrong")
    assert [row["changed"] for row in ks.csv("dataset", "history", "tickets")] == ["0", "1"]
    assert "0 added, 1 changed, 0 removed" in ks("dataset", "diff", "tickets", 1, 2).stdout
    (row,) = ks.csv("dataset", "diff", "tickets", 1, 2)
    assert (row["id"], row["change"], json.loads(row["fields"])) == ("7", "changed", ["topic", "length"])
    found = ks.json("dataset", "diff", "tickets", 1, 2)
    assert (found["changed"], found["changed_fields"]) == (1, {"length": 1, "topic": 1})
    values = {"old": {"topic": "shipping", "length": 7}, "new": {"topic": "other", "length": 0}}
    assert found["rows"] == [{"id": 7, "change": "changed", "fields": ["topic", "length"], **values}]
    assert {side: json.loads(row[side]) for side in values} == values
    assert "7   changed  topic: shipping -> other; length: 7 -> 0" in ks("dataset", "diff", "tickets", 1, 2).stdout


@pytest.mark.sampled(2)
def test_history_shows_the_tags_of_each_version(ks, store: Path, folder: Path) -> None:
    relabel(folder / "tickets.csv", "7", "other")
    tags = ("--version-tag", "final", "--version-tag", "checked")
    ks("dataset", "upload", "tickets", "tickets.csv", *tags)
    assert [one["tags"] for one in ks.json("dataset", "history", "tickets")["versions"]] == [[], ["final", "checked"]]
    assert [json.loads(row["tags"]) for row in ks.csv("dataset", "history", "tickets")] == [[], ["final", "checked"]]
    assert "final, checked" in ks("dataset", "history", "tickets").stdout
    note = "no new version, so its tags were not kept"
    assert note in ks("dataset", "upload", "tickets", "tickets.csv", *tags).stdout


@pytest.mark.parametrize("command", [("show",), ("history",), ("diff", "1", "2"), ("download", "--output", "x.csv")])
def test_a_dataset_that_is_not_there_is_named(ks, store: Path, command: tuple[str, ...]) -> None:
    name, *rest = command
    arguments = [name, *(["ticket", *rest])]
    assert "no dataset named 'ticket'; did you mean 'tickets'?" in ks.error("dataset", *arguments)


@pytest.mark.parametrize("version", ["2", "0"])
def test_a_version_that_is_not_there_is_named(ks, store: Path, version: str) -> None:
    assert "version" in ks.error("dataset", "diff", "tickets", "1", version)
    assert "it has 1 to 1" in ks.error("dataset", "download", "tickets", "--version", version, "--output", "x.csv")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "CSV"])
def test_a_download_uploads_again_as_the_same(ks, store: Path, folder: Path, ending: str) -> None:
    result = ks("dataset", "download", "tickets", "--output", f"out.{ending}")
    assert (result.stdout, result.stderr) == ("", f"wrote 300 rows to out.{ending}\n")
    report = ks.json("dataset", "upload", "tickets", f"out.{ending}")
    assert (report["version"], report["unchanged"]) == (1, 300)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_an_older_version_can_be_downloaded(ks, store: Path, folder: Path) -> None:
    relabel(folder / "tickets.csv", "7", "other")
    ks("dataset", "upload", "tickets", "tickets.csv")
    for version in (1, 2):
        ks("dataset", "download", "tickets", "--version", version, "--output", f"{version}.csv")
    rows = [(folder / f"{version}.csv").read_text().splitlines()[8] for version in (1, 2)]
    assert rows == ["7,shipping,en,7", "7,other,en,0"]


@pytest.mark.parametrize(
    ("output", "message"),
    [("x.xlsx", "must end in one of .csv, .jsonl, .parquet"), ("no/x.csv", "there is no folder no")],
)
def test_a_file_that_cannot_be_written_is_refused(ks, store: Path, folder: Path, output: str, message: str) -> None:
    assert message in ks.error("dataset", "download", "tickets", "--output", output)
    assert not (folder / output).exists()


@pytest.mark.sampled(2)
def test_a_table_is_attached_shown_written_out_and_taken_away(ks, store: Path, folder: Path) -> None:
    (folder / "notes.csv").write_text("id,who,says\n7,ann,other\n7,bob,billing\n9,ann,x\n", encoding="utf-8")
    report = ks.json("dataset", "upload", "tickets", "tickets.csv", "--table", "notes=notes.csv")
    assert (report["version"], report["notes"]) == (2, ["attached table notes: 3 rows"])
    assert "attached table notes: 3 rows (id, who, says)" in ks("dataset", "show", "tickets").stdout
    ks("dataset", "download", "tickets", "--table", "notes", "--output", "out.csv")
    assert (folder / "out.csv").read_text(encoding="utf-8").splitlines()[1:3] == ["7,ann,other", "7,bob,billing"]
    assert ks.json("dataset", "upload", "tickets", "tickets.csv", "--drop-table", "notes")["version"] == 3
    assert ks.json("dataset", "diff", "tickets", "1", "2")["changed_tables"] == {"notes": "added"}
    tables = [version["tables"] for version in ks.json("dataset", "history", "tickets")["versions"]]
    assert tables == [[], ["notes"], []]
    error = ks.error("dataset", "download", "tickets", "--table", "notes", "--output", "out.csv")
    assert "no attached table of 'tickets' version 3 named 'notes'" in error
    both = ("--table", "notes=notes.csv", "--drop-table", "notes")
    assert "both name 'notes'" in ks("dataset", "upload", "tickets", "tickets.csv", *both, code=2).stderr


def test_the_rule_of_several_graders_is_an_option(ks, store: Path, folder: Path) -> None:
    pq.write_table(pa.table({"id": ["a", "b"]}), folder / "q.parquet")
    pq.write_table(pa.table({"id": ["a", "b"], "ok": [[True, True, False], [False]]}), folder / "judged.parquet")
    ks("dataset", "upload", "q", "q.parquet", "--workflow", "judged", "--verdict", "ok", "--graders", "majority")
    ks("results", "upload", "q", "m", "judged.parquet")
    assert [row["value"] for row in ks.csv("test", "q", "--metric", "pass_rate")] == ["0.5"]
