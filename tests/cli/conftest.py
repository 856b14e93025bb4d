"""A command line to call, and a store with two models that was made through it."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import kolena_store
from kolena_store.cli import command_line
from kolena_store.cli.places import SETTING, STORE_NAME

TOPICS = ("billing", "shipping", "other")
SUITE = """\
CREATE VIEW "English" AS SELECT * FROM test_samples WHERE language = 'en';
CREATE VIEW "German" AS SELECT * FROM test_samples WHERE language = 'de';
COMMENT ON VIEW "German" IS 'Written in German';
CREATE VIEW "Shortest" AS SELECT * FROM test_samples WHERE length < 10;
CREATE VIEW "Long" AS SELECT * FROM test_samples WHERE length >= 1000;
"""


class CommandLine:
    """The program, called in this process; every call says with which code it is to end."""

    def __call__(self, *arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(command_line, [str(argument) for argument in arguments], prog_name="kolena-store")
        assert result.exit_code == code, f"left with {result.exit_code}: {result.stdout}{result.stderr}"
        return result

    def json(self, *arguments: object) -> Any:
        return json.loads(self(*arguments, "--format", "json").stdout)

    def csv(self, *arguments: object) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self(*arguments, "--format", "csv").stdout, newline="")))

    def error(self, *arguments: object, code: int = 2) -> str:
        """Return what stands behind `error: ` on the one line that the call wrote."""
        result = self(*arguments, code=code)
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("error: ").rstrip("\n")


class Program:
    """The program in a process of its own."""

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """Start it, with its output in pipes unless an option says otherwise."""
        path = os.pathsep.join([str(Path(kolena_store.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": {**os.environ, "PYTHONPATH": path}}
        return subprocess.Popen([sys.executable, "-m", "kolena_store", *arguments], text=True, **{**pipes, **options})

    def __call__(self, *arguments: str, **options: Any) -> tuple[int, str, str]:
        """Run it to its end and return the exit code, stdout and stderr."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


def write_inputs(folder: Path) -> None:
    """Write 300 tickets and the answers of two models: v1 misses every fifth, v2 every second German one."""
    rows = [(number, TOPICS[number % 3], "en" if number < 200 else "de", number) for number in range(300)]
    v1 = [(number, "none" if number % 5 == 0 else topic) for number, topic, _, _ in rows]
    v2 = [(number, "none" if language == "de" and number % 2 == 0 else topic) for number, topic, language, _ in rows]
    write_csv(folder / "tickets.csv", ("id", "topic", "language", "length"), rows)
    write_csv(folder / "v1.csv", ("id", "label"), v1)
    write_csv(folder / "v2.csv", ("id", "label"), v2)
    (folder / "everyday.sql").write_text(SUITE, encoding="utf-8")


def write_csv(path: Path, names: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *rows])


@pytest.fixture
def ks() -> CommandLine:
    return CommandLine()


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty but for the input files; no store is near."""
    monkeypatch.delenv(SETTING, raising=False)
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def prebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the dataset `tickets`, the suite `everyday`, and the results of v1 and v2; not to be changed."""
    place, call = tmp_path_factory.mktemp("prebuilt"), CommandLine()
    write_inputs(place)
    with chdir(place), pytest.MonkeyPatch.context() as patch:
        patch.delenv(SETTING, raising=False)
        call("init")
        workflow = ("--workflow", "classification", "--id", "id", "--ground-truth", "topic", "--prediction", "label")
        call("dataset", "upload", "tickets", "tickets.csv", *workflow)
        for model in ("v1", "v2"):
            call("results", "upload", "tickets", model, f"{model}.csv")
        call("suite", "apply", "tickets", "everyday.sql")
    return place / STORE_NAME


@pytest.fixture
def store(prebuilt: Path, folder: Path) -> Path:
    """The current folder with a copy of that store in it, as `kolena.store`."""
    shutil.copytree(prebuilt, folder / STORE_NAME)
    return folder / STORE_NAME


@pytest.fixture(scope="session")
def prebuilt_with_long_texts(prebuilt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with names, messages and notes that are longer than a line; not to be changed."""
    place, call = tmp_path_factory.mktemp("long"), CommandLine()
    shutil.copytree(prebuilt.parent, place, dirs_exist_ok=True)
    with chdir(place), pytest.MonkeyPatch.context() as patch, Path("tickets.csv").open("a") as file:
        patch.delenv(SETTING, raising=False)
        file.write("300,billing,fr,5\n")
        file.flush()
        call("dataset", "upload", "tickets", "tickets.csv", "--message", "the longest story " * 9)
        model = "a model with a name that is much longer than any table has room for, by far"
        notes = ("--metadata", "note=" + "words and " * 20, "--tag", "x" * 90)
        call("results", "upload", "tickets", model, "v1.csv", *notes)
        call("test", "tickets", "--by", "length:quantiles=3", "--by", "language")
    return place / STORE_NAME


@pytest.fixture
def with_long_texts(prebuilt_with_long_texts: Path, folder: Path) -> Path:
    """The current folder with a copy of that store in it."""
    shutil.copytree(prebuilt_with_long_texts, folder / STORE_NAME)
    return folder / STORE_NAME
