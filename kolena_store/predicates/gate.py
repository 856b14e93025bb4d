"""The gate before a sandbox: of all that people type, one SELECT that only reads the store gets through."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kolena_store.database.session import is_file_error
from kolena_store.deadlines import called_after
from kolena_store.errors import DamagedStore, InvalidInput, LimitExceeded, RefusedStatement, StoreError, UnknownName
from kolena_store.predicates.messages import missing_name, plain_message
from kolena_store.predicates.relations import LISTING, check_relations, relation_names, relations_read
from kolena_store.predicates.tokens import Token, lowered, tokenize, without_comments
from kolena_store.predicates.trees import PIVOT_REMEDY, Node, Tree, parse_tree
from kolena_store.statements import Fragment, statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["run_gated"]

TABLE_FUNCTIONS = frozenset(
    {"unnest", "range", "generate_series", "duckdb_views", "duckdb_tables", "duckdb_columns", "duckdb_schemas"}
)
"""Table functions that read nothing but their arguments, or the names in the catalogue."""

REFUSED_FUNCTIONS = frozenset(
    {"nextval", "currval", "setval", "setseed", "write_log", "sleep_ms", "pg_sleep", "json_serialize_plan"}
)
"""Scalar functions that leave a trace, wait where nothing stops them, or plan a query that this gate has not seen."""

QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE", "RECURSIVE_CTE_NODE"})
SOURCES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "TABLE_FUNCTION", "SHOW_REF"})
SHOWN = frozenset({'"tables"', "__show_tables_expanded"})
"""What SHOW TABLES and SHOW ALL TABLES ask for; of any other SHOW, DuckDB makes a query that is not in the tree."""

WHERE = "the query"


def run_gated(
    connection: "duckdb.DuckDBPyConnection",
    sql: str,
    *,
    seconds: float | None = None,
    check_sources: Callable[[Sequence[Node]], None] | None = None,
) -> "pa.Table":
    """Return the rows of one SELECT that a user typed, on a connection of `database.sandbox.open_sandbox`.

    DESCRIBE, SUMMARIZE, SHOW TABLES, SHOW ALL TABLES and EXPLAIN of a SELECT are answered too.

    Args:
        connection: the sandbox.
        sql: what was typed; comments and a last semicolon may stand.
        seconds: the longest time it may take; DuckDB notices its end between two batches of rows.
        check_sources: what looks at the tables and views that it names, before they are read.

    Raises:
        RefusedStatement: it is not one statement that only reads, or DuckDB does not understand it.
        UnknownName: it reads a table or a column that is not there.
        InvalidInput: it fails on a value, such as a division by zero.
        LimitExceeded: it took too long, or needs more memory than the connection has.
    """
    query, is_explained = _query_in(sql)
    with _our_errors(connection, seconds):
        gated = _gated(connection, query, check_sources)
        if is_explained:
            explain = statement("queries/predicates", "explain").fill(query=query)
            gated = connection.extract_statements(explain)[0]
        with called_after(seconds, connection.interrupt):
            table: pa.Table = connection.sql(gated).to_arrow_table()
            return table


def _query_in(sql: str) -> tuple[Fragment, bool]:
    """Return what was typed without comments, last semicolons and a leading EXPLAIN, and whether there was one."""
    text = without_comments(sql, where=WHERE)
    tokens = tokenize(text, where=WHERE)
    while tokens and tokens[-1].text == ";":
        tokens = tokens[:-1]
    is_explained = bool(tokens) and tokens[0].meaning == "explain"
    if is_explained:
        tokens = tokens[1:]
        _check_explained(tokens)
    if not tokens:
        raise RefusedStatement(f"{WHERE} is empty; write a SELECT, or {LISTING} to see what there is to read")
    lines = "\n" * (tokens[0].line - 1)
    return Fragment(lines + text[tokens[0].start : tokens[-1].end]), is_explained


def _check_explained(tokens: tuple[Token, ...]) -> None:
    if tokens and (tokens[0].meaning in ("analyze", "analyse") or tokens[0].text == "("):
        raise RefusedStatement("EXPLAIN takes no options here; write EXPLAIN and the SELECT")


def _gated(
    connection: "duckdb.DuckDBPyConnection", query: Fragment, check_sources: Callable[[Sequence[Node]], None] | None
) -> "duckdb.Statement":
    """Return the one statement of the text, to be executed in its place, once all of its tree has been seen."""
    import duckdb

    tree = parse_tree(query, where=WHERE)
    for problem in _problems(tree, _own_macros(connection, tree)):
        raise RefusedStatement(f"{WHERE} {problem}")
    check_relations(connection, tree)
    if check_sources is not None:
        check_sources(relations_read(tree))
    found = connection.extract_statements(query)
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise RefusedStatement(f"{WHERE} is not one SELECT; write one SELECT that reads")
    return found[0]


def _own_macros(connection: "duckdb.DuckDBPyConnection", tree: Tree) -> set[tuple[str, str]]:
    """Return the table macros that the store publishes, when the query calls any table function of a schema."""
    calls = [node["function"] for node in tree.sources if node["type"] == "TABLE_FUNCTION"]
    if not any(call["schema"] for call in calls):
        return set()
    found = connection.sql(statement("queries/predicates", "table_macros").fill()).fetchall()
    return {(lowered(schema), lowered(name)) for schema, name in found}


def _problems(tree: Tree, own_macros: set[tuple[str, str]]) -> Iterator[str]:
    for node in tree.queries:
        if node["type"] not in QUERY_NODES:
            yield "changes data inside WITH; the store is read-only here: put a SELECT there"
    for node in tree.sources:
        yield from _source_problems(node, own_macros)
    for node in tree.expressions:
        if node["class"] == "PARAMETER":
            yield f"has a parameter ({node['identifier']}), which nothing fills in; write the value"
        if node["class"] in ("FUNCTION", "WINDOW") and lowered(node["function_name"]) in REFUSED_FUNCTIONS:
            yield f"calls {node['function_name']}, which does more than compute a value; leave it out"
    if tree.strangers:
        yield f"uses a form of SQL ({tree.strangers[0]}) that this gate does not know; write it as a plain SELECT"


def _source_problems(node: Node, own_macros: set[tuple[str, str]]) -> Iterator[str]:
    kind = node["type"]
    if kind == "PIVOT":
        yield f"uses PIVOT or UNPIVOT, which don't pass this gate; write {PIVOT_REMEDY}"
    elif kind not in SOURCES:
        yield f"reads a source ({kind}) that this gate does not know; name a table or a view"
    elif kind == "TABLE_FUNCTION":
        yield from _table_function_problems(node["function"], own_macros)
    elif kind == "SHOW_REF" and not _is_harmless_show(node):
        yield f"uses a SHOW that is not answered here; use {LISTING}, DESCRIBE or SUMMARIZE with a table's name"


def _table_function_problems(call: Node, own_macros: set[tuple[str, str]]) -> Iterator[str]:
    name = call["function_name"]
    if (lowered(call["schema"]), lowered(name)) in own_macros and not call["catalog"]:
        return
    if name not in TABLE_FUNCTIONS or call["schema"] not in ("", "main") or call["catalog"]:
        yield (
            f"reads the table function {name}, which could reach files outside the store; "
            f"name a table or a view ({LISTING} lists them), or use unnest, range or generate_series"
        )


def _is_harmless_show(node: Node) -> bool:
    if node["catalog_name"] or node["schema_name"]:
        return False
    if node["show_type"] in ("DESCRIBE", "SUMMARY"):
        return node["query"] is not None
    return node["table_name"] in SHOWN and node["query"] is None


@contextmanager
def _our_errors(connection: "duckdb.DuckDBPyConnection", seconds: float | None) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        if seconds is None:
            raise
        raise LimitExceeded(
            f"{WHERE} took longer than {seconds:g} s and was stopped; read fewer rows or columns, or allow more time"
        ) from None
    except duckdb.OutOfMemoryException:
        raise LimitExceeded(
            f"{WHERE} needs more memory than it is allowed; read fewer rows or columns, or allow more memory"
        ) from None
    except duckdb.Error as error:
        raise _our_error(connection, error) from None


def _our_error(connection: "duckdb.DuckDBPyConnection", error: "duckdb.Error") -> StoreError:
    import duckdb

    missing = missing_name(error)
    message = plain_message(error)
    if missing and missing[0] == "table":
        return UnknownName.of("table or view", missing[1], relation_names(connection), LISTING)
    if missing:
        return UnknownName.of("column", missing[1], missing[2], "DESCRIBE with the table's name")
    if isinstance(error, duckdb.PermissionException):
        return RefusedStatement(f"{WHERE} reads outside the store: {message}. Read the store's own tables and views")
    if is_file_error(error):
        return DamagedStore(
            f"{WHERE} needs a file of the store that can't be read: {message}. When another process has cleaned the "
            "store up, try again, else restore the file from a copy"
        )
    if isinstance(error, (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException)):
        return RefusedStatement(
            f"{WHERE} is not understood: {message}. Check names and types ({LISTING} lists the tables)"
        )
    return InvalidInput(f"{WHERE} failed on a value: {message}. Guard the expression with nullif, TRY_CAST or CASE")
