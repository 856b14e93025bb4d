"""Results of models through the command line."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

COLD = '{"temperature": 0}'


def test_an_upload_says_what_it_changed(ks, store: Path) -> None:
    said = ks("results", "upload", "tickets", "v3", "v1.csv").stdout
    assert said == "v3 on tickets, results version 1: 300 inserted, 0 updated, 0 unchanged\n"


def test_uploading_a_part_replaces_just_those_samples(ks, store: Path, folder: Path) -> None:
    (folder / "part.csv").write_text("id,label\n0,billing\n1,shipping\n", encoding="utf-8")
    (report,) = ks.json("results", "upload", "tickets", "v1", "part.csv")["results"]
    assert (report["version"], report["updated"], report["unchanged"], report["missing"]) == (2, 1, 1, 0)
    (row,) = ks.csv("results", "upload", "tickets", "new", "part.csv")
    assert (row["inserted"], row["missing"]) == ("2", "298")


def test_one_file_can_hold_many_models(ks, store: Path, folder: Path) -> None:
    (folder / "all.csv").write_text("id,label,who\n0,billing,m/1\n0,other,m 2\n1,other,m 2\n", encoding="utf-8")
    found = ks.json("results", "upload", "tickets", "-", "all.csv", "--model-field", "who")["results"]
    assert {report["model"]: report["inserted"] for report in found} == {"m/1": 1, "m 2": 2}


@pytest.mark.parametrize("arguments", [("-", "v1.csv"), ("v1", "v1.csv", "--model-field", "label")])
def test_either_a_model_or_a_field_is_named(ks, store: Path, arguments: tuple[str, ...]) -> None:
    assert "name a MODEL, or write -" in ks.error("results", "upload", "tickets", *arguments)


def test_rows_of_no_sample_are_an_error_until_they_are_allowed(ks, store: Path, folder: Path) -> None:
    (folder / "stray.csv").write_text("id,label\n0,billing\n999,other\n", encoding="utf-8")
    message = ks.error("results", "upload", "tickets", "v1", "stray.csv")
    assert "999" in message
    assert "--allow-unmatched" in message
    result = ks("results", "upload", "tickets", "v1", "stray.csv", "--allow-unmatched")
    assert "1 row belongs to no sample" in result.stdout


@pytest.mark.sampled(2)
def test_inference_metadata_is_declared_and_shown(ks, store: Path, folder: Path) -> None:
    rows = "".join(f"{number},billing,{number % 2}\n" for number in range(100))
    (folder / "lit.csv").write_text(f"id,label,light\n{rows}", encoding="utf-8")
    ks("results", "upload", "tickets", "lit", "lit.csv", "--metadata-field", "light")
    assert ks.json("dataset", "show", "tickets")["models"][2]["metadata_fields"] == ["light"]
    assert ks("dataset", "show", "tickets").stdout.splitlines()[-1].split() == ["lit", "1", "100", "200", "light"]
    (folder / "lit.sql").write_text('CREATE VIEW "Lit" AS SELECT * FROM inferences WHERE light = 1;', encoding="utf-8")
    ks("suite", "apply", "tickets", "lit.sql")
    assert "inference" in ks("suite", "show", "tickets", "lit").stdout
    assert [row["level"] for row in ks.csv("suite", "show", "tickets", "lit")] == ["sample", "inference"]
    found = ks.json("test", "tickets", "--suite", "lit", "--metric", "accuracy")["metrics"]
    sizes = {row["model"]: (row["n_samples"], row["n_missing"]) for row in found if row["test_case"] == "Lit"}
    assert sizes == {"v1": (0, 0), "v2": (0, 0), "lit": (50, 0)}
    assert "'label' can't be inference metadata" in ks.error(
        "results", "upload", "tickets", "lit", "lit.csv", "--metadata-field", "label"
    )


def test_metadata_and_tags_are_noted_with_the_model(ks, store: Path) -> None:
    ks("results", "upload", "tickets", "v1", "v1.csv", "--metadata", "commit=4f2", "--tag", "candidate")
    models = {model["name"]: model for model in ks.json("models")["models"]}
    assert (models["v1"]["metadata"], models["v1"]["tags"]) == ({"commit": "4f2"}, ["candidate"])
    assert models["v2"]["metadata"] == {}


def test_results_under_a_configuration_are_kept_apart(ks, store: Path, folder: Path) -> None:
    ks("results", "upload", "tickets", "v1", "v2.csv", "--upload-configuration", COLD)
    ks("results", "download", "tickets", "v1", "--upload-configuration", COLD, "--output", "cold.csv")
    ks("results", "download", "tickets", "v1", "--output", "warm.csv")
    assert (folder / "cold.csv").read_text() == (folder / "v2.csv").read_text()
    assert (folder / "warm.csv").read_text() == (folder / "v1.csv").read_text()


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is no JSON"), ("[1]", "is no JSON object"), ("3", "is no JSON object")]
)
def test_a_configuration_is_a_json_object(ks, store: Path, text: str, message: str) -> None:
    arguments = ("results", "upload", "tickets", "v1", "v1.csv", "--upload-configuration", text)
    assert message in ks.error(*arguments)


def test_labels_are_read_as_the_types_that_were_declared(ks, store: Path, folder: Path) -> None:
    (folder / "extra.csv").write_text("id,label,rank\n0,billing,007\n", encoding="utf-8")
    ks("results", "upload", "tickets", "v9", "extra.csv", "--type", "rank=VARCHAR")
    ks("results", "download", "tickets", "v9", "--output", "v9.parquet")
    assert pq.read_table(folder / "v9.parquet").to_pylist() == [{"id": 0, "label": "billing", "rank": "007"}]


def test_an_older_version_can_be_downloaded(ks, store: Path, folder: Path) -> None:
    ks("results", "upload", "tickets", "v1", "v2.csv")
    ks("results", "download", "tickets", "v1", "--version", 1, "--output", "old.csv")
    assert (folder / "old.csv").read_text() == (folder / "v1.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("upload", "ticket", "v1", "v1.csv"), "did you mean 'tickets'?"),
        (("upload", "tickets", "v1", "tickets.csv"), "'label'"),
        (("upload", "tickets", "v1", "v1.tsv"), "v1.tsv"),
        (("download", "tickets", "v7", "--output", "x.csv"), "'v7'"),
        (("download", "tickets", "v1", "--version", "5", "--output", "x.csv"), "1 to 1"),
        (("download", "tickets", "v1", "--upload-configuration", COLD, "--output", "x.csv"), "temperature"),
        (("download", "tickets", "v1", "--output", "x"), "must end in one of"),
    ],
)
def test_what_is_not_there_is_named(ks, store: Path, arguments: tuple[str, ...], message: str) -> None:
    assert message in ks.error("results", *arguments)


@pytest.mark.sampled(2)
def test_several_answers_to_a_sample_are_repeats(ks, store: Path, folder: Path) -> None:
    rows = [f"{number},{seed},billing" for seed in (1, 2, 3) for number in range(100)]
    (folder / "seeds.csv").write_text("\n".join(["id,seed,label", *rows, "7,4,other"]), encoding="utf-8")
    message = ks.error("results", "upload", "tickets", "often", "seeds.csv")
    assert "--repeat" in message
    assert "--collect" in message
    (report,) = ks.json("results", "upload", "tickets", "often", "seeds.csv", "--repeat", "seed")["results"]
    assert {name: report[name] for name in ("inserted", "missing", "repeat_field", "answers")} == {
        "inserted": 100,
        "missing": 200,
        "repeat_field": "seed",
        "answers": 301,
    }
    assert ks.json("dataset", "show", "tickets")["models"][2]["repeat_field"] == "seed"
    (run,) = ks.json("test", "tickets", "often", "--metric", "accuracy")["runs"]
    assert run["repeats"] == {"field": "seed", "fewest": 3, "most": 4, "n_rows": 301}
    said = " ".join(ks("test", "tickets", "often", "v1", "--metric", "accuracy").stdout.split())
    assert said.startswith("often answered each sample 3 to 4 times (by seed): each counts for its share")
    ks("results", "download", "tickets", "often", "--output", "back.parquet")
    assert pq.read_table(folder / "back.parquet").column_names == ["id", "seed", "label"]
    assert pq.read_metadata(folder / "back.parquet").num_rows == 301
