"""Every named statement of `sql/` is checked against an empty catalogue: it parses, it binds, its header is true."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kolena_store.database import connect
from kolena_store.schema import create_catalogue
from kolena_store.statements import Fragment, Statement, load
from kolena_store.workflows.object_matches import match_schema

ROOT = Path(__file__).parent.parent
SUBJECTS = sorted(
    str(path.relative_to(ROOT / "sql").with_suffix(""))
    for path in (ROOT / "sql").rglob("*.sql")
    if path.parent.name != "metrics"
)
STATEMENTS = [(subject, name) for subject in SUBJECTS for name in load(subject)]
CONTENT = load("queries/content")
ROWS = ("rows_of_files", "rows_with_ids", "known_ids")
VALUES = (
    *(name for name, one in CONTENT.items() if name not in ROWS and not one.text.startswith("SELECT")),
    *("has_several_values", "values_in_order", "one_value", "repeats_of_sample", "weight_of_row"),
)
PARTS = (
    "views/datasets.join_sample_metrics",
    "views/datasets.join_weights",
    *(f"views/datasets.{name}" for name in ("repeats_of_sample", "weight_of_row", "same_repeat")),
    "queries/runs.selected_samples",
    "queries/runs.chosen_samples",
    "queries/membership.is_chosen",
    "queries/membership.is_loaded",
    *(f"queries/datasets.{name}" for name in ("has_several_values", "values_in_order", "one_value")),
    "queries/membership.is_nan",
    *(f"queries/content.{name}" for name in (*ROWS, *VALUES) if name in CONTENT),
)
"""Statements that stand inside others, and are none by themselves."""
EXPRESSIONS = tuple(
    f"{subject}.{name}"
    for subject in ("macros/terms", "macros/metrics")
    for name, one in load(subject).items()
    if "MACRO" not in one.text and name not in ("default", "weight_of_sample", "weight_of_row", "attached_rows")
)
"""Parts of metric macros: expressions over sample metrics."""
NO_STATEMENTS = (
    *PARTS,
    *EXPRESSIONS,
    "macros/metrics.default",
    "macros/metrics.attached_rows",
    "macros/terms.weight_of_sample",
    "macros/terms.weight_of_row",
)
TABLES = """
    CREATE TABLE test_samples (_sample BIGINT, length INTEGER);
    CREATE TABLE inferences (_sample BIGINT);
    CREATE TABLE case_terms (position INTEGER);
    CREATE TABLE class_terms (position INTEGER, class_position INTEGER, is_reported BOOLEAN);
    CREATE TABLE numbered_rows (staged_row BIGINT, known BIGINT);
    CREATE TABLE given (is_member BOOLEAN);
    CREATE TABLE drawn_samples (_sample BIGINT, times BIGINT);
    CREATE TABLE chosen_samples (_sample BIGINT);
    CREATE TABLE given_values (value VARCHAR);
    CREATE TABLE elements (scores DOUBLE);
    CREATE TABLE given_terms (_case BIGINT);
    CREATE TABLE merged_rows (model_id BIGINT);
    CREATE SCHEMA digits;
    CREATE VIEW digits.test_samples AS SELECT * FROM read_parquet('x.parquet');
"""
"""What other statements make before these are run."""
MADE_BY_OTHERS = tuple(
    f"queries/user_metrics.{name}"
    for name in ("create_answered", "choose_members", "draws", "attached_schema", "create_attached")
)
NUMBER_COLUMNS = (
    *("ci_low", "ci_high", "n", "n_samples", "n_missing", "n_null", "baseline", "delta", "p", "q", "mde", "baseline_n"),
    *("n_only_model", "n_only_baseline", "tolerance", "detected"),
)
TEXT_COLUMNS = (
    *("test_case", "metric", "better", "method", "reason", "verdict", "note", "truth", "prediction", "test"),
    *("mde_basis", "term", "class"),
)
"""What the rows of runs, comparisons and sample metrics have beside the columns that hold numbers of things."""
TERM_COLUMNS = ("model", "suite", "test_case", "term", "class", "predicted", "value")
SCORED = """
    CREATE TABLE scored (truth VARCHAR, prediction VARCHAR, correct BOOLEAN, confidence DOUBLE, scores DOUBLE[],
        truths BOOLEAN[], classes VARCHAR[], class VARCHAR, reported VARCHAR[], _class VARCHAR, _n BIGINT);
"""
FILES = frozenset(
    ("files", "staged", "current", "numbered", "samples", "inferences", "older", "newer", "theirs", "ours")
)
BOUND = {
    "paths": ["x.parquet"],
    "columns": {"c0": "VARCHAR"},
    "delimiter": ",",
    "compression": "uncompressed",
    "format": "newline_delimited",
    "is_single": True,
    "wide": "x",
    "cells": ["x"],
    "fractions": [0.5],
    "folder": ".",
}


def key_of(subject: str, name: str) -> str:
    return f"{subject}.{name}"


def filled(one: Statement) -> str:
    return one.fill(**{name: Fragment(text) for name, text in one.examples.items()})


def bound(one: Statement) -> dict[str, object]:
    endings = (ending for ending in ("csv", "json", "parquet") if f"read_{ending}" in one.text)
    given = {**BOUND, "path": f"x.{next(endings, '')}"}
    return {name: ["x.parquet"] if name in FILES else given.get(name) for name in one.parameters}


def executed(connection: duckdb.DuckDBPyConnection, one: Statement) -> None:
    connection.execute(filled(one), bound(one))


@contextlib.contextmanager
def connected(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with an empty catalogue, and with all else that some statement finds when it is run in this folder."""
    columns = ("_sample", "run", "comparison", "test_case_id", "test_case_version", "block", "bits", *TERM_COLUMNS)
    texts = dict.fromkeys(TEXT_COLUMNS, pa.array(["x"]))
    numbers = {name: pa.array([0], pa.int64()) for name in (*columns, *NUMBER_COLUMNS)}
    lists = {field.name: pa.nulls(1, field.type) for field in match_schema() if pa.types.is_list(field.type)}
    pq.write_table(pa.table({**numbers, **texts, **lists, "objects": [[{"x": 1.0}]]}), folder / "x.parquet")
    (folder / "x.csv").write_text("c0\n1\n")
    (folder / "x.json").write_text('{"c0": 1}\n')
    with contextlib.chdir(folder), connect(folder) as found:
        create_catalogue(found)
        found.execute(TABLES)
        for one in (*load("views/kolena").values(), *macros()):
            executed(found, one)
        for key in MADE_BY_OTHERS:
            executed(found, load(key.split(".")[0])[key.split(".")[1]])
        yield found


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Such a connection, for a test that changes what it finds."""
    with connected(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Such a connection, for tests that explain statements and run none."""
    with connected(tmp_path_factory.mktemp("unchanged")) as found:
        yield found


def macros() -> list[Statement]:
    return [one for one in load("queries/formats").values() if one.text.startswith("CREATE TEMP MACRO")]


@pytest.mark.parametrize(("subject", "name"), STATEMENTS, ids=[".".join(pair) for pair in STATEMENTS])
def test_a_statement_names_its_parameters_and_fragments(subject: str, name: str) -> None:
    one = load(subject)[name]
    assert set(one.examples) == set(re.findall(r"\{(\w+)\}", one.text))
    assert len(one.parameters) == len(set(one.parameters))
    if key_of(subject, name) not in NO_STATEMENTS:
        (parsed,) = duckdb.extract_statements(filled(one))
        assert set(one.parameters) == set(parsed.named_parameters)


QUERIES = [
    (subject, name)
    for subject, name in STATEMENTS
    if key_of(subject, name) not in NO_STATEMENTS
    and subject != "queries/sandbox"
    and re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DESCRIBE)\b", load(subject)[name].text)
]


@pytest.mark.parametrize(("subject", "name"), QUERIES, ids=[".".join(pair) for pair in QUERIES])
def test_a_query_binds_to_an_empty_catalogue(subject: str, name: str, unchanged: duckdb.DuckDBPyConnection) -> None:
    one = load(subject)[name]
    unchanged.execute(f"EXPLAIN {filled(one)}", bound(one))


DEFINITIONS = [
    (subject, name)
    for subject, name in STATEMENTS
    if subject not in ("schema/catalogue", "queries/store", "queries/sandbox", "queries/materialised")
    and (subject, name) not in QUERIES
    and key_of(subject, name) not in NO_STATEMENTS
    and "MACRO" not in load(subject)[name].text
]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("subject", "name"), DEFINITIONS, ids=[".".join(pair) for pair in DEFINITIONS])
def test_a_definition_or_setting_can_be_executed(
    subject: str, name: str, connection: duckdb.DuckDBPyConnection
) -> None:
    one = load(subject)[name]
    if one.text.startswith("CREATE TABLE"):
        connection.execute("DROP TABLE answered; DROP TABLE inferences; DROP TABLE attached.notes")
        connection.execute("DROP TABLE test_samples")
    try:
        executed(connection, one)
    except duckdb.CatalogException as error:
        assert "unrecognized configuration parameter" in str(error)
        pytest.skip("this DuckDB does not have the setting")


@pytest.mark.parametrize("part", [key.split(".") for key in PARTS], ids=list(PARTS))
def test_a_part_stands_where_it_is_used(part: list[str], unchanged: duckdb.DuckDBPyConnection) -> None:
    text = filled(load(part[0])[part[1]])
    if part[1] in VALUES:
        unchanged.execute(f"EXPLAIN SELECT {text} FROM test_samples AS samples, (SELECT 1 AS item)")
    elif part[1] == "known_ids":
        unchanged.execute(f"EXPLAIN SELECT * FROM (SELECT 1 AS _sample) AS ids {text}")
    elif part[1] in ROWS:
        unchanged.execute(f"EXPLAIN SELECT * FROM {text}")
    elif part[1] == "same_repeat":
        unchanged.execute(
            f"EXPLAIN SELECT * FROM test_samples AS samples, (SELECT 1 AS _repeat) AS scored WHERE {text}"
        )
    elif "join" in part[1]:
        alias = {"join_weights": "scored", "join_sample_metrics": "inferences"}.get(part[1], "samples")
        unchanged.execute(f"EXPLAIN SELECT * FROM test_samples AS {alias} {text}")
    else:
        unchanged.execute(f"EXPLAIN SELECT * FROM read_parquet(['x.parquet']) AS samples WHERE {text}")


@pytest.mark.parametrize("key", EXPRESSIONS)
def test_a_part_of_a_macro_is_an_expression_over_sample_metrics(key: str) -> None:
    subject, name = key.split(".")
    with duckdb.connect() as connection:
        connection.execute(SCORED)
        connection.execute(f"EXPLAIN SELECT {filled(load(subject)[name])} FROM scored")


def test_the_statements_of_a_commit_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = load("queries/store")
    with connect(tmp_path) as connection:
        for name in ("attach_work_copy", "use_store", "begin"):
            executed(connection, store[name])
        create_catalogue(connection)
        for name in ("commit", "checkpoint", "leave_store", "detach", "attach_snapshot", "use_store", "format_version"):
            executed(connection, store[name])


def test_the_statements_of_the_sandbox_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with duckdb.connect("store.duckdb") as made:
        create_catalogue(made)
    with duckdb.connect() as connection:
        for one in load("queries/sandbox").values():
            connection.execute(filled(one), {name: [] for name in one.parameters})
        with pytest.raises(duckdb.Error, match="locked"):
            connection.execute("SET threads = 1")


def test_every_statement_file_is_loaded_by_the_package() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "kolena_store").rglob("*.py"))
    mentions = {subject: (f'"{subject}"', f'"{subject.split("/")[1]}.') for subject in SUBJECTS}
    assert [subject for subject, found in mentions.items() if not any(text in sources for text in found)] == []
