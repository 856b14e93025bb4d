"""Checking a predicate: one condition on one sample, typed by a user, that may go to DuckDB afterwards."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolena_store.errors import MissingColumns, RefusedStatement
from kolena_store.predicates.functions import reason_against
from kolena_store.predicates.messages import missing_name, plain_message
from kolena_store.predicates.rules import PREDICATE, check_tokens, check_tree
from kolena_store.predicates.scratch import scratch_database, with_keys
from kolena_store.predicates.tokens import lowered, tokenize, without_comments
from kolena_store.predicates.trees import Tree, parse_tree
from kolena_store.predicates.zones import check_zones, zoned_fields
from kolena_store.statements import Fragment, identifier, statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["check_predicate"]

TABLE = "test_samples"
WHERE = "the predicate"
LONGEST = 100_000
"""Characters: a longer list of values is data, not a condition."""


def check_predicate(text: str, fields: Mapping[str, str]) -> Fragment:
    """Return a user's condition on `test_samples` as a fragment that may stand in brackets; comments are left out.

    Args:
        text: the condition, such as "occlusion >= 0.4 AND label LIKE 'ca%'".
        fields: column name -> DuckDB type of the columns that it may read; `_sample` is always one.

    Raises:
        RefusedStatement: it is no single condition, uses what is not on the reviewed lists, or isn't true or false.
        MissingColumns: it names a column that is not there.
    """
    condition = _bare(text)
    _require_one_expression(condition)
    tree = parse_tree(statement("queries/predicates", "whole_expression").fill(expression=condition), where=WHERE)
    check_tree(tree, PREDICATE, where=WHERE)
    known = with_keys(TABLE, fields)
    _check_columns(tree, known)
    check_zones(tree, zoned_fields(known), where=WHERE)
    _require_boolean(condition, known)
    return condition


def _bare(text: str) -> Fragment:
    """Return the text without comments and last semicolons: not yet checked, and not passed on before it is."""
    if len(text) > LONGEST:
        raise RefusedStatement(
            f"{WHERE} has {len(text)} characters, more than {LONGEST}; upload long lists as an attached table, "
            "or make a test case from a list of ids"
        )
    bare = without_comments(text, where=WHERE).strip()
    tokens = tokenize(bare, where=WHERE)
    check_tokens(tokens, where=WHERE)
    while tokens and tokens[-1].text == ";":
        tokens = tokens[:-1]
    if not tokens:
        raise RefusedStatement(f"{WHERE} is empty; write a condition such as: height < 40")
    return Fragment(bare[: tokens[-1].end])


def _require_one_expression(condition: Fragment) -> None:
    import duckdb

    try:
        duckdb.SQLExpression(condition)
    except duckdb.Error as error:
        raise RefusedStatement(
            f"{WHERE} is not one condition: {plain_message(error)}. Write one expression that is true or false, "
            "such as: height < 40 AND night"
        ) from None


def _check_columns(tree: Tree, fields: Mapping[str, str]) -> None:
    known = {lowered(name) for name in fields}
    for node in tree.of_class("COLUMN_REF"):
        parts = node["column_names"]
        if lowered(parts[0]) in known:
            continue
        if lowered(parts[0]) == TABLE and len(parts) > 1:
            raise RefusedStatement(f"{WHERE} writes {'.'.join(parts)}; write the column alone: {'.'.join(parts[1:])}")
        raise _unknown_column(parts[0], fields)


def _unknown_column(name: str, fields: Mapping[str, str]) -> RefusedStatement | MissingColumns:
    reason = reason_against(lowered(name), frozenset())
    if reason != reason_against("", frozenset()):
        return RefusedStatement(f"{WHERE} uses {name}, which {reason}")
    return MissingColumns.of(TABLE, [name], fields)


def _require_boolean(condition: Fragment, fields: Mapping[str, str]) -> None:
    """Bind the condition, and evaluate it on a row of NULLs: literals that fit no type show up there."""
    import duckdb

    table = identifier(TABLE)
    with scratch_database({TABLE: fields}) as connection:
        connection.execute(statement("queries/predicates", "row_of_nulls").fill(table=table))
        query = statement("queries/predicates", "selected").fill(predicate=condition, table=table)
        try:
            selected = connection.sql(query)
            kind = str(selected.types[0])
            selected.to_arrow_table()
        except duckdb.Error as error:
            raise _refusal(error, fields) from None
    if kind != "BOOLEAN":
        raise RefusedStatement(f"{WHERE} yields {kind}, not true or false; compare it, such as: {condition[:40]} = ...")


def _refusal(error: "duckdb.Error", fields: Mapping[str, str]) -> RefusedStatement | MissingColumns:
    missing = missing_name(error)
    if missing and missing[0] == "column":
        return MissingColumns.of(TABLE, [missing[1]], fields)
    return RefusedStatement(f"{WHERE} does not fit the columns: {plain_message(error)}. Compare values of one type")
