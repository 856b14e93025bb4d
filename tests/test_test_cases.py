"""Suite files: what a view means, what it may be made of, and the words with which the rest is refused."""

from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.errors import MissingColumns, RefusedStatement
from kolena_store.predicates import definition_digest
from kolena_store.statements import identifier, literal
from kolena_store.test_cases import ViewDefinition, parse_suite

TABLES = {
    "test_samples": {
        "occlusion": "DOUBLE",
        "height": "INTEGER",
        "label": "VARCHAR",
        "night": "BOOLEAN",
        "site": "VARCHAR",
        "ts": "TIMESTAMP WITH TIME ZONE",
        "created": "TIMESTAMP",
        "tags": "VARCHAR[]",
    },
    "ground_truths": {"height": "DOUBLE", "is_crowd": "BOOLEAN", "category": "VARCHAR"},
    "annotations": {"annotator": "VARCHAR", "score": "DOUBLE", "user": "VARCHAR"},
}
SAMPLES = """(VALUES (0, 0.1, 30, 'a', true, 'x'), (1, 0.5, 60, 'b', false, 'x'), (2, 0.9, 90, NULL, true, 'y'))
    AS t (_sample, occlusion, height, label, night, site)"""
OBJECTS = """(VALUES (0, 0, 50.0, true), (0, 1, 70.0, false), (2, 0, 80.0, false), (1, 0, 10.0, true))
    AS t (_sample, _object, height, is_crowd)"""


def parsed(text: str) -> tuple[ViewDefinition, ...]:
    return parse_suite(text, file="suite.sql", tables=TABLES)


def view(query: str) -> ViewDefinition:
    return parsed(f"CREATE VIEW v AS {query}")[0]


def answer(query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over three samples with four objects, in DuckDB itself."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE test_samples AS SELECT * FROM {SAMPLES}")
        connection.execute(f"CREATE TABLE ground_truths AS SELECT * FROM {OBJECTS}")
        return sorted(connection.sql(f"SELECT _sample FROM ({query})").fetchall())


def outcome(query: str) -> str:
    try:
        view(query)
    except RefusedStatement as refusal:
        too_deep = "nested too deeply" in str(refusal) or "memory exhausted" in str(refusal)
        return "refused as too deep" if too_deep else str(refusal)
    return "accepted"


SUITE = """
-- Everyday questions

-- tags: vip,  hard
-- tags: vip, reviewed
CREATE VIEW "High Occlusion" AS SELECT * FROM test_samples WHERE occlusion >= 0.4;   -- a remark
COMMENT ON VIEW "high occlusion" IS 'At least 40 % of the object''s hidden';

CREATE VIEW Night AS
    -- the lights are on
    SELECT * /* all of it */ FROM test_samples
    WHERE night;
CREATE VIEW "Has a crowd" AS
    SELECT s.* FROM test_samples s WHERE EXISTS (FROM ground_truths g WHERE g._sample = s._sample AND g.is_crowd);
CREATE VIEW Reasonable AS FROM ground_truths WHERE height >= 55;
CREATE VIEW "Reasonable at night" AS
    SELECT * FROM reasonable WHERE _sample IN (SELECT _sample FROM "Night");
CREATE VIEW "Both" AS SELECT _sample FROM Night INTERSECT SELECT _sample FROM "High Occlusion"
"""


@pytest.fixture(scope="module")
def suite() -> dict[str, ViewDefinition]:
    return {definition.name: definition for definition in parsed(SUITE)}


def test_views_keep_the_order_and_the_names_of_the_file(suite: dict[str, ViewDefinition]) -> None:
    names = ["High Occlusion", "Night", "Has a crowd", "Reasonable", "Reasonable at night", "Both"]
    assert list(suite) == names
    assert [definition.line for definition in suite.values()] == [6, 9, 13, 15, 16, 18]


def test_levels_follow_from_what_a_view_selects(suite: dict[str, ViewDefinition]) -> None:
    assert [definition.level for definition in suite.values()] == ["sample"] * 3 + ["object"] * 2 + ["sample"]


def test_the_source_is_what_stands_after_as(suite: dict[str, ViewDefinition]) -> None:
    source = "SELECT * /* all of it */ FROM test_samples\n    WHERE night"
    assert suite["Night"].source == source
    assert suite["High Occlusion"].source == "SELECT * FROM test_samples WHERE occlusion >= 0.4"


def test_the_normalised_text_is_duckdbs_own(suite: dict[str, ViewDefinition]) -> None:
    assert suite["High Occlusion"].normalised == "SELECT * FROM test_samples WHERE (occlusion >= 0.4)"
    assert suite["Reasonable"].normalised == "SELECT * FROM ground_truths WHERE (height >= 55)"


def test_descriptions_and_tags_belong_to_their_view(suite: dict[str, ViewDefinition]) -> None:
    assert suite["High Occlusion"].description == "At least 40 % of the object's hidden"
    assert suite["High Occlusion"].tags == ("vip", "hard", "reviewed")
    assert suite["Night"].description is None
    assert suite["Night"].tags == ()


def test_a_view_names_the_earlier_views_that_it_reads(suite: dict[str, ViewDefinition]) -> None:
    assert suite["Night"].reads == ()
    assert suite["Reasonable at night"].reads == ("Night", "Reasonable")
    assert suite["Both"].reads == ("High Occlusion", "Night")


def test_an_object_level_view_knows_on_whose_samples_it_is_measured(suite: dict[str, ViewDefinition]) -> None:
    assert suite["Reasonable at night"].within == "Night"
    assert [definition.within for definition in suite.values() if definition.name != "Reasonable at night"] == [
        None
    ] * 5


def test_fields_are_those_that_the_view_and_what_it_reads_name(suite: dict[str, ViewDefinition]) -> None:
    assert suite["High Occlusion"].fields == ("occlusion",)
    assert suite["Has a crowd"].fields == ("is_crowd",)
    assert suite["Reasonable at night"].fields == ("height", "night")
    assert suite["Both"].fields == ("occlusion", "night")


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("High Occlusion", [1, 2]),
        ("Night", [0, 2]),
        ("Has a crowd", [0, 1]),
        ("Reasonable", [0, 2]),
        ("Reasonable at night", [0, 2]),
        ("Both", [2]),
    ],
)
def test_the_standalone_text_runs_on_tables_alone(
    name: str, members: list[int], suite: dict[str, ViewDefinition]
) -> None:
    assert answer(suite[name].standalone) == [(member,) for member in members]


def test_a_digest_without_earlier_views_is_that_of_the_source(suite: dict[str, ViewDefinition]) -> None:
    assert suite["Night"].digest == definition_digest("SELECT * FROM test_samples WHERE night")


def test_a_change_of_an_earlier_view_changes_what_reads_it() -> None:
    later = "CREATE VIEW b AS SELECT * FROM a; CREATE VIEW c AS SELECT * FROM b; CREATE VIEW d AS FROM test_samples;"
    before = parsed("CREATE VIEW a AS SELECT * FROM test_samples WHERE height > 3;" + later)
    after = parsed("CREATE VIEW a AS SELECT * FROM test_samples WHERE height > 4;" + later)
    assert [one.digest == two.digest for one, two in zip(before, after, strict=True)] == [False, False, False, True]


def test_a_chain_of_views_runs_alone() -> None:
    text = '''CREATE VIEW a AS SELECT * FROM test_samples WHERE height > 40;
        CREATE VIEW "b ""c""" AS SELECT * FROM a WHERE night;
        CREATE VIEW d AS SELECT x.* FROM "b ""c""" AS x JOIN a USING (_sample);'''
    assert [answer(definition.standalone) for definition in parsed(text)] == [[(1,), (2,)], [(2,)], [(2,)]]


@pytest.mark.sampled(2)
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from([" ", "\n", " -- it's /* a remark\n", " /* tags, 'x' */ ", "\t\r\n"]), min_size=9, max_size=9
    )
)
def test_layout_and_comments_change_nothing_but_the_source(gaps: list[str]) -> None:
    words = ["SELECT", "*", "FROM", "test_samples", "WHERE", "height", ">", "3", "AND label = 'x  --y'"]
    text = "".join(word + gap for word, gap in zip(words, gaps, strict=True))
    plain, other = view(" ".join(words)), view(text.rstrip())
    assert (plain.digest, plain.normalised, plain.fields) == (other.digest, other.normalised, other.fields)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)


@pytest.mark.sampled(2)
@settings(max_examples=30, deadline=None)
@given(NAMES, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_visible_name_and_any_description_come_back(name: str, description: str) -> None:
    quoted = identifier(name)
    text = f"CREATE VIEW {quoted} AS SELECT * FROM test_samples;COMMENT ON VIEW {quoted} IS {literal(description)};"
    text += "CREATE VIEW last_of_all AS SELECT _sample FROM " + quoted
    first, last = parsed(text)
    assert (first.name, first.description) == (name, description)
    assert last.reads == (name,)
    assert answer(last.standalone) == [(0,), (1,), (2,)]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("query", "level"),
    [
        ("SELECT * EXCLUDE (label) FROM test_samples", "sample"),
        ("SELECT _sample FROM test_samples", "sample"),
        ("SELECT s.* FROM test_samples AS s JOIN annotations AS a USING (_sample)", "sample"),
        ("SELECT * FROM test_samples SEMI JOIN annotations USING (_sample)", "sample"),
        ("SELECT x._sample FROM (SELECT _sample AS i FROM test_samples) AS x (_sample)", "sample"),
        ("SELECT DISTINCT _sample FROM ground_truths WHERE is_crowd", "sample"),
        ("SELECT _sample FROM ground_truths GROUP BY _sample HAVING count(*) > 3", "sample"),
        ("SELECT _sample FROM annotations GROUP BY ALL", "sample"),
        ("SELECT _sample FROM test_samples EXCEPT SELECT _sample FROM annotations", "sample"),
        ("SELECT _sample FROM test_samples UNION SELECT _sample FROM ground_truths", "sample"),
        ("SELECT label, _sample FROM test_samples UNION ALL BY NAME SELECT _sample FROM annotations", "sample"),
        ("WITH tall AS (FROM test_samples WHERE height > 3) SELECT * FROM tall WHERE night", "sample"),
        (
            "WITH m AS MATERIALIZED (SELECT max(height) AS h FROM test_samples) SELECT t.* FROM test_samples t, m",
            "sample",
        ),
        ("SELECT * FROM test_samples WHERE height > (SELECT avg(height) FROM test_samples)", "sample"),
        ("SELECT * FROM test_samples WHERE site IN (VALUES ('a'), ('b'))", "sample"),
        ("SELECT * FROM test_samples WHERE label = ANY(tags) OR label = ANY(['a', 'b'])", "sample"),
        ("SELECT * FROM test_samples QUALIFY rank() OVER (PARTITION BY site ORDER BY height) <= 3", "sample"),
        (
            "SELECT * FROM test_samples QUALIFY row_number() OVER (PARTITION BY site ORDER BY height, _sample) = 1",
            "sample",
        ),
        ("SELECT * FROM test_samples WHERE year(ts AT TIME ZONE 'UTC') = 2020 AND year(created) = 2020", "sample"),
        ("SELECT *, sum(height) OVER (ORDER BY site) AS total FROM test_samples ORDER BY total", "sample"),
        ("(SELECT * FROM test_samples)", "sample"),
        ("TABLE test_samples", "sample"),
        ("SELECT * FROM ground_truths", "object"),
        ("SELECT _sample, _object FROM ground_truths WHERE category = 'a'", "object"),
        ("SELECT * FROM ground_truths WHERE height > 3 UNION SELECT * FROM ground_truths WHERE is_crowd", "object"),
        ("SELECT g.* FROM ground_truths g WHERE height > (SELECT median(height) FROM ground_truths)", "object"),
    ],
)
def test_views_of_many_forms_are_accepted(query: str, level: str) -> None:
    definition = view(query)
    assert definition.level == level
    assert definition.standalone == definition.normalised


ALL_SAMPLE_FIELDS = tuple(TABLES["test_samples"])


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("SELECT * FROM test_samples", ()),
        ("SELECT * FROM test_samples WHERE HEIGHT > 3 AND \"Label\" = 'night'", ("height", "label")),
        ("SELECT DISTINCT * FROM test_samples WHERE night", ALL_SAMPLE_FIELDS),
        ("SELECT * FROM test_samples WHERE night UNION SELECT * FROM test_samples WHERE height > 3", ALL_SAMPLE_FIELDS),
        ("SELECT *, count(*) AS n FROM test_samples GROUP BY ALL", ALL_SAMPLE_FIELDS),
        ("SELECT * FROM test_samples ORDER BY 3", ALL_SAMPLE_FIELDS),
        ("SELECT DISTINCT _sample FROM annotations WHERE score > 0.5", ("score",)),
        ("SELECT _sample FROM test_samples WHERE label = 'height' -- night", ("label",)),
    ],
)
def test_fields_are_enough_to_give_the_same_rows(query: str, fields: tuple[str, ...]) -> None:
    assert view(query).fields == fields


def test_tables_may_bring_their_own_key_columns() -> None:
    tables = {"test_samples": {"id": "VARCHAR", "_sample": "INTEGER"}}
    assert parse_suite("CREATE VIEW v AS FROM test_samples", file="f", tables=tables)[0].fields == ()


def test_a_field_may_have_the_name_of_a_session_function() -> None:
    assert view("SELECT DISTINCT _sample FROM annotations WHERE user = 'a'").fields == ("user",)


def test_an_empty_file_defines_nothing() -> None:
    assert parsed("") == parsed("-- nothing yet\n;;") == ()


def test_a_comment_of_null_is_no_description() -> None:
    assert parsed("CREATE VIEW v AS FROM test_samples; COMMENT ON VIEW v IS NULL")[0].description is None


STATEMENTS = [
    ("DROP TABLE test_samples", "line 1: a suite file can't hold DROP TABLE; it holds CREATE VIEW"),
    ("INSERT INTO test_samples SELECT * FROM test_samples", "can't hold INSERT INTO"),
    ("SELECT 1", "can't hold SELECT"),
    ("CREATE TABLE x (a INTEGER)", "can't hold CREATE TABLE"),
    ("CREATE MACRO m() AS 1", "can't hold CREATE MACRO"),
    ("CREATE MATERIALIZED VIEW x AS FROM test_samples", "syntax error|can't hold CREATE MATERIALIZED"),
    ("ATTACH 'x'; CREATE VIEW x AS FROM test_samples", "can't hold ATTACH"),
    ("IMPORT DATABASE 'x'", "can't hold IMPORT DATABASE"),
    ("PRAGMA version", "can't hold PRAGMA"),
    ("UPDATE EXTENSIONS", "can't hold UPDATE EXTENSIONS"),
    ("SET threads = 1", "can't hold SET"),
    ("COMMENT ON TABLE test_samples IS 'a'", "can't hold COMMENT ON"),
    ("CRATE VIEW x AS FROM test_samples", 'line 1: syntax error at or near "CRATE"; check the spelling'),
    ("\nCREATE VIEW x AS\n/* a\n*/ SELEC * FROM test_samples", 'suite.sql, line 4: syntax error at or near "SELEC"'),
    ("CREATE VIEW select AS FROM test_samples", "put a name that is an SQL word in double quotes"),
    ("CREATE VIEW x AS", "syntax error"),
    ("CREATE VIEW x AS;", "syntax error"),
    ("CREATE VIEW x", "'x' has more than AS between its name and its SELECT"),
    ("CREATE VIEW", "CREATE VIEW has no name"),
    ("CREATE VIEW 'x' AS FROM test_samples", "CREATE VIEW has no name"),
    ("CREATE VIEW x AS FROM test_samples WHERE 'abc", "line 1: the text that starts here is not closed"),
    ("CREATE VIEW x AS FROM test_samples; /* abc", "the comment that starts here is not closed"),
    ("CREATE OR REPLACE VIEW x AS FROM test_samples", "can't have OR REPLACE here"),
    ("CREATE TEMP VIEW x AS FROM test_samples", "can't have TEMP here"),
    ("CREATE OR REPLACE TEMPORARY VIEW x AS FROM test_samples", "can't have OR REPLACE TEMPORARY here"),
    ("CREATE VIEW IF NOT EXISTS x AS FROM test_samples", "can't have IF NOT EXISTS here"),
    ("CREATE RECURSIVE VIEW x (a) AS FROM test_samples", "can't have RECURSIVE here"),
    ("CREATE VIEW x (a, b) AS FROM test_samples", "'x' has more than AS between its name and its SELECT"),
    ("CREATE VIEW main.x AS FROM test_samples", "'main' has a schema's name before it"),
    ("COMMENT ON VIEW main.x IS 'a'", "'main' has a schema's name before it"),
    ("COMMENT ON VIEW x IS 'a'", "COMMENT ON VIEW 'x' describes a view that the file does not define above it"),
    ("CREATE VIEW Night AS FROM test_samples; COMMENT ON VIEW nigt IS 'a'", "did you mean 'Night'"),
    ("COMMENT ON VIEW x IS 'a'; CREATE VIEW x AS FROM test_samples", "write it below its view"),
    ("CREATE VIEW x AS FROM test_samples; COMMENT ON VIEW x IS 'a' || 'b'", "takes one text"),
    ("-- tags: a\n\nCREATE VIEW x AS FROM test_samples", "line 1: tags belong on a line of their own, right above"),
    ("CREATE VIEW x AS\n-- tags: a\nFROM test_samples", "line 2: tags belong"),
    ("CREATE VIEW x AS FROM test_samples; -- tags: a\nCREATE VIEW y AS FROM test_samples", "line 1: tags belong"),
    ("-- tags: a", "line 1: tags belong"),
]


@pytest.mark.parametrize(("text", "message"), STATEMENTS)
def test_a_file_holds_views_and_their_comments_alone(text: str, message: str) -> None:
    with pytest.raises(RefusedStatement, match=message) as refusal:
        parsed(text)
    assert str(refusal.value).startswith("suite.sql, line ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ('"all"', "the test case 'all' has the name of a table, or one that is reserved"),
        ("ALL_2", None),
        ('"Test_Samples"', "'Test_Samples' has the name of a table"),
        ("ground_truths", "'ground_truths' has the name of a table"),
        ("inferences", "'inferences' has the name of a table, or one that is reserved"),
        ("Annotations", "'Annotations' has the name of a table"),
        ('"a\tb"', "has a control character in its name"),
        ('"a\u2028b"', "has a control character in its name"),
        (f'"{"n" * 201}"', "has a name of 201 characters; use at most 200"),
        (f'"{"n" * 200}"', None),
        ('"V"', "'V' stands twice in the file"),
    ],
)
def test_a_name_is_free_short_and_visible(name: str, message: str | None) -> None:
    text = f"CREATE VIEW v AS FROM test_samples; CREATE VIEW {name} AS FROM test_samples"
    if message is None:
        assert len(parsed(text)) == 2
    else:
        with pytest.raises(RefusedStatement, match=message):
            parsed(text)


QUERIES = [
    ("SELECT * FROM inferences", "reads inferences: a slice that depends on a model's answer is no fair comparison"),
    ("SELECT * FROM test_samples WHERE _sample IN (SELECT _sample FROM Inferences)", "reads inferences"),
    ("SELECT * FROM nope", "reads 'nope', which is no table of the dataset and no earlier view; it can read 'test_s"),
    ("SELECT * FROM test_sample", "did you mean 'test_samples'"),
    ("SELECT * FROM v", "reads itself"),
    ("SELECT * FROM main.test_samples", "reads main.test_samples with a schema's name; write test_samples alone"),
    ("SELECT * FROM memory.main.test_samples", "reads memory.main.test_samples with a schema's name"),
    ("SELECT * FROM 'data.parquet'", "reads 'data.parquet', which is no table"),
    ("SELECT * FROM duckdb_tables", "reads 'duckdb_tables', which is no table"),
    (
        "SELECT * FROM test_samples WHERE height < (SELECT count(*) FROM duckdb_tables) "
        "AND EXISTS (WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables)",
        "reads 'duckdb_tables' where the WITH that defines it does not reach; move that WITH to the very start",
    ),
    (
        "WITH duckdb_tables AS (SELECT count(*) AS n FROM duckdb_tables) SELECT s.* FROM test_samples s, duckdb_tables",
        "reads 'duckdb_tables' where the WITH",
    ),
    ("SELECT * FROM range(3)", "reads the table function range; name a table or an earlier view"),
    ("SELECT * FROM unnest([1]) AS t (_sample)", "reads the table function unnest"),
    ("SELECT * FROM query('SELECT 1 AS _sample')", "reads the table function query"),
    ("SELECT * FROM read_csv('/etc/passwd')", "reads the table function read_csv"),
    ("DESCRIBE test_samples", "uses DESCRIBE, SHOW or SUMMARIZE|syntax error"),
    ("PIVOT test_samples ON site", "PIVOT"),
    ("FROM test_samples PIVOT (sum(height) FOR site IN ('a'))", r"turns rows into columns \(PIVOT, UNPIVOT\)"),
    ("SELECT * FROM test_samples TABLESAMPLE 10%", "draws a sample, another one each time"),
    ("SELECT * FROM test_samples USING SAMPLE 3", "draws a sample"),
    ("SELECT * FROM test_samples LIMIT 10", "has LIMIT, OFFSET or FETCH"),
    ("SELECT * FROM test_samples LIMIT 10%", "has LIMIT, OFFSET or FETCH"),
    ("SELECT * FROM test_samples ORDER BY height OFFSET 3", "has LIMIT, OFFSET or FETCH"),
    ("SELECT * FROM test_samples FETCH FIRST 3 ROWS ONLY", "has LIMIT, OFFSET or FETCH"),
    ("SELECT * FROM test_samples WHERE height = (SELECT height FROM test_samples LIMIT 1)", "has LIMIT"),
    ("SELECT DISTINCT ON (site) * FROM test_samples", "has DISTINCT ON, which keeps any one row"),
    ("SELECT * FROM test_samples QUALIFY row_number() OVER () = 1", r"has row_number\(\) OVER without ORDER BY"),
    ("SELECT * FROM test_samples QUALIFY avg(height) OVER (PARTITION BY site) > 3", "OVER without ORDER BY"),
    ("SELECT * FROM test_samples QUALIFY row_number() OVER (ORDER BY height) = 1", "that ties leave open; add _sample"),
    (
        "SELECT * FROM test_samples QUALIFY sum(height) OVER (ORDER BY site ROWS 2 PRECEDING) > 3",
        "that ties leave open",
    ),
    *(
        (
            f"SELECT t._sample FROM test_samples t JOIN {source} ON t.height = u.height "
            f"QUALIFY row_number() OVER (ORDER BY u._sample) = 1",
            "gives the name _sample to a value of its own, and has row_number",
        )
        for source in (
            "(SELECT height, height // 5 AS _sample FROM test_samples) u",
            "(SELECT height, height AS _Sample FROM test_samples) u",
            "(SELECT height, height // 5 FROM test_samples) u (height, _sample)",
            "(SELECT * REPLACE (height // 5 AS _sample) FROM test_samples) u",
            "(SELECT * RENAME (_sample AS s, site AS _sample) FROM test_samples) u",
            "(WITH v (height, _sample) AS (SELECT height, height // 5 FROM test_samples) SELECT * FROM v) u",
        )
    ),
    (
        "SELECT * FROM (SELECT *, struct_pack(_sample := height) AS t FROM test_samples) "
        "QUALIFY row_number() OVER (ORDER BY t._sample) = 1",
        "gives the name _sample to a value of its own|uses struct_pack",
    ),
    (
        "SELECT * FROM test_samples QUALIFY row_number() OVER (ORDER BY site._sample) = 1",
        "has an order by site._sample, which is a field of a struct",
    ),
    ("SELECT * FROM ground_truths QUALIFY lag(height) OVER (ORDER BY _sample) > 3", "add _sample and _object"),
    (
        "SELECT * FROM test_samples QUALIFY first_value(label) OVER (ORDER BY _sample) = 'a'",
        "uses first_value, which depends",
    ),
    ("SELECT * FROM test_samples NATURAL JOIN annotations", r"joins by whatever names agree \(NATURAL\)"),
    ("SELECT s.* FROM test_samples s POSITIONAL JOIN annotations", r"joins by the order of rows \(POSITIONAL\)"),
    ("SELECT s.* FROM test_samples s ASOF JOIN annotations a ON s._sample >= a._sample", r"the nearest row \(ASOF\)"),
    ("SELECT height FROM test_samples", "lacks the column _sample"),
    ("SELECT * EXCLUDE (_sample) FROM test_samples", "lacks the column _sample"),
    ("SELECT _sample + 1 AS _sample FROM test_samples", "computes its column _sample; pass on a table's own _sample"),
    ("SELECT * REPLACE (_sample + 1 AS _sample) FROM test_samples", "computes its column _sample"),
    ("SELECT * RENAME (_sample AS s, height AS _sample) FROM test_samples", "computes its column _sample"),
    ("SELECT height AS _sample FROM test_samples", "computes its column _sample"),
    ("SELECT max(_sample) AS _sample FROM test_samples", "computes its column _sample"),
    ("SELECT * FROM (VALUES (1)) AS t (_sample)", "computes its column _sample"),
    ("SELECT i + 0 AS _sample FROM (SELECT _sample AS i FROM test_samples)", "computes its column _sample"),
    ("SELECT height, _sample FROM test_samples UNION SELECT _sample, height FROM test_samples", "computes its column"),
    ("SELECT unnest({'a': 1, 'b': 2}), _sample FROM test_samples", "columns that can't be traced"),
    (
        "WITH test_samples AS (SELECT 1 AS _sample) SELECT * FROM test_samples",
        "gives the name 'test_samples' of a table",
    ),
    ("WITH inferences AS (SELECT 1 AS _sample) SELECT * FROM inferences", "gives the name 'inferences' of a table"),
    ("SELECT * FROM (WITH Annotations AS (SELECT 1 AS _sample) FROM annotations)", "gives the name 'Annotations'"),
    ("WITH RECURSIVE c AS (SELECT _sample FROM test_samples UNION SELECT _sample FROM c) FROM c", "is recursive"),
    ("(WITH d AS (DELETE FROM test_samples RETURNING *) SELECT * FROM d)", "changes data inside WITH|needs a SELECT"),
    ("SELECT _sample FROM test_samples GROUP BY ROLLUP (_sample)", r"groups in several ways at once \(ROLLUP"),
    ("SELECT * FROM test_samples WHERE year(ts) = 2020", r"takes year\(\) of a timestamp with time zone"),
    ("SELECT * FROM (SELECT *, ts AS t FROM test_samples) WHERE year(t) = 2020", r"takes year\(\)"),
    ("SELECT * FROM test_samples AS t (_sample, a, b, c, d, e, f) WHERE year(f) = 2020", r"takes year\(\)"),
    ("SELECT * FROM (SELECT * RENAME (ts AS t) FROM test_samples) WHERE hour(t) = 3", r"takes hour\(\)"),
    ("SELECT * FROM test_samples WHERE hour((SELECT max(ts) FROM test_samples)) = 3", r"takes hour\(\)"),
    ("SELECT * FROM test_samples WHERE ts::DATE = DATE '2020-01-01'", "takes the DATE of a timestamp with time zone"),
    ("SELECT * FROM test_samples WHERE label ~ 'a'", "uses ~, which DuckDB's versions read differently"),
    ("SELECT * FROM test_samples WHERE label !~ 'a'", "uses !~, which DuckDB's versions read differently"),
    ("SELECT * FROM `test_samples`", "put names in double quotes"),
    ("SELECT * FROM test_samples WHERE ts > current_date", "uses current_date, which depends on the moment"),
    ("SELECT * FROM test_samples WHERE created > now()", "uses now, which depends on the moment"),
    ("SELECT * FROM test_samples WHERE user = 'a'", "uses user, which depends on the session"),
    ("SELECT s.* FROM test_samples s JOIN annotations a USING (_sample) WHERE user = 'a'", "uses user, which depends"),
    ("SELECT * FROM test_samples WHERE getvariable('x') = 1", "uses getvariable, which depends on the session"),
    ("SELECT * FROM test_samples WHERE random() < 0.5", "uses random, which gives another answer each time"),
    ("SELECT * FROM test_samples ORDER BY random()", "uses random"),
    ("SELECT * FROM test_samples WHERE hash(label) % 2 = 0", "uses hash, which changed between"),
    (
        "SELECT _sample FROM annotations GROUP BY _sample HAVING mode(score) > 3",
        "uses mode, which depends on the order",
    ),
    ("SELECT _sample FROM annotations GROUP BY _sample HAVING any_value(score) > 3", "uses any_value"),
    ("SELECT _sample FROM annotations GROUP BY _sample HAVING arg_max(score, user) > 3", "uses arg_max"),
    ("SELECT _sample FROM annotations GROUP BY _sample HAVING approx_quantile(score, 0.5) > 3", "uses approx_quantile"),
    (
        "SELECT _sample FROM annotations GROUP BY _sample HAVING reservoir_quantile(score, 0.5) > 3",
        "reservoir_quantile",
    ),
    ("SELECT * FROM test_samples WHERE len(list_filter(tags, lambda t: t = 'a')) > 0", "uses list_filter"),
    ("SELECT * FROM test_samples WHERE pg_catalog.lower(label) = 'a'", "calls pg_catalog.lower"),
    ("SELECT * FROM test_samples WHERE rowid > 3", "uses rowid, which numbers rows"),
    ("SELECT * FROM test_samples AS s WHERE s.rowid > 3", "uses rowid, which numbers rows"),
    ("SELECT * FROM test_samples AS s WHERE s IS NOT NULL", "uses 's' as a column, which no table has"),
    ("SELECT COLUMNS(*) FROM test_samples", r"uses \* or COLUMNS"),
    ("SELECT * LIKE '%a%' FROM test_samples", r"gives \* to ~~"),
    ("SELECT * FROM test_samples WHERE height > $1", "has a parameter"),
    ("SELECT * FROM test_samples WHERE count(*) > 1", "is not understood: WHERE clause cannot contain aggregates"),
    ("SELECT * FROM test_samples WHERE label > 3", "is not understood: Cannot compare values of type VARCHAR"),
    ("SELECT * FROM test_samples WHERE z.height > 3", "names 'z', which is no table in its FROM"),
    ("SELECT _sample, height FROM ground_truths", r"selects objects without their _object; select \*"),
    ("SELECT g.* FROM ground_truths g JOIN test_samples s USING (_sample)", "selects objects and reads test_samples"),
    ("SELECT g.* FROM ground_truths g JOIN annotations a USING (_sample)", "selects objects and reads annotations"),
    ("SELECT a._sample, b._object FROM ground_truths a, ground_truths b", "takes _sample and _object from two places"),
    ("SELECT _sample, _object + 1 AS _object FROM ground_truths", "computes its column _object"),
]


@pytest.mark.sampled(8)
@pytest.mark.parametrize(("query", "message"), QUERIES)
def test_what_a_view_may_not_be_made_of_is_refused(query: str, message: str) -> None:
    with pytest.raises(RefusedStatement, match=message) as refusal:
        parsed(f"CREATE VIEW u AS FROM test_samples;\n\nCREATE VIEW v AS {query};")
    assert str(refusal.value).startswith("suite.sql, line 3: ")
    assert "LINE 1" not in str(refusal.value)
    assert "Error:" not in str(refusal.value)


@pytest.mark.parametrize("column", ["ocluson", "s.ocluson", "S.Ocluson"])
def test_a_missing_column_is_named_with_line_and_neighbours(column: str) -> None:
    with pytest.raises(
        MissingColumns, match=r"suite.sql, line 3: a table of test case 'v' has no column .*cluson"
    ) as error:
        parsed(f"CREATE VIEW v AS\nSELECT * FROM test_samples AS s\nWHERE {column} > 1")
    assert "did you mean 'occlusion'" in str(error.value)


def test_a_view_that_comes_later_cannot_be_read() -> None:
    with pytest.raises(RefusedStatement, match="reads 'b', which the file defines only later; move that view up"):
        parsed("CREATE VIEW a AS FROM b; CREATE VIEW b AS FROM test_samples")


def test_a_query_inside_may_not_take_the_name_of_an_earlier_view() -> None:
    with pytest.raises(RefusedStatement, match="gives the name 'A' of a table or view to a query of its own"):
        parsed("CREATE VIEW a AS FROM test_samples; CREATE VIEW b AS WITH A AS (FROM test_samples) FROM A")


def test_an_object_level_view_is_measured_within_one_view_at_most() -> None:
    text = """CREATE VIEW a AS FROM test_samples; CREATE VIEW b AS FROM test_samples;
        CREATE VIEW x AS FROM ground_truths WHERE _sample IN (SELECT _sample FROM a);
        CREATE VIEW y AS FROM x WHERE _sample IN (SELECT _sample FROM b);"""
    with pytest.raises(RefusedStatement, match="line 3: the test case 'y' selects objects within 'b' and 'a'"):
        parsed(text)


def test_restriction_is_handed_on_from_view_to_view() -> None:
    text = """CREATE VIEW a AS FROM test_samples WHERE night;
        CREATE VIEW x AS FROM ground_truths WHERE _sample IN (SELECT _sample FROM a);
        CREATE VIEW y AS FROM x WHERE height > 3;"""
    assert [definition.within for definition in parsed(text)] == [None, "a", "a"]


def test_windows_by_position_may_run_over_earlier_views_of_samples() -> None:
    window = "QUALIFY row_number() OVER (PARTITION BY site ORDER BY height, _sample) = 1"
    text = f"CREATE VIEW a AS FROM test_samples WHERE night; CREATE VIEW b AS SELECT * FROM a {window}"
    assert parsed(text)[1].reads == ("a",)


def test_parts_of_a_zoned_time_are_found_through_earlier_views() -> None:
    text = (
        "CREATE VIEW a AS SELECT *, ts AS moment FROM test_samples; CREATE VIEW b AS FROM a WHERE year(moment) = 2020"
    )
    with pytest.raises(RefusedStatement, match=r"the test case 'b' takes year\(\) of a timestamp with time zone"):
        parsed(text)


def test_a_workflow_without_objects_has_no_ground_truths_to_read() -> None:
    tables = {"test_samples": {"label": "VARCHAR"}}
    with pytest.raises(RefusedStatement, match="reads ground_truths, which this workflow does not have as a table"):
        parse_suite("CREATE VIEW v AS FROM ground_truths", file="f", tables=tables)


@pytest.mark.parametrize("wrap", [lambda text: "(" * 4_000 + text + ")" * 4_000, lambda text: "NOT " * 970 + text])
def test_deep_nesting_is_refused_and_not_followed(wrap: Callable[[str], str]) -> None:
    query = f"SELECT * FROM test_samples WHERE {wrap('night')}"
    assert outcome(query) in ("accepted", "refused as too deep")


def test_many_views_are_read_in_reasonable_time() -> None:
    text = "".join(f"CREATE VIEW v{i} AS FROM test_samples WHERE height > {i};\n" for i in range(200))
    assert len(parsed(text)) == 200
