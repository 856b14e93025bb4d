"""The plugin of pytest: each gate is a test, and nothing is loaded for those who have no standard."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from standard_files import write_standard

import kolena_store as ks
from kolena_store.pytest_plugin import STANDARD_SUFFIX
from kolena_store.standards import STANDARD_SUFFIX as SUFFIX_OF_THE_ROOM

ROOT = Path(__file__).parent.parent
GATES = (
    {"id": "floor", "metric": "accuracy", "cases": ["all", "German"], "at_least": 0.95},
    {"id": "low", "metric": "accuracy", "cases": "*", "at_least": 0.1, "severity": "warn"},
    {"id": "classes", "metric": "recall", "class": "*", "cases": "all", "at_least": 0.1},
    {"id": "waived", "metric": "accuracy", "cases": "German", "at_least": 0.95},
)
WAIVER = {"gate": "waived", "case": "German", "reason": "ticket 412"}


@pytest.fixture
def folder(ticket_store: ks.Store, tmp_path: Path) -> Path:
    """A folder with the store and a standard of four gates."""
    file = write_standard(tmp_path, *GATES, waivers=[{**WAIVER, "expires": "2999-01-01"}])
    file.write_text(file.read_text().replace('"2999-01-01"', "2999-01-01"))
    return tmp_path


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest with this plugin alone, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    environment.pop("KOLENA_STORE", None)
    command = [sys.executable, "-m", "pytest", "-p", "kolena_store.pytest_plugin", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.sampled(2)
def test_each_gate_is_a_test_with_a_readable_failure(folder: Path) -> None:
    code, out = run_pytest(folder, "--kolena-model", "v1", "--kolena-store", "tickets.store", "-rxw")
    assert code == 1
    assert "1 failed, 2 passed, 1 xfailed, 1 warning" in out
    assert "router: FAILED" in out
    assert "floor  accuracy at least 0.95" in out
    assert "value .867 is under 0.95" in " ".join(out.split())
    assert "Traceback" not in out
    assert "XFAIL s.standard.toml::waived - waived: ticket 412" in out
    assert re.search(r"s\.standard\.toml:\d+: GateWarning: router: PASSED", out)


@pytest.mark.sampled(2)
def test_settings_stand_in_the_configuration_file_too(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nkolena_model = v1\nkolena_store = tickets.store\n")
    code, out = run_pytest(folder, "s.standard.toml::classes", "-v")
    assert (code, "s.standard.toml::classes PASSED" in out) == (0, True)


@pytest.mark.sampled(2)
def test_a_store_in_the_configuration_file_stands_from_its_folder(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nkolena_model = v1\nkolena_store = tickets.store\n")
    elsewhere = folder / "else" / "where"
    elsewhere.mkdir(parents=True)
    code, out = run_pytest(elsewhere, "../../s.standard.toml::classes", "-v")
    assert (code, "s.standard.toml::classes PASSED" in out) == (0, True), out
    code, out = run_pytest(elsewhere, "../../s.standard.toml", "--kolena-store", "tickets.store")
    assert code == 1, "an option stands from the folder where pytest was started"
    assert "no store at" in out
    assert "During handling of the above exception" not in out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("at_least", "at_lest"), "line 6: gate 'floor' has an unknown key 'at_lest'"),
        (("German", "Germn"), "no test case named 'Germn'; did you mean 'German'"),
    ],
)
def test_a_standard_that_can_not_be_used_is_an_error_without_a_traceback(folder: Path, change, said: str) -> None:
    file = folder / "s.standard.toml"
    file.write_text(file.read_text().replace(*change))
    code, out = run_pytest(folder, "--kolena-model", "v1", "--kolena-store", "tickets.store")
    assert code != 0
    assert said in out
    assert "Traceback" not in out


def test_without_a_model_nothing_passes(folder: Path) -> None:
    code, out = run_pytest(folder)
    assert code == 2
    assert "no model to check against this standard; name one with --kolena-model" in out


def test_without_a_standard_nothing_is_loaded(tmp_path: Path) -> None:
    heavy = "{'duckdb', 'pyarrow', 'numpy', 'polars', 'click'}"
    test = f"import sys\n\n\ndef test_nothing():\n    assert not {heavy} & set(sys.modules)\n"
    (tmp_path / "test_light.py").write_text(test)
    assert run_pytest(tmp_path)[0] == 0


def test_the_plugin_knows_the_ending_without_loading_the_room() -> None:
    assert STANDARD_SUFFIX == SUFFIX_OF_THE_ROOM


def test_the_package_announces_the_plugin() -> None:
    """By the name of its module: who names that with -p or PYTEST_PLUGINS, too, does not register it twice."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points.pytest11]\n"kolena_store.pytest_plugin" = "kolena_store.pytest_plugin"' in text
