"""The contract with SQL clients: a plain DuckDB, of every version from the floor on, recomputes the published metrics."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from published_stores import ODD, full_store
from thoroughness import sized

import kolena_store as ks
from kolena_store.errors import InvalidInput, StoreError

ONE_IN = sized(3, 1)
"""How many of the runs on test cases are recomputed each time; which ones the seed says."""

READER = Path(__file__).with_name("contract_reader.py")
OTHERS = "KOLENA_STORE_OTHER_PYTHONS"
"""The variable that names further Python interpreters, each with nothing but one version of duckdb."""

IN_SQL_NEVER = sorted(
    [
        *([dataset, "krippendorff_alpha_ordinal"] for dataset in ("answers", "graded answers")),
        *(
            [dataset, metric]
            for dataset in ("forecasts", "prices", "repeated numbers", "weighted forecasts", "weighted numbers")
            for metric in ("kendall_tau", "spearman")
        ),
    ]
)
WRITER = """
import sys
import pyarrow as pa
import kolena_store as ks
store = ks.Store(sys.argv[1])
for number in range(12):
    store.upload_results("answers", f"w{number}", pa.table({"id": [number], "verdict": [True], "grade": [1.0]}))
"""

pytestmark = pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")


def interpreters() -> list[str]:
    return [sys.executable, *filter(None, os.environ.get(OTHERS, "").split(os.pathsep))]


def contract(python: str, database: Path, folder: Path) -> dict[str, Any]:
    """Run the reader in a process of its own, in another folder, without this package on its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [python, "-I", str(READER), str(database), str(ONE_IN), str(random.randrange(ONE_IN))]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with four workflows and odd names; never change it."""
    root = tmp_path_factory.mktemp("full") / "it's full [1]"
    full_store(root)
    return root


@pytest.fixture
def copied(full: Path, tmp_path: Path) -> Iterator[ks.Store]:
    root = tmp_path / "copied"
    shutil.copytree(full, root)
    yield ks.Store(root)


def check(found: dict[str, Any]) -> None:
    assert found["wrong"] == []
    assert found["compared"] > 2000 // (2 * ONE_IN - 1)
    assert len(found["metrics"]) > 80
    assert sorted(found["not_recomputable"]) == sorted(IN_SQL_NEVER)
    assert found["uncommented"] == []
    assert found["contract"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("python", interpreters()[1:] or interpreters())
def test_every_recomputable_metric_is_recomputed_while_a_writer_commits(
    python: str, copied: ks.Store, tmp_path: Path
) -> None:
    copied.publish()  # the folder is another one than that where the store was made
    writing = subprocess.Popen([sys.executable, "-c", WRITER, str(copied.path)], cwd=Path(__file__).parent.parent)
    try:
        check(contract(python, copied.path / "store.duckdb", tmp_path))
    finally:
        assert writing.wait(timeout=120) == 0


@pytest.mark.slow
@pytest.mark.parametrize("python", interpreters()[:1])
def test_the_materialised_file_needs_nothing_else(python: str, full: Path, tmp_path: Path) -> None:
    file = tmp_path / "other" / "all in one.duckdb"
    file.parent.mkdir()
    hidden = full.with_name("hidden")
    ks.Store(full).publish(file)
    full.rename(hidden)
    try:
        check(contract(python, file, tmp_path))
    finally:
        hidden.rename(full)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_other_interpreters_are_named_by_a_variable() -> None:
    if not os.environ.get(OTHERS):
        pytest.skip(f"only this DuckDB read the contract: {OTHERS} names no other interpreter; .ci/run sets it")
    versions = {
        subprocess.run(
            [python, "-c", "import duckdb; print(duckdb.__version__)"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for python in interpreters()
    }
    assert {"1.1.3", "1.5.5"} <= versions


def test_a_weighted_mean_of_terms_pools_models(full: Path) -> None:
    dataset = ODD[0]
    query = f"""
        SELECT sum(value) FILTER (term = 'n_correct') / sum(value) FILTER (term = 'n') AS pooled
        FROM "{dataset.replace('"', '""')}".terms WHERE test_case = 'all' AND run = (SELECT max(run) FROM kolena.test_runs
        WHERE dataset = '{dataset}' AND suite = 'odd' AND configuration IS NULL)
    """
    value = ks.Store(full).sql(query).rows()[0]["pooled"]
    accuracy = (
        f"SELECT value FROM kolena.metrics WHERE dataset = '{dataset}' AND metric = 'accuracy' AND test_case = 'all'"
    )
    assert value in [row["value"] for row in ks.Store(full).sql(accuracy).rows()]


def test_publish_refuses_what_it_would_destroy(full: Path, tmp_path: Path) -> None:
    store, file = ks.Store(full), tmp_path / "there.duckdb"
    file.write_text("mine")
    with pytest.raises(InvalidInput, match="is there already"):
        store.publish(file)
    assert file.read_text() == "mine"
    with pytest.raises(InvalidInput, match="no folder"):
        store.publish(tmp_path / "nowhere" / "x.duckdb")
    with pytest.raises(InvalidInput, match="the store's own"):
        store.publish(full / "store.duckdb", overwrite=True)
    assert store.sql("SELECT count(*) > 0 AS b FROM kolena.metrics").rows() == [{"b": True}]


def test_a_file_is_not_named_as_a_dataset(full: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="could not tell the two apart"):
        ks.Store(full).publish(tmp_path / "Prices.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_not_be_finished_leaves_the_old_one(store: ks.Store, tmp_path: Path) -> None:
    store.upload_dataset("d", pa.table({"id": [1, 2]}))
    file = tmp_path / "there.duckdb"
    store.publish(file)
    before = file.read_bytes()
    for data in (store.path / "data").rglob("*.parquet"):
        data.unlink()
    with pytest.raises(StoreError):
        store.publish(file, overwrite=True)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*duckdb*")] == [file.name]
