"""How much of a dataset models answered."""

import json
from dataclasses import replace
from typing import Any

from kolena_store.database import Session
from kolena_store.datasets import (
    Dataset,
    DatasetModel,
    DatasetRecord,
    VersionRecord,
    datasets,
    describe_dataset,
    files_of,
    stored_samples,
    version_of,
)
from kolena_store.results.records import ResultsRecord, results_of_dataset

__all__ = ["count_missing", "described_datasets", "described_with_models"]


def described_datasets(session: Session) -> list[Dataset]:
    """Return all datasets as they stand in their newest versions, with the models that have results on them."""
    return [described_with_models(session, dataset) for dataset in datasets(session)]


def described_with_models(session: Session, dataset: DatasetRecord) -> Dataset:
    """Return a dataset as it stands in its newest version, with the models that have results on it."""
    version = version_of(session, dataset)
    models = tuple(_model(session, dataset, version, record) for record in results_of_dataset(session, dataset))
    return replace(describe_dataset(session, dataset), models=models)


def count_missing(session: Session, dataset: DatasetRecord, version: VersionRecord, results: ResultsRecord) -> int:
    """Return how many samples of a dataset version have no inference in some results."""
    import numpy as np

    if version.n_samples == dataset.next_sample:  # no sample ever left the dataset, so all answers are of samples
        return version.n_samples - results.n_answered
    samples = stored_samples(session.root, files_of(session, version.sample_files))
    answered = stored_samples(session.root, files_of(session, results.inference_files))
    return len(np.setdiff1d(samples, answered, assume_unique=results.repeat_field is None))


def _model(session: Session, dataset: DatasetRecord, version: VersionRecord, results: ResultsRecord) -> DatasetModel:
    missing = count_missing(session, dataset, version, results)
    return DatasetModel(
        model=results.model,
        upload_configuration=_parsed(results.upload_configuration),
        results_version=results.version,
        answered=version.n_samples - missing,
        missing=missing,
        metadata_fields=tuple(results.metadata_fields),
        repeat_field=results.repeat_field,
    )


def _parsed(document: str | None) -> dict[str, Any] | None:
    return None if document is None else dict(json.loads(document))
