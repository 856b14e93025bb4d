"""Test cases that current suites pin must go on to work when a dataset's columns change."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kolena_store.database import Session, connect
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.errors import ConflictingDefinition
from kolena_store.predicates.messages import missing_name, plain_message
from kolena_store.predicates.tokens import lowered
from kolena_store.results import results_of_dataset, types_of_metadata
from kolena_store.statements import Fragment, identifier, joined, statement
from kolena_store.test_suites.records import CaseRecord

if TYPE_CHECKING:
    import duckdb

__all__ = ["check_pinned_cases"]


def check_pinned_cases(session: Session, dataset: DatasetRecord, version: VersionRecord) -> None:
    """Bind every pinned definition to the columns of a new dataset version.

    Raises:
        ConflictingDefinition: one names a column that is gone, or no longer fits its type.
    """
    import duckdb

    cases = session.records(CaseRecord, "suites.pinned_cases", dataset_id=dataset.dataset_id)
    if not cases:
        return
    declared = types_of_metadata(version, results_of_dataset(session, dataset))
    connection = connect(session.root)
    try:
        for name, types in (("empty_samples", version.types), ("empty_inferences", declared)):
            columns = [Fragment(f", {identifier(name)} {kind}") for name, kind in types.items()]
            connection.execute(statement("queries/suites", name).fill(columns=joined(columns, "")))
        for case in cases:
            if case.normalised is not None and _is_declared(case, declared):
                connection.sql(statement("queries/membership", "members").fill(query=case.query))
    except duckdb.Error as error:
        raise _broken(session, dataset, case, error) from error
    finally:
        connection.close()


def _is_declared(case: CaseRecord, declared: Iterable[str]) -> bool:
    """Return whether results have the inference metadata that a test case reads: without it, it has no members."""
    known = {lowered(name) for name in declared}
    return known.issuperset(map(lowered, case.inference_fields))


def _broken(session: Session, dataset: DatasetRecord, case: CaseRecord, error: "duckdb.Error") -> ConflictingDefinition:
    """Return the error for a test case that the new columns don't suit: it names the column when one is gone."""
    pins = session.rows("suites.pins", dataset_id=dataset.dataset_id)
    names = [name for test_case_id, _, name, _ in pins if test_case_id == case.test_case_id]
    suites = f"suite {', '.join(map(repr, names))}"
    missing = missing_name(error)
    if missing and missing[0] == "column":
        problem = f"lacks the column {missing[1]!r}, which test case {case.name!r} of {suites} reads"
        remedy = "Keep the column"
    else:
        problem = f"does not suit test case {case.name!r} of {suites}: {plain_message(error)}"
        remedy = "Keep the type that the column had"
    return ConflictingDefinition(
        f"the new version of {dataset.name!r} {problem}. {remedy}, or first apply the suite without that test case: "
        f"kolena-store suite apply {dataset.name} FILE"
    )
