"""What the catalogue says of a dataset, as far as its published schema shows it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session
from kolena_store.datasets import Sampling
from kolena_store.published.paths import paths
from kolena_store.statements import Fragment, identifier
from kolena_store.workflows import Facts, Workflow, workflow_from_document

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DatasetState", "ResultsState", "ScoredState", "dataset_state"]


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

    `spellings` maps the columns' names without capitals to the names as they are.
    """

    model: str
    upload_configuration: str | None
    types: Mapping[str, str]
    metadata_fields: Sequence[str]
    spellings: Mapping[str, str]
    files: Fragment
    scored: Sequence[ScoredState]

    @property
    def by_default(self) -> ScoredState | None:
        """Return the sample metrics under the workflow's defaults, if there are any."""
        return next((one for one in self.scored if one.configuration is None), None)


@dataclass(frozen=True, kw_only=True)
class DatasetState:
    """The newest version of a dataset and of its results; `metric_types` are the columns that its workflow scores."""

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

    @property
    def truths(self) -> tuple[str, ...]:
        """Return the columns with the ground truth."""
        return tuple(name for name, role in self.roles.items() if role == "ground_truth")

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
        metric_types=_types_of(session, workflow.sample_metrics_schema(Facts())) if workflow else {},
        files=paths(session, sample_files),
        results=_results(session, dataset_id, version, workflow),
    )


def _types_of(session: Session, schema: "pa.Schema") -> dict[str, str]:
    relation = session.connection.from_arrow(schema.empty_table())
    return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}


def _results(session: Session, dataset_id: int, version: int, workflow: Workflow | None) -> tuple[ResultsState, ...]:
    scored: dict[tuple[int, int], list[ScoredState]] = {}
    scorer = f"{workflow.name} {workflow.scorer_version}" if workflow else None
    for row in session.rows("publish.newest_sample_metrics", dataset_id=dataset_id, dataset_version=version):
        if row[4] == scorer:
            scored.setdefault((row[0], row[1]), []).append(_scored(session, row))
    rows = session.rows("publish.newest_results", dataset_id=dataset_id)
    return tuple(_of_model(session, row, scored.get((row[0], row[1]), ())) for row in rows)


def _scored(session: Session, row: Sequence[Any]) -> ScoredState:
    _, _, fields, metric_files, _, facts, configuration = row
    return ScoredState(
        configuration=configuration,
        types=dict(json.loads(fields)),
        files=paths(session, metric_files),
        facts=json.loads(facts),
    )


def _of_model(session: Session, row: Sequence[Any], scored: Sequence[ScoredState]) -> ResultsState:
    _, _, model, configuration, fields, inference_files, metadata_fields = row
    types = {column["name"]: column["type"] for column in json.loads(fields)}
    return ResultsState(
        model=model,
        upload_configuration=configuration,
        types=types,
        metadata_fields=metadata_fields,
        spellings={name.casefold(): name for name in types},
        files=paths(session, inference_files),
        scored=scored,
    )
