"""Predicates by distinct values and by numpy: for every predicate and all data, what DuckDB selects."""

import datetime
import decimal
import math
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_stores import temporary_store
from thoroughness import sized

import kolena_store as ks
from kolena_store.datasets import dataset_named, version_of
from kolena_store.membership import columns, general
from kolena_store.membership.bitmaps import to_samples
from kolena_store.membership.evaluation import evaluate
from kolena_store.membership.row_tables import RowTables
from kolena_store.predicates.row_conditions import row_conditions, selecting
from kolena_store.test_suites import CaseRecord

UTC = datetime.UTC
MOMENT = datetime.datetime(2026, 3, 29, 1, 30)
VALUES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "tiny": (pa.int8(), [None, -128, -1, 0, 1, 127]),
    "whole": (pa.int64(), [None, -(2**63), -3, 0, 5, 2**53 + 1, 2**63 - 1]),
    "unsigned": (pa.uint16(), [None, 0, 7, 65535]),
    "huge": (pa.uint64(), [None, 0, 3, 2**64 - 1]),
    "real": (pa.float64(), [None, math.nan, math.inf, -math.inf, -0.0, 0.0, 0.1, 0.3, 1.5, -2.0, 1e300]),
    "single": (pa.float32(), [None, math.nan, math.inf, -math.inf, -0.0, 0.1, 1.5, 2.0]),
    "exact": (pa.decimal128(6, 2), [None, decimal.Decimal("0.10"), decimal.Decimal("-3.00"), decimal.Decimal("5.25")]),
    "day": (pa.date32(), [None, datetime.date(2026, 1, 31), datetime.date(1969, 12, 31)]),
    "time": (pa.timestamp("us"), [None, MOMENT, datetime.datetime(1900, 1, 1)]),
    "zoned": (pa.timestamp("us", "Europe/Berlin"), [None, MOMENT.replace(tzinfo=UTC)]),
    "clock": (pa.time64("us"), [None, datetime.time(23, 59), datetime.time(0, 0, 0, 1)]),
    "text": (pa.string(), [None, "", "a", "A", "b'c", 'd"e', "ü ß", "日本", "a%", "-0.0", "5"]),
    "flag": (pa.bool_(), [None, True, False]),
    "kind": (pa.dictionary(pa.int8(), pa.string()), [None, "a", "b'c"]),
    "list": (pa.list_(pa.int64()), [None, [], [1, 2], [None, 3]]),
}
N = 300


def table_of_values() -> pa.Table:
    random = np.random.default_rng(7)
    arrays = {}
    for name, (kind, values) in VALUES.items():
        picked = [values[i] for i in random.integers(0, len(values), N)]
        arrays[name] = pa.array(picked, kind) if not pa.types.is_dictionary(kind) else pa.array(picked).cast(kind)
    return pa.table({"id": range(N), **arrays})


COMPARED = {
    "tiny": ["-1", "0", "127", "128", "0.5", "'1'"],
    "whole": ["-3", "5", "9007199254740993", "9223372036854775807", "5.0", "-9223372036854775808"],
    "unsigned": ["0", "7", "-1", "65536"],
    "huge": ["3", "18446744073709551615", "2.5"],
    "real": ["0", "-0.0", "0.1", "0.30000000000000004", "1e300", "'NaN'::DOUBLE", "'Infinity'::DOUBLE", "0.1::FLOAT"],
    "single": ["0.1", "0.1::FLOAT", "1.5", "2", "'NaN'::FLOAT", "16777217"],
    "exact": ["0.1", "5.25", "-3", "0.1::DOUBLE"],
    "day": ["DATE '2026-01-31'", "'1969-12-31'", "TIMESTAMP '2026-01-31 00:00:01'"],
    "time": ["TIMESTAMP '2026-03-29 01:30:00'", "DATE '2026-03-29'", "'1900-01-01'"],
    "zoned": ["TIMESTAMPTZ '2026-03-29 01:30:00+00'", "'2026-03-29 00:00:00+00'"],
    "clock": ["TIME '23:59:00'", "'00:00'"],
    "text": ["'a'", "'b''c'", "'ü ß'", "''", "'日本'"],
    "flag": ["true", "false"],
    "kind": ["'a'", "'b''c'"],
}
OTHERS = [
    "flag",
    "NOT flag",
    "flag IS NOT TRUE",
    "real IS NULL",
    "isnan(real)",
    "signbit(real)",
    "real::VARCHAR = '-0.0'",
    "isfinite(single)",
    "tiny IN (0, 1, NULL)",
    "tiny NOT IN (0, 1)",
    "whole NOT IN (5, NULL)",
    "real IN (0.1, 1.5)",
    "real NOT IN (0.1, 0.3)",
    "real BETWEEN 0.1 AND 1.5",
    "NOT (real BETWEEN -1 AND 0.3)",
    "whole NOT BETWEEN -3 AND 5",
    "real = NULL",
    "real IS DISTINCT FROM 0.1",
    "coalesce(real, 9) > 1",
    "abs(single) > 1",
    "text LIKE 'a%'",
    "text ILIKE '%A%'",
    "text LIKE 'a!%' ESCAPE '!'",
    "text COLLATE NOCASE = 'a'",
    "length(text) > 2",
    "regexp_matches(text, '[a-d]')",
    "TRY_CAST(text AS DOUBLE) < 6",
    "CASE WHEN tiny > 0 THEN true WHEN tiny < 0 THEN NULL ELSE false END",
    "year(day) = 2026",
    "date_part('hour', clock) = 23",
    "list_contains(list, 3)",
    "len(list) = 0",
    "tiny < whole",
    "real > single OR flag",
    "text = kind",
    "id % 7 = 3",
    "id >= 250",
    "id",
    "tiny",
    "true",
    "NULL",
    "nullif(tiny, 1) IS NULL AND (flag OR NULL)",
    "1 / nullif(tiny, 0) > 0",
    "test_samples.real < 1",
]
COMPARISONS = st.sampled_from(sorted(COMPARED)).flatmap(
    lambda name: st.builds(
        lambda sign, literal, flipped: f"{literal} {sign} {name}" if flipped else f"{name} {sign} {literal}",
        st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]),
        st.sampled_from(COMPARED[name]),
        st.booleans(),
    )
)
CONDITIONS = st.recursive(
    st.one_of(COMPARISONS, st.sampled_from(OTHERS)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' AND '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda one: f"(NOT ({one}))"),
    ),
    max_leaves=5,
)


def case_of(query: str, number: int, fields: list[str]) -> CaseRecord:
    return CaseRecord(
        test_case_id=number,
        version=1,
        name=f"case {number}",
        level="sample",
        definition_digest="",
        source=query,
        normalised=query,
        object_query=None,
        within=None,
        fields=fields,
        inference_fields=[],
        members_file=None,
        description=None,
        tags=[],
    )


@pytest.fixture(scope="module")
def given_store() -> ks.Store:
    """All values in two files, the second one with changed rows: the order of the rows is not that of the samples."""
    store = temporary_store()
    table = table_of_values()
    store.upload_dataset("d", table, id_fields=["id"])
    store.upload_dataset("d", pa.concat_tables([table.slice(100, 30), table.slice(0, 40)]), append_only=True)
    order = np.random.default_rng(1).permutation(N)
    store.upload_dataset("d", table.take(pa.array(order)).slice(0, N - 5))
    return store


@pytest.fixture(params=["codes", "numbers"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Columns as codes of their values, or those of numbers as numbers, whatever their size."""
    if request.param == "numbers":
        monkeypatch.setattr(columns, "MOST_VALUES", 3)
    return request.param


def check(store: ks.Store, queries: list[str]) -> None:
    session = store._database.session()
    dataset = dataset_named(session, "d")
    version = version_of(session, dataset)
    cases = [case_of(query, number, list(version.types)) for number, query in enumerate(queries)]
    found = evaluate(session, version, dataset.next_sample, cases)
    expected = duckdb_members(store, queries)
    for query, membership, samples in zip(queries, found, expected, strict=True):
        assert to_samples(membership.words).tolist() == samples, query
        assert membership.n == len(samples)


def duckdb_members(store: ks.Store, queries: list[str]) -> list[list[int]]:
    session = store._database.session()
    version = version_of(session, dataset_named(session, "d"))
    casts = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in version.types.items())
    files = [str(path) for path in sorted((store.path / "data" / "samples").glob("*.parquet"))]
    assert files
    with duckdb.connect(config={"python_enable_replacements": "false"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("given", store.sql('SELECT * FROM "d".test_samples ORDER BY _sample').arrow())
        connection.execute(f"CREATE TABLE test_samples AS SELECT _sample, {casts} FROM given")
        return [
            [row[0] for row in connection.execute(f"SELECT _sample FROM ({query}) ORDER BY 1").fetchall()]
            for query in queries
        ]


def selects(conditions: list[str]) -> list[str]:
    return [f"SELECT * FROM test_samples WHERE {condition}" for condition in conditions]


@settings(
    max_examples=sized(8, 25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(conditions=st.lists(CONDITIONS, min_size=15, max_size=40))
def test_conditions_select_what_duckdb_selects(given_store: ks.Store, way: str, conditions: list[str]) -> None:
    check(given_store, selects(conditions))


def test_each_form_selects_what_duckdb_selects(given_store: ks.Store, way: str) -> None:
    signs = ("=", "<>", "<", "<=", ">", ">=")
    compared = [f"{name} {sign} {one}" for name, listed in COMPARED.items() for one in listed for sign in signs]
    check(given_store, selects([*OTHERS, *compared]))


NESTED = [
    "SELECT * FROM test_samples AS t WHERE t.real > 0.1 AND (t.flag OR t.tiny = 1)",
    "FROM test_samples WHERE real > 0.1",
    "SELECT _sample, tiny FROM test_samples WHERE tiny = 1",
    "WITH few AS (SELECT * FROM test_samples WHERE tiny < 1) SELECT * FROM (SELECT * FROM few WHERE real > 0) AS s",
    "WITH a AS (FROM test_samples WHERE flag), b AS (FROM a WHERE tiny > 0) FROM b WHERE real < 1",
    "SELECT * FROM (SELECT * REPLACE (tiny / -1 AS tiny) FROM test_samples) AS s WHERE tiny > 0",
    "SELECT * FROM (SELECT _sample, tiny AS unsigned FROM test_samples) AS s WHERE unsigned > 0",
    "SELECT s.* FROM test_samples s JOIN test_samples o USING (_sample) WHERE o.tiny = 1",
    "SELECT * FROM test_samples WHERE tiny > (SELECT avg(tiny) FROM test_samples)",
    "SELECT * FROM test_samples WHERE real > 0 QUALIFY rank() OVER (ORDER BY tiny, _sample) < 50",
    "SELECT DISTINCT * FROM test_samples WHERE tiny = 1",
    "SELECT _sample FROM test_samples GROUP BY _sample HAVING count(*) = 1",
    "SELECT * FROM test_samples WHERE tiny = 1 UNION SELECT * FROM test_samples WHERE flag",
]


def test_queries_of_every_form_select_what_duckdb_selects(given_store: ks.Store, way: str) -> None:
    check(given_store, NESTED)


def test_what_looks_at_one_row_is_known_from_the_query() -> None:
    alone = [condition is not None for condition in row_conditions(NESTED)]
    assert alone == [True] * 5 + [False] * 8
    assert row_conditions(["SELECT", "SELECT 1; SELECT 2", "FROM other", "FROM main.test_samples"]) == [None] * 4
    assert row_conditions([]) == []


def test_conditions_of_inner_queries_are_joined() -> None:
    (found,) = row_conditions([NESTED[4]])
    assert found is not None
    assert selecting(found.expressions).startswith("SELECT flag AS a0, (tiny > 0) AS a1, ")


def test_an_atom_that_fails_on_a_value_is_left_to_duckdb(given_store: ks.Store, way: str) -> None:
    guarded = "text IN ('5', '-0.0') AND tiny > 0 AND CASE WHEN text IN ('5', '-0.0') THEN text::DOUBLE > 1 END"
    check(given_store, selects([guarded]))


@pytest.fixture
def asked_alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that DuckDB was asked as a whole."""
    asked: list[str] = []
    original: Callable[..., Any] = general.WholeTables.members

    def members(self: Any, query: str, *rest: Any) -> Any:
        asked.append(query)
        return original(self, query, *rest)

    monkeypatch.setattr(general.WholeTables, "members", members)
    return asked


FAST = ["real > 0.1", "single <= 0.1", "whole BETWEEN 0 AND 5 OR flag", "NOT (real < 1 AND tiny = 1)", "real IS NULL"]


def test_plain_comparisons_are_never_asked_one_by_one(given_store: ks.Store, way: str, asked_alone: list[str]) -> None:
    check(given_store, selects(FAST))
    assert asked_alone == []


def test_other_forms_are_asked_one_by_one(given_store: ks.Store, asked_alone: list[str]) -> None:
    others = selects(["list_contains(list, 3)", "tiny < whole"])
    check(given_store, [*others, *selects(FAST)])
    assert asked_alone == others


def test_a_comparison_that_numpy_does_otherwise_is_left_out(
    given_store: ks.Store, monkeypatch: pytest.MonkeyPatch, asked_alone: list[str]
) -> None:
    from kolena_store.membership import answers

    monkeypatch.setattr(columns, "MOST_VALUES", 3)
    monkeypatch.setattr(answers, "compiled", lambda *_, **__: lambda values: ~(values <= 0.3))
    check(given_store, selects(["real > 0.1", "real > 0.3"]))
    assert asked_alone == selects(["real > 0.1"])


def test_whole_numbers_that_no_double_holds_are_compared_as_duckdb_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_VALUES", 3)
    store = temporary_store()
    far = [2**60 + number for number in range(-200, 200)]
    store.upload_dataset("d", pa.table({"id": range(500), "whole": [*range(100), *far]}), id_fields=["id"])
    literals = [f"{2**60}e0", f"{2**60}", f"{2**60}.0", f"{2**60 + 1}", f"({2**60}, {2**60 + 3})"]
    signs = ("=", "<>", "<", "<=", ">", ">=")
    compared = [f"whole {sign} {one}" for one in literals[:4] for sign in signs]
    check(store, selects([*compared, f"whole IN {literals[4]}", f"whole BETWEEN {literals[0]} AND {literals[3]}"]))


def test_some_samples_are_selected_by_themselves(given_store: ks.Store, way: str) -> None:
    from kolena_store.membership.evaluation import members_among

    session = given_store._database.session()
    version = version_of(session, dataset_named(session, "d"))
    queries = [*selects(OTHERS), NESTED[0], NESTED[3]]
    cases = [case_of(query, number, list(version.types)) for number, query in enumerate(queries)]
    only = np.array([0, 3, 17, 100, 131, 298, 299])
    found = members_among(session, version, cases, only)
    expected = duckdb_members(given_store, queries)
    for query, samples, everything in zip(queries, found, expected, strict=True):
        assert samples.tolist() == [one for one in everything if one in set(only.tolist())], query
    assert [one.tolist() for one in members_among(session, version, cases[:2], only[:0])] == [[], []]


def test_nan_is_found_in_columns_of_every_form(given_store: ks.Store, way: str) -> None:
    session = given_store._database.session()
    dataset = dataset_named(session, "d")
    tables = RowTables(session, version_of(session, dataset), dataset.next_sample)
    found = given_store.sql('SELECT _sample FROM "d".test_samples WHERE isnan(real) OR isnan(single) ORDER BY 1').rows()
    assert to_samples(tables.with_nan(["real", "tiny", "Single"])).tolist() == [row["_sample"] for row in found]
    tables.close()
