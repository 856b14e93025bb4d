"""Predicates that users type: what is accepted, what is refused with which words, and that none gets out."""

import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput, MissingColumns, RefusedStatement
from kolena_store.predicates import (
    PREDICATE,
    PREDICATE_FUNCTIONS,
    SUITE,
    SUITE_FUNCTIONS,
    Rules,
    check_predicate,
    check_tree,
    parse_tree,
)
from kolena_store.predicates.functions import REASONS
from kolena_store.predicates.types import type_fragment
from kolena_store.statements import identifier, literal

FIELDS = {
    "occlusion": "DOUBLE",
    "height": "INTEGER",
    "label": "VARCHAR",
    "night": "BOOLEAN",
    "ts": "TIMESTAMP WITH TIME ZONE",
    "created": "TIMESTAMP",
    "day": "DATE",
    "tags": "VARCHAR[]",
    "meta": 'STRUCT(a INTEGER, "b c" VARCHAR, seen TIMESTAMP WITH TIME ZONE)',
    "scores": "MAP(VARCHAR, DOUBLE)",
    "j": "JSON",
    "A b": "INTEGER",
}


def outcome(predicate: str) -> str:
    try:
        check_predicate(predicate, FIELDS)
    except RefusedStatement as refusal:
        too_deep = "nested too deeply" in str(refusal) or "memory exhausted" in str(refusal)
        return "refused as too deep" if too_deep else str(refusal)
    return "accepted"


@pytest.mark.parametrize(
    "predicate",
    [
        "occlusion >= 0.4",
        "night",
        "NOT night OR night IS NULL",
        "height BETWEEN 1 AND 3 AND height NOT IN (2) AND height IS DISTINCT FROM 5",
        "label LIKE 'ca%' AND label NOT ILIKE '%X' AND label GLOB 'c*' AND label LIKE 'a!%' ESCAPE '!'",
        "regexp_matches(label, '^a') AND label SIMILAR TO 'a.*' AND starts_with(label, 'a')",
        "lower(trim(label)) = 'a' AND length(label) > 3 AND split_part(label, '/', 1) = 'b' AND contains(label, 'x')",
        '"A b" + height * 2 - height / 3 > abs(-1) AND height ** 2 > 4 AND height % nullif(height, 0) = 0',
        "isnan(occlusion) OR isfinite(occlusion) OR isinf(occlusion)",
        "round(occlusion, 2) = 0.5 AND floor(occlusion) = 0 AND ln(greatest(occlusion, 1)) >= 0",
        "year(created) = 2020 AND extract(hour FROM created) < 6 AND dayname(day) = 'Monday'",
        "created > TIMESTAMP '2020-01-01' - INTERVAL 3 DAY AND day + 3 > DATE '2020-01-01'",
        "ts > '2020-01-01 00:00:00+00' AND year(ts AT TIME ZONE 'UTC') = 2020 AND epoch(ts) > 3",
        "date_part('day', ts - TIMESTAMPTZ '2020-01-01 00:00:00+00') > 3",
        "list_contains(tags, 'a') AND 'b' IN tags AND len(tags) > 1 AND tags[1] = 'a' AND tags[1:2] = ['a', 'b']",
        "meta.a = 1 AND meta.\"b c\" = 'x' AND meta['a'] = 1 AND scores['x'] > 0.5",
        "j->>'$.a' = 'x' AND json_extract_string(j, '$.b') = 'y' AND (j->'$.c') IS NOT NULL",
        "CASE WHEN night THEN height > 3 ELSE coalesce(night, true) END AND if(night, true, false)",
        "height::DOUBLE > 1 AND TRY_CAST(label AS INTEGER) = 3 AND height::DECIMAL(10, 2) > 1",
        "CAST(day AS TEXT) LIKE '2020%' AND height::VARCHAR[] IS NULL",
        "label COLLATE NOCASE = 'x' AND md5(label) < '8'",
        "_sample > 3",
        'HEIGHT > 3 AND "Height" > 3',
        "TRY(height / 0 > 1)",
        "true",
    ],
)
def test_ordinary_conditions_pass_as_they_are(predicate: str) -> None:
    assert check_predicate(predicate, FIELDS) == predicate


@pytest.mark.parametrize(
    ("predicate", "fragment"),
    [
        ("night -- at last", "night"),
        ("night; -- x\n;", "night"),
        ("/* a */ night AND /* b\n */ height > 3 ", "night AND \n height > 3"),
        ("label = '-- no comment' -- a comment", "label = '-- no comment'"),
    ],
)
def test_comments_and_last_semicolons_are_left_out(predicate: str, fragment: str) -> None:
    assert check_predicate(predicate, FIELDS) == fragment


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ("", "the predicate is empty; write a condition such as: height < 40"),
        ("-- nothing", "the predicate is empty"),
        ("night AND", "is not one condition: .*Write one expression that is true or false"),
        ("night, height > 3", "is not one condition"),
        ("night; DROP TABLE test_samples", "is not one condition"),
        ("true) union all (select 42", "is not one condition"),
        ("true) OR (true", "is not one condition"),
        ("night -- \n) OR (true", "is not one condition"),
        ("height > 1 LIMIT 1", "is not one condition"),
        ("height > 1 ORDER BY 1", "is not one condition"),
        ("SELECT 1", "is not one condition"),
        ("night FROM test_samples", "syntax error|is not one condition"),
        ("night AS b", "syntax error"),
        ("'a", "the predicate, line 1: the text that starts here is not closed"),
        ("night /* a", "the comment that starts here is not closed"),
        ("`night`", "put names in double quotes"),
        ("label = 'a\0'", "holds a NUL"),
        ("occlusion", "yields DOUBLE, not true or false; compare it, such as: occlusion = ..."),
        ("NULL", "not true or false"),
        ("exists(select 1 from read_text('/etc/passwd'))", "holds a query in brackets; write that as a test case"),
        ("height IN (SELECT 1)", "holds a query in brackets"),
        ("height = ANY([1, 2])", "holds a query in brackets"),
        ("(FROM test_samples SELECT true)", "holds a query in brackets"),
        ("rank() OVER (ORDER BY height) = 1", r"compares several rows \(OVER\)"),
        ("sum(height) > 3", "uses sum, which counts or sums over several rows"),
        ("count(*) > 3", "uses count_star, which counts or sums"),
        ("row_number() = 1", "uses row_number, which compares several rows"),
        ("unnest(tags) = 'a'", "uses unnest, which makes several rows of one; use list_contains"),
        ("len(list_filter(tags, lambda t: t = 'a')) > 0", r"uses list_filter, which takes a function .* \(a lambda\)"),
        ("len(list_filter(tags, t -> t = 'a')) > 0", "uses list_filter"),
        ("[t FOR t IN tags] = tags", "uses list_apply"),
        ("random() < 0.5", "uses random, which gives another answer each time"),
        ("RANDOM() < 0.5", "uses random"),
        ("created > now()", "uses now, which depends on the moment of the query; write the date"),
        ("day = current_date", "uses current_date, which depends on the moment"),
        ("day = today()", "uses today, which depends on the moment"),
        ("getvariable('x') = 1", "uses getvariable, which depends on the session"),
        ("current_setting('threads') = '1'", "uses current_setting, which depends on the session"),
        ("user = 'x'", "uses user, which depends on the session"),
        ("session_user = 'x'", "uses session_user, which depends on the session"),
        ("first(label) = 'a'", "uses first, which depends on the order of rows"),
        ("any_value(label) = 'a'", "uses any_value, which depends on the order of rows"),
        ("approx_count_distinct(label) > 3", "uses approx_count_distinct, which approximates"),
        ("hash(label) % 2 = 0", "uses hash, which changed between DuckDB's versions; use md5"),
        ("rowid > 3", "uses rowid, which numbers rows as they happen to lie in a file; use _sample"),
        ("height! > 3", "stands for a factorial"),
        ("lowr(label) = 'x'", "uses lowr, which is not on the reviewed list of functions; did you mean 'lower'"),
        ("label ~ 'a'", "uses ~, which DuckDB's versions read differently; write regexp_matches"),
        ("label !~ 'a'", "uses !~, which DuckDB's versions read differently"),
        ("label ~* 'a'", r"uses ~\*, which DuckDB's versions read differently"),
        ("x'1F' = label", "writes x'1F', which DuckDB's versions read differently"),
        ("height > $1", r"has a parameter \(\? or \$name\), which nothing fills in"),
        ("height > ?", "has a parameter"),
        ("#1 > 3", r"names a column by its position \(#1\)"),
        ("COLUMNS(*) > 3", r"uses \* or COLUMNS\(...\) as a value; name the columns"),
        ("COLUMNS('h.*') > 3", "name the columns"),
        ("*", r"uses \* or COLUMNS"),
        ("DEFAULT", "uses DEFAULT; write the value"),
        ("label.upper() = 'X'", "calls label.upper; write upper"),
        ("pg_catalog.lower(label) = 'x'", "calls pg_catalog.lower"),
        ("system.main.lower(label) = 'x'", "calls main.lower"),
        ("test_samples.height > 3", "writes test_samples.height; write the column alone: height"),
        ("height::INTEGER[3] IS NULL", "casts to .*; cast to a plain type"),
        ("label::ENUM('a') = 'a'", "casts to ENUM"),
        ("label::main.kind IS NULL", "casts to kind"),
        ("label COLLATE de = 'x'", "uses the collation de, whose rules change with time"),
        ("year(ts) = 2020", r"takes year\(\) of a timestamp with time zone, .* AT TIME ZONE 'UTC'"),
        ("extract(hour FROM ts) = 3", r"takes date_part\(\) of a timestamp with time zone"),
        ("year(coalesce(ts, TIMESTAMPTZ '2020-01-01 00:00:00+00')) = 1", r"takes year\(\)"),
        ("year(CASE WHEN night THEN ts END) = 1", r"takes year\(\)"),
        ("year(meta.seen) = 1", r"takes year\(\)"),
        ("year(to_timestamp(height)) = 1", r"takes year\(\)"),
        ("year(created AT TIME ZONE 'Europe/Berlin') = 1", r"takes year\(\)"),
        ("strftime(ts, '%Y') = '2020'", r"takes strftime\(\)"),
        ("date_diff('day', created, ts) > 3", r"takes date_diff\(\)"),
        ("ts::DATE = DATE '2020-01-01'", "takes the DATE of a timestamp with time zone"),
        ("CAST(ts AS VARCHAR) LIKE '2020%'", "takes the VARCHAR of a timestamp with time zone"),
        ("label > 3", "does not fit the columns: .*Compare values of one type"),
        ("upper(1, 2) = 'x'", r"does not fit the columns: no function fits upper\(INTEGER, INTEGER\)"),
        ("height > 'abc'", "Could not convert string 'abc'"),
    ],
)
def test_what_is_not_one_stable_condition_is_refused(predicate: str, message: str) -> None:
    with pytest.raises(RefusedStatement, match=message):
        check_predicate(predicate, FIELDS)


@pytest.mark.parametrize(
    "predicate",
    [
        "len(list_transform(range(30000000), lambda i: i + 1)) > height",
        "repeat('x', 1000000000) = label",
        "levenshtein(repeat(label, 400), repeat(label, 401)) > 3",
        "len(range(height % 1000 + 200000)) > height",
        "length(lpad(label, 1000000000, 'x')) > 3",
        "replace(replace(label, 'a', repeat('a', 9999)), 'a', repeat('a', 9999)) = ''",
        "len(generate_series(1, 1000000000)) > 3",
        "list_resize(tags, 1000000000) IS NULL",
    ],
)
def test_what_could_take_a_server_down_is_refused(predicate: str) -> None:
    with pytest.raises(RefusedStatement, match=r"can take the machine down|takes a function of its own"):
        check_predicate(predicate, FIELDS)


@pytest.mark.parametrize("predicate", ["(" * 3_000 + "night" + ")" * 3_000, "NOT " * 970 + "night", "1" + "+1" * 5_000])
def test_deep_nesting_is_refused_and_not_followed(predicate: str) -> None:
    assert outcome(predicate) in ("accepted", "refused as too deep")


def test_a_very_long_list_of_values_is_refused_with_the_way_out() -> None:
    predicate = f"height IN ({', '.join(map(str, range(30_000)))})"
    with pytest.raises(RefusedStatement, match="upload long lists as an attached table"):
        check_predicate(predicate, FIELDS)


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ("ocluson > 1", "test_samples has no column 'ocluson'; did you mean 'occlusion'?"),
        ('"a B c" > 1', "no column 'a B c'; did you mean 'A b'?"),
        ("test_samples IS NOT NULL", "no column 'test_samples'"),
        ("other.height > 1", "no column 'other'"),
        ("_object > 1", "no column '_object'"),
    ],
)
def test_an_unknown_column_is_named_with_its_neighbours(predicate: str, message: str) -> None:
    with pytest.raises(MissingColumns, match=message.replace("?", r"\?")):
        check_predicate(predicate, FIELDS)


def test_a_field_may_have_the_name_of_a_function_that_is_refused() -> None:
    fields = {"user": "VARCHAR", "rowid": "INTEGER", "current_date": "DATE"}
    predicate = "\"user\" = 'x' AND rowid > 3 AND current_date IS NULL"
    assert check_predicate(predicate, fields) == predicate


@pytest.mark.parametrize("kind", ["NO_SUCH_TYPE", "STRUCT(at INTEGER)"])
def test_a_type_that_duckdb_does_not_have_is_an_input_error(kind: str) -> None:
    with pytest.raises(InvalidInput, match=r"test_samples can't be tried out: .*give the fields types"):
        check_predicate("x IS NULL", {"x": kind})


def test_fields_with_any_name_can_be_asked_for() -> None:
    fields = {'he said "no"; --': "INTEGER", "select": "BOOLEAN", "ünï": "VARCHAR"}
    predicate = '"he said ""no""; --" > 3 AND "select" AND "ünï" = \'x\''
    assert check_predicate(predicate, fields) == predicate


@pytest.mark.parametrize("predicate", ["exists(from read_csv('x'))", "(COPY t TO 'x')", "exists(from 'x.parquet')"])
def test_nothing_on_disk_is_touched(predicate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RefusedStatement):
        check_predicate(predicate, FIELDS)
    assert list(tmp_path.iterdir()) == []


VALUES = st.integers(-5, 5) | st.text("ab'\"-/*;) ", max_size=5) | st.dates(datetime.date(2000, 1, 1))
COLUMNS = {int: "height", str: "label", datetime.date: "day"}


@pytest.mark.sampled(2)
@settings(max_examples=60, deadline=None)
@given(
    VALUES, st.sampled_from(["=", "<", "<>", ">=", "IS DISTINCT FROM"]), st.sampled_from(["", " -- end", " /* ) */ ;"])
)
def test_a_checked_predicate_stands_in_brackets_and_means_the_same(value: object, operator: str, end: str) -> None:
    predicate = f"{identifier(COLUMNS[type(value)])} {operator} {literal(value)}"
    fragment = check_predicate(predicate + end, FIELDS)
    row = "SELECT 2 AS height, 'a' AS label, DATE '2001-02-03' AS day"
    with duckdb.connect() as connection:
        inside = connection.sql(f"SELECT ({fragment}) AND true FROM ({row})").fetchall()
        assert inside == connection.sql(f"SELECT {predicate} FROM ({row})").fetchall()


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_text_whatever_gets_past_as_something_else_than_a_condition(text: str) -> None:
    try:
        fragment = check_predicate(text, FIELDS)
    except InvalidInput:
        return
    with duckdb.connect() as connection:
        query = f"SELECT ({fragment}) AS x FROM (SELECT NULL::INTEGER AS height, NULL AS label, true AS night)"
        assert len(connection.extract_statements(query)) == 1


def test_the_lists_name_functions_that_this_duckdb_has() -> None:
    with duckdb.connect() as connection:
        known = {name for (name,) in connection.sql("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
    assert SUITE_FUNCTIONS - known <= {"->", "if"}
    assert PREDICATE_FUNCTIONS < SUITE_FUNCTIONS


def test_no_function_is_both_allowed_and_refused() -> None:
    assert frozenset().union(*REASONS.values()) & SUITE_FUNCTIONS == frozenset()


def test_another_list_can_allow_lambdas() -> None:
    rules = Rules(functions=SUITE_FUNCTIONS | {"list_transform"}, queries=True, lambdas=True)
    tree = parse_tree("SELECT list_transform(tags, lambda t: upper(t)) FROM results")
    check_tree(tree, rules, where="the metric")
    with pytest.raises(RefusedStatement, match="the metric uses list_transform"):
        check_tree(tree, SUITE, where="the metric")


def test_a_predicate_list_refuses_what_a_suite_may_do() -> None:
    tree = parse_tree("SELECT (SELECT max(height) FROM test_samples) > 3")
    check_tree(tree, SUITE, where="it")
    with pytest.raises(RefusedStatement, match=r"it uses max|it holds a query in brackets"):
        check_tree(tree, PREDICATE, where="it")


@pytest.mark.parametrize("kind", ["DOUBLE", 'STRUCT(a INTEGER, "b, c" VARCHAR)[]', "ENUM('a', 'b;')", "DECIMAL(10,2)"])
def test_types_of_the_catalogue_become_fragments(kind: str) -> None:
    assert type_fragment(kind) == kind


@pytest.mark.parametrize(
    "kind", ["", "DOUBLE; DROP TABLE x", "DOUBLE)", "DOUBLE DEFAULT 1 + 1", "INTEGER -- x", "(", "$1"]
)
def test_other_text_is_no_type(kind: str) -> None:
    with pytest.raises(InvalidInput, match="is no DuckDB type"):
        type_fragment(kind)
