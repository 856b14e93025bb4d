"""What test cases may read: the samples, the objects of the ground truth, attached tables, metadata of inferences."""

from collections.abc import Mapping, Sequence

from kolena_store.database import Session
from kolena_store.datasets import OBJECTS, DatasetRecord, VersionRecord, attached_tables, object_types
from kolena_store.predicates.relations import tables_read
from kolena_store.results import results_of_dataset, types_of_metadata
from kolena_store.test_cases import ViewDefinition, parse_suite

__all__ = ["fields_of_samples", "other_tables", "views_of_suite"]

GROUND_TRUTHS = "ground_truths"


def views_of_suite(
    session: Session, dataset: DatasetRecord, version: VersionRecord, text: str, *, file: str
) -> tuple[ViewDefinition, ...]:
    """Return the test cases that the text of a suite file defines on a dataset.

    Raises:
        RefusedStatement: it holds what a suite can't hold.
        MissingColumns: it names a column that is not there.
    """
    tables: dict[str, Mapping[str, str]] = {"test_samples": version.types, **other_tables(session, version)}
    if "inferences" in text.lower():  # only what results declare as their metadata
        declared = types_of_metadata(version, results_of_dataset(session, dataset))
        tables |= {"inferences": declared} if declared else {}
    return parse_suite(text, file=file, tables=tables) if text.strip() else ()


def fields_of_samples(fields: Sequence[str], query: str, version: VersionRecord) -> tuple[str, ...]:
    """Return the fields of the samples and of attached tables that a test case needs: for objects the list of them.

    Args:
        fields: those that it names, of whatever table.
        query: its definition.
        version: the dataset version.
    """
    if GROUND_TRUTHS not in tables_read(query) or OBJECTS not in version.types:
        return tuple(fields)
    of_objects = {name for name in object_types(version.types[OBJECTS]) if name not in version.types}
    return tuple(dict.fromkeys([*(name for name in fields if name not in of_objects), OBJECTS]))


def other_tables(session: Session, version: VersionRecord) -> dict[str, Mapping[str, str]]:
    """Return name -> field -> type in SQL of each table; `ground_truths` has a row for each object, where there are."""
    attached: dict[str, Mapping[str, str]] = {one.name: one.types for one in attached_tables(session, version)}
    fields = object_types(version.types[OBJECTS]) if version.column_needs.has_objects else {}
    return {GROUND_TRUTHS: {"_object": "BIGINT", **fields}, **attached} if fields else attached
