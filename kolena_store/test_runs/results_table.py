"""The table behind the view `results` as user metrics read it: one row for each sample that one model answered."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import AttachedTable, DatasetRecord, VersionRecord, files_of
from kolena_store.files import SAMPLE
from kolena_store.metrics.user.fields import SIDES, Fields
from kolena_store.metrics.user.loading import ANSWERED
from kolena_store.predicates.types import type_fragment
from kolena_store.results import ResultsRecord, results_of_dataset
from kolena_store.results.common_types import common_types
from kolena_store.statements import Fragment, identifier, joined, literal, statement
from kolena_store.test_runs.scoring import ScoredResults, facts_from
from kolena_store.workflows import Facts, Workflow
from kolena_store.workflows.scored_columns import UNKNOWN

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["answered_table", "loaded_table", "metric_fields", "result_fields", "scored_types"]

NOTHING = Fragment("NULL::INTEGER")
"""What stands for a struct without fields, as in the published view."""


def result_fields(session: Session, dataset: DatasetRecord, version: VersionRecord, workflow: Workflow) -> Fields:
    """Return what each side of `results` has; a side that nothing is known of yet is left out.

    Those are the inferences while no model has results, and the sample metrics while only scoring can tell them.
    """
    of_models = [results.types for results in results_of_dataset(session, dataset)]
    return {
        "s": version.types,
        "g": {field.name: field.type for field in version.field_list if field.role == "ground_truth"},
        **({"i": common_types(of_models)} if of_models else {}),
        **({"m": scored} if (scored := scored_types(session, version.dataset_id, workflow)) is not None else {}),
    }


def scored_types(session: Session, dataset_id: int, workflow: Workflow) -> dict[str, str] | None:
    """Return the columns of the sample metrics with their types in SQL.

    None: only scoring can tell them, and no model was scored yet. Otherwise, those that any model was given.
    """
    if not workflow.learns_columns:
        return metric_fields(session, workflow.sample_metrics_schema(Facts()))
    rows = session.rows("runs.scored_columns", dataset_id=dataset_id, scorer=workflow.scorer_key)
    learned = [facts_from(json.loads(document)).columns or {} for (document,) in rows]
    known = [{name: kind for name, kind in columns.items() if UNKNOWN not in kind} for columns in learned]
    schema = workflow.sample_metrics_schema(
        Facts(columns={name: kind for one in learned for name, kind in one.items()})
    )
    return {**metric_fields(session, schema), **common_types(known)} if rows else None


def metric_fields(session: Session, schema: "pa.Schema") -> dict[str, str]:
    """Return the names and SQL types of the columns of sample metrics."""
    if not schema.names:
        return {}
    relation = session.connection.from_arrow(schema.empty_table())
    return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}


def answered_table(
    session: Session,
    version: VersionRecord,
    scored: ScoredResults,
    *,
    fields: Fields,
    named: Mapping[str, Sequence[str]],
    table: str = ANSWERED,
) -> Fragment:
    """Return the statement that makes the table of answered samples, each struct with the fields that are named.

    An inference field that this model lacks, and another one has, is NULL, as in the published view; so is what a
    scorer returned for others alone.
    """
    results, learned = scored.results, scored.facts.columns
    tables = {"s": "samples", "g": "samples", "i": "inferences", "m": "scored"}
    present = {**fields, "i": results.types, **({"m": learned} if learned is not None else {})}
    sides = {
        side: _struct({name: _value(tables[side], name, fields[side][name], present[side]) for name in named[side]})
        for side in SIDES
    }
    return statement("queries/user_metrics", "load_answered").fill(
        table=identifier(table),
        model=literal(results.model),
        configuration=literal(results.upload_configuration),
        samples=_paths(session, version.sample_files),
        inferences=_paths(session, results.inference_files),
        scored=literal([str(path) for path in scored.paths]),
        same_repeat=_same_repeat(results),
        weight=_weight(version, results),
        **sides,
    )


def _same_repeat(results: ResultsRecord) -> Fragment:
    if results.repeat_field is None:
        return literal(True)
    return statement("views/datasets", "same_repeat").fill(repeat=identifier("inferences", results.repeat_field))


def _weight(version: VersionRecord, results: ResultsRecord) -> Fragment:
    """Return what an answer counts: the weight of its sample, shared among the repeats."""
    weight, repeats = version.sampled.weight, Fragment("1")
    if results.repeat_field is not None:
        repeats = statement("views/datasets", "repeats_of_sample").fill(table=Fragment("samples"))
    given = Fragment("1") if weight is None else identifier("samples", weight)
    return statement("views/datasets", "weight_of_row").fill(weight=given, repeats=repeats)


def loaded_table(session: Session, table: AttachedTable) -> Fragment:
    """Return the statement that loads an attached table into the schema `attached`."""
    columns = [
        Fragment(f"{identifier(name)}::{type_fragment(kind)} AS {identifier(name)}")
        for name, kind in table.types.items()
    ]
    return statement("queries/user_metrics", "load_attached").fill(
        table=identifier(table.name),
        columns=joined([Fragment(SAMPLE), *columns]),
        files=literal([str(path) for path in table.paths(session)]),
    )


def _value(table: str, name: str, kind: str, present: Mapping[str, str]) -> Fragment:
    value = identifier(table, name) if name in present else literal(None)
    return Fragment(f"{value}::{type_fragment(kind)}")


def _struct(values: Mapping[str, Fragment]) -> Fragment:
    if not values:
        return NOTHING
    return Fragment(f"struct_pack({joined(Fragment(f'{identifier(name)} := {one}') for name, one in values.items())})")


def _paths(session: Session, file_ids: Sequence[int]) -> Fragment:
    return literal([str(file.path(session.root)) for file in files_of(session, file_ids)])
