"""Superset charts a metric by test case; asked for by KOLENA_STORE_SUPERSET, since it brings a hundred packages.

`KOLENA_STORE_SUPERSET=1` installs it into an environment of its own, and the path of a Python interpreter uses that one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kolena_store as ks

ASKED = os.environ.get("KOLENA_STORE_SUPERSET", "")
PACKAGES = (
    *("apache-superset==6.1.0", "sqlalchemy<2", "flask-caching==2.3.1", "cachetools", "rich"),
    *("duckdb-engine==0.17.0", "duckdb<2"),
)
"""Superset 6.1.0 names neither cachetools nor rich, and does not work with a newer Flask-Caching."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ASKED, reason="set KOLENA_STORE_SUPERSET=1 to install Superset and chart from a store"),
]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has Superset."""
    if ASKED != "1":
        return ASKED
    folder = tmp_path_factory.mktemp("superset environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    found = str(folder / "bin" / "python")
    subprocess.run([found, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return found


def test_superset_charts_accuracy_by_test_case(python: str, ticket_store: ks.Store, tmp_path: Path) -> None:
    ticket_store.test("tickets", by=["language"])
    script, folder = Path(__file__).with_name("superset_chart.py"), tmp_path / "superset"
    folder.mkdir()
    database = str(ticket_store.path / "store.duckdb")
    done = subprocess.run(
        [python, str(script), str(folder), database], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    query = "SELECT test_case, value FROM kolena.metrics WHERE metric = 'accuracy' AND model = 'v1' ORDER BY test_case"
    expected = {row["test_case"]: row["value"] for row in ticket_store.sql(query).rows()}
    shown = {row["test_case"]: row["accuracy"] for row in json.loads(done.stdout.splitlines()[-1])}
    assert shown == pytest.approx(expected)
    assert len(shown) >= 3
