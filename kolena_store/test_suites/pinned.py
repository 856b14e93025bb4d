"""Test cases that current suites pin must go on to work when a dataset's columns change."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Session, connect
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.errors import ConflictingDefinition
from kolena_store.predicates.messages import missing_name, plain_message
from kolena_store.predicates.relations import tables_read
from kolena_store.predicates.tokens import lowered
from kolena_store.results import results_of_dataset, types_of_metadata
from kolena_store.statements import Fragment, identifier, joined, statement
from kolena_store.test_suites.readable import other_tables
from kolena_store.test_suites.records import CaseRecord

if TYPE_CHECKING:
    import duckdb

__all__ = ["check_pinned_cases"]


def check_pinned_cases(session: Session, dataset: DatasetRecord, version: VersionRecord) -> None:
    """Bind every pinned definition to the columns of a new dataset version.

    Raises:
        ConflictingDefinition: one names a column or a table that is gone, or no longer fits its type; or an attached
            table has its name.
    """
    import duckdb

    cases = session.records(CaseRecord, "suites.pinned_cases", dataset_id=dataset.dataset_id)
    if not cases:
        return
    others = other_tables(session, version)
    _check_table_names(dataset, cases, others)
    declared = types_of_metadata(version, results_of_dataset(session, dataset))
    tables = {"test_samples": version.types, "inferences": declared, **others}
    connection = connect(session.root)
    try:
        for table, types in tables.items():
            columns = joined((Fragment(f", {identifier(name)} {kind}") for name, kind in types.items()), "")
            empty = statement("queries/suites", "empty_table").fill(table=identifier(table), columns=columns)
            connection.execute(empty)
        for case in cases:
            if case.normalised is not None and _is_declared(case, declared):
                connection.sql(statement("queries/membership", "members").fill(query=case.query))
            if case.object_query is not None:
                query = Fragment(case.object_query)
                connection.sql(statement("queries/membership", "selected_objects").fill(query=query))
    except duckdb.Error as error:
        raise _broken(session, dataset, case, error, tables=tables) from error
    finally:
        connection.close()


def _is_declared(case: CaseRecord, declared: Iterable[str]) -> bool:
    """Return whether results have the inference metadata that a test case reads: without it, it has no members."""
    known = {lowered(name) for name in declared}
    return known.issuperset(map(lowered, case.inference_fields))


def _check_table_names(dataset: DatasetRecord, cases: Sequence[CaseRecord], tables: Iterable[str]) -> None:
    names = {lowered(case.name): case.name for case in cases}
    taken = [table for table in tables if lowered(table) in names]
    if taken:
        raise ConflictingDefinition(
            f"the attached table {taken[0]!r} of {dataset.name!r} has the name of the test case "
            f"{names[lowered(taken[0])]!r}, so that no suite could tell the two apart; give the table another name"
        )


def _broken(
    session: Session,
    dataset: DatasetRecord,
    case: CaseRecord,
    error: "duckdb.Error",
    *,
    tables: Mapping[str, Mapping[str, str]],
) -> ConflictingDefinition:
    """Return the error for a test case that the new columns don't suit: it names the column or table that is gone."""
    pins = session.rows("suites.pins", dataset_id=dataset.dataset_id)
    names = [name for test_case_id, _, name, _ in pins if test_case_id == case.test_case_id]
    suites = f"suite {', '.join(map(repr, names))}"
    gone = _gone(case, tables, error)
    if gone is not None:
        what, name = gone
        problem = f"lacks the {what} {name!r}, which test case {case.name!r} of {suites} reads"
        remedy = f"Keep the {what}"
    else:
        problem = f"does not suit test case {case.name!r} of {suites}: {plain_message(error)}"
        remedy = "Keep the type that the column had"
    return ConflictingDefinition(
        f"the new version of {dataset.name!r} {problem}. {remedy}, or first apply the suite without that test case: "
        f"kolena-store suite apply {dataset.name} FILE"
    )


def _gone(case: CaseRecord, tables: Mapping[str, Mapping[str, str]], error: "duckdb.Error") -> tuple[str, str] | None:
    """Return the table or the column that a test case reads and nothing has; DuckDB may name an alias in its place."""
    read = tables_read(case.query) | (tables_read(case.object_query) if case.object_query else frozenset())
    for name in sorted(read - set(map(lowered, tables))):
        return "table", name
    columns = {lowered(name) for types in tables.values() for name in types}
    for name in case.fields:
        if lowered(name) not in columns:
            return "column", name
    missing = missing_name(error)
    return ("column", missing[1]) if missing and missing[0] == "column" else None
