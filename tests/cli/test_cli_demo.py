"""The demo tells its story, leaves what is the user's alone, and prints commands that work."""

import os
import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import kolena_store
from kolena_store.cli import demo, demo_command
from kolena_store.cli.demo import RenderedDigits, standard_text, suite_text

LONGEST_SECONDS = 60
STEP = re.compile(r"^  (\S*python\S* -m kolena_store .*)$", re.MULTILINE)


def few_digits() -> RenderedDigits:
    """Four hundred digits in the place of the real ones, the second half of them covered."""
    numbers = range(400)
    constant = {"rotation": 0.0, "brightness": 0.9, "noise": 0.0, "scale": 1.0, "height": 20, "ink": 0.1}
    samples = pa.table(
        {
            "id": [f"{number:03d}" for number in numbers],
            "source_image": list(numbers),
            "digit": [str(number % 2) for number in numbers],
            "occlusion": [0.5 if number >= 200 else 0.0 for number in numbers],
            **{name: [value] * len(numbers) for name, value in constant.items()},
        }
    )
    return RenderedDigits(samples=samples, pixels=np.zeros((len(numbers), 32, 32), np.uint8), seed=0)


def few_answers(digits: RenderedDigits) -> dict[str, pa.Table]:
    """v1 misses half of the clean digits, v2 two of five covered ones."""
    missed = {"v1": set(range(0, 200, 2)), "v2": set(range(200, 280))}
    truths = digits.samples["digit"].to_pylist()
    labels = {
        model: [str(1 - int(truth)) if number in wrong else truth for number, truth in enumerate(truths)]
        for model, wrong in missed.items()
    }
    return {model: answers(digits, found) for model, found in labels.items()}


def answers(digits: RenderedDigits, labels: list[str]) -> pa.Table:
    scores = {f"p_{digit}": [1.0 if label == str(digit) else 0.0 for label in labels] for digit in range(2)}
    return pa.table({"id": digits.samples["id"], "label": labels, **scores})


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """The demo without its waiting: few digits, and models that are made up."""
    monkeypatch.setattr(demo, "rendered_digits", few_digits)
    monkeypatch.setattr(demo, "demo_predictions", few_answers)
    monkeypatch.setattr(sys, "argv", ["kolena-store"])
    monkeypatch.setattr("shutil.which", lambda name: name)
    return folder


@pytest.mark.slow
def test_the_whole_demo_finishes_within_a_minute_and_its_commands_work(folder: Path, program) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code, out, err = program("demo", "a tour/my digits.store")
    assert (code, "error" in err) == (0, False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # other work on the machine does not count
    assert used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime < LONGEST_SECONDS
    assert "accuracy: v2 is higher than v1 on all" in " ".join(out.split())
    assert "lower on Occluded" in " ".join(out.split())
    steps = STEP.findall(out)
    assert len(steps) == 5
    assert "digits in the wild: FAILED" in out
    assert "Occluded" in out.split("no regression anywhere\n")[1].split("ci_low and ci_high")[0]
    environment = {**os.environ, "PYTHONPATH": str(Path(kolena_store.__file__).parents[1])}
    for step in steps:
        done = subprocess.run(step, shell=True, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (1 if " check " in step else 0, ""), step
        assert done.stdout


def test_the_table_and_the_closing_sentence_are_printed(ks, quick: Path) -> None:
    text = ks("demo").stdout
    assert "400 pictures of handwritten digits" in text
    assert re.search(r"^Occluded +200 +1\.000 .* \.600 ", text, re.MULTILINE)
    assert "v2 is higher than v1 on all (.800, .750) and lower on Occluded (.600, 1.000; n 200)" in " ".join(
        text.split()
    )
    assert all(len(line) <= 80 for line in text.split("Next")[0].splitlines())


def test_it_ends_with_verdicts_and_a_check_that_fails_for_a_confirmed_regression(ks, quick: Path) -> None:
    text = ks("demo").stdout
    assert re.search(r"v2 against v1: \d regressed, ", text)
    end = text.split("And may v2 ship?")[1]
    assert "digits in the wild: FAILED\nv2 against v1 on digits version 1" in end
    assert re.search(r"^Occluded +-\.400 .* n 200 +fail: regressed; ", end, re.MULTILINE)
    assert (quick / "digits.standard.toml").read_text(encoding="utf-8") == standard_text()
    assert ks("check", "digits.standard.toml", "--model", "v2", "--baseline", "v1", code=1).stdout in end


def test_a_standard_that_lies_there_is_used_and_stays(ks, quick: Path) -> None:
    mine = standard_text().replace('severity = "fail"', "").replace("digits in the wild", "my own")
    (quick / "digits.standard.toml").write_text(mine, encoding="utf-8")
    result = ks("demo")
    assert "digits.standard.toml differs from the demo's standard; it is applied as it is" in result.stderr
    assert "my own: FAILED" in result.stdout
    assert (quick / "digits.standard.toml").read_text(encoding="utf-8") == mine


def test_what_takes_time_is_said_on_stderr(ks, quick: Path) -> None:
    result = ks("demo")
    assert "training v1 and v2" in result.stderr
    assert "training" not in result.stdout


def test_the_store_holds_the_dataset_two_models_and_the_suite(ks, quick: Path) -> None:
    ks("demo")
    assert [model["name"] for model in ks.json("models")["models"]] == ["v1", "v2"]
    assert [suite["name"] for suite in ks.json("suite", "list", "digits")["suites"]] == ["digits"]
    assert (quick / "digits.sql").read_text(encoding="utf-8") == suite_text()


def test_five_commands_follow_that_name_the_store_only_when_needed(ks, quick: Path) -> None:
    for place, option in (((), ""), (("tour/d.store",), " --store tour/d.store")):
        steps = re.findall(r"^  kolena-store .*$", ks("demo", *place).stdout, re.MULTILINE)
        assert len(steps) == 5
        assert all(step.endswith(option) for step in steps)
        assert all("--store" in step for step in steps) == bool(option)
    assert "suite apply digits tour/digits.sql --store" in ks("demo", "tour/d.store").stdout


def test_running_it_again_changes_nothing(ks, quick: Path) -> None:
    first, second = ks("demo").stdout, ks("demo").stdout
    assert first == second
    assert [version["version"] for version in ks.json("dataset", "history", "digits")["versions"]] == [1]
    assert len(ks.json("runs", "list")["runs"]) == 2


def test_an_empty_store_is_filled(ks, quick: Path) -> None:
    ks("init")
    ks("demo")
    assert len(ks.json("dataset", "list")["datasets"]) == 1


def test_a_store_of_the_users_own_is_refused_and_left_alone(ks, store: Path, quick: Path) -> None:
    before = (store / "store.duckdb").read_bytes()
    assert "'tickets'" in ks.error("demo")
    assert (store / "store.duckdb").read_bytes() == before
    assert not (quick / "digits.sql").exists()


def test_a_dataset_of_that_name_that_the_demo_did_not_make_is_refused(ks, quick: Path) -> None:
    ks("init")
    ks("dataset", "upload", "digits", "tickets.csv")
    assert "kolena-store demo demo.store" in ks.error("demo")


def test_a_folder_with_other_files_is_refused(ks, quick: Path) -> None:
    assert "holds other files" in ks.error("demo", ".")


def test_a_suite_file_that_lies_there_is_applied_and_stays(ks, quick: Path) -> None:
    ks("demo")
    mine = 'CREATE VIEW "Covered" AS SELECT * FROM test_samples WHERE occlusion > 0;\n'
    (quick / "digits.sql").write_text(mine, encoding="utf-8")
    ks("suite", "apply", "digits", "digits.sql")
    result = ks("demo")
    assert "digits.sql differs from the demo's suite; it is applied as it is" in result.stderr
    assert (quick / "digits.sql").read_text(encoding="utf-8") == mine
    assert [suite["version"] for suite in ks.json("suite", "list", "digits")["suites"]] == [2]
    assert [case["name"] for case in ks.json("suite", "show", "digits", "digits")["test_cases"]] == ["all", "Covered"]
    assert re.search(r"^Covered +200 ", result.stdout, re.MULTILINE)


def test_what_an_edited_suite_file_lacks_is_said(ks, quick: Path) -> None:
    ks("demo")
    (quick / "digits.sql").write_text("-- nothing\n", encoding="utf-8")
    assert "left suite digits with version 2: 'Clean', " in ks("demo").stderr


def test_a_suite_file_that_does_not_fit_is_named_and_nothing_is_made(ks, quick: Path) -> None:
    (quick / "digits.sql").write_text("CREATE VIEW a AS SELECT * FROM test_samples WHERE colour = 1", encoding="utf-8")
    assert "digits.sql, line 1: a table of test case 'a' has no column 'colour'" in ks("demo", code=2).stderr
    assert ks("dataset", "list", code=2).stdout == ""


def test_the_suggested_query_shows_one_value_for_each_test_case_and_model(ks, quick: Path) -> None:
    step = next(line for line in ks("demo").stdout.splitlines() if " sql " in line)
    query = shlex.split(step)[2]
    n_rows = len(ks.csv("sql", query))
    with (quick / "digits.sql").open("a", encoding="utf-8") as file:
        file.write('CREATE VIEW "Even" AS SELECT * FROM test_samples WHERE source_image % 2 = 0;\n')
    ks("test", "digits", "--by", "occlusion")
    ks("demo")
    assert len(ks.csv("sql", query)) == n_rows + 2


def test_without_its_packages_it_says_what_to_install(ks, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kolena_store.cli.demo.digits.find_spec", lambda name: None)
    assert ks.error("demo").endswith("pip install 'kolena-store[demo]'")
    assert not (folder / "kolena.store").exists()


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("/usr/lib/site-packages/kolena_store/__main__.py", f"{sys.executable} -m kolena_store"),
        ("/some where/bin/kolena-store", "'/some where/bin/kolena-store'"),
        ("/usr/bin/pytest", "kolena-store"),
    ],
)
def test_the_commands_call_the_program_as_it_was_called(
    called: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert demo_command.called_program() == expected


def test_a_program_on_the_path_is_called_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "kolena-store").touch()
    monkeypatch.setattr(sys, "argv", [str(folder / "kolena-store")])
    monkeypatch.setattr("shutil.which", lambda name: str(folder / name))
    assert demo_command.called_program() == "kolena-store"
