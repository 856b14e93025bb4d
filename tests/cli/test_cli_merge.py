"""`kolena-store merge` and `dataset show --digest` from the command line."""

import shutil
from pathlib import Path
from typing import Any

import pytest

KINDS = ["model", "model", "dataset", "results", "results", "test suite"]


@pytest.fixture
def folders(ks: Any, folder: Path) -> Any:
    """The command line, where two stores lie: `a.store` with data alone, `b.store` with results and a suite."""
    workflow = ("--workflow", "classification", "--id", "id", "--ground-truth", "topic", "--prediction", "label")
    for name in ("a.store", "b.store"):
        ks("init", name)
        ks("dataset", "upload", "tickets", "tickets.csv", *workflow, "--store", name)
    for model in ("v1", "v2"):
        ks("results", "upload", "tickets", model, f"{model}.csv", "--store", "b.store")
    ks("suite", "apply", "tickets", "everyday.sql", "--store", "b.store")
    return ks


@pytest.mark.sampled(2)
def test_a_merge_is_shown_in_three_forms(folders: Any) -> None:
    dry = folders.json("merge", "b.store", "--store", "a.store", "--dry-run")
    assert (dry["dry_run"], dry["prefer"], dry["conflicts"]) == (True, None, [])
    shown = folders("merge", "b.store", "--store", "a.store").stdout
    assert "came from b.store" in shown
    assert "6 things in the other store: 5 added, 0 extended, 1 equal, 0 left out" in shown
    rows = folders.csv("merge", "b.store", "--store", "a.store")
    assert [row["kind"] for row in rows] == [thing["kind"] for thing in dry["things"]] == KINDS
    assert {row["outcome"] for row in rows} == {"equal"}


@pytest.mark.sampled(2)
def test_conflicts_end_with_2_and_a_preference_settles_them(folders: Any) -> None:
    folders("results", "upload", "tickets", "v1", "v2.csv", "--store", "a.store")
    result = folders("merge", "b.store", "--store", "a.store", code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("error: b.store was not merged, nothing was written: 1 conflict")
    assert "\n- results 'v1' of 'tickets' went on in both stores" in result.stderr
    found = folders.json("merge", "b.store", "--store", "a.store", "--prefer", "theirs")
    (conflict,) = found["conflicts"]
    assert (conflict["kind"], conflict["name"], conflict["only_ours"]) == ("results", "v1", False)
    assert [thing["outcome"] for thing in found["things"]] == ["equal", "added", "equal", "extended", "added", "added"]


@pytest.mark.sampled(2)
def test_a_damaged_store_ends_with_3(folders: Any) -> None:
    (path,) = Path("b.store/data/samples").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert path.name in folders.error("merge", "b.store", "--store", "a.store", code=3)
    shutil.copy("a.store/store.duckdb", "b.store/store.duckdb.wal")
    assert "store.duckdb.wal" in folders.error("merge", "b.store", "--store", "a.store", code=3)


@pytest.mark.sampled(2)
def test_the_same_store_and_none_end_with_2(folders: Any) -> None:
    assert "this store itself" in folders.error("merge", "a.store", "--store", "a.store")
    assert "no store at" in folders.error("merge", "c.store", "--store", "a.store")
    assert "no store at" in folders.error("merge", "a.store", "--store", "c.store")
    assert "--prefer" in folders.error("merge", "b.store", "--store", "a.store", "--prefer", "mine")


@pytest.mark.sampled(2)
def test_equal_data_have_one_digest_in_any_store(folders: Any) -> None:
    shown = folders("dataset", "show", "tickets", "--digest", "--store", "a.store").stdout
    digest = folders.json("dataset", "show", "tickets", "--digest", "--store", "b.store")["content_digest"]
    assert shown.splitlines()[-1] == f"content digest {digest}"
    assert "content_digest" not in folders.json("dataset", "show", "tickets", "--store", "b.store")


@pytest.mark.sampled(2)
def test_progress_is_on_stderr_alone(folders: Any, program: Any) -> None:
    code, out, err = program("merge", "b.store", "--store", "a.store", "--format", "csv")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "kind,dataset,name,outcome,note"
