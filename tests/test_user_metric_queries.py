"""What the query of a user metric may read and call, which fields it names, and what is refused before it runs."""

import pytest

from kolena_store.errors import InvalidInput, MissingColumns, RefusedStatement
from kolena_store.metrics.user.checks import MetricPlace, check_metric
from kolena_store.metrics.user.fields import named_fields
from kolena_store.metrics.user.files import parse_metrics

FIELDS = {
    "s": {
        "id": "BIGINT",
        "n_steps": "INTEGER",
        "topic": "VARCHAR",
        "a b": "DOUBLE",
        "when": "TIMESTAMP WITH TIME ZONE",
    },
    "g": {"topic": "VARCHAR"},
    "i": {"n_steps": "INTEGER", "is_correct": "BOOLEAN", "spans": "DOUBLE[]", 'the "x"': "DOUBLE"},
    "m": {"verdict": "BOOLEAN"},
}
PLACE = MetricPlace("metrics.sql", 1, "mine")


def checked(query: str, fields: dict[str, dict[str, str]] = FIELDS) -> dict[str, list[str]]:
    """Check a query and return the fields that it names."""
    (metric,) = parse_metrics(f"-- metric: mine  better: none\n{query}", file="metrics.sql")
    tree = check_metric(metric, fields, PLACE)
    return named_fields(tree, metric.tokens, fields)


ACCEPTED = [
    "SELECT avg(i.n_steps) AS value FROM results",
    "FROM results SELECT count(*) AS value",
    "WITH t AS (SELECT i.n_steps AS x FROM results), u AS (FROM t SELECT max(x) AS x) SELECT x AS value FROM u",
    "SELECT sum(list_sum(list_transform(i.spans, lambda x: x * 2))) AS value FROM results",
    "SELECT sum(list_sum([x * 2 for x in i.spans if x > 0])) AS value FROM results",
    "SELECT sum(list_reduce(i.spans, lambda a, b: greatest(a, b))) AS value FROM results",
    "SELECT sum(len(list_filter(i.spans, lambda s: s > 1))) AS value FROM results",
    "SELECT avg(levenshtein(s.topic, g.topic)) AS value FROM results",
    "SELECT avg(x) AS value FROM (SELECT row_number() OVER (ORDER BY i.n_steps, _sample) AS x FROM results) AS t",
    "SELECT count(*) FILTER (year(s.when AT TIME ZONE 'UTC') > 2020) AS value FROM results",
    "SELECT count(DISTINCT r.s.topic) AS value FROM results AS r WHERE r.model <> 'x'",
    "SELECT corr(a.i.n_steps, b.i.n_steps) AS value FROM results a JOIN results b USING (_sample)",
    'SELECT quantile_cont(i."the ""x""", 0.5) AS value FROM results',
    "WITH s AS (SELECT i.n_steps AS z FROM results) SELECT avg(s.z) AS value FROM s",
]


@pytest.mark.parametrize("query", ACCEPTED)
def test_one_select_over_results_is_accepted(query: str) -> None:
    assert set(checked(query)) == {"s", "g", "i", "m"}


HOSTILE = {
    "SELECT count(*) AS value FROM read_csv('/etc/passwd')": "reads the table function read_csv",
    "SELECT (SELECT count(*) FROM read_text('/etc/passwd')) AS value FROM results": "table function",
    "SELECT count(*) AS value FROM '/etc/passwd'": "reads '/etc/passwd'",
    "ATTACH 'out/x.duckdb'": "no SELECT",
    "COPY results TO 'out/x'": "no SELECT",
    "PRAGMA database_list": "",
    "INSTALL httpfs": "no SELECT",
    "SET threads = 8": "no SELECT",
    "CREATE TABLE results AS SELECT 1": "no SELECT",
    "EXPORT DATABASE 'out/x'": "no SELECT",
    "DELETE FROM results": "no SELECT",
    "WITH d AS (DELETE FROM results RETURNING *) SELECT count(*) AS value FROM d": "",
    "SELECT count(*) AS value FROM range(1000000000), results": "table function",
    "SELECT sum(len(range(1000000000))) AS value FROM results": "uses range, which can take the machine down",
    "SELECT max(len(repeat('x', 1000000000))) AS value FROM results": "uses repeat, which can take",
    "SELECT max(len(lpad(s.topic, 1000000000, 'x'))) AS value FROM results": "uses lpad, which can take",
    "SELECT count(*) AS value FROM query('SELECT 1'), results": "table function",
    "SELECT count(*) AS value FROM duckdb_settings()": "table function",
    "SELECT count(*) AS value FROM pg_catalog.pg_tables": "with a schema's name",
    "SELECT count(*) AS value FROM sqlite_master": "reads 'sqlite_master', but a metric reads the view 'results' alone",
    "SELECT max(current_setting('threads')) AS value FROM results": "uses current_setting",
    "SELECT max(getenv('HOME')) AS value FROM results": "uses getenv",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) AS value FROM t": "recursive",
}


@pytest.mark.parametrize("query", HOSTILE)
def test_nothing_outside_the_view_is_read_and_nothing_is_changed(query: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(query)
    assert "metrics.sql" in str(caught.value)
    assert HOSTILE[query] in str(caught.value)


UNSTABLE = {
    "SELECT avg(x) AS value FROM (SELECT i.n_steps AS x FROM results LIMIT 5) AS t": "has LIMIT",
    "SELECT avg(x) AS value FROM (SELECT i.n_steps AS x FROM results ORDER BY x LIMIT 5) AS t": "has LIMIT",
    "SELECT count(*) AS value FROM results USING SAMPLE 10": "draws a sample",
    "SELECT count(*) AS value FROM results TABLESAMPLE 10%": "draws a sample",
    "SELECT avg(random()) AS value FROM results": "uses random",
    "SELECT count(*) AS value FROM results WHERE s.when > now()": "uses now",
    "SELECT count(*) AS value FROM results WHERE s.topic = user": "uses user",
    "SELECT first(i.n_steps) AS value FROM results": "uses first, which depends on the order of rows",
    "SELECT max(rowid) AS value FROM results": "uses rowid",
    "SELECT count(*) FILTER (s.topic ~ 'a') AS value FROM results": "uses ~",
    "SELECT max(year(s.when)) AS value FROM results": "which depends on the reader's zone",
}


@pytest.mark.parametrize("query", UNSTABLE)
def test_what_answers_differently_from_time_to_time_is_refused(query: str) -> None:
    with pytest.raises(RefusedStatement) as caught:
        checked(query)
    assert UNSTABLE[query] in str(caught.value)


WRONG = {
    "SELECT 1 AS value": "does not read the view 'results'; write FROM results",
    "SELECT count(*) AS value FROM test_samples": "reads 'test_samples', but a metric reads the view 'results' alone",
    "SELECT count(*) AS value FROM result": "reads the view 'results' alone; did you mean 'results'?",
    "WITH results AS (SELECT 1 AS x) SELECT x AS value FROM results": "gives the name 'results' to a query of its own",
    "SELECT avg(i.nsteps) AS value FROM results": "the struct i has no column 'nsteps'; did you mean 'n_steps'?",
    "SELECT avg(r.i.nope) AS value FROM results r": "the struct i has no column 'nope'",
    "SELECT avg(g.n_steps) AS value FROM results": "the struct g has no column 'n_steps'; it has 'topic'",
    "SELECT count(*) + (SELECT count(*) FROM duckdb_tables) AS value FROM results "
    "WHERE EXISTS (WITH duckdb_tables AS (SELECT 1) FROM duckdb_tables)": "reads 'duckdb_tables' where the WITH that",
    "SELECT avg(i.n_steps AS value FROM results": "metrics.sql: the metric 'mine', line 2: syntax error",
    "SELECT avg(i.n_steps + $x) AS value FROM results": "has a parameter",
}


@pytest.mark.parametrize("query", WRONG)
def test_mistakes_are_refused_with_a_remedy(query: str) -> None:
    with pytest.raises((RefusedStatement, MissingColumns)) as caught:
        checked(query)
    assert WRONG[query] in str(caught.value)


def test_fields_of_inferences_are_not_known_before_there_are_results() -> None:
    known = {side: fields for side, fields in FIELDS.items() if side != "i"}
    assert "i" not in checked("SELECT avg(i.anything) AS value FROM results", known)


def test_the_fields_that_a_query_names_are_found() -> None:
    found = checked('SELECT avg(i.n_steps) FILTER (s."a b" > 1) AS value FROM results')
    assert found == {"s": ["n_steps", "a b"], "g": [], "i": ["n_steps"], "m": []}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(DISTINCT s) AS value FROM results",
        "SELECT max(struct_extract(s, 'id')) AS value FROM results",
        "SELECT max(r.s['id']) AS value FROM results r",
        "WITH t AS (SELECT s AS z FROM results) SELECT max(z.id) AS value FROM t",
        "WITH t AS (SELECT * FROM results) SELECT max(s.id) AS value FROM t",
        "WITH t AS (SELECT s.* FROM results) SELECT max(id) AS value FROM t",
        "WITH t (a, z) AS (SELECT model, s FROM results) SELECT max(z.id) AS value FROM t",
        "SELECT count(DISTINCT results) AS value FROM results",
        "SELECT count(*) AS value FROM results a JOIN results b USING (s)",
        "SELECT max(d.id) AS value FROM results AS r (a, b, c, d)",
    ],
)
def test_a_struct_that_is_taken_whole_is_loaded_whole(query: str) -> None:
    assert checked(query)["s"] == list(FIELDS["s"])
