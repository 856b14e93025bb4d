"""A model's inferences on their way out, beside the ids of the samples that they answer."""

from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, read_rows, version_of
from kolena_store.errors import InvalidInput
from kolena_store.files import SAMPLE
from kolena_store.results.records import results_of_model, results_version

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["download_results"]


def download_results(
    session: Session,
    dataset: DatasetRecord,
    model: str,
    *,
    version: int | None = None,
    configuration: str | None = None,
) -> "pa.Table":
    """Return the ids and inference columns of the samples that the model answered, in the dataset's order.

    Args:
        version: of the results, by default the newest. Samples that left the dataset are left out.
        configuration: the upload configuration's canonical JSON; needed when the model answered under several.

    Raises:
        UnknownName: no such model or version.
        InvalidInput: the model has results under several upload configurations and none was named.
    """
    records = results_of_model(session, dataset, model)
    if configuration is not None:
        records = [record for record in records if record.upload_configuration == configuration]
    if len(records) != 1:
        known = [record.upload_configuration for record in records]
        raise InvalidInput(
            f"{model!r} has {len(records)} results on {dataset.name!r} ({known}); name their configuration"
        )
    record = results_version(session, records[0].results_id, version)
    samples = version_of(session, dataset)
    ids = read_rows(session, samples.sample_files, samples.schema).select([SAMPLE, *dataset.id_fields])
    inferences = read_rows(session, record.inference_files, record.schema)
    return _beside(ids, inferences)


def _beside(ids: "pa.Table", inferences: "pa.Table") -> "pa.Table":
    """Return the rows of both tables that share a sample; both are ordered by sample number."""
    import numpy as np
    import pyarrow as pa

    of_ids, of_inferences = ids.column(SAMPLE).to_numpy(), inferences.column(SAMPLE).to_numpy()
    _, left, right = np.intersect1d(of_ids, of_inferences, assume_unique=True, return_indices=True)
    columns = ids.take(pa.array(left)).drop_columns([SAMPLE])
    answers = inferences.take(pa.array(right)).drop_columns([SAMPLE])
    for field in answers.schema:
        columns = columns.append_column(field, answers.column(field.name))
    return columns
