"""Scorers that are not there, fail, or return what they may not: what is said, and that nothing is kept."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.errors import FailedScorer

MODULE = """
import pyarrow as pa

class Deep:
    class Er:
        def score(batch):
            return {"x": [1] * batch.num_rows}

number = 5

def divides(batch):
    return {"x": [relative(row["y"]) for row in batch["s"].to_pylist()]}

def relative(y):
    return 10 / y

def needs_company(batch):
    if batch.num_rows > 2:
        raise RuntimeError
    return {"x": [1] * batch.num_rows}

def leaves(batch):
    raise SystemExit(3)
"""


@pytest.fixture(scope="module")
def never_scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without sample metrics; never change it."""
    store = ks.Store(tmp_path_factory.mktemp("failing") / "kolena.store")
    with store.transaction():
        store.upload_dataset("d", [{"id": f"r{k}", "y": k - 7, "v": k // 4} for k in range(20)], workflow=ks.Custom())
        store.upload_results("d", "m", [{"id": f"r{k}", "z": 1} for k in range(20)])
        store.apply_metrics("d", "-- metric: total  better: none\nSELECT count(*) AS value FROM results")
    return store.path


@pytest.fixture
def prebuilt(never_scored: Path, tmp_path: Path) -> ks.Store:
    """A copy of it: a scorer that does not fail would leave sample metrics, which another of its name then has."""
    shutil.copytree(never_scored, tmp_path / "copy.store")
    return ks.Store(tmp_path / "copy.store")


def files_of(store: ks.Store) -> list[Path]:
    return sorted(path for path in store.path.rglob("*") if path.is_file())


def failing(store: ks.Store, scorer: Any, **options: Any) -> str:
    """Return what a test under a scorer says, once it is sure that it left nothing behind."""
    rows = store.download_dataset("d")
    store.upload_dataset("d", rows, workflow=ks.Custom(scorer=scorer, **options))
    before = files_of(store)
    with pytest.raises(FailedScorer) as raised:
        store.test("d")
    assert files_of(store) == before
    assert store.sql("SELECT * FROM d.sample_metrics").rows() == []
    return str(raised.value)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder with a module in it."""
    path = tmp_path / "failing_scorers.py"
    path.write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "failing_scorers", raising=False)
    return path


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:score", r"Python finds no module 'no_such_module' in the current folder \(/"),
        ("failing_scorers:divide", "the module failing_scorers has no 'divide'; did you mean 'divides'"),
        ("failing_scorers:number", "is no function but int; name a function"),
        ("__main__:of_a_notebook", "it was a function of a notebook or script, which does not run here"),
        ("failing_scorers:Deep.Re.score", "has no 'Deep.Re.score'"),
    ],
)
def test_a_scorer_that_is_not_there_is_named(prebuilt: ks.Store, module: Path, name: str, message: str) -> None:
    assert re.search(message, failing(prebuilt, name))


def test_a_module_that_can_not_be_loaded_says_why(prebuilt: ks.Store, module: Path) -> None:
    (module.parent / "broken_scorers.py").write_text("import a_package_that_is_missing\n", encoding="utf-8")
    said = failing(prebuilt, "broken_scorers:score")
    assert "importing broken_scorers raised ModuleNotFoundError: No module named 'a_package_that_is_missing'" in said


def test_a_scorer_is_found_in_the_current_folder_and_leaves_the_path_as_it_was(
    prebuilt: ks.Store, module: Path
) -> None:
    before = list(sys.path)
    prebuilt.upload_dataset(
        "d", prebuilt.download_dataset("d"), workflow=ks.Custom(scorer="failing_scorers:Deep.Er.score")
    )
    assert prebuilt.test("d")["all", "m", "total"].value == 20
    assert sys.path == before


def test_a_failure_names_the_sample_the_cause_and_the_line(prebuilt: ks.Store, module: Path) -> None:
    said = failing(prebuilt, "failing_scorers:divides")
    assert "failed on the sample with id 'r7': ZeroDivisionError: division by zero" in said
    assert f"({module}, line 15: return 10 / y)" in said
    of_group = failing(prebuilt, "failing_scorers:divides", group_by="v")
    assert "failed on 4 samples with id 'r4', 'r5', 'r6', 'r7': ZeroDivisionError" in of_group


def test_a_failure_of_several_samples_together_names_them(prebuilt: ks.Store, module: Path) -> None:
    assert "failed on 3 samples with id 'r2', 'r3', 'r4': RuntimeError (" in failing(
        prebuilt, "failing_scorers:needs_company"
    )


def returned(what: Any) -> Any:
    """Return a scorer that can be found again, which returns this for a batch."""
    module = sys.modules[__name__]
    module.of_test = what  # type: ignore[attr-defined]
    return f"{__name__}:of_test"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda batch: {"x": [1]}, "returned 1 rows for 20 samples; return one for each, in their order"),
        (lambda batch: None, r"returned nothing \(None\), which is no table"),
        (lambda batch: [1, 2], "returned an object of type list, which is no table"),
        (lambda batch: {"x": 5}, "returned the columns 'x', which is no table"),
        (lambda batch: {"x": [1] * 20, "z": [1]}, "which is no table"),
        (lambda batch: {"x": [1, "a"] * 10}, "which is no table"),
        (lambda batch: {"x": [1] * 20, "X": [1] * 20}, "two columns named 'X'"),
        (lambda batch: {"_x": [1] * 20}, "named '_x'; names that are empty or start with an underscore"),
        (lambda batch: {"x": [{"a": 1}] * 20}, "column 'x' holds struct<a: int64>; return numbers, booleans, text"),
        (lambda batch: {"x": [b"a"] * 20}, "column 'x' holds binary"),
    ],
)
def test_what_a_scorer_may_not_return(prebuilt: ks.Store, answer: Any, message: str) -> None:
    assert re.search(message, failing(prebuilt, returned(answer)))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda batch: {"x": [1, 2]}, "returned 2 rows for .* samples of . groups by 'v'; return one for each"),
        (
            lambda batch: {"v": [7, *([8] * (groups(batch) - 1))], "x": [1] * groups(batch)},
            "column 'v' lacks the groups 0, 1",
        ),
        (lambda batch: {"v": ["a"] * groups(batch)}, "the column 'v' does not name the groups"),
    ],
)
def test_what_a_scorer_of_groups_may_not_return(prebuilt: ks.Store, answer: Any, message: str) -> None:
    assert re.search(message, failing(prebuilt, returned(answer), group_by="v"))


def groups(batch: pa.RecordBatch) -> int:
    return len({row["v"] for row in batch["s"].to_pylist()})


@pytest.mark.sampled(2)
def test_a_type_that_changes_from_sample_to_sample_is_an_error_and_from_version_to_version_is_none(
    prebuilt: ks.Store,
) -> None:
    def by_group(batch: pa.RecordBatch) -> dict[str, Any]:
        first = batch["s"].to_pylist()[0]
        return {"x": ["a" if first["v"] == 4 else 1] * batch.num_rows}

    said = failing(prebuilt, returned(by_group), group_by="v")
    assert "column 'x' holds BIGINT for some samples and VARCHAR for others; return one type for all" in said

    def of_values(batch: pa.RecordBatch) -> dict[str, Any]:
        return {"x": ["text" if row["y"] == 99 else None for row in batch["s"].to_pylist()]}

    rows = prebuilt.download_dataset("d").to_pylist()
    prebuilt.upload_dataset("d", rows, workflow=ks.Custom(scorer=returned(of_values)))
    prebuilt.test("d")
    prebuilt.upload_dataset("d", [{**row, "y": 99} if row["id"] == "r3" else row for row in rows])
    assert prebuilt.test("d").runs[0].n_scored == 20, "NULL became text, so all are scored anew"
    assert prebuilt.sql("SELECT x FROM d.sample_metrics WHERE x IS NOT NULL").rows() == [{"x": "text"}]
    prebuilt.upload_dataset("d", rows)
    assert prebuilt.test("d").runs[0].n_scored == 1


@pytest.mark.sampled(2)
def test_a_scorer_of_a_script_is_found_as_long_as_it_runs(prebuilt: ks.Store, tmp_path: Path) -> None:
    script = tmp_path / "notebook.py"
    script.write_text(
        "import kolena_store as ks\n"
        "def score(batch):\n"
        "    return {'x': [2] * batch.num_rows}\n"
        "store = ks.Store()\n"
        "store.upload_dataset('d', [{'id': 1}], workflow=ks.Custom(scorer=score))\n"
        "store.upload_results('d', 'm', [{'id': 1, 'z': 1}])\n"
        "store.apply_metrics('d', '-- metric: x  better: none\\nSELECT sum(m.x) AS value FROM results')\n"
        "print(store.test('d')['all', 'm', 'x'].value)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2.0\n", "")
