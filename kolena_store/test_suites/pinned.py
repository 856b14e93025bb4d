"""Test cases that current suites pin must go on to work when a dataset's columns change."""

from kolena_store.database import Session, connect
from kolena_store.datasets import DatasetRecord, VersionRecord
from kolena_store.errors import ConflictingDefinition
from kolena_store.statements import Fragment, identifier, joined, statement
from kolena_store.test_suites.records import CaseRecord

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
    columns = [Fragment(f"{identifier(name)} {kind}") for name, kind in version.types.items()]
    connection = connect(session.root)
    try:
        connection.execute(statement("queries/suites", "empty_samples").fill(columns=joined(columns)))
        for case in cases:
            if case.normalised is not None:
                connection.sql(statement("queries/membership", "members").fill(query=case.query))
    except duckdb.Error as error:
        raise ConflictingDefinition(
            f"the new columns of {dataset.name!r} break test case {case.name!r}: {str(error).splitlines()[0]}. "
            "Keep the column, or change the suite first"
        ) from error
    finally:
        connection.close()
