"""Test cases as views, their members, and that only what changed is made again."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import kolena_store as ks

Rows = list[dict[str, Any]]


def plainly(store: ks.Store, query: str) -> Rows:
    with duckdb.connect(str(store.path / "store.duckdb"), read_only=True) as connection:
        return list(connection.sql(query).to_arrow_table().to_pylist())


def ids(store: ks.Store, case: str) -> list[int]:
    return [row["id"] for row in plainly(store, f'SELECT id FROM "d test cases"."{case}" ORDER BY id')]


def members(store: ks.Store, case: str) -> list[int]:
    query = f"SELECT _sample FROM d.test_case_members WHERE test_case = '{case}' ORDER BY _sample"
    return [row["_sample"] for row in plainly(store, query)]


def case_names(store: ks.Store) -> list[str]:
    query = "SELECT view_name FROM duckdb_views() WHERE schema_name = 'd test cases' ORDER BY view_name"
    return [row["view_name"] for row in plainly(store, query)]


@pytest.fixture
def numbers(store: ks.Store) -> ks.Store:
    """A store with ten numbers."""
    store.upload_dataset("d", pa.table({"id": list(range(10)), "x": [float(number) for number in range(10)]}))
    return store


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("SELECT * FROM test_samples WHERE x > 7", [8, 9]),
        ("SELECT test_samples.* FROM test_samples WHERE test_samples.x < 1", [0]),
        ("SELECT s.* FROM test_samples AS s WHERE s.x = 3", [3]),
        (
            "WITH low AS (SELECT _sample FROM test_samples WHERE x < 2) SELECT t.* FROM test_samples t JOIN low USING (_sample)",
            [0, 1],
        ),
        (
            "SELECT * FROM test_samples WHERE EXISTS (SELECT 1 FROM test_samples o WHERE o.x = test_samples.x + 8)",
            [0, 1],
        ),
        ("SELECT _sample FROM test_samples WHERE x < 1 UNION SELECT _sample FROM test_samples WHERE x > 8", [0, 9]),
        ("SELECT DISTINCT _sample FROM test_samples WHERE x IN (SELECT max(x) FROM test_samples)", [9]),
        ("SELECT _sample, x + 1 AS y FROM test_samples WHERE x < 1", [0]),
    ],
)
def test_a_view_selects_whole_rows_of_the_members(numbers: ks.Store, definition: str, expected: list[int]) -> None:
    numbers.apply_suite("d", f'CREATE VIEW "a case" AS {definition};', name="s")
    rows = plainly(numbers, 'SELECT * FROM "d test cases"."a case" ORDER BY id')
    assert [row["id"] for row in rows] == expected
    assert list(rows[0]) == ["_sample", "id", "x"]
    assert members(numbers, "a case") == expected


def test_views_mean_the_same_under_another_name_of_the_database(numbers: ks.Store) -> None:
    numbers.apply_suite("d", "CREATE VIEW high AS SELECT * FROM test_samples WHERE x > 7;", name="s")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{numbers.path / 'store.duckdb'}' AS other (READ_ONLY)")
        assert connection.execute('SELECT count(*) FROM other."d test cases".high').fetchall() == [(2,)]


def test_a_list_of_ids_is_a_view_too(numbers: ks.Store) -> None:
    numbers.apply_suite("d", "", name="s", cases=[ks.ExplicitCase(name="mine", ids=[2, 5])])
    assert ids(numbers, "mine") == [2, 5]
    assert members(numbers, "mine") == [2, 5]


def test_a_case_that_left_its_suite_has_no_view(numbers: ks.Store) -> None:
    both = "CREATE VIEW a AS SELECT * FROM test_samples WHERE x > 1; CREATE VIEW b AS SELECT * FROM test_samples WHERE x > 2;"
    numbers.apply_suite("d", both, name="s")
    assert case_names(numbers) == ["a", "all", "b"]
    numbers.apply_suite("d", both.split(";")[0] + ";", name="s")
    assert case_names(numbers) == ["a", "all"]
    assert members(numbers, "b") == []


def test_a_changed_definition_and_a_new_column_are_seen(numbers: ks.Store) -> None:
    numbers.apply_suite("d", "CREATE VIEW a AS SELECT * FROM test_samples WHERE x > 7;", name="s")
    numbers.apply_suite("d", "CREATE VIEW a AS SELECT * FROM test_samples WHERE x > 8;", name="s")
    assert ids(numbers, "a") == [9]
    content = numbers.download_dataset("d").append_column("y", [[1] * 10])
    numbers.upload_dataset("d", content)
    assert list(plainly(numbers, 'SELECT * FROM "d test cases".a')[0]) == ["_sample", "id", "x", "y"]


def test_a_case_of_a_file_goes_before_one_that_by_made(numbers: ks.Store) -> None:
    numbers.stratify("d", "made", ["x"])
    name = next(name for name in case_names(numbers) if name.startswith("x"))
    numbers.apply_suite("d", f'CREATE VIEW "{name}" AS SELECT * FROM test_samples WHERE x > 8;', name="made")
    assert ids(numbers, name) == [9]


def made_again(store: ks.Store, change: Any) -> set[str]:
    """Return which objects a change made again, by the digests that the catalogue keeps."""

    def digests() -> dict[tuple[str, str], str]:
        rows = plainly(store, "SELECT schema_name, name, digest FROM catalogue.published")
        return {(row["schema_name"], row["name"]): row["digest"] for row in rows}

    before = digests()
    change()
    return {f"{schema}.{name}" for (schema, name), digest in digests().items() if before.get((schema, name)) != digest}


def test_only_what_changed_is_made_again(ticket_store: ks.Store) -> None:
    ticket_store.apply_suite("tickets", "CREATE VIEW short AS SELECT * FROM test_samples WHERE length < 40;", name="s")
    ticket_store.test("tickets", suite="s")
    changed = made_again(
        ticket_store,
        lambda: ticket_store.upload_results("tickets", "v1", pa.table({"id": [1], "prediction": ["other"]})),
    )
    assert {one.split(".")[1] for one in changed} == {"inferences", "results", "sample_metrics"}
    assert made_again(ticket_store, lambda: ticket_store.upload_dataset("new", pa.table({"id": [1]}))) == {
        f"new.{name}"
        for name in (
            "test_samples",
            "ground_truths",
            "inferences",
            "results",
            "sample_metrics",
            "terms",
            "test_case_members",
        )
    }


def test_a_moved_store_is_read_plainly_after_publish(numbers: ks.Store, tmp_path: Path) -> None:
    numbers.apply_suite("d", "", name="s", cases=[ks.ExplicitCase(name="mine", ids=[2, 5])])
    moved = ks.Store(tmp_path / "it's moved")
    numbers.path.rename(moved.path)
    with pytest.raises(duckdb.IOException):
        ids(moved, "mine")
    moved.publish()
    assert ids(moved, "mine") == [2, 5]
    assert members(moved, "all") == list(range(10))


def test_members_over_several_blocks(store: ks.Store) -> None:
    n = 140_000
    store.upload_dataset("d", pa.table({"id": range(n)}))
    store.apply_suite("d", "CREATE VIEW sparse AS SELECT * FROM test_samples WHERE id % 40000 = 3;", name="s")
    assert members(store, "sparse") == [3, 40_003, 80_003, 120_003]
    assert plainly(store, "SELECT count(*) AS n FROM d.test_case_members WHERE test_case = 'all'") == [{"n": n}]
