"""Results as the catalogue knows them: one model's inferences on one dataset, under one upload configuration."""

import datetime
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, Field
from kolena_store.errors import UnknownName
from kolena_store.models import labelled, normal_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ResultsRecord",
    "find_results",
    "results_history",
    "results_of_dataset",
    "results_of_model",
    "results_version",
]


@dataclass(frozen=True, kw_only=True)
class ResultsRecord:
    """One version of a model's results on a dataset, with what identifies them.

    `n_answered` counts samples, `n_rows` answers: where `repeat_field` tells the repeats of a sample apart, each has
    its own row.
    """

    results_id: int
    dataset_id: int
    model_id: int
    model: str
    upload_configuration_id: int | None
    upload_configuration: str | None
    version: int
    fields: str
    arrow_schema: bytes
    metadata_fields: list[str]
    inference_files: list[int]
    n_answered: int
    inserted: int
    updated: int
    unchanged: int
    unmatched: int
    author: str | None
    created: datetime.datetime
    repeat_field: str | None
    n_rows: int

    @cached_property
    def field_list(self) -> tuple[Field, ...]:
        """Return the inference columns in order."""
        return tuple(Field(**document) for document in json.loads(self.fields))

    @cached_property
    def schema(self) -> "pa.Schema":
        """Return the Arrow schema of the inference columns."""
        import pyarrow as pa

        return pa.ipc.read_schema(pa.BufferReader(self.arrow_schema))

    @cached_property
    def plain_types(self) -> "dict[str, pa.DataType]":
        """Return column -> Arrow type."""
        return {column.name: column.type for column in self.schema}

    @cached_property
    def types(self) -> dict[str, str]:
        """Return column -> SQL type."""
        return {field.name: field.type for field in self.field_list}

    @property
    def label(self) -> str:
        """Return the model's name, followed by its upload configuration when it has one."""
        return labelled(self.model, self.upload_configuration)


def results_of_dataset(session: Session, dataset: DatasetRecord) -> list[ResultsRecord]:
    """Return the newest version of all results on a dataset, in the order of their first upload."""
    return session.records(ResultsRecord, "results.newest_of_dataset", dataset_id=dataset.dataset_id)


def results_history(session: Session, results_id: int) -> list[ResultsRecord]:
    """Return all versions of some results, oldest first."""
    return session.records(ResultsRecord, "results.all_versions", results_id=results_id)


def results_of_model(session: Session, dataset: DatasetRecord, model: str) -> list[ResultsRecord]:
    """Return the newest version of one model's results on a dataset, one for each upload configuration.

    A model's name followed by an upload configuration, as results print it, stands for those results alone.

    Raises:
        UnknownName: the model has no results there.
    """
    everything = results_of_dataset(session, dataset)
    found = [record for record in everything if record.model == normal_name(model)]
    found = found or [record for record in everything if record.label == model]
    if not found:
        known = dict.fromkeys(record.model for record in everything)
        raise UnknownName.of(
            f"model with results on {dataset.name!r}", model, known, f"kolena-store dataset show {dataset.name}"
        )
    return found


def results_version(session: Session, results_id: int, version: int | None = None) -> ResultsRecord:
    """Return one version of some results, by default the newest.

    Raises:
        UnknownName: there is no such version.
    """
    found = find_results(session, results_id, version)
    if found is None:
        newest = results_version(session, results_id)
        oldest, last = session.rows("results.version_range", results_id=results_id)[0]
        raise UnknownName(f"the results of {newest.model!r} have no version {version}; they have {oldest} to {last}")
    return found


def find_results(session: Session, results_id: int, version: int | None) -> ResultsRecord | None:
    """Return a version of some results (None: the newest), or None when it was dropped."""
    key = {"results_id": results_id, "version": version}
    return next(iter(session.records(ResultsRecord, "results.version_numbered", **key)), None)
