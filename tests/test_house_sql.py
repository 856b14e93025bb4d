"""SQL stands in `sql/` and nowhere else, and everything that stands there is used."""

import ast
import re
from collections.abc import Iterator

import pytest
from source_code import MODULES, ROOT, docstrings, parsed, place, room_of, texts

from kolena_store.metrics.definitions import MetricFile, load_metrics

SQL = ROOT / "sql"
NAMES = re.compile(r"^-- name: (\w+)\(", re.MULTILINE)
SHOUTED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|WITH|DROP|ALTER|COPY|ATTACH|PRAGMA)\s")
THINGS = r"(or\s+replace\s+)?(temp(orary)?\s+)?(table|view|schema|macro|function|index|sequence|type)\b"
SHAPES = re.compile(
    rf"""\s*(
        select\s+(distinct\b|[\d'"*(]|[^\n]*\bfrom\b|\w+\()
      | insert\s+(or\s+\w+\s+)?into\b
      | update\s+\S+\s+set\b
      | delete\s+from\b
      | create\s+{THINGS}
      | with\s+(recursive\s+)?\S+\s+as\s*(not\s+)?(materialized\s*)?\(
      | drop\s+{THINGS}
      | alter\s+{THINGS}
      | copy\s+(\(|\S+\s+(to|from)\s)
      | (explain|describe)\s+(analyze\s+)?(select|insert|update|delete|create|copy)\b
      | attach\s+(if\s+not\s+exists\s+)?(database\s+)?['"]
    )""",
    re.IGNORECASE | re.VERBOSE,
)
RUN_AS_A_WHOLE = {"schema/catalogue": "table", "views/kolena": "view"}
"""Files whose statements are all executed, without a name of their own in the package -> what they make."""

STATEMENTS = [
    (path.relative_to(SQL).with_suffix("").as_posix(), name)
    for path in sorted(SQL.rglob("*.sql"))
    if path.parent.name != "metrics"
    for name in NAMES.findall(path.read_text(encoding="utf-8"))
]
METRIC_FILES = sorted(path.stem for path in (SQL / "metrics").glob("*.sql"))


def is_sql(text: str) -> bool:
    """Whether a text begins like a statement: in capitals with a keyword, otherwise in the shape of one."""
    return bool(SHOUTED.match(text) or SHAPES.match(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ",
        "select 1",
        " select name from things",
        "select count(*)",
        "Insert into t values (1)",
        "update t set a = 1",
        "delete from t",
        "create or replace temp view v as",
        "with a as (select 1)",
        "drop table t",
        "alter table t add column a",
        "copy t to 'x.csv'",
        "attach 'x.duckdb'",
        "EXPLAIN SELECT 1",
        "\n  PRAGMA version",
    ],
)
def test_sql_is_recognised(text: str) -> None:
    assert is_sql(text)


@pytest.mark.parametrize(
    "text",
    [
        "Select the test cases that matter",
        "Create the empty catalogue",
        " with NaN, which counts as the greatest number",
        "update it: pip install --upgrade kolena-store",
        "copy the file and try again",
        "SELECT_NODE",
        "EXPLAIN takes no options here",
        "with a schema's name; write it",
    ],
)
def test_prose_is_no_sql(text: str) -> None:
    assert not is_sql(text)


def test_no_sql_stands_in_python() -> None:
    found = [
        f"{place(path, line)}: {text[:60]!r}"
        for path in MODULES
        for line, text in texts(parsed(path))
        if is_sql(text) and text not in docstrings(path)
    ]
    assert found == []


def constants(room: str) -> set[str]:
    """Return the texts in the modules of a room."""
    nodes = (node for path in MODULES if room_of(path) == room for node in ast.walk(parsed(path)))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


CONSTANTS = [constants(room) for room in sorted({room_of(path) for path in MODULES})]


def is_named(subject: str, name: str) -> bool:
    """Whether a room names a statement: as `subject.name`, or its file and its name apart."""
    folder, stem = subject.split("/")
    short = f"{stem}.{name}" if folder == "queries" else None
    return any(short in found or {subject, name} <= found for found in CONSTANTS)


@pytest.mark.parametrize(("subject", "name"), STATEMENTS, ids=[".".join(pair) for pair in STATEMENTS])
def test_a_statement_is_used_by_its_name(subject: str, name: str) -> None:
    assert subject in RUN_AS_A_WHOLE or is_named(subject, name)


def made(subject: str) -> Iterator[str]:
    """Yield the names of the tables or views that a file makes."""
    text = (SQL / f"{subject}.sql").read_text(encoding="utf-8")
    yield from re.findall(rf"CREATE (?:OR REPLACE )?{RUN_AS_A_WHOLE[subject].upper()} (\S+)", text)


def test_every_table_of_the_catalogue_is_named_by_another_statement() -> None:
    files = (path for path in SQL.rglob("*.sql") if path.parent.name != "schema")
    others = "\n".join(path.read_text(encoding="utf-8") for path in files)
    tables = list(made("schema/catalogue"))
    assert len(tables) > 10
    assert [table for table in tables if not re.search(rf"\b{re.escape(table)}\b", others)] == []


def test_every_view_of_the_store_is_described() -> None:
    page = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
    views = {view.removeprefix("kolena.") for view in made("views/kolena")}
    assert len(views) > 5
    assert [view for view in views if f"| `{view}` |" not in page] == []


@pytest.mark.parametrize("subject", METRIC_FILES)
def test_every_term_is_part_of_a_metric_or_read_by_its_name(subject: str) -> None:
    file: MetricFile = load_metrics(f"metrics/{subject}")
    words = set().union(*(metric.words() for metric in file.metrics), *CONSTANTS)
    assert [term.name for term in file.terms if term.name not in words] == []
