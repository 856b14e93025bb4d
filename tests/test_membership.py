"""Memberships: always DuckDB's own answer, kept in files, evaluated again for new data."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_stores import Slices, store_with, table_of, temporary_store
from thoroughness import sized

import kolena_store as ks
from kolena_store.datasets import dataset_named, version_of
from kolena_store.errors import DuplicateIds, InvalidInput, MissingColumns, RefusedStatement
from kolena_store.membership import stored
from kolena_store.membership.bitmaps import count, to_samples
from kolena_store.membership.stored import stored_memberships
from kolena_store.test_suites import cases_of, suite_named

N = 84
WORKFLOW = ks.Classification("label")


def samples() -> dict[str, Any]:
    """Columns with NULL, NaN, infinities, ties, quotes and Unicode."""
    floats = [
        None if i % 9 == 0 else math.nan if i % 11 == 0 else math.inf if i % 31 == 0 else i / 10 for i in range(N)
    ]
    return {
        "x": [None if i % 7 == 0 else i % 5 for i in range(N)],
        "f": floats,
        "t": [None if i % 6 == 0 else ("a", "b'", 'q"', "ü x")[i % 4] for i in range(N)],
        "flag": [None if i % 5 == 0 else i % 2 == 0 for i in range(N)],
        "odd name": [i % 3 for i in range(N)],
        "label": ["u", "v"] * (N // 2),
    }


def store_of_samples() -> ks.Store:
    return store_with(samples(), WORKFLOW, {"m": {"prediction": ["u"] * N}})


def stored_members(store: ks.Store, suite: str) -> dict[str, list[int]]:
    """Test case -> sample numbers, as the files of the store have them."""
    session = store._database.session()
    dataset = dataset_named(session, "d")
    cases = cases_of(session, suite_named(session, dataset, suite))
    found = stored_memberships(session, dataset, version_of(session, dataset), cases)
    assert all(found[case.key].n == count(found[case.key].words) for case in cases)
    return {case.name: to_samples(found[case.key].words).tolist() for case in cases}


def duckdb_members(columns: Mapping[str, Any], views: str, names: Sequence[str]) -> dict[str, list[int]]:
    """Test case -> sample numbers, as a plain connection selects them from the same columns."""
    with duckdb.connect(config={"python_enable_replacements": "false"}) as connection:
        length = len(next(iter(columns.values())))
        connection.register("given", pa.table({"_sample": range(length), "id": range(length), **columns}))
        connection.execute("CREATE TABLE test_samples AS FROM given")
        connection.execute(views)
        rows = {name: connection.execute(f'SELECT _sample FROM "{name}" ORDER BY 1').fetchall() for name in names}
    return {name: [row[0] for row in found] for name, found in rows.items()}


def check_suite(views: str, names: Sequence[str]) -> None:
    store = store_of_samples()
    report = store.apply_suite("d", views, name="suite")
    expected = duckdb_members(samples(), views, names)
    assert stored_members(store, "suite") == {"all": list(range(N)), **expected}
    assert {case.name: case.n for case in report.cases} == {"all": N} | {name: len(expected[name]) for name in names}


PREDICATES = [
    "x = 1",
    "x <> 1",
    "NOT (x = 1)",
    "x IS NULL",
    "x IS DISTINCT FROM 1",
    "x > 2 OR f > 3",
    "x > 2 AND NOT f > 3",
    "NOT (x > 2 OR f > 3)",
    "x > 2 OR NULL",
    "x IN (1, 2, NULL)",
    "x NOT IN (1, 2)",
    "x NOT IN (1, NULL)",
    "f > 5",
    "f >= 'NaN'::DOUBLE",
    "f = 'NaN'::DOUBLE",
    "isnan(f)",
    "NOT isfinite(f)",
    "f < 'Infinity'::DOUBLE",
    "f BETWEEN 1 AND 2",
    "f NOT BETWEEN 1 AND 2",
    "t = 'b'''",
    "t <> 'a'",
    "t LIKE '%x'",
    "t LIKE 'ü%' OR t ILIKE 'A'",
    "t IS NULL AND x IS NULL",
    "coalesce(t, '') = ''",
    "flag",
    "NOT flag",
    "flag IS NOT TRUE",
    "flag = (x > 1)",
    '"odd name" = 2',
    "CASE WHEN x > 1 THEN f > 2 ELSE flag END",
    "nullif(x, 1) IS NULL",
    "length(t) > 1",
    "id % 10 = 3",
    "label = 'u' AND x = 3",
    "x + f > 4",
    "x / 2 = 1",
    "x % 2 = 0",
    "greatest(x, f) > 6",
    "false",
    "true",
    "NULL",
]


@pytest.mark.sampled(2)
def test_every_predicate_selects_what_duckdb_selects() -> None:
    predicates = {f"case {number}": predicate for number, predicate in enumerate(PREDICATES)}
    check_suite(Slices(predicates=predicates).text, list(predicates))


QUERIES = {
    "exists": "SELECT s.* FROM test_samples s WHERE EXISTS (FROM test_samples o WHERE o.x = s.x AND o.f > s.f)",
    "not exists": "SELECT s.* FROM test_samples s WHERE NOT EXISTS (FROM test_samples o WHERE o.x > s.x)",
    "in": "SELECT * FROM test_samples WHERE x IN (SELECT x FROM test_samples WHERE f > 3)",
    "not in with NULL": "SELECT * FROM test_samples WHERE x NOT IN (SELECT x FROM test_samples WHERE f < 3)",
    "pairs": "SELECT * FROM test_samples WHERE (x, t) IN (SELECT x, t FROM test_samples WHERE f > 7)",
    "any": "SELECT * FROM test_samples WHERE x = ANY (SELECT x FROM test_samples WHERE flag)",
    "above the mean": "SELECT * FROM test_samples WHERE x > (SELECT avg(x) FROM test_samples)",
    "greatest": "SELECT * FROM test_samples WHERE f = (SELECT max(f) FROM test_samples)",
    "ranked": "SELECT * FROM test_samples QUALIFY rank() OVER (ORDER BY f) <= 10",
    "distinct": "SELECT DISTINCT * FROM test_samples WHERE x > 1",
    "union": "SELECT * FROM test_samples WHERE x = 1 UNION SELECT * FROM test_samples WHERE f > 5",
    "except": "SELECT * FROM test_samples EXCEPT SELECT * FROM test_samples WHERE x = 1",
    "intersect": "SELECT * FROM test_samples INTERSECT SELECT * FROM test_samples WHERE f > 1",
    "joined": "SELECT a.* FROM test_samples a JOIN test_samples b USING (_sample, f)",
    "semi": 'SELECT a.* FROM test_samples a SEMI JOIN test_samples b ON a.x = b."odd name" AND b.flag',
    "anti": "SELECT a.* FROM test_samples a ANTI JOIN test_samples b ON a.x = b.x AND b.f > 2",
    "without": "SELECT * EXCLUDE (f) FROM test_samples WHERE f > 1",
    "renamed": "SELECT * REPLACE (x + 1 AS x) FROM test_samples WHERE x = 3",
    "grouped": "SELECT _sample, x FROM test_samples GROUP BY _sample, x HAVING count(f) > 0",
    "with": "WITH chosen AS (SELECT * FROM test_samples WHERE x = 1) SELECT * FROM chosen WHERE f > 1",
    "from first": "FROM test_samples WHERE x = 1",
}


def test_every_query_selects_what_duckdb_selects() -> None:
    views = "\n".join(f'CREATE VIEW "{name}" AS {query};' for name, query in QUERIES.items())
    check_suite(views, list(QUERIES))


def test_views_on_views_select_what_duckdb_selects() -> None:
    views = """
        CREATE VIEW "few" AS SELECT * FROM test_samples WHERE x < 3;
        CREATE VIEW "Fewer" AS SELECT * FROM few WHERE f > 2 OR f IS NULL;
        CREATE VIEW "the rest" AS SELECT * FROM test_samples WHERE _sample NOT IN (SELECT _sample FROM "fewer");
        CREATE VIEW "both" AS SELECT a.* FROM "Fewer" a JOIN few b USING (_sample) WHERE NOT a.flag;
        CREATE VIEW "none" AS SELECT * FROM "both" WHERE x > 100;
    """
    check_suite(views, ["few", "Fewer", "the rest", "both", "none"])


ATOMS = st.sampled_from([*PREDICATES[:30], "x = 0", "f = 0.1", "t = 'a'", '"odd name" <> x'])
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"(NOT {one})"),
        inner.map(lambda one: f"(({one}) IS NOT FALSE)"),
    ),
    max_leaves=6,
)


@pytest.mark.sampled(2)
@settings(
    max_examples=sized(2, 3),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.lists(CONDITIONS, min_size=10, max_size=30))
def test_conditions_of_three_values_select_what_duckdb_selects(conditions: list[str]) -> None:
    predicates = {f"case {number}": condition for number, condition in enumerate(conditions)}
    check_suite(Slices(predicates=predicates).text, list(predicates))


# Samples that repeat --------------------------------------------------------------------------------------------------


def linked(references: list[int | None]) -> dict[str, Any]:
    return {"key": [0, 1, 2, 3], "reference": references, "label": ["u", "v", "u", "v"]}


REFERRED = 'CREATE VIEW "referred to" AS SELECT a.* FROM test_samples a JOIN test_samples b ON b.reference = a.key;'


def test_a_view_that_selects_a_sample_twice_is_refused_when_it_is_applied() -> None:
    store = store_with(linked([1, 1, None, 2]), WORKFLOW)
    with pytest.raises(RefusedStatement, match=r"'referred to' selects some samples more than once \(3 rows for 2"):
        store.apply_suite("d", REFERRED, name="links")
    assert store.test_suites("d") == []


@pytest.mark.sampled(2)
def test_a_view_that_later_data_make_repeat_is_refused_by_the_test_that_needs_it() -> None:
    store = store_with(linked([1, None, None, 2]), WORKFLOW, {"m": {"prediction": ["u"] * 4}})
    store.apply_suite("d", REFERRED, name="links")
    assert store.test("d", suite="links")["referred to", "m", "accuracy"].n == 2
    store.upload_dataset("d", table_of(linked([1, 1, None, 2])))
    assert store.dataset("d").version == 2
    with pytest.raises(RefusedStatement, match="'referred to' selects some samples more than once"):
        store.test("d", suite="links")
    assert store.test("d")["all", "m", "accuracy"].n == 4


def test_a_view_that_fails_on_later_data_names_the_test_case() -> None:
    columns = {"text": ["1", "2"], "label": ["u", "v"]}
    store = store_with(columns, WORKFLOW, {"m": {"prediction": ["u", "v"]}})
    store.apply_suite("d", 'CREATE VIEW "large" AS SELECT * FROM test_samples WHERE text::INTEGER > 1;', name="s")
    store.upload_dataset("d", table_of({**columns, "text": ["1", "two"]}))
    with pytest.raises(RefusedStatement, match=r"test case 'large' can't be evaluated: .*Correct its definition"):
        store.test("d", suite="s")


# Explicit lists -------------------------------------------------------------------------------------------------------


def explicit(store: ks.Store, ids: object) -> ks.ExplicitCase:
    case = ks.ExplicitCase(name="chosen", ids=ids)
    store.apply_suite("d", "", name="by hand", cases=[case])
    return case


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "ids",
    [
        [5, 3, 80],
        (80, 3, 5),
        {3, 5, 80},
        pa.table({"id": [80, 5, 3]}),
        pa.table({"id": pa.array([80, 5, 3], pa.int32()), "why": ["x", "y", "z"]}),
        [{"id": 3}, {"id": 5}, {"id": 80}],
    ],
    ids=["list", "tuple", "set", "table", "narrow table", "rows"],
)
def test_an_explicit_test_case_holds_the_listed_samples(ids: object) -> None:
    store = store_of_samples()
    explicit(store, ids)
    assert stored_members(store, "by hand")["chosen"] == [3, 5, 80]
    assert store.test("d", suite="by hand")["chosen", "m", "accuracy"].n == 3


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("ids", "kind", "message"),
    [
        ([3, 500, 600], InvalidInput, "'chosen': 2 ids belong to no sample of 'd': 500, 600; correct or remove them"),
        ([3, 3], DuplicateIds, "chosen"),
        (["three"], InvalidInput, "'chosen': the ids don't fit the id field 'id'"),
        (pa.table({"key": [1]}), MissingColumns, "'chosen' has no column 'id'"),
        (pa.table({"id": ["1"]}), InvalidInput, "id"),
    ],
)
def test_explicit_ids_that_fit_no_sample_are_refused(ids: object, kind: type[Exception], message: str) -> None:
    store = store_of_samples()
    with pytest.raises(kind, match=message):
        explicit(store, ids)
    assert store.test_suites("d") == []


def two_keys() -> ks.Store:
    store = temporary_store()
    table = pa.table({"site": ["a", "a", "b"], "visit": [1, 2, 1], "label": ["u", "v", "u"]})
    store.upload_dataset("d", table, id_fields=["site", "visit"], workflow=WORKFLOW)
    return store


def test_ids_of_several_fields_are_listed_as_a_table() -> None:
    store = two_keys()
    explicit(store, pa.table({"visit": [1, 2], "site": ["b", "a"]}))
    assert stored_members(store, "by hand")["chosen"] == [1, 2]
    with pytest.raises(InvalidInput, match="lists single values, but 'd' identifies samples by 'site', 'visit'"):
        explicit(store, ["a"])


@pytest.mark.sampled(2)
def test_a_listed_sample_that_is_removed_leaves_the_test_case_until_it_comes_back() -> None:
    store = store_of_samples()
    explicit(store, [3, 5, 80])
    whole = table_of(samples())
    for n_samples, left in ((50, [3, 5]), (N, [3, 5, 80])):
        store.upload_dataset("d", whole.slice(0, n_samples))
        assert store.test("d", suite="by hand")["chosen", "m", "accuracy"].n == len(left)
        assert stored_members(store, "by hand")["chosen"] == left


def test_the_same_list_in_another_order_is_the_same_version() -> None:
    store = store_of_samples()
    explicit(store, [5, 3])
    explicit(store, pa.table({"id": [3, 5]}))
    assert [case.version for case in store.test_cases("d", "by hand")] == [1, 1]
    explicit(store, [3, 5, 6])
    assert [case.version for case in store.test_cases("d", "by hand")] == [1, 2]


# Files ----------------------------------------------------------------------------------------------------------------


def files_of_kind(store: ks.Store, kind: str) -> set[Path]:
    return set((store.path / "data" / kind).glob("*.parquet"))


@pytest.mark.sampled(2)
def test_memberships_are_evaluated_once_and_read_back_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of_samples()
    predicates = {"few": "x = 1", "none": "x > 100", "some": "f > 2"}
    store.apply_suite("d", Slices(predicates=predicates).text, name="suite")
    before, members = files_of_kind(store, "memberships"), stored_members(store, "suite")
    other = ks.Store(store.path)
    monkeypatch.setattr(stored, "evaluate", lambda *_, **__: pytest.fail("the membership is stored"))
    other.test("d", suite="suite")
    assert files_of_kind(other, "memberships") == before
    assert stored_members(other, "suite") == members


def test_only_new_definitions_are_evaluated() -> None:
    store = store_of_samples()
    store.apply_suite("d", Slices(predicates={"few": "x = 1"}).text, name="suite")
    store.apply_suite("d", Slices(predicates={"few": "x = 1", "more": "x > 1"}).text, name="suite")
    expected = duckdb_members(samples(), Slices(predicates={"few": "x = 1", "more": "x > 1"}).text, ["few", "more"])
    assert stored_members(store, "suite") == {"all": list(range(N)), **expected}
    assert len(files_of_kind(store, "memberships")) == 2


@pytest.mark.sampled(2)
def test_a_new_dataset_version_has_memberships_of_its_own() -> None:
    store = store_of_samples()
    text = Slices(predicates={"few": "x = 1", "nan": "isnan(f)"}).text
    store.apply_suite("d", text, name="suite")
    changed = samples()
    changed["x"] = [1 if i % 4 == 0 else None for i in range(N)]
    store.upload_dataset("d", table_of(changed))
    results = store.test("d", suite="suite")
    assert stored_members(store, "suite") == {
        "all": list(range(N)),
        **duckdb_members(changed, text, ["few", "nan"]),
    }
    assert results["few", "m", "accuracy"].n_samples == N // 4


@pytest.mark.sampled(2)
def test_appended_samples_enter_the_test_cases_they_belong_to() -> None:
    store = store_of_samples()
    store.apply_suite("d", Slices(predicates={"few": "x = 1"}).text, name="suite")
    more = {name: values[:3] for name, values in samples().items()}
    more["x"] = [1, 2, 1]
    store.upload_dataset("d", table_of(more, ids=[1000, 1001, 1002]), append_only=True)
    store.test("d", suite="suite")
    assert stored_members(store, "suite")["few"][-2:] == [N, N + 2]


@pytest.mark.sampled(2)
def test_memberships_reach_over_several_blocks() -> None:
    n = 300_000
    random = np.random.default_rng(0)
    columns = {"x": random.integers(0, 1000, n), "label": np.where(random.random(n) < 0.5, "u", "v")}
    store = store_with(columns, WORKFLOW)
    predicates = {"rare": "x = 7", "common": "x < 900", "edge": "id IN (131071, 131072, 262143, 262144, 299999)"}
    store.apply_suite("d", Slices(predicates=predicates).text, name="suite")
    found = stored_members(ks.Store(store.path), "suite")
    assert found["rare"] == np.flatnonzero(columns["x"] == 7).tolist()
    assert found["common"] == np.flatnonzero(columns["x"] < 900).tolist()
    assert found["edge"] == [131071, 131072, 262143, 262144, 299999]
    assert len(found["all"]) == n


def test_nan_in_a_field_that_a_test_case_reads_is_counted() -> None:
    store = store_of_samples()
    predicates = {"high": "f > 5", "low": "f < 5", "other": "x = 1", "both": "f > 5 AND x = 1"}
    report = store.apply_suite("d", Slices(predicates=predicates).text, name="suite")
    is_nan = np.array([value is not None and math.isnan(value) for value in samples()["f"]])
    ones = np.array([value == 1 for value in samples()["x"]])
    counts = {case.name: case.n_nan for case in report.cases}
    assert counts == {"all": 0, "high": is_nan.sum(), "low": 0, "other": 0, "both": (is_nan & ones).sum()}
    notes = {case.name: case.note for case in report.cases}
    assert f"{is_nan.sum()} with NaN, which counts as the greatest number" in notes["high"]
    assert "NaN" not in notes["low"]
