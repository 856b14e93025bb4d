"""What the catalogue says of a dataset, as far as its published schema shows it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kolena_store.database import Session
from kolena_store.datasets import Sampling, attached_tables, version_of_id
from kolena_store.published.paths import paths
from kolena_store.statements import Fragment, identifier
from kolena_store.test_runs.object_cases import WITHIN
from kolena_store.test_runs.results_table import scored_types
from kolena_store.workflows import Workflow, workflow_from_document

__all__ = ["DatasetState", "ResultsState", "ScoredState", "TableState", "dataset_state"]


@dataclass(frozen=True, kw_only=True)
class ScoredState:
    """The sample metrics of one model under one evaluator configuration (None: the workflow's defaults)."""

    configuration: str | None
    types: Mapping[str, str]
    files: Fragment
    facts: Mapping[str, Any]

    @property
    def classes(self) -> list[str]:
        """Return the classes in the order of their scores."""
        return list(self.facts.get("classes", ()))


@dataclass(frozen=True, kw_only=True)
class ResultsState:
    """The newest results of one model, and their sample metrics that are up to date.

    `spellings` maps the columns' names without capitals to the names as they are. `repeat_field` tells several answers
    to one sample apart; None: each has one. `of_cases` are the sample metrics of object-level test cases, by the
    digests of their definitions.
    """

    model: str
    upload_configuration: str | None
    types: Mapping[str, str]
    metadata_fields: Sequence[str]
    repeat_field: str | None
    spellings: Mapping[str, str]
    files: Fragment
    scored: Sequence[ScoredState]
    of_cases: Mapping[str, Sequence[ScoredState]]

    @property
    def by_default(self) -> ScoredState | None:
        """Return the sample metrics under the workflow's defaults, if there are any."""
        return next((one for one in self.scored if one.configuration is None), None)


@dataclass(frozen=True, kw_only=True)
class TableState:
    """A table that is attached to the samples of the newest version."""

    name: str
    types: Mapping[str, str]
    roles: Mapping[str, str]
    files: Fragment


@dataclass(frozen=True, kw_only=True)
class DatasetState:
    """The newest version of a dataset and of its results; `metric_types` are the columns that its workflow scores.

    `object_cases` are the names of the current object-level test cases, by the digests of their definitions.
    """

    dataset_id: int
    name: str
    version: int
    types: Mapping[str, str]
    roles: Mapping[str, str]
    weight: str | None
    workflow: Workflow | None
    metric_types: Mapping[str, str]
    files: Fragment
    results: Sequence[ResultsState]
    tables: Sequence[TableState]
    object_cases: Mapping[str, Sequence[str]]

    @property
    def truths(self) -> tuple[str, ...]:
        """Return the columns with the ground truth."""
        return tuple(name for name, role in self.roles.items() if role == "ground_truth")

    @property
    def has_repeats(self) -> bool:
        """Return whether any model answered samples several times."""
        return any(one.repeat_field is not None for one in self.results)

    @property
    def is_weighed(self) -> bool:
        """Return whether rows of sample metrics don't count alike: samples have weights, or repeats share theirs."""
        return self.weight is not None or self.has_repeats

    @property
    def columns(self) -> frozenset[str]:
        """Return the columns that test cases may read: those of the samples and of the attached tables."""
        return frozenset(self.types).union(*(table.types for table in self.tables))

    @property
    def facts(self) -> Sequence[Mapping[str, Any]]:
        """Return what the workflow found out about the models that were tested, those under its defaults first."""
        scored = [one for results in self.results for one in results.scored]
        return [one.facts for one in sorted(scored, key=lambda one: one.configuration is not None)]

    def view(self, name: str) -> Fragment:
        """Return the quoted name of one of the dataset's views or macros."""
        return identifier(self.name, name)


def dataset_state(session: Session, dataset_id: int) -> DatasetState:
    """Return a dataset as it stands in this session."""
    row = session.rows("publish.newest_dataset", dataset_id=dataset_id)[0]
    name, fields, sample_files, version, document, sampling = row
    columns = json.loads(fields)
    workflow = workflow_from_document(json.loads(document)) if document else None
    return DatasetState(
        dataset_id=dataset_id,
        name=name,
        version=version,
        types={column["name"]: column["type"] for column in columns},
        roles={column["name"]: column["role"] for column in columns},
        weight=Sampling.from_document(json.loads(sampling) if sampling else None).weight,
        workflow=workflow,
        metric_types=(scored_types(session, dataset_id, workflow) if workflow else None) or {},
        files=paths(session, sample_files),
        results=_results(session, dataset_id, version, workflow),
        tables=_tables(session, dataset_id, version),
        object_cases=_object_cases(session, dataset_id),
    )


def _object_cases(session: Session, dataset_id: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, digest in session.rows("publish.object_cases", dataset_id=dataset_id):
        found.setdefault(digest, []).append(name)
    return found


def _tables(session: Session, dataset_id: int, version: int) -> tuple[TableState, ...]:
    return tuple(
        TableState(
            name=table.name,
            types=table.types,
            roles={field.name: field.role for field in table.field_list},
            files=paths(session, table.table_files),
        )
        for table in attached_tables(session, version_of_id(session, dataset_id, version))
    )


def _results(session: Session, dataset_id: int, version: int, workflow: Workflow | None) -> tuple[ResultsState, ...]:
    scorer = workflow.scorer_key if workflow else None
    key = {"dataset_id": dataset_id, "dataset_version": version}
    all_scored = session.rows("publish.newest_sample_metrics", **key)
    of_scorer = [row for row in all_scored if row[4] is not None and row[4].partition(WITHIN)[0] == scorer]
    rows = session.rows("publish.newest_results", dataset_id=dataset_id)
    # All at once: each model then finds its own among the known ones.
    session.files([file_id for row in of_scorer for file_id in row[3]] + [one for row in rows for one in row[5]])
    scored: dict[tuple[int, int], dict[str, list[ScoredState]]] = {}
    for row in of_scorer:
        by_case = scored.setdefault((row[0], row[1]), {})
        by_case.setdefault(row[4].partition(WITHIN)[2], []).append(_scored(session, row))
    return tuple(_of_model(session, row, scored.get((row[0], row[1]), {})) for row in rows)


def _scored(session: Session, row: Sequence[Any]) -> ScoredState:
    _, _, fields, metric_files, _, facts, configuration = row
    return ScoredState(
        configuration=configuration,
        types=dict(json.loads(fields)),
        files=paths(session, metric_files),
        facts=json.loads(facts),
    )


def _of_model(session: Session, row: Sequence[Any], scored: Mapping[str, Sequence[ScoredState]]) -> ResultsState:
    _, _, model, configuration, fields, inference_files, metadata_fields, repeat_field = row
    types = {column["name"]: column["type"] for column in json.loads(fields)}
    return ResultsState(
        model=model,
        upload_configuration=configuration,
        types=types,
        metadata_fields=metadata_fields,
        repeat_field=repeat_field,
        spellings={name.casefold(): name for name in types},
        files=paths(session, inference_files),
        scored=scored.get("", ()),
        of_cases={digest: found for digest, found in scored.items() if digest},
    )
