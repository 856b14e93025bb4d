"""The gate and the sandbox behind it: what people type reads the store, and does nothing else whatever they type."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from kolena_store.database.sandbox import open_sandbox
from kolena_store.errors import (
    DamagedStore,
    InvalidInput,
    LimitExceeded,
    RefusedStatement,
    StoreError,
    StoreNotFound,
    UnknownName,
)
from kolena_store.predicates.gate import run_gated
from kolena_store.statements import literal

VIEW = """CREATE VIEW s.digits.test_samples AS SELECT * FROM read_parquet(
    [coalesce(getvariable('kolena_root'), '/nowhere') || '/data/x.parquet'])"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory like a store, with a quote in its name."""
    root = tmp_path_factory.mktemp("some") / "it's a store"
    (root / "data").mkdir(parents=True)
    with duckdb.connect() as connection:
        rows = "SELECT range AS _sample, range * 0.5 AS height, 'l' || range AS label FROM range(10)"
        connection.execute(f"COPY ({rows}) TO {literal(str(root / 'data' / 'x.parquet'))}")
        connection.execute(f"ATTACH {literal(str(root / 'store.duckdb'))} AS s (STORAGE_VERSION 'v1.0.0')")
        connection.execute(
            "CREATE SCHEMA s.kolena; CREATE SCHEMA s.digits; CREATE TABLE s.kolena.models (name VARCHAR)"
        )
        connection.execute("INSERT INTO s.kolena.models VALUES ('v1'), ('v2')")
        connection.execute("SET VARIABLE kolena_root = $root", {"root": str(root)})
        connection.execute(VIEW)
    (root / "store.duckdb").chmod(0o444)
    return root


@pytest.fixture
def sandbox(root: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_sandbox(root, threads=2, memory_limit="300MB")
    yield connection
    connection.close()


def contents(folder: Path) -> dict[str, tuple[bytes, float]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime) for path in folder.rglob("*") if path.is_file()}


def outcome(sandbox: duckdb.DuckDBPyConnection, query: str) -> str:
    try:
        run_gated(sandbox, query)
    except RefusedStatement as refusal:
        too_deep = "nested too deeply" in str(refusal) or "memory exhausted" in str(refusal)
        return "refused as too deep" if too_deep else str(refusal)
    return "answered"


HOSTILE = [
    # other databases, and this one with more rights
    "DETACH store",
    "ATTACH '{root}/store.duckdb' AS again",
    "ATTACH '{root}/store.duckdb' AS again (READ_WRITE)",
    "ATTACH ':memory:' AS other",
    "USE memory",
    "COPY FROM DATABASE store TO memory",
    # writing files
    "COPY kolena.models TO '{root}/store.duckdb'",
    "COPY (SELECT 1) TO '{root}/data/x.parquet' (FORMAT parquet)",
    "COPY (SELECT 1) TO 'out.csv'",
    "COPY kolena.models FROM '/etc/passwd'",
    "EXPORT DATABASE '{root}/data/export'",
    "EXPORT DATABASE 'export'",
    "IMPORT DATABASE 'export'",
    # changing data
    "INSERT INTO kolena.models VALUES ('v3')",
    "INSERT INTO kolena.models VALUES ('v3') RETURNING *",
    "UPDATE kolena.models SET name = 'x'",
    "DELETE FROM kolena.models",
    "TRUNCATE kolena.models",
    "MERGE INTO kolena.models USING (SELECT 'v1' AS n) ON name = n WHEN MATCHED THEN DELETE",
    "WITH d AS (DELETE FROM kolena.models RETURNING *) SELECT * FROM d",
    "WITH d AS (INSERT INTO kolena.models VALUES ('x') RETURNING *) SELECT * FROM d",
    "WITH d AS (UPDATE kolena.models SET name = 'x' RETURNING *) SELECT * FROM d",
    "SELECT * FROM (WITH d AS (DELETE FROM kolena.models RETURNING *) SELECT * FROM d)",
    # changing definitions
    "CREATE TABLE t (a INTEGER)",
    "CREATE TABLE t AS SELECT 1 AS a",
    "CREATE TEMP TABLE t AS SELECT 1 AS a",
    "CREATE VIEW memory.main.v AS SELECT 1 AS a",
    "CREATE OR REPLACE VIEW digits.test_samples AS SELECT 1 AS a",
    "CREATE MACRO lower(x) AS 1",
    "CREATE SCHEMA s",
    "CREATE SEQUENCE q",
    "CREATE TYPE kind AS ENUM ('a')",
    "CREATE INDEX i ON kolena.models (name)",
    "CREATE SECRET (TYPE s3)",
    "DROP TABLE kolena.models",
    "DROP VIEW digits.test_samples",
    "ALTER TABLE kolena.models ADD COLUMN b INTEGER",
    "COMMENT ON TABLE kolena.models IS 'x'",
    "SELECT 1 INTO t",
    # settings, extensions, maintenance
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET VARIABLE kolena_root = '/'",
    "RESET enable_external_access",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "PRAGMA version",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs",
    "UPDATE EXTENSIONS",
    "CHECKPOINT store",
    "FORCE CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "CALL enable_logging()",
    "CALL pragma_version()",
    "BEGIN",
    "COMMIT",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    # queries inside queries
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query('COPY (SELECT 1) TO ''out.csv''')",
    "SELECT * FROM query_table('kolena.models')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "SELECT json_serialize_plan('SELECT * FROM read_text(''/etc/passwd'')')",
    "SELECT (SELECT count(*) FROM query('SELECT 1'))",
    "SELECT 1 WHERE EXISTS (FROM query('SELECT 1'))",
    "WITH q AS (FROM query('SELECT 1')) FROM q",
    "SELECT * FROM kolena.models JOIN query('SELECT 1') ON true",
    "DESCRIBE SELECT * FROM query('SELECT 1')",
    "SUMMARIZE FROM query('SELECT 1')",
    "SELECT list_transform([1], lambda x: (SELECT count(*) FROM query('SELECT 1')))",
    # reading files
    "SELECT * FROM read_blob('{root}/store.duckdb')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('{root}/data/x.parquet')",
    "SELECT * FROM parquet_metadata('{root}/data/x.parquet')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM main.read_text('/etc/passwd')",
    "SELECT * FROM system.main.read_text('/etc/passwd')",
    "FROM '/etc/passwd'",
    "FROM '/etc/hosts.csv'",
    "FROM '{root}/store.duckdb'",
    "FROM 'https://example.org/x.parquet'",
    "SELECT * FROM read_duckdb('{root}/store.duckdb')",
    # what leaves a trace, tells of the machine, or never ends
    "SELECT * FROM enable_logging(storage = 'file')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM checkpoint()",
    "SELECT * FROM which_secret('s3://x', 's3')",
    "SELECT write_log('x')",
    "SELECT nextval('q')",
    "SELECT setseed(0.5)",
    "SELECT pg_sleep(1000)",
    "SELECT sleep_ms(1000000)",
    "SELECT getenv('HOME')",
    # several statements, and those that hide one
    "SELECT 1; DROP TABLE kolena.models",
    "SELECT 1; SELECT 2",
    "; ; DROP TABLE kolena.models",
    "EXPLAIN SELECT 1; INSERT INTO kolena.models VALUES ('x')",
    "EXPLAIN INSERT INTO kolena.models VALUES ('x')",
    "EXPLAIN ANALYZE INSERT INTO kolena.models VALUES ('x')",
    "EXPLAIN ANALYZE SELECT 1",
    "EXPLAIN (ANALYZE) SELECT 1",
    "EXPLAIN EXPLAIN SELECT 1",
    "/* SELECT 1 */ DROP TABLE kolena.models",
    "SELECT 1 /*; */; DROP TABLE kolena.models",
    "SELECT $$;$$; DROP TABLE kolena.models",
    # forms that DuckDB rewrites to queries of its own
    "PIVOT kolena.models ON name",
    "SELECT * FROM (PIVOT kolena.models ON name)",
    "FROM kolena.models PIVOT (count(*) FOR name IN ('v1'))",
    "UNPIVOT kolena.models ON name",
    "SHOW DATABASES",
    "SHOW TABLES FROM kolena",
    'SHOW TABLES FROM "kolena\' OR 1"',
    "SHOW threads",
    "SELECT * FROM (SHOW DATABASES)",
    # nothing, half of something, and more than can be read
    "",
    ";",
    "-- nothing",
    "EXPLAIN",
    "SELECT 'a",
    "SELECT 1 /*",
    "SELECT $1",
    "SELECT ?",
    "SELECT 1\0",
]


def test_there_are_enough_hostile_statements() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 65


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_statements_are_refused_and_leave_no_trace(
    hostile: str, sandbox: duckdb.DuckDBPyConnection, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = contents(root)
    with pytest.raises((RefusedStatement, UnknownName)):
        run_gated(sandbox, hostile.replace("{root}", str(root).replace("'", "''")), seconds=20)
    assert contents(root) == before
    assert list(tmp_path.iterdir()) == []
    assert run_gated(sandbox, "SELECT count(*) AS n FROM kolena.models").to_pylist() == [{"n": 2}]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT * FROM kolena.models ORDER BY name", [{"name": "v1"}, {"name": "v2"}]),
        ("FROM digits.test_samples SELECT max(_sample) AS top;", [{"top": 9}]),
        ("-- count\nSELECT count(*) AS n /* all */ FROM digits.test_samples; -- end\n ;", [{"n": 10}]),
        ("SELECT * FROM range(2) AS r (i)", [{"i": 0}, {"i": 1}]),
        ("SELECT * FROM RANGE(1) AS r (i)", [{"i": 0}]),
        ("SELECT unnest([1, 2]) AS i", [{"i": 1}, {"i": 2}]),
        ("SELECT * FROM unnest(['a']) AS t (x)", [{"x": "a"}]),
        (
            "WITH RECURSIVE c AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM c WHERE i < 3) SELECT max(i) AS i FROM c",
            [{"i": 3}],
        ),
        ("SELECT 'DROP TABLE x; --' AS text", [{"text": "DROP TABLE x; --"}]),
        ("SELECT list_transform([1, 2], lambda x: x + 1) AS l", [{"l": [2, 3]}]),
        ("VALUES (1)", [{"col0": 1}]),
        ("SELECT 1 AS i UNION SELECT 1 EXCEPT SELECT 2", [{"i": 1}]),
        ("SELECT view_name AS v FROM duckdb_views() WHERE schema_name = 'digits'", [{"v": "test_samples"}]),
        ("TABLE kolena.models", [{"name": "v1"}, {"name": "v2"}]),
        ("SELECT count(*) AS n FROM store.KOLENA.Models", [{"n": 2}]),
        ("SELECT count(*) AS n FROM information_schema.tables WHERE table_name = 'models'", [{"n": 1}]),
        ('WITH "c.csv" AS (SELECT 1 AS i) FROM "c.csv"', [{"i": 1}]),
    ],
)
def test_a_select_is_answered(query: str, rows: list[dict[str, object]], sandbox: duckdb.DuckDBPyConnection) -> None:
    assert run_gated(sandbox, query, seconds=20).to_pylist() == rows


def test_times_with_zone_come_in_utc(sandbox: duckdb.DuckDBPyConnection) -> None:
    table = run_gated(sandbox, "SELECT TIMESTAMPTZ '2026-01-01 02:00:00+02' AS t")
    assert str(table.schema.field("t").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize("query", ["DESCRIBE digits.test_samples", "SUMMARIZE digits.test_samples"])
def test_a_table_can_be_described(query: str, sandbox: duckdb.DuckDBPyConnection) -> None:
    assert run_gated(sandbox, query)["column_name"].to_pylist() == ["_sample", "height", "label"]


def test_tables_can_be_listed(sandbox: duckdb.DuckDBPyConnection) -> None:
    assert run_gated(sandbox, "SHOW ALL TABLES")["name"].to_pylist() == ["test_samples", "models"]
    assert run_gated(sandbox, "SHOW TABLES").num_rows == 0


def test_a_plan_is_shown_for_a_gated_select(sandbox: duckdb.DuckDBPyConnection) -> None:
    table = run_gated(sandbox, "  explain -- why\n SELECT count(*) FROM digits.test_samples;")
    assert "explain_value" in table.column_names
    assert table.num_rows == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("DROP TABLE x", r"the query is no SELECT \(DROP TABLE\); only one SELECT that reads can stand here"),
        ("PIVOT kolena.models ON name", r"the query uses PIVOT, .* write sum\(x\) FILTER"),
        ("FROM kolena.models PIVOT (count(*) FOR name IN ('v1'))", r"uses PIVOT or UNPIVOT, .* write sum\(x\) FILTER"),
        ("SELECT 1; SELECT 2", "holds 2 statements; write one SELECT"),
        ("SELECT 1\n+ +\nFROM x", 'the query, line 3: syntax error at or near "FROM"; check the spelling'),
        ("SELECT\n'a", "the query, line 2: the text that starts here is not closed"),
        ("FROM query('x')", "reads the table function query, which could reach files outside the store"),
        (
            "SHOW DATABASES",
            "uses a SHOW that is not answered here; use SELECT schema_name, view_name FROM .*, DESCRIBE",
        ),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN takes no options here"),
        ("SELECT $x", r"has a parameter \(x\), which nothing fills in"),
        ("SELECT pg_sleep(1)", "calls pg_sleep, which does more than compute a value"),
        ("", "the query is empty; write a SELECT, or SELECT schema_name, view_name FROM duckdb_views"),
        ("SELECT foo(1)", "is not understood: Scalar Function with name foo does not exist. Check names"),
        ("SELECT upper(1, 2)", r"no function fits upper\(INTEGER, INTEGER\)"),
        ("SELECT name, count(*) FROM kolena.models", r"must appear in the GROUP BY clause .*aggregate function. Check"),
    ],
)
def test_refusals_say_what_and_what_to_do(query: str, message: str, sandbox: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(RefusedStatement, match=message) as refusal:
        run_gated(sandbox, query)
    assert "LINE 1" not in str(refusal.value)
    assert "Error:" not in str(refusal.value)
    assert "json_serialize_sql" not in str(refusal.value)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("FROM digits.test_sample", "no table or view named 'digits.test_sample'; did you mean 'digits.test_samples'"),
        ("FROM test_samples", "no table or view named 'test_samples'; did you mean 'digits.test_samples'"),
        ("FROM nope.models", "no table or view named 'nope.models'; did you mean 'kolena.models'"),
        ("FROM memory.kolena.models", "no table or view named 'memory.kolena.models'"),
        ("WITH c AS (SELECT 1) FROM main.c", "no table or view named 'main.c'"),
        ("FROM '/etc/hosts.csv'", "no table or view named '/etc/hosts.csv'"),
        ("FROM store.duckdb", "no table or view named 'store.duckdb'"),
        ("FROM 'data/x.parquet'", "no table or view named 'data/x.parquet'"),
        ("SELECT heigt FROM digits.test_samples", "no column named 'heigt'; did you mean 'height'"),
        ("SELECT t.heigt FROM digits.test_samples AS t", "no column named 'heigt'"),
        ("SELECT u.height FROM digits.test_samples AS t", "no table or view named 'u'"),
    ],
)
def test_unknown_names_come_with_their_neighbours(query: str, message: str, sandbox: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UnknownName, match=message):
        run_gated(sandbox, query)


@pytest.mark.parametrize("query", ["SELECT 'abc'::INTEGER", "SELECT 9223372036854775807 + 1", "SELECT error('x')"])
def test_a_value_that_fails_is_no_refusal_but_an_input_error(query: str, sandbox: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(InvalidInput, match=r"the query failed on a value: .* Guard the expression") as error:
        run_gated(sandbox, query)
    assert not isinstance(error.value, RefusedStatement)


def test_a_long_query_is_stopped_and_the_session_stays_usable(sandbox: duckdb.DuckDBPyConnection) -> None:
    start = time.perf_counter()
    with pytest.raises(LimitExceeded, match=r"the query took longer than 0.3 s and was stopped"):
        run_gated(sandbox, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", seconds=0.3)
    assert time.perf_counter() - start < 10
    assert run_gated(sandbox, "SELECT 1 AS one", seconds=10).to_pylist() == [{"one": 1}]


def test_the_timer_ends_with_the_query(sandbox: duckdb.DuckDBPyConnection) -> None:
    before = threading.active_count()
    run_gated(sandbox, "SELECT 1", seconds=60)
    assert threading.active_count() <= before


def test_too_much_memory_is_an_error_and_not_a_crash(sandbox: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(LimitExceeded, match="needs more memory than it is allowed"):
        run_gated(sandbox, "SELECT list(range) FROM range(500000000)", seconds=60)


@pytest.mark.parametrize("query", ["SELECT " + "(" * 9_000 + "1" + ")" * 9_000, "SELECT " + "NOT " * 970 + "true"])
def test_deep_nesting_is_refused_or_answered(query: str, sandbox: duckdb.DuckDBPyConnection) -> None:
    assert outcome(sandbox, query) in ("answered", "refused as too deep")


def test_python_variables_are_no_tables(sandbox: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect() as connection:
        secret = connection.sql("SELECT 42 AS answer").to_arrow_table()
        with pytest.raises(UnknownName, match="no table or view named 'secret'"):
            run_gated(sandbox, "SELECT * FROM secret")
    assert secret.num_rows == 1


def test_a_macro_of_the_store_cannot_stand_in_for_the_parser(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        tree = connection.execute("SELECT json_serialize_sql('SELECT 1')").fetchall()[0][0]
        connection.execute(f"CREATE MACRO json_serialize_sql(x) AS {literal(tree)}")
    connection = open_sandbox(tmp_path)
    with pytest.raises(RefusedStatement, match="reads the table function read_text"):
        run_gated(connection, "SELECT * FROM read_text('/etc/passwd')")
    connection.close()


def test_a_data_file_that_is_gone_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "store.duckdb").write_bytes((root / "store.duckdb").read_bytes())
    connection = open_sandbox(tmp_path)
    with pytest.raises(DamagedStore, match=r"x\.parquet.*restore the file from a copy"):
        run_gated(connection, "SELECT * FROM digits.test_samples")
    connection.close()


def test_a_sandbox_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound, match=r"no store at .*make one with: kolena-store init"):
        open_sandbox(tmp_path)


def test_a_sandbox_stays_away_from_a_store_with_a_log_beside_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "store.duckdb").write_bytes((root / "store.duckdb").read_bytes())
    (tmp_path / "store.duckdb.wal").write_bytes(b"left over")
    with pytest.raises(DamagedStore, match=r"store\.duckdb\.wal"):
        open_sandbox(tmp_path)
    assert (tmp_path / "store.duckdb.wal").read_bytes() == b"left over"


def test_a_file_that_is_no_database_is_a_damaged_store(tmp_path: Path) -> None:
    (tmp_path / "store.duckdb").write_bytes(b"x" * 10_000)
    with pytest.raises(DamagedStore):
        open_sandbox(tmp_path)


def test_the_limits_of_a_sandbox_are_set_and_final(root: Path) -> None:
    connection = open_sandbox(root, threads=1, memory_limit="200MB")
    assert connection.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    assert "190" in connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    with pytest.raises(duckdb.InvalidInputException, match="locked"):
        connection.execute("SET threads = 4")
    connection.close()


def test_every_refusal_is_an_error_of_this_package() -> None:
    assert all(issubclass(kind, StoreError) for kind in (RefusedStatement, UnknownName, LimitExceeded, InvalidInput))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (SELECT count(*) FROM '{file}') AS n WHERE EXISTS (WITH \"{file}\" AS (SELECT 1) SELECT * FROM '{file}')",
        "(WITH \"{file}\" AS (SELECT 1) SELECT 'a') UNION ALL SELECT x::VARCHAR FROM '{file}'",
        'WITH "{file}" AS (SELECT * FROM \'{file}\') SELECT * FROM "{file}"',
        "WITH a AS (SELECT * FROM '{file}'), \"{file}\" AS (SELECT 1 AS x) SELECT a.* FROM a, '{file}'",
        "WITH RECURSIVE \"{file}\" AS (SELECT x FROM '{file}' UNION ALL SELECT x FROM '{file}' WHERE x < 0) FROM '{file}'",
        "WITH RECURSIVE \"{file}\" AS (SELECT x FROM '{file}') FROM '{file}'",
        "SELECT * FROM (WITH \"{file}\" AS (SELECT 1 AS x) FROM '{file}') AS t, '{file}'",
    ],
)
def test_a_name_of_with_is_no_key_to_a_file_outside_its_query(
    query: str, sandbox: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x\n1\n")
    with pytest.raises(UnknownName, match="no table or view named"):
        run_gated(sandbox, query.replace("{file}", str(file)))


@pytest.mark.parametrize(
    "query",
    [
        "WITH a AS (SELECT 1 AS i), b AS (SELECT i FROM a) SELECT i FROM b WHERE EXISTS (SELECT * FROM A)",
        "WITH a AS (SELECT 1 AS i) SELECT * FROM (SELECT * FROM a) AS t WHERE i IN (SELECT i FROM a)",
        "WITH a AS (SELECT 1 AS i) SELECT i FROM a UNION (SELECT i FROM a ORDER BY (SELECT count(*) FROM a))",
        "WITH a AS (WITH b AS (SELECT 1 AS i) SELECT * FROM b) SELECT * FROM a",
    ],
)
def test_a_name_of_with_reaches_all_of_its_query(query: str, sandbox: duckdb.DuckDBPyConnection) -> None:
    assert run_gated(sandbox, query).to_pylist() == [{"i": 1}]
