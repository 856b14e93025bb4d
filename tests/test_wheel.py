"""The wheel: what it holds, and that it alone makes, fills and reads a store."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROUND_TRIP = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import kolena_store as ks
from kolena_store.statements import sql_folder

store = ks.Store("round.store")
rows = [{"id": 1, "topic": "login", "says": "login"}, {"id": 2, "topic": "billing", "says": "login"}]
store.upload_dataset("tickets", rows, workflow=ks.Classification("topic"), predictions={"v1": "says"})
results = ks.Store("round.store").test("tickets", by=["topic"], metrics=["accuracy"])
print(results["all", "v1", "accuracy"].value, results["topic = login", "v1", "accuracy"].value)
print(store.sql("SELECT count(*) AS n FROM tickets.test_samples").rows()[0]["n"])
print(Path(ks.__file__).resolve().parent, Path(str(sql_folder())).resolve(), sep="\\n")
"""
"""A program in isolated mode (-I), which sees neither the current folder nor PYTHONPATH."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (built,) = folder.glob("*.whl")
    return built


def relative_files(folder: Path, pattern: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in folder.rglob(pattern)}


def test_the_wheel_holds_the_package_its_sql_and_the_mark_of_its_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    endings = ("*.py", "*.sql", "*.toml", "*.html", "*.css", "*.js", "*.svg")
    modules = set().union(*(relative_files(ROOT / "kolena_store", ending) for ending in endings))
    assert {"kolena_store/reports/templates/base.html", "kolena_store/web/static/app.js"} <= modules
    statements = {f"kolena_store/{name}" for name in relative_files(ROOT / "sql", "*.sql")}
    assert held == modules | statements | {"kolena_store/py.typed"}


def test_the_wheel_alone_takes_a_store_round(wheel: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(alone)
    command = [sys.executable, "-I", "-c", ROUND_TRIP, str(alone)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    package = (alone / "kolena_store").resolve()
    assert done.stdout.splitlines() == ["0.5 1.0", "2", str(package), str(package / "sql")]
